"""How a command ends when it cannot do what it was asked."""


class CommandError(Exception):
    """Said to the user as it is, without a trace; `code` is the exit code.

    1: it could not be done; 2: it was asked wrongly.
    """

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.code = code
