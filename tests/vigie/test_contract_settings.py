"""Contracts in the settings: what is taken, and what each mistake in one is told."""

import pytest

from vigie.settings_file import parse_settings
from vigie.settings_mistakes import SettingsError

HEAD = """
[[monitors]]
id = "home"
url = "https://a.test/"

[[monitors]]
id = "api"
url = "https://a.test/api"
target = 99.5

[[contracts]]
"""
GOOD = 'id = "sla"\ntarget = 99.9\nmonitors = ["home", "api"]\n'


def mistakes(contract: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        parse_settings(HEAD + contract, "vigie.toml")
    return [str(mistake) for mistake in raised.value.mistakes]


def test_a_contract_with_weights_a_zone_and_tiers_is_taken() -> None:
    text = (
        'combination = "weighted"\nweights = { home = 3 }\ntimezone = "Europe/Paris"\n'
        "credits = [{ below = 99.9, credit = 10 }, { below = 99, credit = 25 }]"
    )
    (contract,) = parse_settings(HEAD + GOOD + text, "vigie.toml").contracts
    assert contract.weights == {"home": 3.0}
    assert [(tier.below, tier.credit) for tier in contract.credits] == [(99.9, 10.0), (99.0, 25.0)]


@pytest.mark.parametrize(
    ("contract", "said"),
    [
        (GOOD.replace("sla", "api"), 'id: "api" is the id of a monitor with a target'),
        (GOOD.replace("99.9", "100"), "target: is 100; give it a number above 0 and up to 99.9999"),
        (
            GOOD.replace('"api"', '"apo"'),
            '"apo" is not the id of any of monitors; known are "home"',
        ),
        (GOOD.replace('"api"', '"home"'), '"home" stands twice; remove one of them'),
        (GOOD + 'combination = "most"', 'is "most"; give it "any", "all" or "weighted"'),
        (GOOD + "weights = { home = 2 }", 'mean nothing where the combination is "any"'),
        (GOOD + 'combination = "weighted"\nweights = { x = 2 }', "is not one of the contract's"),
        (GOOD + 'combination = "weighted"\nweights = { api = -1 }', "is -1; give it a number abov"),
        (GOOD + 'timezone = "Mars/Phobos"', '"Mars/Phobos" is not a time zone; write one such as'),
        (GOOD + 'timezone = "Europe"', '"Europe" is not a time zone; write one such as'),
        (GOOD + "credits = [{ below = 99.95, credit = 5 }]", "is 99.95, above the target (99.9)"),
        (GOOD + "credits = [{ below = 99.5 }]", "credits[1].credit: is missing"),
        (GOOD + 'credits = [{ below = "a", credit = 1 }]', 'credits[1].below: is the text "a"'),
        (
            'id = "sla"\nmonitors = ["home"]\ncredits = [{ below = 9, credit = 1 }]',
            "target: is miss",
        ),
    ],
)
def test_a_mistake_in_a_contract_is_named_alone(contract: str, said: str) -> None:
    (mistake,) = mistakes(contract)
    assert said in mistake
