"""rheobase: activation functions from one definition each. See README.md and `rheobase --help`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rheobase.activation import Activation, get
from rheobase.catalogue import is_shipped, names
from rheobase.define import define
from rheobase.errors import (
    DefinitionError,
    MissingExtra,
    RheobaseError,
    UnknownFunction,
    UnsupportedInput,
)
from rheobase.kernels.precision import precision

__version__ = "0.1.0"

__all__ = [
    "Activation", "DefinitionError", "MissingExtra", "RheobaseError", "UnknownFunction",
    "UnsupportedInput", "define", "get", "names", "precision",
]  # fmt: skip

if TYPE_CHECKING:

    def __getattr__(name: str) -> Activation: ...

else:

    def __getattr__(name: str) -> Activation:
        """`rheobase.NAME` is the function of that name or alias."""
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            found = get(name)
        except UnknownFunction as error:
            raise AttributeError(f"module 'rheobase' has no attribute {name!r}: {error}") from None
        if is_shipped(name):
            # Python asks here no more; a user's function may be defined anew
            globals()[name] = found
        return found


def __dir__() -> list[str]:
    return [*__all__, *names()]
