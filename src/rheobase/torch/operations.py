"""The operation table of PyTorch, and what the functions need of it besides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from rheobase.kernels.elementary import elementary, rowwise

Tensor = torch.Tensor

CONVERT = "x.float()"
# a table, which compilers can follow, rather than a text to cut
DTYPES = {getattr(torch, name): name for name in ("float16", "bfloat16", "float32", "float64")}


def _first_max(x: Tensor, axis: int) -> Tensor:
    return torch.zeros_like(x).scatter(axis, x.argmax(axis, keepdim=True), 1.0)


def _hypot(x: Tensor, y: Any) -> Tensor:
    # not torch.hypot, which no exporter knows
    side = torch.as_tensor(y, dtype=x.dtype, device=x.device).abs()
    longer, shorter = torch.maximum(x.abs(), side), torch.minimum(x.abs(), side)
    ratio = shorter / longer.clamp_min(torch.finfo(x.dtype).tiny)
    return longer * torch.sqrt(1 + ratio * ratio)


BASIC: Mapping[str, Callable[..., Any]] = {
    "exp": torch.exp, "expm1": torch.expm1, "log": torch.log, "log1p": torch.log1p,
    "sqrt": torch.sqrt, "sin": torch.sin, "cos": torch.cos, "tan": torch.tan, "sinh": torch.sinh,
    "cosh": torch.cosh, "asinh": torch.asinh, "atan": torch.atan, "tanh": torch.tanh,
    "abs": torch.abs, "hypot": _hypot, "power": torch.pow, "where": torch.where,
    "nearest": torch.round, "constant": torch.full_like,
    "sum": lambda x, axis: x.sum(axis, keepdim=True),
    "max": lambda x, axis: x.amax(axis, keepdim=True),
    "sort_down": lambda x, axis: x.sort(axis, descending=True).values,
    "cumsum": lambda x, axis: x.cumsum(axis),
    "first_max": _first_max,
}  # fmt: skip

OPERATIONS: Mapping[str, Callable[..., Any]] = {**BASIC, **elementary(BASIC), **rowwise(BASIC)}


def work_dtype(dtype: torch.dtype) -> torch.dtype:
    """What to compute in for inputs of `dtype`: never less than float32."""
    return dtype if dtype == torch.float64 else torch.float32


def dtype_name(x: Tensor) -> str:
    """The dtype of `x` without torch's name before it."""
    return DTYPES.get(x.dtype) or str(x.dtype)


def uniform(like: Tensor, rng: torch.Generator | None) -> Tensor:
    """Numbers from the open interval (0, 1) in the shape of `like`, never less than float32."""
    work = work_dtype(like.dtype)
    # exporters know torch.rand without a generator only
    source: dict[str, Any] = {} if rng is None else {"generator": rng}
    return torch.rand(like.shape, dtype=work, device=like.device, **source).clamp_min(torch.finfo(work).tiny)


def split(x: Tensor, axis: int) -> Sequence[Tensor]:
    """The two halves of `x` along `axis`."""
    return x.chunk(2, axis)


def join(parts: Sequence[Tensor], axis: int) -> Tensor:
    """The inverse of `split`."""
    return torch.cat(list(parts), axis)


def move_last(x: Tensor, axis: int) -> Tensor:
    """`x` with `axis` as its last axis."""
    return x.movedim(axis, -1)


def move_back(x: Tensor, axis: int) -> Tensor:
    """`x` with its last axis moved to `axis`."""
    return x.movedim(-1, axis)


def broadcast(x: Tensor, like: Tensor) -> Tensor:
    """`x` repeated to the shape of `like`."""
    return torch.broadcast_to(x, like.shape)


def identity_matrix(size: int, like: Tensor) -> Tensor:
    """The unit matrix in the dtype of `like`."""
    return torch.eye(size, dtype=like.dtype, device=like.device)


def detach(x: Tensor) -> Tensor:
    """`x` without its gradient."""
    return x.detach()
