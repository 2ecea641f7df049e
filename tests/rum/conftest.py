"""A collector for each test that asks for one."""

from functools import partial
from pathlib import Path

import pytest

from tests.support.collector import Collect, collecting_in


@pytest.fixture
def collect(tmp_path: Path) -> Collect:
    """Runs a collector in the test's folder; see collecting_in for what it may be given."""
    return partial(collecting_in, tmp_path)
