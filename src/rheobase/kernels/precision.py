"""Which arithmetic kernels use: the fast one, or the one that is right to the last bit."""

from __future__ import annotations

from contextvars import ContextVar
from typing import ClassVar

from rheobase.setting import Setting


class precision(Setting):
    """The arithmetic of the functions on CPU arrays: `"fast"` (as at the start) or `"exact"`.

    fast computes float32 in float32, with corrections where they pay; exact computes in float64 and rounds
    once. Holds for the calls of this thread that follow, or within a `with` block only. Functions of one number
    are computed in float64 either way in the other dtypes, and where they have no kernel written for float32.

    Raises UnsupportedInput for any other word.

    >>> import numpy as np, rheobase as rb
    >>> with rb.precision("exact"):
    ...     print(rb.sigmoid(np.float32(1.0)))
    0.7310586
    """

    choices: ClassVar[tuple[str, ...]] = ("fast", "exact")
    _variable: ClassVar[ContextVar[str]] = ContextVar("precision", default="fast")
