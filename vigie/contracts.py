"""The contracts of an installation: those of the settings, and each monitor with a target."""

from analytics.combined_time import Combination
from analytics.reports.contract_types import ContractQuestion, CreditTier
from probes.monitor import Monitor
from vigie.settings import ContractSettings, Settings


def contract_questions(settings: Settings) -> tuple[ContractQuestion, ...]:
    """Every contract: the declared ones first, then the monitors that promise something alone.

    A monitor entered in the console whose id a declared contract has is not a contract too.
    """
    declared = tuple(_declared(contract) for contract in settings.contracts)
    taken = {question.id for question in declared}
    return declared + tuple(
        _alone(monitor, monitor.target)
        for monitor in settings.monitors
        if monitor.target is not None and monitor.id not in taken
    )


def _declared(contract: ContractSettings) -> ContractQuestion:
    return ContractQuestion(
        id=contract.id,
        name=contract.name or contract.id,
        target=_share(contract.target),
        monitors=contract.monitors,
        combination=Combination(contract.combination),
        weights=contract.weights,
        timezone=contract.timezone,
        credits=tuple(
            CreditTier(below=tier.below, credit=tier.credit) for tier in contract.credits
        ),
    )


def _alone(monitor: Monitor, target: float) -> ContractQuestion:
    return ContractQuestion(
        id=monitor.id,
        name=monitor.name or monitor.id,
        target=_share(target),
        monitors=(monitor.id,),
    )


def _share(per_cent: float) -> float:
    return round(per_cent / 100, 9)
