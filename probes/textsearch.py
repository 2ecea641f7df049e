"""Looking for a text in a body that comes in chunks, holding on to none of it."""


class TextSearch:
    """Finds a text in bytes, in the encodings the body may be in.

    Pages often declare none in their headers, so UTF-8 and Latin-1 are always tried.
    """

    def __init__(self, text: str, charset: str | None) -> None:
        self.found = text == ""
        self._needles = _encoded(text, charset)
        self._kept_bytes = max(map(len, self._needles)) - 1
        self._tail = b""

    def feed(self, chunk: bytes) -> None:
        if self.found:
            return
        window = self._tail + chunk
        self.found = any(needle in window for needle in self._needles)
        self._tail = window[-self._kept_bytes :] if self._kept_bytes else b""


def _encoded(text: str, charset: str | None) -> set[bytes]:
    needles = {text.encode()}
    for encoding in ("latin-1", charset):
        if encoding is None:
            continue
        try:
            needles.add(text.encode(encoding))
        except (LookupError, UnicodeError):
            continue
    return needles
