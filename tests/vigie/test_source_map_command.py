"""`vigie sourcemaps`: through the running console and without one; limits, listing, removing."""

import gzip
import json
import os
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from analytics.reports.error_types import ErrorFrame
from analytics.source_maps import as_written
from store.database import Database
from store.snapshot import SOURCE_MAPS_FOLDER
from store.source_maps import retire_source_maps, source_map_releases
from tests.support.console import SETTINGS, running_console
from vigie.settings import SourceMapSettings
from vigie.source_maps import maps_in

NOW = datetime.now(UTC)
MAP = {
    "version": 3,
    "sources": ["src/cart.ts"],
    "sourcesContent": ["one();\ntwo();\n"],
    "names": [],
    "mappings": "AACA",
}
"""Line 1, column 1 of the script is line 2, column 1 of cart.ts."""
CONFIG = """
[[sites]]
id = "shop"
key = "shop-key"
origins = ["https://shop.test"]
"""


def build(folder: Path, name: str = "app.js", text: str = "two()") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    (folder / f"{name}.map").write_text(json.dumps(MAP))
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "vigie.toml").write_text(CONFIG)
    return subprocess.run(
        [sys.executable, "-m", "vigie", "sourcemaps", *arguments],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def told(database: Database, file: str, release: str = "1") -> tuple[str, int, str]:
    frame = ErrorFrame(function="t", file=file, line=1, column=1, in_app=True)
    with database.snapshot() as snapshot:
        (found,), why = as_written(snapshot, "shop", release, [frame])
    return found.source, found.source_line, why


def test_without_a_console_it_goes_into_the_store(tmp_path: Path) -> None:
    data = tmp_path / "vigie-data"
    data.mkdir()
    build(tmp_path / "build" / "js")
    nothing = run(tmp_path, "upload", "build", "--release", "1")
    assert (nothing.returncode, "no store yet" in nothing.stderr) == (1, True)
    Database(data / "store").close()
    done = run(tmp_path, "upload", "build", "--release", "1", "--prefix", "https://cdn.test/v1/")
    assert (done.returncode, done.stdout) == (0, "uploaded 1 maps of release 1\n"), done.stderr
    assert done.stderr == "/v1/js/app.js\n"
    listed = run(tmp_path, "list")
    assert listed.stdout.startswith("shop  1  1 maps, ")
    removed = run(tmp_path, "remove", "--release", "1")
    assert removed.stdout == "removed 1 maps of release 1\n"
    again = run(tmp_path, "remove", "--release", "1")
    assert (again.returncode, "no source maps" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("upload", "build"), "say which release"),
        (("upload", "--release", "1"), "name the folder"),
        (("upload", "empty", "--release", "1"), "holds no source map"),
        (("upload", "build", "--release", "1", "--site", "x"), "There is no site 'x'"),
    ],
)
def test_what_is_asked_wrongly_is_said(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "vigie-data").mkdir()
    (tmp_path / "empty").mkdir()
    build(tmp_path / "build")
    done = run(tmp_path, *arguments)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_the_running_console_takes_lists_and_removes_them(tmp_path: Path) -> None:
    limits = SourceMapSettings(file_bytes_max=10_000, bytes_max=20_000)
    with (
        running_console(tmp_path / "data", replace(SETTINGS, source_maps=limits)) as console,
        console.program() as program,
        console.reader() as reader,
    ):
        database = console.database
        address, of = "/api/v1/sourcemaps", {"site": "shop", "release": "1"}

        def post(client: httpx.Client, source_map: str, **more: str) -> httpx.Response:
            files = {"map": source_map.encode(), "script": b"two()"}
            return client.post(address, params={**of, "path": "/a/app.js", **more}, files=files)

        good = json.dumps(MAP)
        own = {"origin": console.base}
        refused = reader.post(address, params=of, headers=own, files={"map": good.encode()})
        assert refused.status_code == 403, "a browser's session is not enough"
        assert post(program, "{").status_code == 400
        assert "No source map was sent" in program.post(address, params=of).text
        no_form = program.post(
            address, params=of, headers={"content-type": "multipart/form-data"}, content=b"x"
        )
        assert (no_form.status_code, "cannot be read" in no_form.text) == (400, True)
        assert post(program, good, path="app.js").status_code == 400
        assert post(program, good, release="").status_code == 400
        assert post(program, good + " " * 10_000).status_code == 400
        assert post(program, good + " " * 30_000).status_code == 413
        assert post(program, good).status_code == 201
        assert post(program, good).status_code == 201, "again, in its place"
        assert told(database, "https://shop.test/a/app.js") == ("src/cart.ts", 2, "")
        assert told(database, "https://cdn.test/else/app.js") == ("src/cart.ts", 2, "")
        assert "other.js" in told(database, "https://shop.test/other.js")[2]
        assert "no source maps" in told(database, "https://shop.test/a/app.js", "2")[2]
        for number in (1, 2, 3):
            full = post(program, good + " " * 9_000, path=f"/a/{number}.js")
        assert (full.status_code, "bytes_max" in full.text) == (400, True)
        (release,) = reader.get(address).json()
        assert (release["release"], release["files"], release["seen_at"]) == ("1", 3, None)
        kept = list((console.folder.store / SOURCE_MAPS_FOLDER).iterdir())
        assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
        assert gzip.decompress(min(kept, key=lambda each: each.stat().st_size).read_bytes())
        assert program.delete(address, params=of).json() == {"removed": 3}
        assert program.delete(address, params=of).status_code == 404


def test_maps_go_once_their_release_is_heard_of_no_more(tmp_path: Path) -> None:
    (tmp_path / "vigie-data").mkdir()
    database = Database(tmp_path / "vigie-data" / "store")
    database.close()
    build(tmp_path / "build")
    for release in ("old", "live"):
        assert run(tmp_path, "upload", "build", "--release", release).returncode == 0
    database = Database(tmp_path / "vigie-data" / "store")
    later = NOW + timedelta(days=100)
    database.cursor().execute(
        "INSERT INTO site_releases VALUES ('shop', 'live', $at, $at)",
        {"at": (later - timedelta(days=1)).replace(tzinfo=None)},
    )
    folder = database.folder / SOURCE_MAPS_FOLDER
    assert len(list(folder.iterdir())) == 2, "two releases of the same files"
    assert retire_source_maps(database, NOW, 90) == 0
    assert retire_source_maps(database, later, 90) == 1
    assert [each.release for each in source_map_releases(database)] == ["live"]
    hours_ago = time.time() - 7200
    for path in folder.iterdir():
        os.utime(path, (hours_ago, hours_ago))
    (folder / "stray.gz").write_bytes(b"x")
    os.utime(folder / "stray.gz", (hours_ago, hours_ago))
    retire_source_maps(database, later, 90)
    assert "stray.gz" not in {path.name for path in folder.iterdir()}
    assert len(list(folder.iterdir())) == 2
    database.close()


def test_maps_of_styles_are_left_alone(tmp_path: Path) -> None:
    folder = build(tmp_path / "build")
    (folder / "app.css.map").write_text(json.dumps(MAP))
    (folder / "lonely.mjs.map").write_text(json.dumps(MAP))
    assert [(each.path, each.script is None) for each in maps_in(folder, "static")] == [
        ("/static/app.js", False),
        ("/static/lonely.mjs", True),
    ]
