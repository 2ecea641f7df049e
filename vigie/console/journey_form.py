"""A journey as a form: its fields, from what was sent to a journey, and back."""

import math
from collections.abc import Collection
from typing import Any, Final

import msgspec
from msgspec import Struct
from starlette.datastructures import QueryParams

from probes.monitor import Problem
from vigie.console.forms import Field, Texts
from vigie.console.funnel_form import Row, row_of, row_step, rows_of, sent_rows
from vigie.failures import BadRequestError
from vigie.own_journeys import entered_problems
from vigie.reporting.steps import journey_step, listed_steps, step_of, step_settings, step_text
from vigie.settings import JourneySettings, Settings, StepSettings
from vigie.settings_mistakes import Problem as SettingsProblem

WHAT: Final = (
    Field(
        name="name",
        label="Name",
        help="What people come to do. Its address is made of it once, and stays.",
        placeholder="Place an order",
    ),
    Field(name="owner", label="Owner", help="The team that is called.", placeholder="Shop team"),
    Field(
        name="event",
        label="Event",
        help="The business event whose volume is watched, such as order_placed. Empty: none is.",
        picked_from="events",
    ),
    Field(
        name="target",
        label="Target",
        help="The share of people's time that it is to work for them. Empty: none is set.",
        kind="number",
        unit="%",
        placeholder="99.5",
    ),
    Field(
        name="window_minutes",
        label="Done within",
        help="From the first step to the last; who takes longer has not got through.",
        kind="number",
        unit="minutes",
    ),
)
ALERT: Final = (
    Field(
        name="activity_alert",
        label="Tell somebody",
        help="When the event is abnormally rare: once, and once more when it comes as usual again.",
        kind="choice",
        choices=(("yes", "Yes"), ("no", "No")),
    ),
    Field(
        name="activity_chance",
        label="How improbable",
        help="So low a volume must be by chance before anybody is told; above 0, up to 0.05.",
        kind="number",
    ),
)
FIELDS: Final = {field.name: field for field in (*WHAT, *ALERT)}
LABELS: Final = {name: field.label for name, field in FIELDS.items()} | {
    "site": "Site",
    "steps": "Steps",
    "monitors": "Monitors",
    "channels": "Channels",
    "words": "One more step, in words",
}
NUMBERS: Final = ("target", "window_minutes", "activity_chance")
NEW: Final = JourneySettings(id="", site="")


class JourneyForm(Struct, frozen=True, kw_only=True):
    """What stands in the form: texts by field, the rows of the steps, and what is ticked."""

    texts: Texts
    rows: list[Row]
    monitors: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    words: str = ""

    @property
    def padded(self) -> list[Row]:
        """The rows, at least as many as a way has."""
        return self.rows + rows_of([])[len(self.rows) :]


class Entered(Struct, frozen=True, kw_only=True):
    """A form that was sent: the journey it describes, or every mistake in it; those of steps by
    their place from 0."""

    journey: JourneySettings | None
    problems: dict[str, Problem]
    wrong_steps: dict[int, str]


def form_of(journey: JourneySettings) -> JourneyForm:
    values = {name: getattr(journey, name) for name in ("site", *FIELDS)}
    texts = {name: _text(value) for name, value in values.items()}
    return JourneyForm(
        texts=texts,
        rows=[row_of(journey_step(step)) for step in journey.steps],
        monitors=journey.monitors,
        channels=journey.channels,
    )


def form_sent(fields: QueryParams, before: JourneySettings = NEW) -> JourneyForm:
    """The form as it was sent, right or wrong; a funnel's steps come as one text in `steps`, and
    the event it ends in is the journey's.

    Raises BadRequestError for a text of steps that is none.
    """
    texts = form_of(before).texts
    rows = sent_rows(fields)
    if funnel := listed_steps(fields.get("steps", "")):
        rows = [row_of(step) for step in funnel]
        texts["event"] = funnel[-1].event
    words = fields.get("words", "").strip()
    if words:
        try:
            row = row_of(step_of(words))
            rows, words = [*(each for each in rows if each.base), row], ""
        except BadRequestError:
            pass  # said when it is read
    return JourneyForm(
        texts=texts | {name: fields[name].strip() for name in ("site", *FIELDS) if name in fields},
        rows=rows,
        monitors=tuple(fields.getlist("monitors")),
        channels=tuple(fields.getlist("channels")),
        words=words,
    )


def entered(form: JourneyForm, id_: str, settings: Settings) -> Entered:
    """The journey of that id, or what is wrong with it."""
    places = [place for place, row in enumerate(form.rows) if row.base]
    problems: dict[str, Problem] = {}
    numbers = {name: _number(form.texts[name]) for name in NUMBERS}
    for name, number in numbers.items():
        if number is not None and math.isnan(number):
            what = f"{form.texts[name]!r} is no number"
            problems[name] = Problem(name, what, "a number such as 0.5")
    steps, wrong = _steps([form.rows[place] for place in places])
    if form.words:
        try:
            step_of(form.words)
        except BadRequestError as error:
            problems["words"] = Problem("words", error.what, error.right)
    table = {
        "id": id_,
        **{name: form.texts[name] for name in ("site", "name", "owner", "event")},
        "monitors": list(form.monitors),
        "channels": list(form.channels),
        "steps": [msgspec.to_builtins(step) for step in steps],
        "activity_alert": form.texts["activity_alert"] != "no",
        **{name: n for name, n in numbers.items() if n is not None and not math.isnan(n)},
    }
    for found in entered_problems(table, settings):
        name, *place = map(str, found.path)
        if name == "steps" and place:
            wrong.setdefault(int(place[0]), f"{found.wrong}; right would be: {found.right}")
        else:
            problems.setdefault(name, Problem(name, found.wrong, found.right))
    good = not problems and not wrong
    journey = msgspec.convert(table, JourneySettings) if good else None
    wrong = {places[number]: said for number, said in wrong.items()}
    return Entered(journey=journey, problems=problems, wrong_steps=wrong)


def place_of(problem: SettingsProblem) -> str:
    """Where a mistake is, as people count: steps[2].where."""
    parts = (f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in problem.path)
    return "".join(parts).removeprefix(".")


def differing(mine: JourneyForm, theirs: JourneyForm) -> list[str]:
    """What theirs has otherwise, in words; both are good."""
    found = [
        f"{LABELS[name]}: {text or 'empty'}"
        for name, text in theirs.texts.items()
        if mine.texts[name] != text
    ]
    if _in_words(mine.rows) != (steps := _in_words(theirs.rows)):
        found.append(f"Steps: {', '.join(steps) or 'none'}")
    for name in ("monitors", "channels"):
        if set(getattr(mine, name)) != set(getattr(theirs, name)):
            found.append(f"{LABELS[name]}: {', '.join(getattr(theirs, name)) or 'none'}")
    return found


def ticks(
    known: Collection[tuple[str, str]], ticked: Collection[str]
) -> list[tuple[str, str, bool]]:
    """Ids, names and whether they are ticked; those that are first."""
    boxes = [(id_, name, id_ in ticked) for id_, name in known]
    return sorted(boxes, key=lambda box: not box[2])


def _in_words(rows: list[Row]) -> list[str]:
    """Steps of good rows, with what they are called."""
    return [
        step_text(row_step(row)) + (f" ({row.name})" if row.name else "")
        for row in rows
        if row.base
    ]


def _steps(rows: list[Row]) -> tuple[list[StepSettings], dict[int, str]]:
    """The steps of rows, and what is wrong with some; those keep their places."""
    steps, wrong = [], {}
    for place, row in enumerate(rows):
        try:
            steps.append(step_settings(row_step(row)))
        except BadRequestError as error:
            steps.append(StepSettings(page="/"))
            wrong[place] = str(error)
    return steps, wrong


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.12g}"
    return value or ""


def _number(text: str) -> float | None:
    """None for nothing, NaN for what is no number."""
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan
