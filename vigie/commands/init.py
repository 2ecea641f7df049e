"""`vigie init`: settings for a site of your own, and what to paste into it."""

import textwrap
from pathlib import Path
from typing import Annotated

import typer

from vigie.commands.options import DEFAULT_CONFIG, Config
from vigie.failures import CommandError
from vigie.folders import Address
from vigie.install_texts import apache_lines, nginx_lines, policy_line, snippet
from vigie.settings import Settings
from vigie.settings_new import NewSite, SiteTakenError, add_site


def init(
    url: Annotated[str, typer.Argument(help="A page of the site: https://www.example.com")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Write settings for the site at URL.

    Prints what to paste into the site: the snippet, and the lines for its web server. A settings
    file that is there already gets the site added at its end; nothing in it is changed.
    """
    existed = config.exists()
    try:
        site, settings = add_site(config, url)
    except ValueError as error:
        raise CommandError(f"{error}; give one such as https://www.example.com", code=2) from error
    except SiteTakenError as error:
        raise CommandError(
            f"{config} already has {error}; nothing was changed."
            " To begin anew, name another file with --config"
        ) from error
    print(said(site, settings, config, existed=existed))


def said(site: NewSite, settings: Settings, config: Path, *, existed: bool) -> str:
    """What was done, what to paste where, and what to run next."""
    collector = Address(settings.collector.host, settings.collector.port).url
    option = "" if config == DEFAULT_CONFIG else f" --config {config}"
    parts = [
        f'{"added to" if existed else "wrote"} {config}: site "{site.id}", monitor "{site.monitor}"'
    ]
    if not settings.public_url:
        parts += [
            "1. Put /vigie/ of the site in front of the collector, in nginx:",
            _shown(nginx_lines(collector)),
            "   or in Apache (mod_proxy, mod_proxy_http):",
            _shown(apache_lines(collector)),
        ]
    first = 1 if settings.public_url else 2
    parts += [
        f"{first}. Paste this into every page, in <head>:",
        _shown(snippet(site.key, settings.public_url)),
        f"{first + 1}. If the site sends a Content-Security-Policy, it must allow this much:",
        _shown(policy_line(settings.public_url)),
        "Then run:",
        _shown(f"vigie check{option} {site.monitor}\nvigie serve{option}"),
        "and, once the snippet is in place:",
        _shown(f"vigie check-site{option} {site.url}"),
    ]
    return "\n\n".join(parts)


def _shown(text: str) -> str:
    return textwrap.indent(text, "     ")
