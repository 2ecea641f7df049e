"""The settings with what the console's users entered among it."""

import logging
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct, structs

from vigie.folders import DataFolder
from vigie.own_monitors import MONITORS, all_monitors
from vigie.own_things import Signature, UnreadableError
from vigie.settings import Settings

Part = TypeVar("Part")

log = logging.getLogger("vigie.settings")


class _Read(Struct, frozen=True):
    signature: Signature
    settings: Settings


class OwnSettings:
    """The settings with all monitors, read again only when a file changed; for any thread."""

    def __init__(self, plain: Settings, folder: DataFolder) -> None:
        """`plain` are those of the settings file."""
        self._plain = plain
        self._folder = folder
        self._known: _Read | None = None

    def settings(self) -> Settings:
        """With what was read last, when a file is damaged since; that is logged once."""
        now = MONITORS.signature(self._folder)
        known = self._known
        if known is not None and known.signature == now:
            return known.settings
        before = known.settings if known else self._plain
        monitors = self._read(all_monitors, before.monitors)
        settings = structs.replace(self._plain, monitors=monitors)
        self._known = _Read(now, settings)
        return settings

    def _read(self, part: Callable[[Settings, DataFolder], Part], before: Part) -> Part:
        try:
            return part(self._plain, self._folder)
        except UnreadableError as error:
            log.error("%s", error)
            return before
