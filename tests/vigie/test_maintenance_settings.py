"""Planned maintenance and parents in the settings: what they become, and what is wrong."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from analytics.maintenance import Weekly
from analytics.question import Window
from vigie.maintenance import maintenance_of
from vigie.settings_file import parse_settings
from vigie.settings_mistakes import SettingsError

MONITOR = '[[monitors]]\nid = "site"\nurl = "http://site.test/"\n'
WORK = '[[maintenance]]\nid = "w"\n'
ONCE = 'start = "2026-12-01T02:00"\nend = "2026-12-01T04:00+01:00"\n'
WEEKLY = 'weekdays = ["sunday"]\nstart_time = "02:30"\nduration_minutes = 45\n'


def test_once_and_weekly_work_is_what_reports_take() -> None:
    text = MONITOR + WORK + ONCE + 'timezone = "Europe/Paris"\nmonitors = ["site"]\n'
    text += WORK.replace('"w"', '"v"') + WEEKLY + 'timezone = "Europe/Paris"\n'
    once, weekly = maintenance_of(parse_settings(text, "vigie.toml"))
    hour = datetime(2026, 12, 1, 1, tzinfo=UTC)
    assert (once.id, once.monitors) == ("w", ("site",))
    assert once.when == Window(hour, hour + timedelta(hours=2))
    assert weekly.concerns("anything")
    assert weekly.when == Weekly(
        weekdays=(6,),
        at=time(2, 30),
        lasts=timedelta(minutes=45),
        zone=ZoneInfo("Europe/Paris"),
    )


@pytest.mark.parametrize(
    ("work", "said"),
    [
        ("", "maintenance[w]: has no time; give it either start and end, or weekdays, start_time"),
        (ONCE + WEEKLY, "maintenance[w]: is both once and weekly; give it either"),
        ('start = "2026-12-01T02:00"\n', "maintenance[w].end: is missing; write it as"),
        ('start = "soon"\nend = "2026-12-01"\n', 'start: "soon" is not a date and time; write'),
        (ONCE.replace("T04", "T02"), "maintenance[w].end: is not after start; give it an end"),
        ('weekdays = ["sun"]\nstart_time = "2:30"\nduration_minutes = 5\n', '"sun" is not a day'),
        (WEEKLY.replace("02:30", "25:00"), 'start_time: "25:00" is not a time of day; write it'),
        (WEEKLY.replace("02:30", "02:30+01:00"), 'start_time: "02:30+01:00" is not a time of day'),
        ('weekdays = ["sunday"]\nstart_time = "02:30"\n', "duration_minutes: is missing; say how"),
        (WEEKLY.replace("45", "0"), "duration_minutes: is 0; give it a number above 0 and up to"),
        ('start_time = "02:30"\nduration_minutes = 5\n', "weekdays: is missing; give it days"),
        (WEEKLY + 'timezone = "Mars/Base"\n', 'timezone: "Mars/Base" is not a time zone; write'),
        (WEEKLY + 'monitors = ["gone"]\n', 'monitors[1]: "gone" is not the id of any of monitors'),
        ("start = 2026-12-01T02:00:00\n" + ONCE.splitlines()[1], "is a date or time; give it a te"),
    ],
)
def test_a_mistake_in_it_says_what_would_be_right(work: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse_settings(MONITOR + WORK + work, "vigie.toml")
    assert any(said in str(mistake) for mistake in raised.value.mistakes), raised.value.mistakes


def test_a_parent_that_does_not_exist_is_a_mistake() -> None:
    with pytest.raises(SettingsError, match='"routr" is not the id of any of monitors; known are'):
        parse_settings(MONITOR + 'parents = ["routr"]\n', "vigie.toml")


def test_each_has_an_id_of_its_own() -> None:
    with pytest.raises(SettingsError, match='"w" is taken by another of maintenance'):
        parse_settings(MONITOR + (WORK + WEEKLY) * 2, "vigie.toml")
