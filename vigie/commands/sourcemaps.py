"""`vigie sourcemaps`: upload what a bundler wrote, see what is kept, remove it."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from vigie.commands.options import DEFAULT_CONFIG, DEFAULT_DATA, Config, Data
from vigie.failures import CommandError
from vigie.folders import DataFolder
from vigie.reporting.params import BadRequestError, site_of
from vigie.settings_file import load_settings
from vigie.source_map_request import list_maps, remove_maps, upload_maps
from vigie.source_maps import FILES_MAX, maps_in


class Action(StrEnum):
    UPLOAD = "upload"
    LIST = "list"
    REMOVE = "remove"


def sourcemaps(
    action: Annotated[Action, typer.Argument(help="What to do: upload, list or remove.")],
    folder: Annotated[
        Path | None,
        typer.Argument(help="Of upload: the build's folder, with maps and scripts.", metavar="DIR"),
    ] = None,
    release: Annotated[
        str, typer.Option(help="Of upload and remove: the release, as the page's tag names it.")
    ] = "",
    site: Annotated[str, typer.Option(help="Id of a site; needless where there is one.")] = "",
    prefix: Annotated[
        str,
        typer.Option(help="Of upload: the address or path that the folder is served at."),
    ] = "/",
    config: Config = DEFAULT_CONFIG,
    data: Data = DEFAULT_DATA,
) -> None:
    """Upload source maps, so that errors are told by the sources they come from.

    Every map of a script below the folder is taken, with the script where it lies beside it, which
    tells the names of functions. They are never served. The running console takes them; only when
    none runs is the store opened itself.
    """
    if not data.is_dir():
        raise CommandError(f"there is no data folder {data}; name it with --data", code=2)
    where = DataFolder(data)
    if action is Action.LIST:
        for kept in list_maps(where):
            seen = f"heard of {kept.seen_at:%Y-%m-%d}" if kept.seen_at else "not heard of yet"
            print(
                f"{kept.site}  {kept.release}  {kept.files:,} maps, {kept.bytes:,} bytes,"
                f" uploaded {kept.uploaded_at:%Y-%m-%d %H:%M} UTC, {seen}"
            )
        return
    if not release:
        raise CommandError("say which release: --release R, as data-release of the tag", code=2)
    settings = load_settings(config)
    try:
        of = site_of({"site": site}, settings).id
    except BadRequestError as error:
        raise CommandError(str(error), code=2) from error
    if action is Action.REMOVE:
        print(f"removed {remove_maps(where, of, release):,} maps of release {release}")
        return
    if folder is None or not folder.is_dir():
        raise CommandError("name the folder that the bundler wrote to", code=2)
    found = list(maps_in(folder, prefix))
    if not found:
        raise CommandError(f"{folder} holds no source map of a script (*.js.map)", code=2)
    if len(found) > FILES_MAX:
        raise CommandError(f"{folder} holds {len(found):,} maps, more than {FILES_MAX:,}", code=2)
    upload_maps(where, settings, of, release, found, lambda path: print(path, file=sys.stderr))
    print(f"uploaded {len(found):,} maps of release {release}")
