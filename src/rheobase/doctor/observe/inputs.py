"""The scale of what a model is fed."""

from __future__ import annotations

from typing import Any

import torch

from rheobase.doctor.records import Inputs

Tensor = torch.Tensor


@torch.no_grad()
def of_inputs(given: tuple[Any, ...]) -> Inputs | None:
    """Statistics of the first input of real numbers; None if there is none (indices of words)."""
    found = [x for x in given if isinstance(x, Tensor) and x.is_floating_point() and x.numel() > 1]
    if not found:
        return None
    x = found[0].detach().float()
    axis = 1 if x.dim() == 4 else -1
    rows = x.movedim(axis, -1).reshape(-1, x.shape[axis])
    sizes = rows.pow(2).mean(dim=0).sqrt()
    return Inputs(
        size=float(rows.pow(2).mean().sqrt()),
        widest=float(sizes.amax()),
        median=float(sizes.median()),
        features=rows.shape[-1],
        largest=float(rows.abs().amax()),
        finite=bool(torch.isfinite(rows).all()),
    )
