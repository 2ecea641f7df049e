"""Which statuses a monitor expects."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.statuses import StatusSet, status_range

codes = st.integers(100, 599)


@settings(deadline=None)
@given(st.lists(st.tuples(codes, codes).map(sorted), min_size=1), codes)
def test_a_set_holds_what_its_items_name(ranges: list[list[int]], code: int) -> None:
    items = [f"{low}-{high}" if low < high else str(low) for low, high in ranges]
    assert (code in StatusSet(items)) == any(low <= code <= high for low, high in ranges)


@pytest.mark.parametrize("item", ["", "ok", "99", "600", "300-200", "2xx", "200-", "200-299-300"])
def test_what_is_no_status_is_not_taken_for_one(item: str) -> None:
    assert status_range(item) is None
    with pytest.raises(ValueError, match="is not an HTTP status: write 301 or 200-299"):
        StatusSet([item])


def test_spaces_do_not_matter() -> None:
    assert 204 in StatusSet([" 200 - 299 "])
