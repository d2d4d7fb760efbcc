"""A choice that holds for the calls of a thread: set for good, or within a `with` block."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import ClassVar

from rheobase.errors import UnsupportedInput


class Setting:
    """Creating one sets it for this thread; leaving its `with` block sets back what was before."""

    choices: ClassVar[tuple[str, ...]]
    _variable: ClassVar[ContextVar[str]]
    #: What holds in this thread now.
    current: ClassVar[Callable[[], str]]

    def __init_subclass__(cls) -> None:
        # the variable's own method: it is asked at every call of a function
        cls.current = cls._variable.get

    def __init__(self, choice: str) -> None:
        if choice not in self.choices:
            allowed = ", ".join(map(repr, self.choices))
            raise UnsupportedInput(f"{type(self).__name__} is one of {allowed}, not {choice!r}")
        self._before = self._variable.get()
        self._variable.set(choice)

    def __enter__(self) -> None:
        """Nothing is left to do: creation has set it."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._variable.set(self._before)
