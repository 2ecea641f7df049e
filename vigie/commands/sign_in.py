"""`vigie sign-in`: a link that opens the console signed in, for who lost the first one."""

from datetime import UTC, datetime

from vigie.commands.options import DEFAULT_DATA, Data
from vigie.console.access import one_time_link
from vigie.failures import CommandError
from vigie.folders import DataFolder


def sign_in(data: Data = DEFAULT_DATA) -> None:
    """Print a link that signs in to the console.

    It works once, within a day. Send it only to whoever may read all that Vigie knows: there is one
    role for now.
    """
    if not data.is_dir():
        raise CommandError(f"there is no data folder {data}; name it with --data", code=2)
    folder = DataFolder(data)
    address = folder.addresses().get("console")
    if address is None:
        raise CommandError(f"no console ever ran on {data}; start vigie serve first")
    print(one_time_link(folder.run, address.url, datetime.now(UTC)))
