"""Large tensors are looked at in parts, so that what is computed on the way stays small beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

#: A part is this share of a tensor, or as many elements as are worth the calls.
SHARE, ELEMENTS = 1 / 64, 1 << 14


def at_once(x: Tensor) -> int:
    """How many elements of x may be copied at a time."""
    return max(ELEMENTS, int(SHARE * x.numel()))


def blocks(x: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """x, of samples, places and units: some samples at a time, and of these some places at a time."""
    most = at_once(x)
    return (parts(samples, 1, most) for samples in parts(x, 0, most))


def parts(x: Tensor, dimension: int, most: int) -> tuple[Tensor, ...]:
    """x cut along a dimension into parts of so many elements at most, if that can be."""
    return torch.split(x, max(1, most * x.shape[dimension] // max(x.numel(), 1)), dimension)


def few(x: Tensor, dimension: int) -> Tensor:
    """Evenly spread rows of x along a dimension, as many as may be copied at a time: all, if x is small."""
    return x[(slice(None),) * dimension + (slice(None, None, math.ceil(x.numel() / at_once(x))),)]


def spread(x: Tensor, count: int) -> Tensor:
    """`count` to twice as many evenly spread elements of a tensor of three dimensions; all, if there are no more."""
    if x.numel() <= 2 * count:
        return x.reshape(-1)
    # an odd stride meets every unit
    at = torch.arange(0, x.numel(), (x.numel() // count) | 1, device=x.device)
    _, places, units = x.shape
    return x[at // (places * units), at // units % places, at % units]
