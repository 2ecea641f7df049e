"""What a contract of the settings must hold to, beyond the shape of its table."""

from collections.abc import Collection, Iterator

from vigie.maintenance import zone_of
from vigie.settings import ContractSettings
from vigie.settings_lines import KeyPath
from vigie.settings_mistakes import Problem

COMBINATIONS = ("any", "all", "weighted")


def contract_problems(
    contract: ContractSettings, promised: Collection[str], path: KeyPath = ()
) -> Iterator[Problem]:
    """What is wrong with one contract; `promised` are the monitors with a target of their own,
    whose contracts are known by the monitor's id."""
    if contract.id in promised:
        yield Problem(
            path=(*path, "id"),
            wrong=f'"{contract.id}" is the id of a monitor with a target, a contract by itself',
            right="take another id",
        )
    if contract.combination not in COMBINATIONS:
        yield Problem(
            path=(*path, "combination"),
            wrong=f'is "{contract.combination}"',
            right='give it "any", "all" or "weighted"',
        )
    yield from _weight_problems(contract, path)
    if zone_of(contract.timezone) is None:
        yield Problem(
            path=(*path, "timezone"),
            wrong=f'"{contract.timezone}" is not a time zone',
            right='write one such as "Europe/Paris" or "UTC"',
        )
    yield from _credit_problems(contract, path)


def _weight_problems(contract: ContractSettings, path: KeyPath) -> Iterator[Problem]:
    if contract.weights and contract.combination in ("any", "all"):
        yield Problem(
            path=(*path, "weights"),
            wrong=f'mean nothing where the combination is "{contract.combination}"',
            right='remove them, or write combination = "weighted"',
        )
    for monitor, weight in contract.weights.items():
        if monitor not in contract.monitors:
            yield Problem(
                path=(*path, "weights", monitor),
                wrong="is not one of the contract's monitors",
                right="name one of them",
            )
        if not 0 < weight < float("inf"):
            yield Problem(
                path=(*path, "weights", monitor),
                wrong=f"is {weight:g}",
                right="give it a number above 0",
            )


def _credit_problems(contract: ContractSettings, path: KeyPath) -> Iterator[Problem]:
    for number, tier in enumerate(contract.credits):
        if tier.below > contract.target:
            yield Problem(
                path=(*path, "credits", number, "below"),
                wrong=f"is {tier.below:g}, above the target ({contract.target:g})",
                right="a month that keeps its target gives no credit: give it the target or less",
            )
        if tier.below in [each.below for each in contract.credits[:number]]:
            yield Problem(
                path=(*path, "credits", number, "below"),
                wrong=f"{tier.below:g} stands twice",
                right="remove one of them",
            )
