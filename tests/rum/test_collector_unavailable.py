"""When the journal cannot keep a beacon the answer is 503, never 204, and health says so."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from rum.records import Reason, Refusal
from store.admission import Admission, Unavailable
from tests.support.collector import ORIGIN, Collect, beacon


def test_a_failing_sync_gives_503_and_recovers_in_a_new_segment(
    collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than a busy machine takes to ask for the health of one that just failed.
    monkeypatch.setattr("store.journal_writer.REOPEN_AFTER_S", 4.0)
    broken = [True]

    def sync(descriptor: int) -> None:
        if broken[0]:
            raise OSError(errno.EIO, "the disk is broken")
        os.fdatasync(descriptor)

    body = json.dumps(beacon()).encode()
    with collect(sync=sync) as collecting, collecting.client() as client:
        answer = collecting.post(body)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert answer.json()["error"]["reason"] == "unavailable"
        health = client.get(f"{collecting.base}/health")
        assert (health.status_code, health.json()["reason"]) == (503, "journal_unavailable")
        broken[0] = False
        while client.get(f"{collecting.base}/health").status_code != 200:
            pass  # until the writer has tried again, a while after its failure
        assert collecting.post(body).status_code == 204


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_flusher_gives_503_and_health_says_so(collect: Collect) -> None:
    def sync(descriptor: int) -> None:
        raise RuntimeError("a mistake of ours")

    body = json.dumps(beacon()).encode()
    with collect(sync=sync) as collecting, collecting.client() as client:
        assert client.get(f"{collecting.base}/health").status_code == 200
        assert collecting.post(body).status_code == 503, "who waited is told"
        assert client.get(f"{collecting.base}/health").status_code == 503
        assert collecting.post(body).status_code == 503


def test_a_low_disk_gives_503_until_there_is_room(collect: Collect, tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    (tmp_path / "journal").mkdir()
    clock = [0.0]
    admission = Admission(tmp_path / "journal", 2 * free, 10**12, lambda: clock[0])
    body = json.dumps(beacon()).encode()
    with collect(admit=admission) as collecting:
        assert collecting.post(body).status_code == 503
        assert admission() is Unavailable.DISK_LOW
        admission.disk_free_bytes_min = 0
        clock[0] += 5
        assert collecting.post(body).status_code == 204


class FailingSink:
    """Takes nothing, then everything."""

    def __init__(self) -> None:
        self.broken = True
        self.written: list[object] = []

    async def write(self, record: object) -> None:
        if self.broken:
            raise OSError("no room")
        self.written.append(record)

    def healthy(self) -> bool:
        return not self.broken


def test_refusals_that_cannot_be_written_are_counted_and_written_later(collect: Collect) -> None:
    sink = FailingSink()
    with collect(sink=sink) as collecting:
        for _ in range(3):
            assert collecting.post(b"{").status_code == 400
        with collecting.client() as client:
            metrics = client.get(f"{collecting.base}/metrics").text
        assert 'refused_total{reason="malformed"} 3' in metrics
        sink.broken = False
    refusals = [record for record in sink.written if isinstance(record, Refusal)]
    assert sum(r.count for r in refusals if r.reason is Reason.MALFORMED) == 3
