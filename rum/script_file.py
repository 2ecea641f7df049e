"""GET /rum.js, /rum.HASH.js and the like: a built script, held in memory, compressed once.

Under its plain name it is checked anew each hour, so that an update of Vigie reaches every page.
Under the name with its hash it never changes, so that a page may pin it with integrity=.
"""

import base64
import gzip
import hashlib
import logging
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

RENEWED = "public, max-age=3600, stale-while-revalidate=86400"
PINNED = "public, max-age=31536000, immutable"
SUPERSEDED = "public, max-age=300"
DIGEST_HEX_DIGITS = 16

log = logging.getLogger("vigie.collector")


def digest_of(content: bytes) -> str:
    """What stands for the content in a file's name: 16 hex digits of its SHA-256."""
    return hashlib.sha256(content).hexdigest()[:DIGEST_HEX_DIGITS]


def integrity_of(content: bytes, algorithm: str = "sha384") -> str:
    """The value of integrity= for the content: https://www.w3.org/TR/sri-2/"""
    digest = hashlib.new(algorithm, content).digest()
    return f"{algorithm}-{base64.b64encode(digest).decode()}"


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
        self._digest = digest_of(self._plain)

    @property
    def hashed_name(self) -> str:
        """The route of the name with its hash: "rum.{digest}.js"."""
        stem, _, suffix = self.name.rpartition(".")
        return f"{stem}.{{digest}}.{suffix}"

    async def respond(self, request: Request) -> Response:
        if not self._plain:
            return PlainTextResponse(f"{self.name} is not built\n", 404)
        compressed = _accepts_gzip(request.headers.get("accept-encoding", ""))
        # The two forms differ in bytes, so in validator.
        etag = f'"{self._digest}{"-gzip" if compressed else ""}"'
        headers = {
            "etag": etag,
            "cache-control": self._lifetime(request.path_params.get("digest")),
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

    def _lifetime(self, asked: str | None) -> str:
        """How long it may be cached, by the hash in the name it was asked by.

        A page may still name the version before an update: it gets the present one, but not for
        good. Where it pinned the other with integrity=, the browser refuses that.
        """
        if asked is None:
            return RENEWED
        return PINNED if asked == self._digest else SUPERSEDED


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
