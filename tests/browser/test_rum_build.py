"""The committed scripts are what their sources build, are small, and come with their licences."""

import gzip
import subprocess
from pathlib import Path

import pytest

GZIP_BYTES_MAX = 10_000
REPLAY_GZIP_BYTES_MAX = 25_000


@pytest.fixture(scope="module")
def built(project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    subprocess.run(["node", "rum/script/build.mjs", str(folder)], cwd=project_root, check=True)
    return folder


@pytest.mark.parametrize("name", ["rum.js", "rum-replay.js", "NOTICE"])
def test_the_committed_file_is_what_the_sources_build(
    built: Path, project_root: Path, name: str
) -> None:
    committed = (project_root / "static" / name).read_bytes()
    assert committed == (built / name).read_bytes(), f"static/{name} is stale: run scripts/build"


def test_rum_js_is_at_most_10_000_bytes_gzipped(project_root: Path) -> None:
    size = len(gzip.compress((project_root / "static" / "rum.js").read_bytes(), 9, mtime=0))
    print(f"rum.js: {size} bytes after gzip -9, of {GZIP_BYTES_MAX}")
    assert size <= GZIP_BYTES_MAX


def test_rum_replay_js_is_at_most_25_000_bytes_gzipped(project_root: Path) -> None:
    size = len(gzip.compress((project_root / "static" / "rum-replay.js").read_bytes(), 9, mtime=0))
    print(f"rum-replay.js: {size} bytes after gzip -9, of {REPLAY_GZIP_BYTES_MAX}")
    assert size <= REPLAY_GZIP_BYTES_MAX


def test_the_notice_holds_the_licence_of_what_is_bundled(project_root: Path) -> None:
    notice = (project_root / "static" / "NOTICE").read_text()
    licence = (project_root / "rum" / "script" / "licences" / "rrweb").read_text()
    assert "@rrweb/record" in notice
    assert licence.strip() in notice


def test_the_script_type_checks(project_root: Path) -> None:
    compiler = project_root / "node_modules" / ".bin" / "tsc"
    run = subprocess.run(
        [str(compiler), "--noEmit", "--project", "rum/script"],
        cwd=project_root,
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout
