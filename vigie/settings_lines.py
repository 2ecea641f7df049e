"""On which line of a TOML text each key and item stands, since tomllib does not tell."""

from bisect import bisect_right

KeyPath = tuple[str | int, ...]


def lines_of(text: str) -> dict[KeyPath, int]:
    """The line, counted from 1, of every table, key and array item of a valid TOML text.

    A path holds keys and, for items of arrays, their numbers: ("sites", 0, "origins", 1).
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


def nearest_line(lines: dict[KeyPath, int], path: KeyPath) -> int | None:
    """The line of `path`, or of the nearest thing around it; None for the document itself."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)


class _Scanner:
    """Walks a text that tomllib has accepted, so it checks nothing."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self._newlines = [place for place, letter in enumerate(text) if letter == "\n"]
        self._tables: dict[KeyPath, int] = {}
        """How many tables each array of tables has so far."""

    def document(self) -> None:
        table: KeyPath = ()
        while self._skip_blank():
            if self._take("[["):
                table = self._next_of(self._resolve(self._key()))
                self._take("]]")
            elif self._take("["):
                table = self._resolve(self._key())
                self._note(table)
                self._take("]")
            else:
                self._pair(table)

    def _pair(self, table: KeyPath) -> None:
        start = self.at
        path = (*table, *self._key())
        for end in range(len(table) + 1, len(path) + 1):
            self._note(path[:end], start)
        self._skip_blank()
        self._take("=")
        self._skip_blank()
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        if self.text[self.at] in "\"'":
            self._string()
        elif self._take("["):
            number = 0
            while self._skip_blank() and not self._take("]"):
                self._note((*path, number))
                self._value((*path, number))
                number += 1
                self._skip_blank()
                self._take(",")
        elif self._take("{"):
            while self._skip_blank() and not self._take("}"):
                self._pair(path)
                self._skip_blank()
                self._take(",")
        else:
            while self.at < len(self.text) and self.text[self.at] not in ",]}#\n":
                self.at += 1

    def _key(self) -> KeyPath:
        parts: list[str] = []
        while True:
            self._skip_blank()
            if self.text[self.at] in "\"'":
                parts.append(self._string())
            else:
                start = self.at
                while self.text[self.at].isalnum() or self.text[self.at] in "_-":
                    self.at += 1
                parts.append(self.text[start : self.at])
            self._skip_blank()
            if not self._take("."):
                return tuple(parts)

    def _string(self) -> str:
        quote = self.text[self.at]
        if self.text.startswith(quote * 3, self.at):
            quote *= 3
        start = self.at = self.at + len(quote)
        while not self.text.startswith(quote, self.at):
            self.at += 2 if quote[0] == '"' and self.text[self.at] == "\\" else 1
        content = self.text[start : self.at]
        self.at += len(quote)
        while len(quote) == 3 and self._take(quote[0]):  # up to two quotes may end the content
            pass
        return content

    def _skip_blank(self) -> bool:
        """Go to the next thing that is neither blank nor comment; False at the end."""
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.text[self.at].isspace():
                self.at += 1
            else:
                return True
        return False

    def _take(self, sign: str) -> bool:
        if not self.text.startswith(sign, self.at):
            return False
        self.at += len(sign)
        return True

    def _resolve(self, key: KeyPath) -> KeyPath:
        """A header's key as a path: within an array of tables it means the latest table."""
        path: KeyPath = ()
        for place, part in enumerate(key):
            path = (*path, part)
            if place < len(key) - 1 and path in self._tables:
                path = (*path, self._tables[path] - 1)
        return path

    def _next_of(self, path: KeyPath) -> KeyPath:
        number = self._tables.get(path, 0)
        self._tables[path] = number + 1
        self._note(path)
        self._note((*path, number))
        return (*path, number)

    def _note(self, path: KeyPath, at: int | None = None) -> None:
        line = bisect_right(self._newlines, (self.at if at is None else at) - 1) + 1
        self.lines.setdefault(path, line)
