"""What every request passes: security headers on all answers, sign-in before all pages."""

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: browsers then send "Origin: null" with the console's own forms
    # (https://fetch.spec.whatwg.org/#append-a-request-origin-header).
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
OPEN_PATHS = frozenset({"/health", "/live", "/ready", "/metrics", "/sign-in"})
OPEN_PREFIX = "/static/"
SAFE_METHODS = frozenset({"GET", "HEAD"})


class SecurityHeaders:
    """Adds HEADERS to every answer, and keeps all but static files out of caches."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)  # a page may have a policy of its own
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Gate:
    """Lets in who is signed in, and, to the API, programs with the token; tells others how."""

    def __init__(
        self,
        app: ASGIApp,
        may_enter: Callable[[Request], bool],
        is_program: Callable[[Request], bool],
        refuse: Callable[[Request], Response],
    ) -> None:
        self._app = app
        self._may_enter = may_enter
        self._is_program = is_program
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        answer = self._objection(request)
        await (answer or self._app)(scope, receive, send)

    def _objection(self, request: Request) -> Response | None:
        path = request.scope["path"]  # request.url is in part what the Host header says
        if path in OPEN_PATHS or path.startswith(OPEN_PREFIX):
            return None
        if path.startswith("/api/") and self._is_program(request):
            return None
        if not self._may_enter(request):
            return self._refuse(request)
        if request.method not in SAFE_METHODS and not from_own_page(request):
            return JSONResponse(
                error_body("The request came from another site.", "Use the console's own page."),
                status_code=403,
            )
        return None


def from_own_page(request: Request) -> bool:
    """Whether a browser says that this console's own page sent the request."""
    scheme, _, authority = request.headers.get("origin", "").partition("://")
    return scheme in ("http", "https") and authority == request.headers.get("host", "")


def error_body(what: str, right: str) -> dict[str, dict[str, str]]:
    return {"error": {"what": what, "right": right}}
