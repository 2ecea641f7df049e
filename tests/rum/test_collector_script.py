"""rum.js is served compressed, cacheable and to any site; metrics to this machine alone."""

import gzip
import json

from tests.support.collector import SCRIPT, Collect, beacon


def test_the_script_is_cacheable_and_compressed_for_those_who_take_it(collect: Collect) -> None:
    with collect() as collecting, collecting.client() as client:
        url = f"{collecting.base}/rum.js"
        with client.stream("GET", url, headers={"accept-encoding": "br, gzip"}) as compressed:
            assert gzip.decompress(b"".join(compressed.iter_raw())) == SCRIPT
            assert compressed.headers["content-encoding"] == "gzip"
        plain = client.get(url, headers={"accept-encoding": "gzip;q=0, identity"})
        assert plain.content == SCRIPT
        assert "content-encoding" not in plain.headers
        assert plain.headers["vary"] == "accept-encoding"
        assert "max-age=3600" in plain.headers["cache-control"]
        assert plain.headers["content-type"].startswith("text/javascript")
        assert plain.headers["cross-origin-resource-policy"] == "cross-origin"
        assert plain.headers["etag"] != compressed.headers["etag"]
        for etag in (plain.headers["etag"], "W/" + compressed.headers["etag"]):
            unchanged = client.get(url, headers={"if-none-match": etag})
            assert (unchanged.status_code, unchanged.content) == (304, b"")
        changed = client.get(url, headers={"if-none-match": '"another"'})
        assert changed.status_code == 200


def test_metrics_count_for_this_machine_and_for_nobody_behind_a_proxy(collect: Collect) -> None:
    with collect() as collecting, collecting.client() as client:
        collecting.post(json.dumps(beacon()).encode())
        collecting.post(b"nonsense")
        metrics = client.get(f"{collecting.base}/metrics").text
        assert "vigie_collector_batches_total 1\n" in metrics
        assert "vigie_collector_events_total 1\n" in metrics
        assert 'vigie_collector_refused_total{reason="malformed"} 1\n' in metrics
        proxied = client.get(f"{collecting.base}/metrics", headers={"x-real-ip": "203.0.113.9"})
        assert proxied.status_code == 404


def test_other_paths_and_methods_are_told_so(collect: Collect) -> None:
    with collect() as collecting, collecting.client() as client:
        assert client.get(f"{collecting.base}/rum/v1/beacon").status_code == 405
        assert client.get(f"{collecting.base}/").status_code == 404
