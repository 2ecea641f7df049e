"""Session quality as numbers.md defines it, on sessions known beforehand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.quality import Quality, quality_of, quality_parameters
from analytics.sql import query
from store.snapshot import Snapshot

START = datetime(2026, 3, 1, tzinfo=UTC)
SESSION = f"{1:032x}"
GOOD = {"lcp_ms": 2500.0, "inp_ms": 200.0, "cls": 0.1}
FAIR = {"lcp_ms": 2501.0}
POOR = {"cls": 0.26}


def views(*vitals: dict[str, float]) -> list[dict[str, Any]]:
    return [
        {"kind": "vitals", "view": number, "time": START + timedelta(seconds=number), **each}
        for number, each in enumerate(vitals, 1)
    ]


def happening(kind: str, **columns: Any) -> list[dict[str, Any]]:
    return [{"kind": kind, "view": 1, "time": START, **columns}]


def request(status: int, method: str, *, aborted: bool = False) -> list[dict[str, Any]]:
    made = {"url": "/x", "status": status, "method": method, "aborted": aborted}
    return happening("request", request=made)


def click(**columns: Any) -> list[dict[str, Any]]:
    return happening("click", click={"target": "#a", "rage": 0, "dead": False, **columns})


def quality(store: Any, rows: list[dict[str, Any]]) -> Quality:
    store.clear()
    for row in [{"kind": "view", "view": 1, "time": START}, *rows]:
        store.events([{"session": SESSION, **row}])
    text = ",\n".join(
        [
            query("read_sampled"),
            "asked AS (SELECT DISTINCT session FROM read)",
            quality_of("asked"),
        ]
    )

    def ask(snapshot: Snapshot) -> Any:
        return snapshot.rows(
            f"WITH {text} SELECT quality FROM asked LEFT JOIN quality USING (session)",
            {
                **quality_parameters(),
                "site": "shop",
                "files": snapshot.detail_files(["shop"], START.date(), START.date()),
                "first_day": START.date(),
                "last_day": START.date(),
                "bucket_end": 1 << 32,
            },
        )

    ((found,),) = store.ask(ask)
    return Quality(found) if found else Quality.NOT_MEASURED


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (views(GOOD, GOOD, GOOD, FAIR), Quality.GOOD),
        (views(GOOD, GOOD, FAIR), Quality.MIXED),
        (views(GOOD, GOOD, GOOD, POOR), Quality.POOR),
        (views(GOOD, GOOD, GOOD, GOOD, POOR), Quality.GOOD),
        (views(FAIR), Quality.MIXED),
        (views({}, GOOD), Quality.GOOD),
        (views({}), Quality.NOT_MEASURED),
        ([], Quality.NOT_MEASURED),
        (views(GOOD) + happening("error", name="TypeError"), Quality.MIXED),
        (views(GOOD) + happening("error", name="x", source="script"), Quality.GOOD),
        (happening("error", name="TypeError", source="rejection"), Quality.MIXED),
        (views(GOOD) + request(503, "GET"), Quality.MIXED),
        (views(GOOD) + request(503, "post"), Quality.POOR),
        (views(GOOD) + request(0, "PUT"), Quality.POOR),
        (views(GOOD) + request(0, "PUT", aborted=True), Quality.GOOD),
        (views(GOOD) + request(404, "POST"), Quality.GOOD),
        (views(GOOD) + click(rage=4), Quality.POOR),
        (views(GOOD) + click(dead=True), Quality.POOR),
        (views(GOOD) + click(error=True), Quality.GOOD),
    ],
)
def test_a_session_is_as_good_as_it_was_lived(
    store: Any, rows: list[dict[str, Any]], expected: Quality
) -> None:
    assert quality(store, rows) is expected


def test_only_the_latest_vitals_of_a_view_count(store: Any) -> None:
    first, second = views(GOOD, POOR)
    assert quality(store, [first, second | {"view": 1}]) is Quality.POOR
    assert quality(
        store, [first | {"time": START + timedelta(minutes=1)}, second | {"view": 1}]
    ) is (Quality.GOOD)
