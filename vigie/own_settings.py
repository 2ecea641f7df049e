"""The settings with the monitors and journeys that the console's users entered among them."""

import logging
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct, structs

from vigie.folders import DataFolder
from vigie.own_journeys import JOURNEYS, all_journeys
from vigie.own_monitors import MONITORS, all_monitors
from vigie.own_things import Signature, UnreadableError
from vigie.settings import Settings

Part = TypeVar("Part")

log = logging.getLogger("vigie.settings")


Signatures = tuple[Signature, Signature]


class _Read(Struct, frozen=True):
    signatures: Signatures
    settings: Settings


class OwnSettings:
    """The settings with all monitors and journeys, read again only when a file changed; for any
    thread."""

    def __init__(self, plain: Settings, folder: DataFolder) -> None:
        """`plain` are those of the settings file."""
        self._plain = plain
        self._folder = folder
        self._known: _Read | None = None

    def settings(self) -> Settings:
        """With what was read last, when a file is damaged since; that is logged once."""
        now = self.signatures()
        known = self._known
        if known is not None and known.signatures == now:
            return known.settings
        before = known.settings if known else self._plain
        monitors = self._read(all_monitors, self._plain, before.monitors)
        watched = structs.replace(self._plain, monitors=monitors)
        journeys = self._read(all_journeys, watched, before.journeys)
        settings = structs.replace(watched, journeys=journeys)
        self._known = _Read(now, settings)
        return settings

    def signatures(self) -> Signatures:
        """Change whenever the settings may have."""
        return MONITORS.signature(self._folder), JOURNEYS.signature(self._folder)

    def _read(
        self, part: Callable[[Settings, DataFolder], Part], settings: Settings, before: Part
    ) -> Part:
        try:
            return part(settings, self._folder)
        except UnreadableError as error:
            log.error("%s", error)
            return before
