"""A test that asks a live server says how long it waits: httpx's own 5 s are too few on a machine
that runs two tests and a browser, where a console stands back for its collectors."""

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parent
ASKING = {"Client", "AsyncClient", "get", "post", "put", "delete", "request", "stream"}


def says_how_long(call: ast.Call) -> bool:
    """In-process transports answer at once; what is passed on by ** is said elsewhere."""
    return bool({"timeout", "transport", None} & {keyword.arg for keyword in call.keywords})


def test_each_request_of_a_test_says_how_long_it_waits() -> None:
    hasty = [
        f"{path.relative_to(TESTS)}:{node.lineno}"
        for path in sorted(TESTS.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "httpx"
        and node.func.attr in ASKING
        and not says_how_long(node)
    ]
    assert not hasty, f"say timeout=60 in {', '.join(hasty)}"
