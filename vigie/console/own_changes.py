"""What requests do to monitors, funnels and journeys of the console, and what is said of it."""

from collections.abc import Callable, Mapping
from typing import Any, Generic
from urllib.parse import urlencode

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from vigie.console.console import Console, console_of
from vigie.console.forms import version_of
from vigie.own_things import Change, Kept, Own, OwnThings, T, UnreadableError
from vigie.reporting.params import BadRequestError


class ChangeRefusedError(BadRequestError):
    """A change that was not made, and how that is answered: 400 for a mistake in it, 404 where
    there is no such thing, 409 where it conflicts with what is."""

    def __init__(self, what: str, right: str, status: int = 400) -> None:
        super().__init__(what, right)
        self.status = status


class Done(Struct, frozen=True):
    """What is said of something done, and the action that takes it back; "" where none does."""

    words: str
    back: str = ""


UNDONE = Done("is as it was before its last change.", back="undo")


class Said(Struct, frozen=True):
    """What was just done to which thing; `version` is that of an edit, `back` the action that takes
    it back, "" where none can any more."""

    did: str
    id: str
    name: str
    words: str
    version: int
    back: str


class OwnChanges(Generic[T]):
    """Of one kind of thing; `called` is what pages call it, `done` tells what can be done to it."""

    def __init__(
        self,
        things: OwnThings[T],
        called: str,
        done: Mapping[str, Done],
        elsewhere: str = "",
    ) -> None:
        """`elsewhere` is where one that is not there may stand besides."""
        self.things = things
        self.words = {
            Change.TAKEN: (
                f"There is a {called} of this id already.",
                "Give it another name.",
            ),
            Change.GONE: (f"There is no such {called}.", f"It may have been removed{elsewhere}."),
            Change.OUTDATED: ("Somebody changed it meanwhile.", "Look at it again."),
            Change.TOO_MANY: (f"There are {things.most:,} of them already.", "Remove some."),
        }
        self._done = done

    def entered(self, console: Console) -> Kept[T]:
        """What stands in the file. Raises BadRequestError when it is damaged."""
        try:
            return self.things.read(console.context.folder)
        except UnreadableError as error:
            raise self._unreadable(error) from None

    def shown(self, console: Console) -> Kept[T]:
        """The same for pages that go on without it."""
        try:
            return self.things.read(console.context.folder)
        except UnreadableError:  # logged where the settings are put together
            return Kept[T]()

    def own(self, console: Console, id_: str) -> Own[T]:
        """Raises BadRequestError."""
        own = self.entered(console).get(id_)
        if own is None:
            raise self.refused(Change.GONE)
        return own

    def make(self, console: Console, change: Callable[..., Change], *what: Any) -> None:
        """Make a change now. Raises BadRequestError where it is not done."""
        try:
            came = change(console.context.folder, *what, console.context.clock())
        except UnreadableError as error:
            raise self._unreadable(error) from None
        if came is not Change.DONE:
            raise self.refused(came)

    def refused(self, change: Change) -> ChangeRefusedError:
        return ChangeRefusedError(*self.words[change], 404 if change is Change.GONE else 409)

    def said(self, console: Console, kept: Kept[T], params: Mapping[str, str]) -> Said | None:
        """What a page should tell of what was just done, as the address has it."""
        did, id_ = params.get("did", ""), params.get("to", "")
        names, done = kept.names(), self._done.get(did)
        if done is None or id_ not in names:
            return None
        version = version_of(params)
        own, restorable = kept.get(id_), kept.restorable(console.context.clock())
        possible = {
            "restore": any(each.thing.id == id_ for each in restorable),
            "undo": own is not None and own.version == version and own.before is not None,
        }
        back = done.back if possible.get(done.back, True) else ""
        return Said(did, id_, names[id_] or id_, done.words, version, back)

    def _unreadable(self, error: UnreadableError) -> BadRequestError:
        return BadRequestError(
            f"The {self.things.noun}s of the console cannot be read.", str(error)
        )


def exported(
    request: Request, changes: OwnChanges[T], head: str, as_toml: Callable[[T], str]
) -> Response:
    """Those of the console as TOML, or the one of the path's id."""
    console, id_ = console_of(request), request.path_params.get("id", "")
    chosen = [changes.own(console, id_)] if id_ else changes.entered(console).things
    text = "\n".join([head, *(as_toml(each.thing) for each in chosen)])
    name = id_ or f"{changes.things.noun}s"
    headers = {"Content-Disposition": f'attachment; filename="{name}.toml"'}
    return Response(text, media_type="application/toml; charset=utf-8", headers=headers)


def site_href(console: Console, path: str, site: str, **params: str | int) -> str:
    """`path` of a site, which is not named where it is the first."""
    first = console.settings.sites[0].id if console.settings.sites else ""
    named = {"site": site} if site != first else {}
    return f"{path}?{urlencode({**named, **params})}"
