"""Signing in by a one-time link, and out again."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vigie.console.access import SESSION_LIVES
from vigie.console.api import refused
from vigie.console.console import Console, console_of

LINK_COMMAND = "vigie sign-in"


def sign_in(request: Request) -> Response:
    """GET /sign-in?token=...: the one address that changes something on a GET; it works once."""
    console = console_of(request)
    token = request.query_params.get("token", "")
    cookie = console.access.redeem(token, console.context.clock()) if token else None
    if cookie is None:
        return (
            RedirectResponse("/", status_code=303)
            if signed_in(request)
            else _door(console, spent=bool(token))
        )
    answer = RedirectResponse("/", status_code=303)
    answer.set_cookie(
        console.access.cookie,
        cookie,
        max_age=int(SESSION_LIVES.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.headers.get("x-forwarded-proto", request.url.scheme) == "https",
    )
    return answer


def sign_out(request: Request) -> Response:
    console = console_of(request)
    console.access.sign_out(request.cookies.get(console.access.cookie, ""))
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.delete_cookie(console.access.cookie, httponly=True, samesite="lax")
    return answer


def signed_in(request: Request) -> bool:
    console = console_of(request)
    cookie = request.cookies.get(console.access.cookie, "")
    return bool(cookie) and console.access.signed_in(cookie, console.context.clock())


def is_program(request: Request) -> bool:
    return console_of(request).access.is_program(request.headers.get("authorization", ""))


def refuse(request: Request) -> Response:
    """What who is not signed in gets instead: how to."""
    if request.scope["path"].startswith("/api/"):
        return refused(
            "Not signed in.",
            "Send Authorization: Bearer with the token of DATA/run/console-token.",
            401,
        )
    return _door(console_of(request), spent=False)


def _door(console: Console, *, spent: bool) -> Response:
    return console.plain("sign_in.html", status=401, spent=spent, command=LINK_COMMAND)
