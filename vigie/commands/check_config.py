"""`vigie check-config`: every mistake of a settings file at once."""

from vigie.commands.options import DEFAULT_CONFIG, Config
from vigie.settings import Settings
from vigie.settings_file import load_settings


def check_config(config: Config = DEFAULT_CONFIG) -> None:
    """Name every mistake of the settings file.

    For each: where it is, what is wrong, and what would be right.
    Exit code 0 when there is none, 1 otherwise.
    """
    print(f"ok: {summary(load_settings(config))}")


def summary(settings: Settings) -> str:
    """ "2 sites, 3 monitors, 1 journey" """
    return ", ".join(
        f"{count} {noun}{'' if count == 1 else 's'}"
        for noun, count in (
            ("site", len(settings.sites)),
            ("monitor", len(settings.monitors)),
            ("journey", len(settings.journeys)),
        )
    )
