"""The scale of what a model is fed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from rheobase.doctor.observe.sums import averages, rows, silence
from rheobase.doctor.records import Inputs

Tensor = torch.Tensor


@torch.no_grad()
def seen(given: tuple[Any, ...]) -> Tensor | None:
    """Root mean square of each feature of the first input of real numbers, and the largest of all; on its device.

    None if there is no such input (indices of words).
    """
    found = [x for x in given if isinstance(x, Tensor) and x.is_floating_point() and x.numel() > 1]
    if not found:
        return None
    x = rows(found[0], 1 if found[0].dim() == 4 else -1)
    _, square = averages(x)
    _, _, largest = silence(x, ())
    return torch.cat([square.sqrt(), largest[None]])


def plain(numbers: Tensor | None) -> Inputs | None:
    """What was seen as plain numbers."""
    if numbers is None:
        return None
    *sizes, largest = numbers.tolist()
    return Inputs(
        size=float(np.square(sizes).mean() ** 0.5),
        widest=float(np.max(sizes)),
        median=float(np.quantile(sizes, 0.5, method="lower")),
        features=len(sizes),
        largest=largest,
        finite=math.isfinite(largest),
    )


def of_inputs(given: tuple[Any, ...]) -> Inputs | None:
    """Statistics of the first input of real numbers; None if there is none."""
    return plain(seen(given))
