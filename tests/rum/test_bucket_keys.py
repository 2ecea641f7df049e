"""Ids not made by us fall into buckets evenly, and into the same ones in every language."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from rum.bucket import BUCKETS, bucket_of_key

KEYS: dict[str, int] = json.loads((Path(__file__).parent / "bucket_keys.json").read_text("utf-8"))
IN_JAVASCRIPT = """
const bucket = key => {
  let h = 0x811c9dc5
  for (const byte of new TextEncoder().encode(key)) h = Math.imul(h ^ byte, 0x01000193)
  h = Math.imul(h ^ h >>> 16, 0x85ebca6b)
  h = Math.imul(h ^ h >>> 13, 0xc2b2ae35)
  return (h ^ h >>> 16) >>> 0
}
console.log(JSON.stringify(JSON.parse(process.argv[1]).map(bucket)))
"""


@pytest.mark.parametrize("key", KEYS)
def test_a_key_has_the_bucket_of_the_shared_vectors(key: str) -> None:
    assert bucket_of_key(key) == KEYS[key]


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node")
def test_the_shared_vectors_are_those_of_a_second_implementation_in_javascript() -> None:
    keys = [*KEYS, *(f"user-{number}" for number in range(200))]
    told = subprocess.run(
        ["node", "-e", IN_JAVASCRIPT, json.dumps(keys)], capture_output=True, text=True, check=True
    )
    assert json.loads(told.stdout) == [bucket_of_key(key) for key in keys]


def test_ids_that_count_up_fill_the_buckets_evenly() -> None:
    """Chi-squared over 100 parts: below the 99.9th percentile of 99 degrees of freedom."""
    parts, keys = 100, 20_000
    counts = [0] * parts
    for number in range(keys):
        counts[bucket_of_key(f"user-{number}") * parts // BUCKETS] += 1
    expected = keys / parts
    assert sum((count - expected) ** 2 / expected for count in counts) < 148.2
