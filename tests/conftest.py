"""What every test may use: the --long and --pictures switches, and the path of a Chromium."""

import gc
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is; speed belongs in benches.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the long forms of fault runs")
    parser.addoption("--pictures", action="store_true", help="take the pictures of the docs anew")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = {
        "long": "long form: ./scripts/test --long",
        "pictures": "takes pictures for the docs: ./scripts/test --pictures",
    }
    for name, reason in wanted.items():
        if config.getoption(f"--{name}"):
            continue
        for item in items:
            if name in item.keywords:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The Chromium to drive, found by scripts/test or on the PATH."""
    for name in (os.environ.get("VIGIE_CHROMIUM", ""), "chromium", "chromium-browser"):
        if name and (path := shutil.which(name)):
            return path
    pytest.fail("no Chromium: run ./scripts/test, which installs one, or set VIGIE_CHROMIUM")


@pytest.fixture(scope="session")
def project_root() -> Path:
    return Path(__file__).resolve().parent.parent


def pytest_unconfigure() -> None:
    """Let go of what hypothesis hangs on the garbage collector.

    It keeps the frames of tests alive to the very end, and DuckDB, which cannot tell that from a
    leak, prints a page of warnings below the counts.
    """
    gc.callbacks.clear()
