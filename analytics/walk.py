"""The state machine of a timeline: takes runs one after the other, marks from when on which state
holds, and collects incidents and blips. Its rules are those of analytics/timeline.py."""

from collections.abc import Sequence

from msgspec import Struct

from analytics.observed import Run, Version
from analytics.reports.types import Blip, Incident, State
from analytics.times import from_us
from probes.monitor import Monitor
from probes.outcome import Verdict

STATE_OF = {Verdict.GOOD: State.UP, Verdict.DEGRADED: State.DEGRADED}
_DEFAULTS = Monitor(id="", url="")


class _Outage(Struct):
    first: Run
    confirmed_us: int
    failed: int


class Walk:
    """Takes runs one after the other; `marks` says from when on which state holds."""

    def __init__(
        self,
        monitor: str,
        versions: Sequence[Version],
        pauses: Sequence[tuple[int, int]],
        start_us: int,
    ) -> None:
        self.monitor = monitor
        self.marks: list[tuple[int, State]] = []
        self.incidents: list[Incident] = []
        self.blips: list[Blip] = []
        self._versions = versions
        self._pauses = pauses
        self._start_us = start_us
        self._last: Run | None = None
        self._known = False
        """Whether a state holds that the next result merely continues or changes."""
        self._failing: list[Run] = []
        self._recovering: list[Run] = []
        self._outage: _Outage | None = None

    def take(self, run: Run) -> None:
        self._silence(run.first_us)
        self._last = run
        if run.verdict is Verdict.BAD:
            self._take_bad(run)
        else:
            self._take_passing(run)

    def finish(self, end_us: int, *, removed: bool) -> None:
        self._silence(end_us)
        if self._failing and removed:
            self._blip(end_us)
        elif self._failing and not self._known:
            self._mark(self._failing[0].first_us, State.UNKNOWN)
        if self._outage:
            self._close(end_us if removed else None)

    def _take_bad(self, run: Run) -> None:
        self._recovering.clear()
        if self._outage:
            self._outage.failed += run.count
            self._mark_down(run.first_us)
            return
        self._failing.append(run)
        failed = sum(each.count for each in self._failing)
        needed = self._rules(self._failing[0].first_us)[0]
        if failed < needed:
            return
        confirmed_us = run.nth_us(needed - failed + run.count)
        self._outage = _Outage(self._failing[0], confirmed_us, failed)
        self._mark_down(self._failing[0].first_us)
        self._failing.clear()

    def _take_passing(self, run: Run) -> None:
        if self._failing:
            self._blip(run.first_us)
        if not self._outage:
            self._mark(run.first_us, STATE_OF[run.verdict])
            self._known = True
            return
        self._mark_down(run.first_us)
        self._recovering.append(run)
        needed = self._rules(self._recovering[0].first_us)[1]
        if sum(each.count for each in self._recovering) < needed:
            return
        for each in self._recovering:
            self._mark(each.first_us, STATE_OF[each.verdict])
        self._known = True
        self._close(self._recovering[0].first_us)
        self._recovering.clear()

    def _silence(self, until_us: int) -> None:
        """Mark what lies between the last result and `until_us`, if nothing was heard too long."""
        last = self._last
        if last and until_us - last.last_us <= last.grace_us:
            return
        heard_us = last.last_us if last else self._start_us
        unheard_from_us = heard_us + last.interval_us if last else heard_us
        limit_us = heard_us + last.grace_us if last else heard_us
        if self._failing:
            self._blip(unheard_from_us)
        self._recovering.clear()
        self._known = False
        for pause_us, resume_us in self._pauses:
            if resume_us <= heard_us or pause_us >= until_us:
                continue
            if pause_us > limit_us:
                self._mark(unheard_from_us, State.UNKNOWN)
            self._mark(max(pause_us, heard_us), State.PAUSED)
            unheard_from_us = resume_us
            limit_us = resume_us + self._grace(resume_us)
        if until_us > limit_us:
            self._mark(unheard_from_us, State.UNKNOWN)

    def _mark(self, from_us: int, state: State) -> None:
        while self.marks and self.marks[-1][0] >= from_us:
            self.marks.pop()
        if not self.marks or self.marks[-1][1] is not state:
            self.marks.append((from_us, state))

    def _mark_down(self, from_us: int) -> None:
        if not self.marks or self.marks[-1][1] is not State.DOWN:
            self._mark(from_us, State.DOWN)

    def _blip(self, end_us: int) -> None:
        first = self._failing[0]
        self.blips.append(
            Blip(
                monitor=self.monitor,
                start=from_us(first.first_us),
                end=from_us(end_us),
                outcome=first.outcome,
                detail=first.detail,
                failed_checks=sum(each.count for each in self._failing),
            )
        )
        if not self._known:
            self._mark(first.first_us, State.UP)
            self._known = True
        self._failing.clear()

    def _close(self, end_us: int | None) -> None:
        assert self._outage
        first = self._outage.first
        self.incidents.append(
            Incident(
                monitor=self.monitor,
                start=from_us(first.first_us),
                end=None if end_us is None else from_us(end_us),
                confirmed_at=from_us(self._outage.confirmed_us),
                edge_s=first.interval_us / 1e6,
                outcome=first.outcome,
                detail=first.detail,
                failed_checks=self._outage.failed,
            )
        )
        self._outage = None

    def _rules(self, moment_us: int) -> tuple[int, int]:
        version = self._version(moment_us)
        if version is None:
            return _DEFAULTS.confirm_after, _DEFAULTS.recover_after
        return version.confirm_after, version.recover_after

    def _grace(self, moment_us: int) -> int:
        version = self._version(moment_us)
        if version is not None:
            return version.grace_us
        return self._last.grace_us if self._last else 0

    def _version(self, moment_us: int) -> Version | None:
        """The version that held at a moment; before the first one, that one."""
        held = None
        for version in self._versions:
            if held is not None and version.from_us > moment_us:
                break
            held = version
        return held
