"""A contract's terms and verdicts in words, for pages and terminals alike."""

from typing import Final

from analytics.combined_time import Combination
from analytics.reports.contract_types import ContractState, Uncounted

STATES: Final[dict[ContractState, str]] = {
    ContractState.NO_DATA: "No data",
    ContractState.RUNNING: "Within its budget so far",
    ContractState.KEPT: "Kept",
    ContractState.BROKEN: "Broken",
}

UNCOUNTED: Final[dict[Uncounted, str]] = {
    Uncounted.BEFORE: "began before the month",
    Uncounted.AFTER: "went on after the month",
    Uncounted.EXCLUDED: "maintenance or a pause",
    Uncounted.ANSWERED: "monitors that answered",
    Uncounted.UNOBSERVED: "not observed",
}


def combination_words(combination: Combination, monitors: int) -> str:
    """When the contract is down: the part of its definition that stands with every figure."""
    if monitors == 1:
        return "down while its one monitor is"
    return {
        Combination.ANY: f"down while any of its {monitors} monitors is",
        Combination.ALL: f"down only while all of its {monitors} monitors are",
        Combination.WEIGHTED: f"down by the weight of those of its {monitors} monitors that are",
    }[combination]


def target_words(target: float) -> str:
    """ "99.9" for 0.999."""
    return f"{target * 100:.6g}"
