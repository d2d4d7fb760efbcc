"""Errors a user can meet. Each message is one line: what is wrong, and what is allowed."""

from collections.abc import Iterator
from contextlib import contextmanager


class RheobaseError(Exception):
    """Base of all errors raised on purpose."""


class DefinitionError(RheobaseError, ValueError):
    """A definition, formula or parameter that cannot be."""


class UnknownFunction(RheobaseError, ValueError):
    """No function of that name; the message lists the nearest names."""


class UnknownClaim(RheobaseError, ValueError):
    """No claim, and no function with claims, of that name; the message lists the nearest."""


class UnsupportedInput(RheobaseError, TypeError):
    """An input of a kind or dtype the functions do not take."""


class MissingExtra(RheobaseError, ImportError):
    """An optional dependency is needed; the message says which extra installs it."""


class StudyError(RheobaseError, ValueError):
    """A study that cannot be run as asked."""


class UnwritableFolder(RheobaseError, OSError):
    """A folder or a file that cannot be written."""


class WorkerKilled(RheobaseError, RuntimeError):
    """A process that worked for this one was killed from outside."""


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Turn a failed import inside the block into MissingExtra, which says what to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtra(f"this needs {error.name}; install it with: pip install 'rheobase[{name}]'") from None
