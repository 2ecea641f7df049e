"""What is asked of a target: authentication, and the requests of a check with several steps."""

from msgspec import Struct, field

from probes.assertions import Assertion


class Auth(Struct, frozen=True, kw_only=True):
    """How a request says who asks. The secret itself never stands in a definition.

    It is read at each check from the environment variable `secret_env` or the file `secret_file`:
    the password of `basic`, the token of `bearer`.
    """

    kind: str = "bearer"
    """"basic" or "bearer"."""
    username: str = ""
    secret_env: str = ""
    secret_file: str = ""


class Extraction(Struct, frozen=True, kw_only=True):
    """A value taken from an answer, for later steps to use as `{{name}}`.

    `path` is a JSON path, a header's name, or a regular expression whose first group (or, without
    one, the whole match) is the value.
    """

    name: str
    kind: str = "json"
    """"json", "header" or "regex"."""
    path: str


class RequestStep(Struct, frozen=True, kw_only=True):
    """One request of a check with several; cookies are kept from step to step.

    `{{name}}` in url, query, headers and body stands for what a step before extracted.
    """

    url: str
    name: str = ""
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: str = ""
    body_json: str = ""
    body_form: dict[str, str] = field(default_factory=dict)
    auth: Auth | None = None
    expected_status: tuple[str, ...] = ("200-299",)
    assertions: tuple[Assertion, ...] = ()
    extract: tuple[Extraction, ...] = ()
