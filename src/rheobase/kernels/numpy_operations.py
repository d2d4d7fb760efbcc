"""The operation table of NumPy; also what programs are tried out with before they are emitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rheobase.kernels.elementary import elementary, rowwise


def _first_max(x: Any, axis: int) -> Any:
    picked = np.zeros_like(x)
    np.put_along_axis(picked, np.argmax(x, axis=axis, keepdims=True), 1, axis=axis)
    return picked


BASIC: Mapping[str, Callable[..., Any]] = {
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "sqrt": np.sqrt,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "sinh": np.sinh, "cosh": np.cosh,
    "asinh": np.arcsinh, "atan": np.arctan, "tanh": np.tanh, "abs": np.abs, "hypot": np.hypot,
    "power": np.power, "where": np.where, "nearest": np.round, "constant": np.full_like,
    "sum": lambda x, axis: np.sum(x, axis=axis, keepdims=True),
    "max": lambda x, axis: np.max(x, axis=axis, keepdims=True),
    "sort_down": lambda x, axis: -np.sort(-x, axis=axis),
    "cumsum": lambda x, axis: np.cumsum(x, axis=axis),
    "first_max": _first_max,
}  # fmt: skip

OPERATIONS: Mapping[str, Callable[..., Any]] = {**BASIC, **elementary(BASIC), **rowwise(BASIC)}
