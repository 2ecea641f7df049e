"""Who owns an error: rules by page and by file, the first that fits."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

_FILE = re.compile(r"\((/.*)\)$")


class OwnerRule(Struct, frozen=True, kw_only=True):
    """A team and what is its own: patterns with "*" of page templates, or of the file that the
    error was thrown in. One without patterns owns all of its site; one without a site, of any."""

    team: str
    site: str = ""
    pages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def owner_of(rules: Sequence[OwnerRule], site: str, page: str, culprit: str) -> int | None:
    """The place of the first rule that fits; None when none does. `culprit` is a group's."""
    found = _FILE.search(culprit)
    file = found[1] if found else ""
    for place, rule in enumerate(rules):
        if rule.site and rule.site != site:
            continue
        if not rule.pages and not rule.files:
            return place
        if any(fnmatchcase(page, pattern) for pattern in rule.pages):
            return place
        if file and any(fnmatchcase(file, pattern) for pattern in rule.files):
            return place
    return None
