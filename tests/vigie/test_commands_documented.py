"""Every command and option is documented, with its default, and says what it does in its help."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from vigie.cli import COMMANDS, build_app


def commands() -> dict[str, Any]:
    group: Any = get_command(build_app(COMMANDS))
    return dict(group.commands)


def options(command: Any) -> Iterator[tuple[str, str | None]]:
    """The visible options of a command by their long name, and the default as it is written."""
    for parameter in command.params:
        if parameter.param_type_name != "option" or parameter.hidden or parameter.name == "help":
            continue
        name = next(each for each in parameter.opts if each.startswith("--"))
        default = parameter.default
        if default is False:
            yield name, "off"
        elif default in (None, ""):
            yield name, None
        else:
            yield name, f"`{default}`"


def documented(text: str) -> dict[str, dict[str, str]]:
    """The table of each command's section: default by option."""
    tables: dict[str, dict[str, str]] = {}
    rows: dict[str, str] = {}
    for line in text.splitlines():
        if match := re.fullmatch(r"## `vigie (.*)`", line):
            rows = tables.setdefault(match[1], {})
        elif line.startswith("| `--"):
            name, default, meaning = (cell.strip() for cell in line.strip("|").split(" | "))
            assert meaning.endswith("."), f"{name} has no meaning"
            rows[name.strip("`")] = default
    return tables


def test_the_page_has_every_command_and_option_with_its_default(project_root: Path) -> None:
    found = documented((project_root / "docs" / "commands.md").read_text("utf-8"))
    assert found.keys() == COMMANDS.keys()
    for name, command in commands().items():
        wanted = dict(options(command))
        assert found[name].keys() == wanted.keys(), name
        for option, default in wanted.items():
            if default is not None:
                assert found[name][option] == default, (name, option)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_help_says_what_it_and_its_options_do(name: str) -> None:
    command = commands()[name]
    assert len(command.help) > 30
    for parameter in command.params:
        if parameter.name != "help":
            assert parameter.help, (name, parameter.name)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vigie", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "COLUMNS": "80"},
    )


def test_help_lists_the_commands_and_a_wrong_one_is_told_so() -> None:
    done = run("--help")
    assert done.returncode == 0
    listed = re.findall(r"^  ([a-z][a-z-]+)  .*\.$", done.stdout, re.MULTILINE)
    assert listed == list(COMMANDS), done.stdout
    done = run("srve")
    assert done.returncode == 2
    assert "No such command 'srve'" in done.stderr
    assert run("--version").stdout.startswith("vigie 0.")


def test_a_collector_starts_without_what_only_reports_need() -> None:
    code = "import sys, vigie.commands.collector; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"duckdb", "pandas", "plotly", "pyarrow", "jinja2"}
