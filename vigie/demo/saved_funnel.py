"""The funnel that the demo has saved, whose finished days the console keeps as it starts."""

from datetime import datetime

from analytics.question import Step
from vigie.demo import network
from vigie.folders import DataFolder
from vigie.own_funnels import FUNNELS, SavedFunnel
from vigie.reporting.steps import steps_text

FUNNEL = SavedFunnel(
    id="from-listings-to-mandate",
    name="From the listings to a signed mandate",
    owner="Marketing",
    site=network.SITE,
    steps=steps_text(
        (
            Step(page=network.LISTINGS),
            Step(page=network.OWNER),
            Step(page=network.PROPERTY),
            Step(page=network.TERMS),
            Step(event=network.MANDATE_SIGNED),
        )
    ),
)


def save_funnel(folder: DataFolder, now: datetime) -> None:
    """Save it, unless it is there."""
    FUNNELS.add(folder, FUNNEL, now)
