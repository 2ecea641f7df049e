"""Whatever happens to a segment's bytes, a reader gives only records that were written."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.frames import HEADER_BYTES, PAYLOAD_BYTES_MAX, FrameProblem, encode_frame, parse_frames
from store.journal_reader import next_frame_position, read_frames

PAYLOADS = [b"a", b"\x00" * 20, bytes(range(100)), encode_frame(b"a frame within a payload"), b"z"]
WHOLE = b"".join(map(encode_frame, PAYLOADS))
ENDS = [sum(len(encode_frame(p)) for p in PAYLOADS[: n + 1]) for n in range(len(PAYLOADS))]


def payloads(data: bytes) -> list[bytes]:
    return [frame.payload for frame in parse_frames(data).frames]


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=20))
def test_what_was_framed_is_parsed_back(written: list[bytes]) -> None:
    data = b"".join(map(encode_frame, written))
    read = parse_frames(data, 1000)
    assert [frame.payload for frame in read.frames] == written
    assert (read.end, read.problem) == (1000 + len(data), None)
    assert [frame.position for frame in read.frames[1:]] == [
        frame.end for frame in read.frames[:-1]
    ]


def test_cut_at_every_offset_the_frames_before_the_cut_remain() -> None:
    for cut in range(len(WHOLE) + 1):
        whole_before = sum(end <= cut for end in ENDS)
        read = parse_frames(WHOLE[:cut])
        assert [frame.payload for frame in read.frames] == PAYLOADS[:whole_before]
        assert (read.problem is None) == (cut in (0, *ENDS))
        assert read.problem in (None, FrameProblem.TORN)


def test_with_any_bit_flipped_the_frames_before_it_remain_and_none_is_invented() -> None:
    for offset in range(len(WHOLE)):
        before = sum(end <= offset for end in ENDS)
        for bit in range(8):
            data = bytearray(WHOLE)
            data[offset] ^= 1 << bit
            read = parse_frames(bytes(data))
            assert [frame.payload for frame in read.frames] == PAYLOADS[:before]
            assert read.problem is not None


def test_with_any_stretch_zeroed_none_is_invented() -> None:
    for start in range(len(WHOLE)):
        for length in (1, 4, 8, 9, 64, len(WHOLE)):
            end = min(start + length, len(WHOLE))
            data = WHOLE[:start] + bytes(end - start) + WHOLE[end:]
            read = payloads(data)
            assert read == PAYLOADS[: len(read)]


@given(st.binary(max_size=400))
def test_noise_is_no_record(noise: bytes) -> None:
    assert payloads(noise) == []


@pytest.mark.parametrize("payload", [b"", b"x" * (PAYLOAD_BYTES_MAX + 1)], ids=["empty", "over"])
def test_a_payload_of_no_or_too_many_bytes_is_not_framed(payload: bytes) -> None:
    with pytest.raises(ValueError, match="payload"):
        encode_frame(payload)


@given(
    st.lists(st.binary(min_size=1, max_size=100), min_size=1, max_size=10),
    st.integers(min_value=1, max_value=400),
)
def test_read_by_pieces_of_any_size_nothing_is_missed(
    tmp_path_factory: pytest.TempPathFactory, written: list[bytes], bytes_max: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "a.journal"
    path.write_bytes(b"".join(map(encode_frame, written)))
    read: list[bytes] = []
    position = 0
    while position < path.stat().st_size:
        piece = read_frames(path, position, bytes_max)
        assert piece.frames, "every call brings a frame, however small the piece"
        assert piece.problem is None
        read += [frame.payload for frame in piece.frames]
        position = piece.end
    assert read == written


def test_a_tail_is_told_torn_from_zeroed_from_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    good = encode_frame(b"good")
    tails = {
        None: b"",
        FrameProblem.TORN: encode_frame(b"never finished")[:-3],
        FrameProblem.ZEROED: bytes(5000),
        FrameProblem.CORRUPT: bytes(5000) + b"\x01",
    }
    for problem, tail in tails.items():
        path.write_bytes(good + tail)
        for bytes_max in (HEADER_BYTES, 100, 1_000_000):
            position, seen = 0, []
            while True:
                read = read_frames(path, position, bytes_max)
                seen += [frame.payload for frame in read.frames]
                if not read.frames or read.problem is not None:
                    break
                position = read.end
            assert (seen, read.end, read.problem) == ([b"good"], len(good), problem)


def test_past_a_bad_frame_reading_goes_on_only_where_its_length_leads_to_a_good_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.journal"
    forged = encode_frame(b"a record forged within a payload")
    first, second, third = (
        encode_frame(b"first"),
        encode_frame(b"x" + forged),
        encode_frame(b"third"),
    )
    path.write_bytes(first + second[:-1] + b"!" + third)
    assert read_frames(path, 0).problem is FrameProblem.CORRUPT
    assert next_frame_position(path, len(first)) == len(first) + len(second)
    path.write_bytes(first + b"\xff" + second[1:] + third)
    assert next_frame_position(path, len(first)) == path.stat().st_size
