"""docs/rum.md and rum.d.ts say of rum.js what its source says."""

import re
import subprocess
from pathlib import Path

SAMPLE = """/// <reference path="./rum.d.ts" />
vigie("event", "signed", { value: 290000, currency: "EUR", attributes: { rooms: 4, a: true } });
vigie("event", "seen");
vigie("user", "u-1", { level: "novice", since: "2024-05-31" });
vigie("user", 7, { since: new Date() });
vigie("user", null);
vigie("level", "expert");
vigie("segment", { kind: "seller", team: null });
vigie("page", "Sign a mandate");
vigie("error", new RangeError("too many"), { attributes: { step: 2 } });
try { JSON.parse(""); } catch (error) { window.vigie("error", error); }
vigie("consent", "granted");
vigie("replay", "denied");
vigie("session", (id) => id.toUpperCase());
vigie("stop");
// @ts-expect-error
vigie("evnt", "x");
// @ts-expect-error
vigie("event");
// @ts-expect-error
vigie("consent", "yes");
// @ts-expect-error
vigie("event", "x", { attributes: { deep: {} } });
"""


def source(project_root: Path, name: str) -> str:
    return (project_root / "rum" / "script" / name).read_text("utf-8")


def attributes(project_root: Path) -> set[str]:
    """What the tag's source reads, as attributes."""
    settings = re.search(r"interface Settings \{(.*?)\n\}", source(project_root, "tag.ts"), re.S)
    assert settings
    names = re.findall(r"readonly (\w+)\??:", settings[1])
    return {"data-" + re.sub(r"[A-Z]", lambda one: f"-{one[0].lower()}", name) for name in names}


def commands(project_root: Path) -> set[str]:
    table = re.search(r"const COMMANDS\b.*?= \{(.*?)\n\};", source(project_root, "api.ts"), re.S)
    assert table
    return set(re.findall(r"^  (\w+):", table[1], re.M))


def rows(project_root: Path, heading: str) -> list[str]:
    """The first cells of the first table below a heading."""
    text = (project_root / "docs" / "rum.md").read_text("utf-8").partition(f"\n## {heading}\n")[2]
    cells = re.findall(r"^\| `(.+?)` \|", text.partition("\n## ")[0], re.M)
    assert cells
    return cells


def test_every_setting_of_the_tag_is_in_the_table(project_root: Path) -> None:
    documented = rows(project_root, "Settings of the tag")
    assert len(documented) == len(set(documented))
    assert set(documented) == attributes(project_root)


def test_every_call_is_in_the_table(project_root: Path) -> None:
    documented = {re.match(r"vigie\('(\w+)'", cell)[1] for cell in rows(project_root, "Calls")}  # type: ignore[index]
    assert documented == commands(project_root)


def test_the_types_know_every_call_and_no_other(project_root: Path, tmp_path: Path) -> None:
    types = (project_root / "static" / "rum.d.ts").read_text("utf-8")
    assert set(re.findall(r'\(command: "(\w+)"', types)) == commands(project_root)
    (tmp_path / "rum.d.ts").write_text(types)
    (tmp_path / "sample.ts").write_text(SAMPLE)
    done = subprocess.run(
        [
            project_root / "node_modules" / ".bin" / "tsc",
            *("--strict", "--noEmit", "--target", "es2020", "--lib", "es2020,dom"),
            *("--types", "", "sample.ts"),
        ],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_masking_attributes_are_those_of_the_recorder(project_root: Path) -> None:
    folder = project_root / "rum" / "script" / "replay"
    text = "".join(file.read_text("utf-8") for file in sorted(folder.glob("*.ts")))
    for name in rows(project_root, "Replay"):
        assert name in text
