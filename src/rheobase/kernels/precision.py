"""Which arithmetic kernels use: the fast one, or the one that is right to the last bit."""

from __future__ import annotations

from contextvars import ContextVar
from types import TracebackType

from rheobase.errors import UnsupportedInput

CHOICES = ("fast", "exact")
_current: ContextVar[str] = ContextVar("precision", default="fast")


class precision:
    """Set the arithmetic of the functions on CPU arrays: `"fast"` (as at the start) or `"exact"`.

    fast computes float32 in float32, with corrections where they pay; exact computes in float64 and rounds
    once. Holds for the calls of this thread that follow, or within a `with` block only. Other dtypes are
    computed in float64 either way.

    Raises UnsupportedInput for any other word.

    >>> import numpy as np, rheobase as rb
    >>> with rb.precision("exact"):
    ...     rb.sigmoid(np.float32(1.0))
    np.float32(0.7310586)
    """

    def __init__(self, kind: str) -> None:
        if kind not in CHOICES:
            raise UnsupportedInput(f"precision is {' or '.join(map(repr, CHOICES))}, not {kind!r}")
        self._before = _current.get()
        _current.set(kind)

    def __enter__(self) -> None:
        """Nothing is left to do: creation has set it."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current.set(self._before)


def current() -> str:
    """The precision of calls in this thread now."""
    return _current.get()
