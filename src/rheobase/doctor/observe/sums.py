"""Sums over the samples and places of an activation, unit by unit, without copies of its size."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import reduce

import torch

from rheobase.doctor.observe.blocks import at_once, blocks, parts, spread
from rheobase.doctor.records import BINS, REACH

Tensor = torch.Tensor
Interval = tuple[float, float]

#: Elements of z that a histogram counts at least; it counts fewer than twice as many.
_COUNTED = 4096


def rows(x: Tensor, axis: int) -> Tensor:
    """x as (samples, places, units); a vector is one sample."""
    x = x.detach()
    if x.dim() < 2:
        return x.reshape(1, 1, -1)
    return x.movedim(axis, -1).reshape(len(x), -1, x.shape[axis])


def silence(z: Tensor, flat: Iterable[Interval]) -> tuple[Tensor, Tensor, Tensor]:
    """By unit, the samples that lie on flat sides at all places, and the places that do; of all, the largest |z|."""
    samples, places = torch.zeros(2, z.shape[-1], dtype=torch.int32, device=z.device)
    largest = torch.zeros((), device=z.device)
    for some in blocks(z):
        quiet = []
        for block in map(_real, some):
            on = _on(block, flat)
            places += on.sum(dim=(0, 1), dtype=torch.int32)
            largest = torch.maximum(largest, block.abs().amax().float())
            quiet.append(on.all(dim=1))
        samples += reduce(torch.logical_and, quiet).sum(dim=0, dtype=torch.int32)
    return samples, places, largest


def _on(z: Tensor, flat: Iterable[Interval]) -> Tensor:
    """Where z lies on a flat side."""
    sides = [z <= high if math.isinf(low) else z >= low if math.isinf(high) else (z >= low) & (z <= high)
             for low, high in flat]  # fmt: skip
    return reduce(torch.logical_or, sides) if sides else torch.zeros_like(z, dtype=torch.bool)


def averages(h: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and mean square of each unit."""
    mean, square = torch.zeros(2, h.shape[-1], device=h.device)
    for block in (_real(part) for some in blocks(h) for part in some):
        mean += block.sum(dim=(0, 1))
        square += block.square().sum(dim=(0, 1))
    count = h.shape[0] * h.shape[1]
    return mean / count, square / count


def squares(x: Tensor) -> Tensor:
    """The sum of the squares of all elements."""
    x = x.detach()
    # as one row where that takes no copy, and can be cut anywhere
    x = x.reshape(-1) if x.is_contiguous() else x
    return torch.stack([_real(part).square().sum() for part in parts(x, 0, at_once(x))]).sum().float()


def distribution(z: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and mean square of evenly spread elements, and how many lie in each bin of asinh."""
    counted = _real(spread(z, _COUNTED))
    heights = (torch.asinh(counted) + REACH) * (BINS / (2 * REACH))
    bins = heights.clamp(0, BINS - 1).nan_to_num(0.0).long()
    # bincount would wait for the device
    histogram = torch.zeros(BINS, dtype=torch.int16, device=z.device)
    histogram.scatter_add_(0, bins, torch.ones_like(bins, dtype=torch.int16))
    return torch.stack([counted.mean(), counted.pow(2).mean()]), histogram


def _real(x: Tensor) -> Tensor:
    """In float32 or float64: half precision counts too coarsely."""
    return x if x.dtype in (torch.float32, torch.float64) else x.float()
