"""Source maps by the API: what is kept, and for programs uploading and removing."""

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from store.source_maps import (
    SourceMapRefusedError,
    remove_source_maps,
    source_map_releases,
)
from vigie.console.api import refused
from vigie.console.console import console_of
from vigie.console.sign_in import is_program
from vigie.reporting.params import site_of
from vigie.source_maps import keep_source_map

FILES_MAX = 2
ENVELOPE_BYTES = 10_000


def listed(request: Request) -> Response:
    """GET /api/v1/sourcemaps: the releases there are maps of."""
    kept = source_map_releases(console_of(request).context.database)
    return JSONResponse(msgspec.to_builtins(kept))


async def upload(request: Request) -> Response:
    """POST /api/v1/sourcemaps?site=ID&release=R&path=/assets/app.js, a form with the files `map`
    and, where there is one, `script`."""
    if not is_program(request):  # what it holds is shown to whoever looks at errors
        return refused("Source maps are uploaded by programs.", "Run vigie sourcemaps upload.", 403)
    console = console_of(request)
    limits = console.settings.source_maps
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > 2 * limits.file_bytes_max + ENVELOPE_BYTES:
        return refused(
            "The upload is too large, or does not say how large it is.",
            f"A file has at most {limits.file_bytes_max:,} bytes: [source_maps] file_bytes_max.",
            413,
        )
    async with request.form(max_files=FILES_MAX, max_fields=0) as form:
        contents = {}
        for name in ("map", "script"):
            file = form.get(name)
            contents[name] = await file.read() if isinstance(file, UploadFile) else b""
    if not contents["map"]:
        return refused("No source map was sent.", "Send a form with the file map, and script.")
    site = site_of(request.query_params, console.settings)
    of = (
        site.id,
        request.query_params.get("release", ""),
        request.query_params.get("path", ""),
    )
    try:
        await run_in_threadpool(
            keep_source_map,
            console.context.database,
            of,
            contents["map"],
            contents["script"],
            console.context.clock(),
            limits,
        )
    except SourceMapRefusedError as problem:
        return refused(problem.what, problem.right)
    return JSONResponse({"site": of[0], "release": of[1], "path": of[2]}, status_code=201)


def remove(request: Request) -> Response:
    """DELETE /api/v1/sourcemaps?site=ID&release=R: how many were removed."""
    if not is_program(request):
        return refused("Source maps are removed by programs.", "Run vigie sourcemaps remove.", 403)
    console = console_of(request)
    site = site_of(request.query_params, console.settings)
    release = request.query_params.get("release", "")
    removed = remove_source_maps(console.context.database, site.id, release)
    if not removed:
        return refused(f"There are no source maps of release {release!r}.", "List them.", 404)
    return JSONResponse({"removed": removed})
