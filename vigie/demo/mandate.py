"""The demo's mandate form: three steps, what each asks, and what it accepts."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from vigie.demo import network


class Field(Struct, frozen=True, kw_only=True):
    """One question of a step. `example` is filled in at first, so that the walk is quick."""

    name: str
    label: str
    example: str
    type: str = "text"
    hint: str = ""
    suffix: str = ""
    choices: tuple[str, ...] = ()
    autocomplete: str = "off"


class Step(StrEnum):
    OWNER = "owner"
    PROPERTY = "property"
    TERMS = "terms"


class StepPage(Struct, frozen=True, kw_only=True):
    """A step's page: what it is called, asks and leads to."""

    step: Step
    number: int
    title: str
    heading: str
    lead: str
    path: str
    next_path: str
    fields: tuple[Field, ...]
    submit: str


STEPS = (
    StepPage(
        step=Step.OWNER,
        number=1,
        title="Owner",
        heading="Who owns the property?",
        lead="The mandate is signed with the owner named here.",
        path=network.OWNER,
        next_path=network.PROPERTY,
        fields=(
            Field(name="owner_name", label="Full name", example="Jeanne Roussel"),
            Field(
                name="owner_email", label="Email", example="jeanne@roussel.example", type="email"
            ),
            Field(name="owner_phone", label="Phone", example="06 39 98 12 34", type="tel"),
        ),
        submit="Continue to the property",
    ),
    StepPage(
        step=Step.PROPERTY,
        number=2,
        title="Property",
        heading="What is being sold?",
        lead="As it stands in the deed; the surface is the one of the survey.",
        path=network.PROPERTY,
        next_path=network.TERMS,
        fields=(
            Field(name="address", label="Address", example="12 rue des Tilleuls, 49000 Angers"),
            Field(name="kind", label="Kind", example="House", choices=("House", "Apartment")),
            Field(name="surface", label="Surface", example="128", type="number", suffix="m²"),
        ),
        submit="Continue to the terms",
    ),
    StepPage(
        step=Step.TERMS,
        number=3,
        title="Terms",
        heading="On what terms?",
        lead="The fee is due by the owner, and only once the sale is signed.",
        path=network.TERMS,
        next_path=network.SIGNED,
        fields=(
            Field(
                name="mandate_kind",
                label="Mandate",
                example=network.MANDATE_KINDS[0],
                choices=network.MANDATE_KINDS,
            ),
            Field(name="price", label="Asking price", example="389000", type="number", suffix="€"),
            Field(name="fee_percent", label="Our fee", example="4", type="number", suffix="%"),
        ),
        submit="Sign the mandate",
    ),
)
BY_PATH = {page.path: page for page in STEPS}

NUMBERS_MAX = {"surface": 100_000.0, "price": 1_000_000_000.0, "fee_percent": 20.0}
TEXT_CHARACTERS_MAX = 200


def mistakes(page: StepPage, answers: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the answers to a step, by field; empty when all is well."""
    found = {}
    for field in page.fields:
        answer = answers.get(field.name, "").strip()
        wrong = _mistake(field, answer)
        if wrong:
            found[field.name] = wrong
    return found


def fee_eur(answers: Mapping[str, str]) -> int:
    """The fee, in whole euros, of terms without mistakes."""
    return round(float(answers["price"]) * float(answers["fee_percent"]) / 100)


def _mistake(field: Field, answer: str) -> str:
    if not answer:
        return f"{field.label} is needed."
    if len(answer) > TEXT_CHARACTERS_MAX:
        return f"{field.label} is too long."
    if field.choices and answer not in field.choices:
        return f"Choose one of: {', '.join(field.choices)}."
    if field.type == "email" and "@" not in answer:
        return "An email address has an @ in it."
    if field.type == "number":
        return _number_mistake(field, answer)
    return ""


def _number_mistake(field: Field, answer: str) -> str:
    try:
        number = float(answer)
    except ValueError:
        return f"{field.label} is a number."
    highest = NUMBERS_MAX[field.name]
    if not 0 < number <= highest:
        return f"{field.label} is more than 0 and at most {highest:,.0f}."
    return ""
