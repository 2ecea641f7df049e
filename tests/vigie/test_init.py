"""`vigie init`: settings that pass, for a first site and for another, and nothing destroyed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from vigie.settings_file import load_settings

FIRST_START_S = 60


def vigie(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vigie", *arguments],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=FIRST_START_S,
    )


def test_a_first_site_gets_settings_that_pass_and_all_it_must_paste(tmp_path: Path) -> None:
    done = vigie("init", "https://www.Shop.test/welcome", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    settings = load_settings(tmp_path / "vigie.toml")
    (site,) = settings.sites
    (monitor,) = settings.monitors
    assert site.id == "shop.test"
    assert site.origins == ("https://www.shop.test",)
    assert site.levels == ("novice", "confirmed", "expert")
    assert len(site.key) == 16
    assert (monitor.site, monitor.url) == ("shop.test", "https://www.shop.test/welcome")
    for pasted in (
        f'<script async src="/vigie/rum.js" data-site="{site.key}"></script>',
        "script-src 'self' 'sha256-",
        "proxy_pass http://127.0.0.1:8600/;",
        'ProxyPass        "/vigie/" "http://127.0.0.1:8600/"',
        "vigie check shop.test",
        "vigie serve",
    ):
        assert pasted in done.stdout
    assert "ok: 1 site, 1 monitor, 0 journeys" in vigie("check-config", folder=tmp_path).stdout


def test_the_settings_it_comments_out_pass_as_well(tmp_path: Path) -> None:
    vigie("init", "shop.test", folder=tmp_path)
    path = tmp_path / "vigie.toml"
    text = path.read_text()
    setting = re.compile(r"^# (?=[a-z_]+ = |\[\[)", re.MULTILINE)
    assert len(setting.findall(text)) > 10
    path.write_text(setting.sub("", text))
    settings = load_settings(path)
    assert settings.journeys[0].steps[2].event == "order_paid"


def test_a_second_site_is_added_and_nothing_that_stood_there_changes(tmp_path: Path) -> None:
    path = tmp_path / "vigie.toml"
    vigie("init", "https://one.test", folder=tmp_path)
    mine = path.read_text() + "\n# a note of my own\n[store]\nhot_days = 3 # mine"
    path.write_text(mine)
    path.chmod(0o640)
    done = vigie("init", "http://two.test:8080/app", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert path.read_text().startswith(mine)
    assert path.stat().st_mode & 0o777 == 0o640
    settings = load_settings(path)
    assert settings.store.hot_days == 3
    assert [site.id for site in settings.sites] == ["one.test", "two.test-8080"]
    assert settings.sites[1].origins == ("http://two.test:8080",)
    assert settings.sites[0].key != settings.sites[1].key
    assert os.listdir(tmp_path) == ["vigie.toml"]


@pytest.mark.parametrize("again", ["https://one.test", "one.test/other", "https://www.one.test"])
def test_a_site_that_is_there_is_refused(tmp_path: Path, again: str) -> None:
    vigie("init", "https://one.test", folder=tmp_path)
    before = (tmp_path / "vigie.toml").read_bytes()
    done = vigie("init", again, folder=tmp_path)
    assert done.returncode == 1
    assert 'vigie.toml already has the site "one.test"' in done.stderr
    assert "nothing was changed" in done.stderr
    assert (tmp_path / "vigie.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[collector]\nprot = 1\n", 'did you mean "port"?'),
        ("= nonsense", "is not TOML"),
        ('sites = [{id = "a", key = "k", origins = ["https://a.test"]}]', "write each site as [[s"),
    ],
)
def test_a_file_it_cannot_add_to_is_left_as_it_is(tmp_path: Path, settings: str, said: str) -> None:
    path = tmp_path / "vigie.toml"
    path.write_text(settings)
    done = vigie("init", "https://one.test", folder=tmp_path)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert path.read_text() == settings


@pytest.mark.parametrize(
    "url",
    ["", "https://", "ftp://shop.test", "https://shop .test", 'https://sh"op', "https://[::1"],
)
def test_what_is_no_url_is_refused_before_anything_is_written(tmp_path: Path, url: str) -> None:
    done = vigie("init", url, folder=tmp_path)
    assert done.returncode == 2
    assert "is not a URL" in done.stderr
    assert os.listdir(tmp_path) == []


def test_a_collector_with_an_address_of_its_own_needs_no_proxy(tmp_path: Path) -> None:
    (tmp_path / "vigie.toml").write_text('public_url = "https://vigie.example.com"\n')
    done = vigie("init", "https://shop.test", folder=tmp_path)
    assert '<script async src="https://vigie.example.com/rum.js" data-site=' in done.stdout
    assert "script-src https://vigie.example.com 'sha256-" in done.stdout
    assert "proxy_pass" not in done.stdout
