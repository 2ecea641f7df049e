"""The rooms of the house import one way only, and keep to the sizes we hold ourselves to."""

import ast
from pathlib import Path

import pytest

MAY_IMPORT: dict[str, set[str]] = {
    "probes": set(),
    "rum": set(),
    "store": {"probes", "rum"},
    "analytics": {"store", "probes", "rum"},
    "vigie": {"analytics", "store", "probes", "rum"},
}
NOT_IN = {
    "store": {"starlette", "uvicorn", "plotly"},
    "analytics/reports": {"plotly"},
    "analytics/charts": {"duckdb"},
}
LINES_MAX = 500
FUNCTION_LINES_MAX = 70

ROOT = Path(__file__).resolve().parent.parent
MODULES = [path.relative_to(ROOT) for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py")]


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_go_down_the_floors_only(module: Path) -> None:
    room = module.parts[0]
    rooms = {name.split(".")[0] for name in imported(ast.parse((ROOT / module).read_text()))}
    assert rooms & MAY_IMPORT.keys() <= MAY_IMPORT[room] | {room}
    for place, banned in NOT_IN.items():
        if module.as_posix().startswith(place):
            assert not rooms & banned


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_modules_and_functions_stay_readable(module: Path) -> None:
    text = (ROOT / module).read_text()
    assert text.count("\n") <= LINES_MAX
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= FUNCTION_LINES_MAX, f"{module}:{node.lineno} {node.name}"
            assert not any(
                isinstance(inner, ast.Import | ast.ImportFrom) for inner in ast.walk(node)
            ), f"{module}:{node.lineno} {node.name} imports inside a function"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_says_what_it_is_for(module: Path) -> None:
    if (ROOT / module).read_text().strip():
        assert ast.get_docstring(ast.parse((ROOT / module).read_text()))
