"""Secrets that settings only name: read from the environment or a file, when they are needed."""

import os
from pathlib import Path

SECRET_BYTES_MAX = 20_000


class SecretMissingError(Exception):
    """A secret that settings name is not there; says which, never what."""


def read_secret(env: str, file: str) -> str:
    """The secret in the variable `env`, or in `file`, without white space around it; "" where
    neither is named. Raises SecretMissingError."""
    if env:
        value = os.environ.get(env, "").strip()
        if not value:
            raise SecretMissingError(f"the environment variable {env} is not set")
        return value
    if not file:
        return ""
    try:
        with Path(file).open("rb") as opened:
            value = opened.read(SECRET_BYTES_MAX).decode("utf-8").strip()
    except OSError as error:
        raise SecretMissingError(f"the file {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SecretMissingError(f"the file {file} is not UTF-8") from error
    if not value:
        raise SecretMissingError(f"the file {file} is empty")
    return value
