"""What a page is asked for: site, dates and level, carried by every link of the console."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from msgspec import Struct

from analytics.question import UNDECLARED, Window
from vigie.reporting.params import DAYS_DEFAULT, BadRequestError, window_of
from vigie.settings import Settings, SiteSettings


class Scope(Struct, frozen=True, kw_only=True):
    """`params` holds only what differs from the defaults, so that addresses stay short."""

    now: datetime
    site: SiteSettings | None
    window: Window
    level: str
    params: dict[str, str]

    @property
    def days(self) -> int | None:
        """The days up to now; None for dates of the reader's own."""
        return None if "start" in self.params else int(self.params.get("days", DAYS_DEFAULT))

    @property
    def levels(self) -> tuple[str, ...]:
        return (*self.site.levels, UNDECLARED) if self.site else ()

    @property
    def whole_days(self) -> bool:
        """Whether the reader's own dates are days, not hours of one."""
        return "T" not in self.params.get("start", "") + self.params.get("end", "")

    @property
    def last_day(self) -> datetime:
        """The last day of the window, which ends where the next begins."""
        return self.window.end - timedelta(microseconds=1)

    def href(self, path: str, **changes: str | int | None) -> str:
        """`path` within this scope, with some of it changed; None takes a parameter out."""
        merged: dict[str, str | int] = {**self.params}
        for name, value in changes.items():
            if value is None or value == "":
                merged.pop(name, None)
            else:
                merged[name] = value
        if merged.get("days") == DAYS_DEFAULT:
            del merged["days"]
        return f"{path}?{urlencode(merged)}" if merged else path

    def fields(self, *without: str) -> dict[str, str]:
        """The parameters a form must carry along as hidden fields."""
        return {name: value for name, value in self.params.items() if name not in without}

    def question(self) -> tuple[str, ...]:
        """What an answer for this site and window is known by; never the moving end of it."""
        names = ("site", "days", "start", "end")
        return tuple(self.params.get(name, "") for name in names)

    def report_params(self) -> dict[str, str]:
        """The window as report requests take it."""
        return {
            name: value for name, value in self.params.items() if name in ("days", "start", "end")
        }


def scope_of(params: Mapping[str, str], settings: Settings, now: datetime) -> Scope:
    """The scope a request asks for. Raises BadRequestError."""
    kept = {
        name: value.strip()
        for name in ("site", "days", "start", "end", "level")
        if (value := params.get(name, "")).strip()
    }
    site = _site(kept, settings)
    level = kept.get("level", "")
    if site and level and level not in (*site.levels, UNDECLARED):
        del kept["level"]  # of another site, where the reader came from
        level = ""
    if "days" in kept and not kept["days"].isdecimal():
        raise BadRequestError(f"days={kept['days']} cannot be used.", "Give a whole number.")
    return Scope(now=now, site=site, window=window_of(kept, now), level=level, params=kept)


def default_scope(settings: Settings, now: datetime) -> Scope:
    return scope_of({}, settings, now)


def _site(kept: dict[str, str], settings: Settings) -> SiteSettings | None:
    if not settings.sites:
        return None
    asked = kept.get("site", settings.sites[0].id)
    for site in settings.sites:
        if site.id == asked:
            if site is settings.sites[0]:
                kept.pop("site", None)
            return site
    raise BadRequestError(
        f"There is no site {asked!r}.",
        f"The sites are {', '.join(site.id for site in settings.sites)}.",
    )
