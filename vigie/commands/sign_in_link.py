"""`vigie sign-in-link`: another way in, for whoever may read the data folder."""

from datetime import UTC, datetime

from vigie.commands.options import DEFAULT_DATA, Data
from vigie.console.access import one_time_link
from vigie.failures import CommandError
from vigie.folders import DataFolder


def sign_in_link(data: Data = DEFAULT_DATA) -> None:
    """Print a link that opens the console signed in: once, within 24 hours.

    Send it to whoever may read everything Vigie knows; there is one role for now.
    """
    if not data.is_dir():
        raise CommandError(f"there is no data folder {data}; name it with --data", code=2)
    folder = DataFolder(data)
    console = folder.addresses().get("console")
    if console is None:
        raise CommandError(f"no console ever ran over {data}; start vigie serve first")
    print(one_time_link(folder.run, console.url, datetime.now(UTC)))
