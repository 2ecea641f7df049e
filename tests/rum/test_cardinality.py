"""A site may bring so many names in a day; the rest is "other", kept and counted."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from rum.intake import Accepted, BeaconRequest, Intake
from rum.limits import Limits
from rum.shared_names import SharedNames
from tests.support.collector import ORIGIN, SITE, beacon, view

NOW_US = 1_800_000_000_000_000
DAY_US = 86_400_000_000
FEW = Limits(pages_a_day_max=3, names_a_day_max=2, attribute_keys_a_day_max=2)


def taken(intake: Intake, *events: dict[str, Any], now_us: int = NOW_US) -> Accepted:
    moment = {"at": now_us / 1000}
    sent = beacon(*(event | moment for event in events), sent=now_us / 1000)
    taken = intake.take(BeaconRequest(json.dumps(sent).encode(), ORIGIN), now_us)
    assert isinstance(taken, Accepted)
    assert taken.batch is not None
    assert len(taken.batch.events) == len(events)
    return taken


def test_pages_over_the_cap_are_other_and_those_known_stay() -> None:
    intake = Intake([SITE], FEW, b"secret")
    found = taken(intake, *(view(f"/{name}") for name in "abcdeab"))
    assert found.batch is not None
    pages = [event.page for event in found.batch.events]
    assert pages == ["/a", "/b", "/c", "other", "other", "/a", "/b"]
    assert Counter(refusal.reason.value for refusal in found.refusals) == {"too_many_names": 2}


def test_names_and_attributes_have_caps_of_their_own() -> None:
    intake = Intake([SITE], FEW, b"secret")
    events = [
        view(kind=kind, name=f"{kind}{number}", attributes={f"k{number}": 1})
        for kind in ("event", "error")
        for number in range(3)
    ]
    found = taken(intake, *events)
    assert found.batch is not None
    assert [event.name for event in found.batch.events] == [
        "event0", "event1", "other", "error0", "error1", "other"
    ]  # fmt: skip
    assert [len(event.attributes) for event in found.batch.events] == [1, 1, 0, 1, 1, 0]
    requests = [view(kind="request", url=f"/{n}x", status=200, duration=1) for n in range(5)]
    found = taken(intake, *requests)
    assert found.batch is not None
    urls = [event.request.url for event in found.batch.events if event.request]
    assert urls == ["/0x", "/1x", "/2x", "other", "other"]


def test_the_next_day_begins_anew_and_a_clock_set_back_does_not() -> None:
    intake = Intake([SITE], FEW, b"secret")
    taken(intake, *(view(f"/{name}") for name in "abc"))
    tomorrow = taken(intake, view("/d"), now_us=NOW_US + DAY_US)
    assert tomorrow.refusals == []
    taken(intake, view("/e"), view("/f"), now_us=NOW_US)
    assert taken(intake, view("/g"), now_us=NOW_US + DAY_US).refusals != []


def sharing(folder: Path) -> Intake:
    """The intake of a collector that starts on the data folder of others."""
    intake = Intake([SITE], FEW, b"secret")
    names = SharedNames(folder)
    for rules in intake.sites.values():
        rules.events.names.share(names, rules.site.id)
    return intake


def pages(found: Accepted) -> list[str]:
    return [event.page for event in found.batch.events] if found.batch else []


def test_collectors_have_one_cap_together_and_one_that_starts_anew_goes_on(tmp_path: Path) -> None:
    one, other = sharing(tmp_path), sharing(tmp_path)
    taken(one, view("/a"))
    assert pages(taken(other, view("/b"), view("/c"), view("/d"))) == ["/b", "/c", "other"]
    assert pages(taken(one, view("/d"), view("/c"))) == ["other", "/c"]
    anew = sharing(tmp_path)
    assert pages(taken(anew, view("/d"), view("/a"))) == ["other", "/a"]
    names = [view(kind="event", name=name) for name in ("x", "y", "z")]
    found = taken(anew, *names)
    assert found.batch is not None
    assert [event.name for event in found.batch.events] == ["x", "y", "other"], "a cap of its own"


def test_a_day_that_is_over_leaves_no_file_and_no_name_is_in_one(tmp_path: Path) -> None:
    intake = sharing(tmp_path)
    taken(intake, view("/offer-of-somebody"))
    (file,) = tmp_path.iterdir()
    assert b"offer" not in file.read_bytes()
    for days in (1, 2, 3):
        assert pages(taken(intake, view("/new"), now_us=NOW_US + days * DAY_US)) == ["/new"]
    day = NOW_US // DAY_US
    assert {path.name for path in tmp_path.iterdir()} == {str(day + 2), str(day + 3)}


def test_without_its_folder_a_collector_counts_for_itself(tmp_path: Path) -> None:
    (tmp_path / "names").write_text("no folder")
    intake = sharing(tmp_path / "names")
    found = taken(intake, *(view(f"/{name}") for name in "abcd"))
    assert pages(found) == ["/a", "/b", "/c", "other"]
