"""A hook that stays behind when its module is copied or saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Ear:
    """A hook on a module; copies of the module, in memory or in a file, get a deaf one in its place.

    A user may copy or save the model at any time, and the copy must not talk to the watch of the original.
    """

    def __init__(self, hear: Callable[..., Any]) -> None:
        self.hear = hear

    def __call__(self, *given: Any) -> None:
        self.hear(*given)

    def __reduce__(self) -> tuple[type[Ear], tuple[Callable[..., None]]]:
        return Ear, (nothing,)


def nothing(*_: Any) -> None:
    """What a deaf ear does."""
