"""Steps in words: what is written is read back; what cannot be used is refused with a reason."""

import pytest

from analytics.question import Filter, Operator, Step
from vigie.reporting.params import BadRequestError
from vigie.reporting.steps import step_of, steps_of, steps_text

IS_PHONE = Filter("device", Operator.IS, ("phone",))
STEPS = (
    Step(page="/a,b/?"),
    Step(event="c:d %2C é"),
    Step(page="/x y"),
    Step(page=" where and "),
    Step(click='#results>li:nth-of-type(3)>[data-vigie="sign, now"]'),
    Step(
        event="a where b",
        where=(
            Filter("attributes.a=b and c", Operator.IS, ("x|y", "salt and pepper", " z ")),
            Filter("value", Operator.AT_LEAST, ("-1e3",)),
            Filter("path", Operator.CONTAINS, ("=<>~!|,%2C",)),
        ),
    ),
)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.label)
def test_a_step_survives_the_way_into_an_address_and_back(step: Step) -> None:
    assert steps_of(steps_text((step, Step(page="/"), step))) == (step, Step(page="/"), step)


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("page:/a where device=phone", Step(page="/a", where=(IS_PHONE,))),
        (
            "event:b where value >= 10 and device = phone",
            Step(event="b", where=(Filter("value", Operator.AT_LEAST, ("10",)), IS_PHONE)),
        ),
        (
            "click:#buy where country=FR|BE",
            Step(click="#buy", where=(Filter("country", Operator.IS, ("FR", "BE")),)),
        ),
        (
            "page:/a where path!=/a/b",
            Step(page="/a", where=(Filter("path", Operator.IS_NOT, ("/a/b",)),)),
        ),
    ],
)
def test_conditions_are_read_as_they_are_said(text: str, step: Step) -> None:
    assert step_of(text) == step


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("page:", "is not a step"),
        ("click:", "is not a step"),
        ("tap:a", "is not a step"),
        ("page", "is not a step"),
        (":", "is not a step"),
        (":b", "is not a step"),
        ("page:/a where device", "is not a condition"),
        ("page:/a where =x", "is not a condition"),
        ("page:/a where ", "is not a condition"),
        ("page:/a where devise=phone", "no property 'devise'; there are page, path"),
        ("page:/a where attributes.=phone", "no property 'attributes.'"),
        ("page:/a where value>much", "'much' is no number"),
        ("page:/a where value>inf", "'inf' is no number"),
        ("page:/a where value=1|x", "'x' is no number"),
        ("page:/a where value>1|2", "> takes one"),
        ("page:/a where path~a|b", "~ takes one"),
        ("page:/a where value~1", "contains no text"),
        ("page:/a where " + " and ".join(["device=x"] * 11), "11 conditions"),
        ("page:/a where device=" + "|".join("x" * 51), "1 to 50 values"),
        ("page:/" + "a" * 2_000, "is not a step"),
    ],
)
def test_what_is_no_step_is_refused(text: str, what: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        steps_of(f"page:/a,{text}")
    assert what in refused.value.what
