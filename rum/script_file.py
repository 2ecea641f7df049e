"""GET /rum.js and the like: a built script, held in memory, compressed once, with a validator."""

import gzip
import hashlib
import logging
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

log = logging.getLogger("vigie.collector")


class ScriptFile:
    """One script as it was at the start of the process."""

    def __init__(self, path: Path) -> None:
        """A missing file is logged, and answered with 404: beacons are taken all the same."""
        self.name = path.name
        try:
            self._plain = path.read_bytes()
        except FileNotFoundError:
            log.error("%s does not exist; scripts/build makes it", path)
            self._plain = b""
        self._compressed = gzip.compress(self._plain, 9, mtime=0)
        self._digest = hashlib.sha256(self._plain).hexdigest()[:16]

    async def respond(self, request: Request) -> Response:
        if not self._plain:
            return PlainTextResponse(f"{self.name} is not built\n", 404)
        compressed = _accepts_gzip(request.headers.get("accept-encoding", ""))
        # The two forms differ in bytes, so in validator.
        etag = f'"{self._digest}{"-gzip" if compressed else ""}"'
        headers = {
            "etag": etag,
            "cache-control": "public, max-age=3600, stale-while-revalidate=86400",
            "vary": "accept-encoding",
            "access-control-allow-origin": "*",  # public, and integrity= needs it
            "cross-origin-resource-policy": "cross-origin",
            "x-content-type-options": "nosniff",
        }
        if _matches(request.headers.get("if-none-match", ""), self._digest):
            return Response(status_code=304, headers=headers)
        if compressed:
            headers["content-encoding"] = "gzip"
        return Response(
            self._compressed if compressed else self._plain,
            headers=headers,
            media_type="text/javascript; charset=utf-8",
        )


def _accepts_gzip(header: str) -> bool:
    for coding in header.lower().split(","):
        name, _, weight = coding.partition(";")
        if name.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _matches(header: str, digest: str) -> bool:
    """Whether a browser holds this version, in whichever of its forms."""
    held = {tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")}
    return bool(held & {digest, f"{digest}-gzip", "*"})
