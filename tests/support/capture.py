"""A collector that answers as it is told and keeps every beacon as it came."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.site import Answer

DEADLINE_S = 30.0
SHOWN_EVENTS_MAX = 20
SHOWN_LENGTH_MAX = 4_000
ACCEPTED = Answer(204)


@dataclass(frozen=True)
class Beacon:
    """One request as it came: its JSON, and the status it was answered with."""

    json: dict[str, Any]
    headers: Mapping[str, str]
    status: int

    @property
    def identity(self) -> tuple[str, int]:
        return self.json["session"], self.json["batch"]


@dataclass
class Capture:
    """Answers the next of `answers`; when there are none left, `usual`."""

    answers: list[Answer] = field(default_factory=list)
    usual: Answer = ACCEPTED
    beacons: list[Beacon] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def answer(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        with self._arrived:
            answer = self.answers.pop(0) if self.answers else self.usual
            self.beacons.append(Beacon(json.loads(body), headers, answer.status))
            self._arrived.notify_all()
        return answer

    def wait(self, condition: Callable[["Capture"], bool], what: str) -> None:
        """Wait until `condition` holds of what has come; AssertionError at the deadline."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: condition(self), DEADLINE_S):
                raise AssertionError(f"waited in vain for {what}; came: {self._shown()}")

    def wait_for_event(self, **fields: Any) -> dict[str, Any]:
        """The first accepted event with these fields, once it has come."""
        self.wait(lambda capture: bool(capture.find(**fields)), f"an event with {fields}")
        return self.find(**fields)[0]

    def batch_of(self, name: str) -> Beacon:
        """The batch in which this event came: what else came may have come before or after it."""
        (found,) = (
            beacon
            for beacon in self.accepted
            if any(event.get("name") == name for event in beacon.json["events"])
        )
        return found

    def _shown(self) -> str:
        """How much has come, and the last of it: enough to find a mistake by, and no more."""
        last = "; ".join(map(str, self.events[-SHOWN_EVENTS_MAX:]))[-SHOWN_LENGTH_MAX:]
        statuses = [beacon.status for beacon in self.beacons][-SHOWN_EVENTS_MAX:]
        return (
            f"{len(self.events)} events in {len(self.accepted)} accepted batches, of"
            f" {len(self.beacons)} requests, last answered {statuses}; the last events: {last}"
        )

    @property
    def accepted(self) -> list[Beacon]:
        """Each batch that was answered 204, once, in the order of arrival."""
        batches = {beacon.identity: beacon for beacon in self.beacons if beacon.status == 204}
        return list(batches.values())

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of all accepted batches, by load, batch and position."""
        batches = sorted(self.accepted, key=lambda beacon: beacon.json["batch"])
        return [event for beacon in batches for event in beacon.json["events"]]

    def find(self, **fields: Any) -> list[dict[str, Any]]:
        return [
            event
            for event in self.events
            if all(event.get(name) == value for name, value in fields.items())
        ]

    @property
    def views(self) -> list[str]:
        """The pages viewed, by time."""
        return [event["page"] for event in sorted(self.find(kind="view"), key=lambda e: e["at"])]
