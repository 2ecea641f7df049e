"""What the console is given by the process it runs in."""

from collections.abc import Callable, Hashable
from datetime import UTC, datetime

from msgspec import Struct

from probes.check import Checker
from store.database import Database
from vigie.backups import Backups
from vigie.erasures import Erasures
from vigie.folders import DataFolder
from vigie.keeper_status import KeeperStatus
from vigie.settings import Settings


def utc_now() -> datetime:
    return datetime.now(UTC)


def no_keeper() -> KeeperStatus:
    return KeeperStatus(running=False)


class ConsoleContext(Struct, frozen=True, kw_only=True):
    """Everything pages read from. `keeper_status` and `clock` may be called from any thread."""

    settings: Settings
    folder: DataFolder
    database: Database
    keeper_status: Callable[[], KeeperStatus] = no_keeper
    clock: Callable[[], datetime] = utc_now
    backups: Backups | None = None
    """Makes them; a console for looking only has none."""
    erasures: Erasures | None = None
    """Does them; a console for looking only has none."""
    make_checker: Callable[[], Checker] = Checker
    """Makes what tries a monitor."""

    def data_version(self) -> Hashable:
        """Changes with whatever is committed: records loaded, a day sealed, somebody erased."""
        return self.database.commits
