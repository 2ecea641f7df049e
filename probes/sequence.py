"""Steps of a check: variables filled into a request, and taken from its answer."""

import re
from collections.abc import Mapping

import msgspec

from probes.assertions import Answer
from probes.failure import CheckFailedError
from probes.lookup import LookupFailedError, decoded, json_values, search, text_of
from probes.outcome import Outcome
from probes.request import VARIABLE, Extraction, RequestStep

VALUE_CHARACTERS_MAX = 4_096
_LINE_BREAK = re.compile(r"[\r\n\x00]")


def filled(step: RequestStep, variables: Mapping[str, str]) -> RequestStep:
    """The step with the variables' values in place of their names.

    In JSON a value is escaped, so that it cannot end the text that it stands in. Raises
    CheckFailedError for a value that cannot stand in a header.
    """
    if not variables:
        return step

    def fill(text: str) -> str:
        return VARIABLE.sub(lambda match: variables.get(match[1], match[0]), text)

    def escaped(match: re.Match[str]) -> str:
        value = variables.get(match[1], match[0])
        return msgspec.json.encode(value).decode()[1:-1]

    headers = {name: fill(value) for name, value in step.headers.items()}
    for name, value in headers.items():
        if _LINE_BREAK.search(value):
            raise CheckFailedError(
                Outcome.ASSERTION_FAILED,
                f"what was extracted for the header {name} has a line break",
            )
    return msgspec.structs.replace(
        step,
        url=fill(step.url),
        headers=headers,
        query={name: fill(value) for name, value in step.query.items()},
        body=fill(step.body),
        body_json=VARIABLE.sub(escaped, step.body_json),
        body_form={name: fill(value) for name, value in step.body_form.items()},
    )


def extracted(step: RequestStep, answer: Answer) -> dict[str, str]:
    """What later steps need from the answer. Raises CheckFailedError when something is missing."""
    found: dict[str, str] = {}
    for extraction in step.extract:
        try:
            value = _value(extraction, answer)
        except LookupFailedError as error:
            raise _missing(extraction, str(error)) from None
        if value is None:
            raise _missing(extraction, f"there is nothing at {extraction.path}")
        if len(value) > VALUE_CHARACTERS_MAX:
            raise _missing(extraction, f"it has {len(value):,} characters")
        found[extraction.name] = value
    return found


def step_name(steps: tuple[RequestStep, ...], number: int) -> str:
    """What a step is called: its name, or "step 2"."""
    return steps[number].name or f"step {number + 1}"


def _value(extraction: Extraction, answer: Answer) -> str | None:
    match extraction.kind:
        case "json":
            values = json_values(extraction.path, answer.body)
            return text_of(values[0]) if values else None
        case "header":
            return answer.headers.get(extraction.path.lower())
        case _:
            found = search(extraction.path, decoded(answer.body, answer.charset))
            return None if found is None else found[1] if found.re.groups else found[0]


def _missing(extraction: Extraction, why: str) -> CheckFailedError:
    return CheckFailedError(
        Outcome.ASSERTION_FAILED, f"{extraction.name!r} could not be extracted: {why}"
    )
