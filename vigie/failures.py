"""How commands and requests end that cannot be done as they were asked."""


class CommandError(Exception):
    """Said to the user as it is, without a trace; `code` is the exit code.

    1: it could not be done; 2: it was asked wrongly.
    """

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class BadRequestError(Exception):
    """A request no report can answer: what is wrong with it, and what would be right."""

    def __init__(self, what: str, right: str) -> None:
        super().__init__(f"{what} {right}")
        self.what = what
        self.right = right
