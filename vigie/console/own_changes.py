"""What requests do to monitors, funnels and journeys of the console, and what is said of it."""

from collections.abc import Callable, Mapping
from typing import Any, Generic
from urllib.parse import urlencode

from msgspec import Struct

from vigie.console.console import Console
from vigie.console.forms import version_of
from vigie.own_things import Change, Kept, Own, OwnThings, T, UnreadableError
from vigie.reporting.params import BadRequestError


class ChangeRefusedError(BadRequestError):
    """A change that was not made, and how that is answered: 400 for a mistake in it, 404 where
    there is no such thing, 409 where it conflicts with what is."""

    def __init__(self, what: str, right: str, status: int = 400) -> None:
        super().__init__(what, right)
        self.status = status


class Said(Struct, frozen=True):
    """What was just done to which thing; `version` is that of an edit."""

    did: str
    id: str
    name: str
    words: str
    version: int
    restorable: bool


class OwnChanges(Generic[T]):
    """Of one kind of thing; `called` is what pages call it, `done` the words for what was done."""

    def __init__(
        self,
        things: OwnThings[T],
        called: str,
        done: Mapping[str, str],
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
        names = kept.names()
        if did not in self._done or id_ not in names:
            return None
        restorable = kept.restorable(console.context.clock())
        return Said(
            did,
            id_,
            names[id_] or id_,
            self._done[did],
            version_of(params),
            any(each.thing.id == id_ for each in restorable),
        )

    def _unreadable(self, error: UnreadableError) -> BadRequestError:
        return BadRequestError(
            f"The {self.things.noun}s of the console cannot be read.", str(error)
        )


def site_href(console: Console, path: str, site: str, **params: str | int) -> str:
    """`path` of a site, which is not named where it is the first."""
    first = console.settings.sites[0].id if console.settings.sites else ""
    named = {"site": site} if site != first else {}
    return f"{path}?{urlencode({**named, **params})}"
