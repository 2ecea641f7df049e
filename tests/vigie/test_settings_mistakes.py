"""A settings file is used whole or not at all: every mistake is named at once, with its line."""

from pathlib import Path

import pytest

from vigie.settings_file import load_settings, parse_settings
from vigie.settings_mistakes import Mistake, SettingsError

SITE = """
[[sites]]
id = "shop"
key = "k"
origins = ["https://shop.test"]
"""


def mistakes(text: str) -> list[Mistake]:
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, "vigie.toml")
    return list(caught.value.mistakes)


def test_every_mistake_is_found_at_once_in_the_order_of_the_file() -> None:
    text = """\
public_url = "not a url"

[collector]
prot = 8600                         # unknown, near "port"
body_timeout_s = 0
late_h = "a day"

[console]
port = 70000

[prober]
in_flight_max = 1.5
colour = "red"

[store]
memory_limit = "lots"

[[sites]]
id = "shop"
key = ""
origins = [
  "https://shop.test",
  "https://shop.test/path",         # not an origin
  "shop.test",
]
sample = 20

[[sites]]
id = "shop"
key = "k2"
origins = ["https://other.test"]
levels = ["novice", "novice", "undeclared"]
sample = 0.5
keep = 0.2
pages = ["user/?"]

[[monitors]]
id = "home"
url = "htp:/shop test"
site = "shopp"
interval_s = 5
timeout_s = 10
expected_status = ["200", "2xx"]

[[monitors]]
id = "home"
url = "https://shop.test/"

[[journeys]]
id = "buy"
site = "nowhere"
monitors = ["home", "gone"]
steps = [
  { name = "both", page = "/", event = "e" },
  { name = "neither" },
]
"""
    found = [(m.line, m.key) for m in mistakes(text)]
    lines = text.splitlines()

    def line(start: str, nth: int = 0) -> int:
        return [n for n, each in enumerate(lines, 1) if each.strip().startswith(start)][nth]

    expected = [
        (line("public_url"), "public_url"),
        (line("prot"), "collector.prot"),
        (line("body_timeout_s"), "collector.body_timeout_s"),
        (line("late_h"), "collector.late_h"),
        (line("port = 70000"), "console.port"),
        (line("in_flight_max"), "prober.in_flight_max"),
        (line("colour"), "prober.colour"),
        (line("memory_limit"), "store.memory_limit"),
        (line('key = ""'), "sites[shop].key"),
        (line('"https://shop.test/path"'), "sites[shop].origins[2]"),
        (line('"shop.test"'), "sites[shop].origins[3]"),
        (line("sample = 20"), "sites[shop].sample"),
        (line('id = "shop"', 1), "sites[shop].id"),
        (line("levels"), "sites[shop].levels[2]"),
        (line("levels"), "sites[shop].levels[3]"),
        (line("keep"), "sites[shop].keep"),
        (line("pages"), "sites[shop].pages[1]"),
        (line("url = "), "monitors[home].url"),
        (line('site = "shopp"'), "monitors[home].site"),
        (line("timeout_s"), "monitors[home].timeout_s"),
        (line("expected_status"), "monitors[home].expected_status"),
        (line('id = "home"', 1), "monitors[home].id"),
        (line('site = "nowhere"'), "journeys[buy].site"),
        (line("monitors ="), "journeys[buy].monitors[2]"),
        (line("{ name = "), "journeys[buy].steps[1]"),
        (line("{ name = ", 1), "journeys[buy].steps[2]"),
    ]
    assert found == expected


STEPS = "[[monitors]]\nid = 'm'\n[[monitors.steps]]\nurl = 'https://a.test'\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[collector]\nprot = 1",
            'vigie.toml:2: collector.prot: is unknown here; did you mean "po',
        ),
        ("[colector]\nport = 1", 'vigie.toml:1: colector: is unknown here; did you mean "collecto'),
        ("[prober]\nzzz = 1", "known are location, in_flight_max, lag_limit_s, resolver_threads"),
        ("[console]\nport = '8601'", 'is the text "8601"; give it a whole number from 0 to 65,535'),
        (SITE + "sample = 20", "sample: is 20; give it a number above 0 and up to 1"),
        ("[console]\nport = true", "is true, without quotes; give it a whole number"),
        ("[collector]\nlate_h = -1", "is -1; give it a number above 0"),
        ("[collector]\nlate_h = nan", "is nan; give it a number above 0"),
        ("[collector]\nbody_bytes_max = 1", "give it a whole number from 1,000 to 4,000,000"),
        ("[prober]\nin_flight_max = 0", "is 0; give it a whole number 1 or more"),
        ("console = 1", "is the number 1; give it a table"),
        ("[sites]\nid = 'a'", "is a table; begin each one with [[sites]], in double brackets"),
        ("[[sites]]\nid = 'a'\nkey = 'k'", "vigie.toml:1: sites[a].origins: is missing; give it a"),
        (SITE.replace('["https://shop.test"]', "[]"), "origins: is empty; give it at least one"),
        (SITE.replace('["https://shop.test"]', '"https://shop.test"'), "give it a list, such as ["),
        (SITE.replace('"shop"', '"my shop"'), 'is "my shop"; use 1 to 64 letters, digits,'),
        (SITE + "levels = []", "levels: is empty; give it at least one"),
        (SITE + 'levels = [""]', "levels[1]: is empty; give it a text"),
        (SITE + "keep = 1.5", "keep: is 1.5; give it a number from 0 to 1"),
        (SITE + "sample = 0.3\nkeep = 0.1", "keep: is 0.1, below sample (0.3); what reports read"),
        (SITE + 'levels = ["undeclared"]', "which names sessions that declared no level; take a"),
        (SITE + SITE.replace('"shop"', '"shop2"'), 'key: "k" is taken by another of sites; give e'),
        ("[collector]\nport = 9\n[console]\nport = 9", "console.port: is 9, the port of both"),
        ("[collector]\nport = 8601", "vigie.toml:2: collector.port: is 8601, the port of both"),
        ("public_url = 'ftp://a.test'", 'is not a URL; write one such as "https://'),
        ("a = [1,\nb = 2", "vigie.toml:2: is not TOML, column"),
        ("a = ", "is not TOML"),
        ("a = 1\na = 2", "is not TOML"),
        ("[[monitors]]\nid = 'm'", "monitors[m].url: is missing; right would be: an address"),
        ("[[monitors]]\nurl = 'https://a.test'", "monitors[1].id: is missing"),
        (
            "[[monitors]]\nid = 'm'\nurl = 'https://a.test'\nheaders = {a = 1}",
            "headers.a: is the n",
        ),
        (
            STEPS + "[[monitors.steps]]\nurl = 'nowhere'",
            "vigie.toml:6: monitors[m].steps[2].url: 'nowhere' is neither http nor https",
        ),
        (STEPS + "[[monitors.steps]]\nname = 'x'", "steps[2].url: is missing; give it a text"),
        (STEPS + "[[monitors.steps.assertions]]\nop = 'less'", "[1].kind: is missing; give it a t"),
        (
            STEPS + "[[monitors.steps.assertions]]\nkind = 'size'\nop = 'exists'",
            "vigie.toml:7: monitors[m].steps[1].assertions[1].op: 'exists' does not go with size",
        ),
        (STEPS + "assertions = [3]", "steps[1].assertions[1]: is the number 3; give it a table"),
        (STEPS + "auth = { secret_env = 'A', secret_fil = 'x' }", 'did you mean "secret_file"?'),
    ],
)
def test_a_mistake_says_where_it_is_what_is_wrong_and_what_would_be_right(
    text: str, said: str
) -> None:
    (mistake,) = mistakes(text)
    assert said in str(mistake)


@pytest.mark.parametrize(
    ("origin", "right"),
    [
        ("shop.test", 'write "https://shop.test"'),
        ("https://shop.test/", 'write "https://shop.test"'),
        ("https://Shop.test:443", 'write "https://shop.test"'),
        ("http://shop.test:8080/a?b", 'write "http://shop.test:8080"'),
        ("https://user:pass@shop.test", 'write "https://shop.test"'),
        ("https://shop.test:port", "give scheme, host and port only"),
        ("ftp://shop.test", "give scheme, host and port only"),
        ("https://", "give scheme, host and port only"),
        ("https://[::1", "give scheme, host and port only"),
        ("https://a.*.test", 'a "*" stands for subdomains only'),
        ("", "give scheme, host and port only"),
    ],
)
def test_what_is_no_origin_is_told_what_its_origin_would_be(origin: str, right: str) -> None:
    (mistake,) = mistakes(SITE.replace("https://shop.test", origin))
    assert mistake.key == "sites[shop].origins[1]"
    assert mistake.right.startswith(right)


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:8000", "https://[::1]:8443", "https://*.shop.test", "*"]
)
def test_an_origin_as_browsers_send_it_is_taken(origin: str) -> None:
    settings = parse_settings(SITE.replace("https://shop.test", origin), "vigie.toml")
    assert settings.sites[0].origins == (origin,)


def test_a_mistake_of_one_part_hides_none_of_another() -> None:
    found = mistakes(
        """
[[sites]]
id = 5
origins = ["shop.test", 7]
levels = []
sample = 20
keep = 0.1

[[monitors]]
id = "home"
url = "nowhere"
interval_s = "often"
timeout_s = 100
headers = { Accept = 1 }
site = "gone"

[[journeys]]
id = "buy"
steps = [{ pag = "/x" }, { name = "neither" }, "third"]
monitors = ["gone"]
"""
    )
    assert [mistake.key for mistake in found] == [
        "sites[1].key",
        "sites[1].id",
        "sites[1].origins[2]",
        "sites[1].origins[1]",
        "sites[1].levels",
        "sites[1].sample",
        "monitors[home].url",
        "monitors[home].interval_s",
        "monitors[home].headers.Accept",
        "monitors[home].site",
        "journeys[buy].site",
        "journeys[buy].steps[1].pag",
        "journeys[buy].steps[3]",
        "journeys[buy].steps[2]",
        "journeys[buy].monitors[1]",
    ]


def test_a_file_that_cannot_be_read_is_one_mistake(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'public_url = "\xe9"')
    for path, wrong in (
        (tmp_path / "none.toml", "there is no such file; make one: vigie init"),
        (latin, "is not UTF-8 at byte 14; save it as UTF-8"),
        (tmp_path, "cannot be read (Is a directory)"),
    ):
        with pytest.raises(SettingsError) as caught:
            load_settings(path)
        assert str(caught.value).startswith(f"{path}: {wrong}")


def test_an_empty_file_is_all_defaults_and_port_0_may_stand_twice(tmp_path: Path) -> None:
    path = tmp_path / "vigie.toml"
    path.write_bytes(b"\xef\xbb\xbf")
    assert load_settings(path).collector.port == 8600
    path.write_text("[collector]\nport = 0\n[console]\nport = 0\n")
    assert load_settings(path).console.port == 0
