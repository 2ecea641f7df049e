"""Notices that scheduled backups are late or cannot be relied on, and that they are well again.

Told to the default channels, once, and closed once. What stands is read from the outbox itself, so
that a restart neither repeats nor forgets it; without a channel there is nobody to tell.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from vigie.alerts.ledger import Ledger
from vigie.alerts.message import Event, Message, moment
from vigie.alerts.outbox import OutboxRow
from vigie.backups import BackupState, backup_state
from vigie.settings import Settings

PREFIX = "backup:"
"""Before when it was noticed, in place of an incident's id."""
LOOK_S = 300.0


def is_backup(id_: str) -> bool:
    return id_.startswith(PREFIX)


class BackupWatch:
    """Called from one thread, but for `compose`."""

    def __init__(self, ledger: Ledger, settings: Callable[[], Settings], started: datetime) -> None:
        """`started` is when the console did: before it nothing was due."""
        self._ledger = ledger
        self._settings = settings
        self._started = started

    def look(self, now: datetime) -> str:
        """Write what is new with the messages it owes; says what it wrote. Raises OSError."""
        settings = self._settings()
        state = self._state(now)
        standing = self._ledger.standing(PREFIX)
        if state.overdue and not standing:
            channels = [each.id for each in settings.channels if each.default]
            id_ = f"{PREFIX}{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
            self._ledger.open_condition(id_, channels, now)
            return "backups: they are late, or cannot be relied on" if channels else ""
        if standing and _well(state):
            self._ledger.close_condition(standing, now)
            return "backups: they are well again"
        return ""

    def compose(self, row: OutboxRow) -> Message:
        """The message of an outbox row, as backups stand when it is sent."""
        settings = self._settings()
        state = self._state(row.created_at)
        if row.event is Event.CLOSE:
            title = "Backups are well again" if state.scheduled else "Backups: no longer scheduled"
            lines = [f"{title}."]
        else:
            title = "Backups: late, or not to be relied on"
            lines = [state.overdue or "The backup was overdue."]
        if state.scheduled:
            made = moment(state.last.made_at) if state.last else "none"
            lines.append(f"Last backup: {made}")
            lines.append(
                f"Last restored for comparison: {moment(state.verified_at)}"
                if state.verified_at
                else "Never restored for comparison"
            )
        console_url = settings.console.url
        return Message(
            key=row.key,
            thread=row.incident,
            event=row.event,
            at=row.created_at,
            title=title,
            lines=tuple(lines),
            link=f"{console_url.rstrip('/')}/data" if console_url else "",
            name="backups",
        )

    def _state(self, now: datetime) -> BackupState:
        return backup_state(self._settings().backup, now, self._started)


def _well(state: BackupState) -> bool:
    """Not merely so that a new start of the console counts the time anew."""
    if state.overdue:
        return False
    return not state.scheduled or (state.last is not None and state.verified_at is not None)
