"""The demo site: an estate agents' extranet, small but real, measured by rum.js and by probes."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader
from msgspec import Struct
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from vigie.demo import mandate, network
from vigie.demo.break_it import CONTROL_PATH, FAULTS, BreakIt, Fault
from vigie.demo.listings import ADVISERS, BY_ADVISER, BY_NUMBER, LISTINGS, Adviser

_COOKIE = "adviser"
_TEMPLATES = Path(__file__).parent / "templates"


class Surroundings(Struct, frozen=True, kw_only=True):
    """What the site is put among: the addresses of collector and console, as browsers see them."""

    collector: str
    console: str
    release: str = network.RELEASE_NOW
    secret: str
    """Signs the cookie that carries a mandate from step to step."""


class DemoSite:
    """The site's pages. Each works without JavaScript."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._templates = Environment(
            loader=PackageLoader("vigie.demo"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["euros"] = _euros
        self.app = Starlette(
            routes=self._routes(),
            middleware=[
                Middleware(
                    SessionMiddleware, secret_key=surroundings.secret, session_cookie="draft"
                )
            ],
            exception_handlers={404: self._missing},
        )
        self.break_it = BreakIt(self.app)

    def _routes(self) -> list[Route]:
        routes = [
            Route("/", self._home),
            Route(network.SIGN_IN, self._sign_in, methods=["GET", "POST"]),
            Route("/sign-out", self._sign_out, methods=["POST"]),
            Route(network.LISTINGS, self._listings),
            Route("/listings/{number:int}", self._listing),
            Route(network.SIGNED, self._signed),
            Route("/api/health", self._health),
            Route(CONTROL_PATH, self._control, methods=["GET", "POST"]),
            Route(f"{CONTROL_PATH}/state", self._state),
            Route(f"{CONTROL_PATH}/site.css", self._style),
        ]
        return routes + [
            Route(page.path, self._step, methods=["GET", "POST"]) for page in mandate.STEPS
        ]

    def _page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        html = self._templates.get_template(template).render(
            adviser=_adviser(request),
            fault=self.break_it.fault,
            faults=FAULTS,
            broken=next((info for info in FAULTS if info.fault is self.break_it.fault), None),
            control_path=CONTROL_PATH,
            path=request.url.path,
            collector=self._surroundings.collector,
            console=self._surroundings.console,
            release=self._surroundings.release,
            environment=network.ENVIRONMENT,
            site_key=network.SITE_KEY,
            **values,
        )
        return HTMLResponse(html, status, headers={"Cache-Control": "no-store"})

    async def _home(self, request: Request) -> Response:
        return _go(network.LISTINGS if _adviser(request) else network.SIGN_IN)

    async def _sign_in(self, request: Request) -> Response:
        wrong = ""
        if request.method == "POST":
            chosen = str((await request.form()).get("adviser", ""))
            if chosen in {adviser.id for adviser in ADVISERS}:
                response = _go(network.LISTINGS)
                response.set_cookie(_COOKIE, chosen, httponly=True, samesite="lax")
                return response
            wrong = "Choose one of the advisers below."
        status = 422 if wrong else 200
        return self._page(
            request, "sign_in.html", status, advisers=ADVISERS, listings=LISTINGS, wrong=wrong
        )

    async def _sign_out(self, request: Request) -> Response:
        request.session.clear()
        response = _go(network.SIGN_IN)
        response.delete_cookie(_COOKIE)
        return response

    async def _listings(self, request: Request) -> Response:
        if not _adviser(request):
            return _go(network.SIGN_IN)
        return self._page(request, "listings.html", here="listings", listings=LISTINGS)

    async def _listing(self, request: Request) -> Response:
        if not _adviser(request):
            return _go(network.SIGN_IN)
        listing = BY_NUMBER.get(request.path_params["number"])
        if listing is None:
            raise HTTPException(404)
        return self._page(request, "listing.html", here="listings", listing=listing)

    async def _step(self, request: Request) -> Response:
        adviser = _adviser(request)
        if not adviser:
            return _go(network.SIGN_IN)
        page = mandate.BY_PATH[request.url.path]
        sabotaged = (
            page.step is mandate.Step.PROPERTY
            and self.break_it.fault is Fault.SIGN
            and adviser.level == network.LEVELS[0]
        )
        answers = {field.name: field.example for field in page.fields} | _draft(request)
        wrong: dict[str, str] = {}
        if request.method == "POST":
            form = await request.form()
            answers |= {field.name: str(form.get(field.name, "")) for field in page.fields}
            wrong = mandate.mistakes(page, answers)
            if not wrong and not sabotaged:
                return _accept(request, page, answers)
        refused = request.method == "POST" and sabotaged
        return self._page(
            request,
            "step.html",
            422 if wrong or refused else 200,
            here="mandate",
            step=page,
            steps=mandate.STEPS,
            answers=answers,
            wrong=wrong,
            refused=refused,
            sabotaged=sabotaged,
        )

    async def _signed(self, request: Request) -> Response:
        signed = request.session.get("signed")
        if not _adviser(request) or not signed:
            return _go(network.OWNER)
        fresh = bool(request.session.pop("unreported", False))
        return self._page(request, "signed.html", here="mandate", mandate=signed, fresh=fresh)

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _missing(self, request: Request, error: Exception) -> Response:
        return self._page(request, "missing.html", 404)

    async def _style(self, request: Request) -> Response:
        return FileResponse(_TEMPLATES / "site.css", headers={"Cache-Control": "no-cache"})

    async def _state(self, request: Request) -> Response:
        return JSONResponse({"fault": self.break_it.fault.value})

    async def _control(self, request: Request) -> Response:
        if request.method == "POST":
            if not _from_here(request):
                return Response("This control answers its own page only.", 403)
            form = await request.form()
            try:
                self.break_it.fault = Fault(str(form.get("fault", "")))
            except ValueError:
                known = ", ".join(fault.value for fault in Fault)
                return Response(f"There is no such fault; there are: {known}.", 422)
            return _go(self._way_back(str(form.get("back", ""))))
        return self._page(request, "break_it.html")

    def _way_back(self, back: str) -> str:
        """The page the control was used on, as long as it can be seen; else the control's own."""
        seen = self.break_it.fault in (Fault.NONE, Fault.SIGN)
        return back if seen and back.startswith("/") and not back.startswith("//") else CONTROL_PATH


def _adviser(request: Request) -> Adviser | None:
    return BY_ADVISER.get(request.cookies.get(_COOKIE, ""))


def _draft(request: Request) -> dict[str, str]:
    draft: dict[str, str] = request.session.get("draft", {})
    return draft


def _accept(request: Request, page: mandate.StepPage, answers: dict[str, str]) -> Response:
    """Keep a step's answers and go on; after the last step the mandate is signed."""
    missing = next((each for each in mandate.STEPS if mandate.mistakes(each, answers)), None)
    if page.step is not mandate.Step.TERMS:
        request.session["draft"] = answers
        return _go(page.next_path)
    if missing:
        return _go(missing.path)
    request.session.pop("draft", None)
    request.session["signed"] = {
        "owner": answers["owner_name"],
        "address": answers["address"],
        "kind": answers["mandate_kind"],
        "fee": mandate.fee_eur(answers),
    }
    request.session["unreported"] = True
    return _go(page.next_path)


def _from_here(request: Request) -> bool:
    """Whether a form came from this site: browsers say in Origin where a POST comes from."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _go(path: str) -> Response:
    return RedirectResponse(path, 303)


def _euros(amount: float) -> str:
    return f"{amount:,.0f} €".replace(",", "\u202f").replace(" €", "\u00a0€")
