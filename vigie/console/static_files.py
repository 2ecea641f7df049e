"""The files the console's pages load, under addresses that change with their content."""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

IMMUTABLE = "public, max-age=31536000, immutable"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
NAMES = frozenset({"console.css", "console.js", "plotly-basic.min.js", "plotly.css"})
DIGEST_CHARACTERS = 12


class StaticFiles:
    """Serves NAMES from `folder`. A file kept only as NAME.gz is sent as it is, or inflated."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._addresses = {name: self._versioned(name) for name in NAMES}

    def address(self, name: str) -> str:
        """Where pages load the file from: its content's digest is part of the name."""
        return self._addresses[name]

    def serve(self, request: Request) -> Response:
        digest, name = request.path_params["digest"], request.path_params["name"]
        if self._addresses.get(name) != f"/static/{digest}/{name}":
            return PlainTextResponse("There is no such file.", status_code=404)
        headers = {"Cache-Control": IMMUTABLE, "Vary": "Accept-Encoding"}
        kind = TYPES[Path(name).suffix]
        packed = self._folder / f"{name}.gz"
        if not packed.exists():
            return Response((self._folder / name).read_bytes(), headers=headers, media_type=kind)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(packed.read_bytes(), headers=headers, media_type=kind)
        return Response(_inflated(packed), headers=headers, media_type=kind)

    def _versioned(self, name: str) -> str:
        packed = self._folder / f"{name}.gz"
        content = (packed if packed.exists() else self._folder / name).read_bytes()
        return f"/static/{hashlib.sha256(content).hexdigest()[:DIGEST_CHARACTERS]}/{name}"


@lru_cache(maxsize=4)
def _inflated(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())
