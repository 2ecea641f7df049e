"""The files pages load: immutable, packed once, and plotly just as npm has it."""

import gzip
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.console import running_console

BUNDLE = Path("node_modules/plotly.js-basic-dist-min/plotly-basic.min.js")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, str]]:
    """Who is not signed in, and the monitor page's markup."""
    with running_console(tmp_path_factory.mktemp("static")) as console:
        with console.reader() as reader:
            markup = reader.get("/monitors/front").text
        with console.stranger() as client:
            yield client, markup


def address(markup: str, name: str) -> str:
    found = re.search(rf'"(/static/[0-9a-f]+/{re.escape(name)})"', markup)
    assert found, name
    return found[1]


def test_plotly_is_the_one_of_the_lock_file(project_root: Path) -> None:
    packed = project_root / "static" / "plotly-basic.min.js.gz"
    assert gzip.decompress(packed.read_bytes()) == (project_root / BUNDLE).read_bytes()


def test_building_again_gives_the_committed_files(project_root: Path, tmp_path: Path) -> None:
    script = project_root / "vigie" / "console" / "build.mjs"
    subprocess.run(["node", script, tmp_path], check=True, capture_output=True)
    styles = (project_root / "static" / "plotly.css").read_bytes()
    assert (tmp_path / "plotly.css").read_bytes() == styles
    for name in ("replay-player.js", "replay-player.css", "replay-player.NOTICE"):
        assert (tmp_path / name).read_bytes() == (project_root / "static" / name).read_bytes()
    assert gzip.decompress((tmp_path / "plotly-basic.min.js.gz").read_bytes()) == gzip.decompress(
        (project_root / "static" / "plotly-basic.min.js.gz").read_bytes()
    )


def test_a_packed_file_is_sent_packed_or_inflated(
    stranger: tuple[httpx.Client, str], project_root: Path
) -> None:
    client, markup = stranger
    url = address(markup, "plotly-basic.min.js")
    packed = client.get(url, headers={"accept-encoding": "gzip"})
    plain = client.get(url, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content == (project_root / BUNDLE).read_bytes()


@pytest.mark.parametrize("name", ["console.css", "console.js", "plotly.css", "plotly-basic.min.js"])
def test_a_file_never_changes_under_its_address(
    stranger: tuple[httpx.Client, str], name: str
) -> None:
    client, markup = stranger
    answer = client.get(address(markup, name))
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith(("text/css", "text/javascript"))


@pytest.mark.parametrize(
    "path", ["/static/0/console.css", "/static/x/rum.js", "/static/x/..%2fpyproject.toml"]
)
def test_nothing_else_is_served(stranger: tuple[httpx.Client, str], path: str) -> None:
    assert stranger[0].get(path).status_code == 404
