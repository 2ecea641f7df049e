"""Control characters: databases end texts at some, terminals obey others, no name needs any."""

import re

# C0 but tab and line feed, which stacks hold; DEL; C1, where 0x9b begins a terminal's orders.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def without_controls(text: str, by: str = "") -> str:
    """The text without them, or with `by` in the place of each; tabs and line feeds stay."""
    return text if text.isprintable() else _CONTROLS.sub(by, text)
