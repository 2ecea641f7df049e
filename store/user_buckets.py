"""The sampling buckets of many users at once, which bucket_of_key reckons byte by byte."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

_FNV_OFFSET, _FNV_PRIME = np.uint32(0x811C9DC5), np.uint32(0x01000193)

_Words = npt.NDArray[np.uint32]


def buckets_of_keys(keys: Sequence[str]) -> list[int]:
    """What rum.bucket.bucket_of_key says of each: a byte of all keys of one length at a time."""
    encoded = [key.encode("utf-8", "surrogatepass") for key in keys]
    buckets: _Words = np.empty(len(keys), np.uint32)
    by_length = sorted(range(len(keys)), key=lambda place: len(encoded[place]))
    for length, of_length in groupby(by_length, key=lambda place: len(encoded[place])):
        places = list(of_length)
        packed = b"".join([encoded[place] for place in places])
        buckets[places] = _mixed(np.frombuffer(packed, np.uint8).reshape(len(places), length))
    return [int(bucket) for bucket in buckets]


def _mixed(rows: npt.NDArray[np.uint8]) -> _Words:
    mixed: _Words = np.full(len(rows), _FNV_OFFSET)
    for column in rows.T.astype(np.uint32):
        mixed = (mixed ^ column) * _FNV_PRIME
    mixed = (mixed ^ mixed >> np.uint32(16)) * np.uint32(0x85EBCA6B)
    mixed = (mixed ^ mixed >> np.uint32(13)) * np.uint32(0xC2B2AE35)
    return mixed ^ mixed >> np.uint32(16)
