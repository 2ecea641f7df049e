"""What is asked of a target: requests, who asks, and what later requests need from the answer."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import httpx
import msgspec
from msgspec import Struct, field

from probes.assertions import Assertion, assertion_problems
from probes.lookup import path_problem, pattern_problem
from probes.problem import Problem
from probes.statuses import status_range

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SECRET_ENV_OF_GUARDED = "VIGIE_PROBE_"
VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]{0,63})\s*\}\}")

_PATH_VARIABLE = re.compile(r"^(https?://[^/?#{]+)\{\{")
"""A variable right behind the host stands for a path, which begins with its slash."""
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}\.?$){_LABEL}(\.{_LABEL})*\.?")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_HEADERS_OURS = frozenset({"connection", "content-length", "transfer-encoding"})
_EXTRACTION_KINDS = ("json", "header", "regex")


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


def build(
    client: httpx.AsyncClient, step: RequestStep, authorization: str, hop: object
) -> httpx.Request:
    """The request of a step whose variables are filled in. Raises httpx.InvalidURL."""
    headers = dict(step.headers)
    if authorization:
        headers["Authorization"] = authorization
    content: bytes | None = step.body.encode() or None
    if step.body_json:
        content = step.body_json.encode()
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/json"
    url = _url(step.url)
    if step.query:
        url = url.copy_merge_params(step.query)
    return client.build_request(
        step.method,
        url,
        headers=headers,
        content=content,
        data=step.body_form or None,
        extensions={"hop": hop},
    )


@lru_cache(maxsize=4096)
def _url(text: str) -> httpx.URL:
    """Parsed once: parsing takes a tenth of what a plain check does."""
    return httpx.URL(text)


def request_problems(step: RequestStep, prefix: str = "") -> Iterator[Problem]:
    """Every mistake in one request; `prefix` is where it stands, such as "steps.0."."""
    for problem in _problems(step):
        yield Problem(prefix + problem.field, problem.what, problem.right)
    yield from assertion_problems(step.assertions, f"{prefix}assertions")
    for number, extraction in enumerate(step.extract):
        for problem in _extraction_problems(extraction):
            yield Problem(f"{prefix}extract.{number}.{problem.field}", problem.what, problem.right)


def guarded_problems(auth: Auth) -> Iterator[Problem]:
    """A guarded monitor must not carry our own files and variables to where it likes."""
    if auth.secret_file:
        yield Problem(
            "auth.secret_file",
            "a guarded monitor reads no files",
            f"secret_env, with a variable that begins with {SECRET_ENV_OF_GUARDED}",
        )
    elif not auth.secret_env.startswith(SECRET_ENV_OF_GUARDED):
        yield Problem(
            "auth.secret_env",
            f"{auth.secret_env!r} is not for guarded monitors",
            f"a variable that begins with {SECRET_ENV_OF_GUARDED}",
        )


def used_variables(step: RequestStep) -> set[str]:
    """The names that stand in double braces in a step."""
    texts = [step.url, step.body, step.body_json]
    for table in (step.headers, step.query, step.body_form):
        texts += table.values()
    return {name for text in texts for name in VARIABLE.findall(text)}


def _problems(step: RequestStep) -> Iterator[Problem]:
    yield from _url_problems(VARIABLE.sub("x", _PATH_VARIABLE.sub(r"\1/{{", step.url)))
    if step.method not in METHODS:
        yield Problem("method", f"{step.method!r} is no method", "one of " + ", ".join(METHODS))
    yield from _header_problems(step.headers)
    bodies = [name for name in ("body", "body_json", "body_form") if getattr(step, name)]
    if len(bodies) > 1:
        yield Problem(bodies[1], f"stands beside {bodies[0]}", "one body, or none")
    if step.body_json and not _is_json(VARIABLE.sub("0", step.body_json)):
        yield Problem("body_json", "is no JSON", 'such as {"user": "probe"}')
    if step.auth is not None:
        yield from _auth_problems(step.auth)
        if any(name.lower() == "authorization" for name in step.headers):
            yield Problem("auth", "stands beside an Authorization header", "one of the two")
    right = 'codes from 100 to 599 such as "301", and ranges such as "200-299"'
    if not step.expected_status:
        yield Problem("expected_status", "is empty, so nothing would be good", right)
    for item in step.expected_status:
        if status_range(item) is None:
            yield Problem("expected_status", f"{item!r} is not an HTTP status", right)


def _url_problems(given: str) -> Iterator[Problem]:
    right = "an address such as https://www.example.com/sign-in"
    if not given:
        yield Problem("url", "is missing", right)
        return
    if re.search(r"\s", given):
        yield Problem("url", f"{given!r} has white space in it", right)
        return
    try:
        url = httpx.URL(given)
    except httpx.InvalidURL as error:
        yield Problem("url", f"{given!r} does not parse: {error}", right)
        return
    host = url.raw_host.decode("ascii")
    if url.scheme not in ("http", "https"):
        yield Problem("url", f"{given!r} is neither http nor https", right)
    elif not (_HOST.fullmatch(host) or ":" in host):
        yield Problem("url", f"{given!r} has no host name that could exist", right)
    elif url.port is not None and not 1 <= url.port <= 65_535:
        yield Problem("url", f"there is no port {url.port}", "a port from 1 to 65535, or none")


def _header_problems(headers: Mapping[str, str]) -> Iterator[Problem]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            yield Problem("headers", f"{name!r} is no header name", "a name such as Accept")
        elif name.lower() in _HEADERS_OURS:
            yield Problem("headers", f"{name} is set by the prober", "leave it out")
        elif not _HEADER_VALUE.fullmatch(value):
            yield Problem(
                "headers",
                f"the value of {name} holds a line break or a character that headers cannot carry",
                "plain text on one line",
            )


def _auth_problems(auth: Auth) -> Iterator[Problem]:
    if auth.kind not in ("basic", "bearer"):
        yield Problem("auth.kind", f"{auth.kind!r} is neither basic nor bearer", "one of the two")
    if auth.kind == "basic" and (not auth.username or ":" in auth.username):
        yield Problem("auth.username", "is missing, or holds a colon", "the name of the user")
    if auth.kind == "bearer" and auth.username:
        yield Problem("auth.username", "a bearer token has none", "leave it out")
    if bool(auth.secret_env) == bool(auth.secret_file):
        yield Problem(
            "auth.secret_env",
            "exactly one of secret_env and secret_file says where the secret is",
            "the name of an environment variable, or secret_file in its place",
        )


def _extraction_problems(extraction: Extraction) -> Iterator[Problem]:
    if not _VARIABLE_NAME.fullmatch(extraction.name):
        yield Problem("name", f"{extraction.name!r} is no name", "letters, digits, underscores")
    what = ""
    if extraction.kind not in _EXTRACTION_KINDS:
        kinds = ", ".join(_EXTRACTION_KINDS)
        yield Problem("kind", f"{extraction.kind!r} cannot be extracted", f"one of {kinds}")
    elif extraction.kind == "json":
        what = path_problem(extraction.path)
    elif extraction.kind == "regex":
        what = pattern_problem(extraction.path)
    elif not _HEADER_NAME.fullmatch(extraction.path):
        what = "is no header name"
    if what:
        yield Problem("path", f"{extraction.path!r} {what}", "a path that can be followed")


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def step_problems(steps: Sequence[RequestStep], guarded: bool) -> Iterator[Problem]:
    """Every mistake in the steps of a check, and between them."""
    known: set[str] = set()
    names: set[str] = set()
    for number, step in enumerate(steps):
        yield from request_problems(step, f"steps.{number}.")
        if guarded and step.auth is not None:
            for problem in guarded_problems(step.auth):
                yield Problem(f"steps.{number}.{problem.field}", problem.what, problem.right)
        for name in sorted(used_variables(step) - known):
            yield Problem(
                f"steps.{number}",
                f"uses {{{{{name}}}}}, which no step before it extracts",
                "extract it in a step before",
            )
        if step.name and step.name in names:
            yield Problem(f"steps.{number}.name", f"{step.name!r} stands twice", "another name")
        names.add(step.name)
        known |= {extraction.name for extraction in step.extract}
