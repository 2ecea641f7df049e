"""One thing found at a page: how bad, what, where, and the exact line that mends it."""

from enum import StrEnum

from msgspec import Struct


class Severity(StrEnum):
    ERROR = "error"
    """Nothing, or not all, is measured."""
    WARNING = "warning"
    """It works, but not for everybody, or not for long."""
    NOTE = "note"
    """Worth knowing; also what could not be looked at."""


class Fault(StrEnum):
    """What can be found; the name under which programs know it."""

    PAGE_UNREADABLE = "page_unreadable"
    SNIPPET_MISSING = "snippet_missing"
    SNIPPET_TWICE = "snippet_twice"
    KEY_MISSING = "key_missing"
    UNKNOWN_KEY = "unknown_key"
    WRONG_KEY = "wrong_key"
    ORIGIN_NOT_ALLOWED = "origin_not_allowed"
    SCRIPT_NOT_FOUND = "script_not_found"
    SCRIPT_NOT_SCRIPT = "script_not_script"
    SCRIPT_OTHER_VERSION = "script_other_version"
    SCRIPT_DID_NOT_START = "script_did_not_start"
    MIXED_CONTENT = "mixed_content"
    POLICY_SCRIPT = "policy_script"
    POLICY_INLINE = "policy_inline"
    POLICY_CONNECT = "policy_connect"
    POLICY_TRUSTED_TYPES = "policy_trusted_types"
    INTEGRITY_MISMATCH = "integrity_mismatch"
    INTEGRITY_CROSS_ORIGIN = "integrity_cross_origin"
    BLOCKABLE_NAME = "blockable_name"
    COLLECTOR_UNREACHABLE = "collector_unreachable"
    BEACON_REFUSED = "beacon_refused"
    CACHE = "cache"
    ASYNC_MISSING = "async_missing"
    STUB_AFTER_SCRIPT = "stub_after_script"
    STUB_MISSING = "stub_missing"
    CONSENT_WAITED_FOR = "consent_waited_for"
    ONE_TEMPLATE = "one_template"
    CLOCK_OFF = "clock_off"
    NOT_IN_STORE = "not_in_store"
    BEACON_STORED = "beacon_stored"
    NOT_LOOKED_AT = "not_looked_at"


class Finding(Struct, frozen=True, kw_only=True):
    severity: Severity
    fault: Fault
    what: str
    where: str = ""
    mend: str = ""
    """What to do about it, in words."""
    line: str = ""
    """What to put there, to the letter."""


def error(fault: Fault, what: str, where: str = "", mend: str = "", line: str = "") -> Finding:
    return Finding(
        severity=Severity.ERROR, fault=fault, what=what, where=where, mend=mend, line=line
    )


def warning(fault: Fault, what: str, where: str = "", mend: str = "", line: str = "") -> Finding:
    return Finding(
        severity=Severity.WARNING, fault=fault, what=what, where=where, mend=mend, line=line
    )


def note(fault: Fault, what: str, where: str = "", mend: str = "", line: str = "") -> Finding:
    return Finding(
        severity=Severity.NOTE, fault=fault, what=what, where=where, mend=mend, line=line
    )
