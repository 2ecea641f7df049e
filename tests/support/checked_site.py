"""A site for `vigie check-site`: its /vigie/ leads to a real Vigie, and anything can be wrong."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support.collecting import FORWARDED
from tests.support.serving import Serving, serving
from tests.support.site import Answer, WebSite

KEY = "web-key-0123456789"
PASSED_BACK = ("content-type", "cache-control", "retry-after")
SITES = """
[[sites]]
id = "web"
key = "{key}"
origins = ["{origin}"]
"""


class CheckedSite(WebSite):
    """`answers` take the place of what a path would answer, `headers` are added to a page's."""

    def __init__(self, script: Path) -> None:
        super().__init__(script, self.post)
        self.answers: dict[str, Answer] = {}
        self.headers: dict[str, Mapping[str, str]] = {}
        self.vigie = ""
        """Where the collector is."""

    def get(self, path: str) -> Answer:
        if path in self.answers:
            return self.answers[path]
        if path.startswith("/vigie/"):
            return self._passed(httpx.get(self.vigie + path.removeprefix("/vigie"), timeout=60))
        answer = super().get(path)
        return Answer(answer.status, {**answer.headers, **self.headers.get(path, {})}, answer.body)

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        if "POST" in self.answers:
            return self.answers["POST"]
        passed = {name: headers[name] for name in FORWARDED if name in headers}
        url = f"{self.vigie}/rum/v1/beacon"
        return self._passed(httpx.post(url, content=body, headers=passed, timeout=60))

    @staticmethod
    def _passed(answer: httpx.Response) -> Answer:
        kept = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
        return Answer(answer.status_code, kept, answer.content)


@contextmanager
def checked_site(folder: Path, script: Path) -> Iterator[tuple[CheckedSite, Serving]]:
    """The site, and the running Vigie that has it in its settings."""
    with CheckedSite(script) as site:
        more = SITES.replace("{key}", KEY).replace("{origin}", site.base)
        with serving(folder, more_settings=more) as running:
            site.vigie = running.collector
            yield site, running
