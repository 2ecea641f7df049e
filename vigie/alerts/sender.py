"""Delivers what one channel is owed, oldest first, in a thread of its own.

A message is claimed, delivered, and only then marked sent: a crash between the last two sends it
once more, with the same key.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import duckdb

from vigie.alerts.delivery import Delivery, Result
from vigie.alerts.message import Event, Message
from vigie.alerts.outbox import Outbox, OutboxRow, OutboxState
from vigie.alerts.transports import Transport
from vigie.settings import ChannelSettings

IDLE_S = 1.0
ERROR_WAIT_S = 5.0
BACK_OFF_S = 5.0
BACK_OFF_S_MAX = 900.0
STOP_S = 10.0

log = logging.getLogger("vigie.alerts")


class Sender:
    """Started once, stopped once. `compose` makes a message of a row; None when its incident is
    gone. No error ends its thread."""

    def __init__(
        self,
        channel: ChannelSettings,
        ledger: Outbox,
        compose: Callable[[OutboxRow], Message | None],
        deliver: Transport,
        clock: Callable[[], datetime],
        give_up: timedelta,
    ) -> None:
        self._channel = channel
        self._ledger = ledger
        self._compose = compose
        self._deliver = deliver
        self._clock = clock
        self._give_up = give_up
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._idle_at: datetime | None = None
        self._thread = threading.Thread(target=self._run, name=f"alerts: {channel.id}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def tell_to_stop(self) -> None:
        self._stopping.set()

    def join(self) -> None:
        """Wait for a delivery under way, but not for ever: what it leaves is due again later."""
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def passed_at(self) -> datetime | None:
        """When it last looked for what is owed, and could; from any thread."""
        with self._lock:
            return self._idle_at

    def step(self) -> bool:
        """One attempt at the oldest message owed now; False when there is none."""
        now = self._clock()
        row = self._ledger.next_due(self._channel.id, now)
        with self._lock:
            self._idle_at = now
        if row is None:
            return False
        if row.event is Event.CLOSE and not self._ledger.opening_arrived(row):
            self._ledger.mark_ended(row.key, OutboxState.DROPPED, "its opening never arrived")
            return True
        if not self._ledger.claim(row):
            return True
        message = self._compose(row)
        if message is None:
            self._ledger.mark_ended(row.key, OutboxState.DROPPED, "its incident is gone")
            return True
        self._settle(row, self._attempt(message))
        return True

    def _attempt(self, message: Message) -> Delivery:
        try:
            return self._deliver(self._channel, message)
        except Exception as error:  # a transport's own fault must not stop the others' messages
            log.exception("delivering to %s failed", self._channel.id)
            return Delivery(
                result=Result.RETRY, said=f"fault of Vigie's own: {type(error).__name__}"
            )

    def _settle(self, row: OutboxRow, delivery: Delivery) -> None:
        now = self._clock()
        if delivery.result is Result.SENT:
            # Whatever ails the store, this must be known: or it would be sent again.
            while not self._marked(row.key, now) and not self._stopping.wait(IDLE_S):
                pass
            log.info("told %s: %s of %s", self._channel.id, row.event.value, row.incident)
            return
        next_try = now + timedelta(seconds=back_off_s(row.attempts, delivery.retry_after_s))
        if delivery.result is Result.REFUSED or next_try - row.created_at > self._give_up:
            self._ledger.mark_ended(row.key, OutboxState.FAILED, delivery.said)
            log.error("gave up telling %s of %s: %s", self._channel.id, row.incident, delivery.said)
            return
        self._ledger.mark_due(row.key, next_try, delivery.said)
        log.warning("could not tell %s yet: %s", self._channel.id, delivery.said)

    def _marked(self, key: str, now: datetime) -> bool:
        try:
            self._ledger.mark_sent(key, now)
        except duckdb.Error:
            log.exception("could not mark %s as sent; trying again", key)
            return False
        return True

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                worked = self.step()
            except Exception:  # the edge of a loop that must survive
                log.exception("the messages to %s could not be looked after", self._channel.id)
                self._stopping.wait(ERROR_WAIT_S)
            else:
                if not worked:
                    self._stopping.wait(IDLE_S)


def back_off_s(attempts: int, asked_s: float | None) -> float:
    """The wait after `attempts` earlier failures: 5 s, twice as long each time, 15 min at most;
    never less than the receiver asked for."""
    wait_s = min(BACK_OFF_S_MAX, BACK_OFF_S * 2.0 ** min(attempts, 20))
    return max(wait_s, asked_s or 0.0)
