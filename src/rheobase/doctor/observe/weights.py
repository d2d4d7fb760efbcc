"""What training does to the weights: their gradients, and how far a step moves them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from rheobase.doctor.observe.sums import squares
from rheobase.doctor.records import ParameterStatistics
from rheobase.torch.initialise import fan_in

Tensor = torch.Tensor

#: Stands for the gradient that a tensor has not got.
NONE = -1.0
#: Entries of a tensor that are compared before and after a step; more are thinned out evenly.
_COMPARED = 1 << 12
#: Rows and columns that are looked at for rows which are equal; up to twice as many are.
_ROWS, _COLUMNS = 1024, 128


class Weights:
    """Weight tensors (two dimensions or more) of a model at observed steps."""

    def __init__(self, model: nn.Module, optimised: set[int] | None) -> None:
        named = dict(model.named_parameters())
        self.tensors = {path: p for path, p in named.items() if p.dim() >= 2 and p.numel()}
        self.layers = {path: model.get_submodule(path.rpartition(".")[0]) for path in self.tensors}
        self.optimised = optimised
        self.scales = {path: float(_scale(p.detach())) for path, p in self.tensors.items()}
        self.twins = {path: _twins(p) for path, p in self.tensors.items()}
        self._gradients: list[Tensor] = []
        self._updates: list[Tensor] = []
        self._before: list[Tensor] = []

    @torch.no_grad()
    def gradients(self, found: Sequence[Tensor | None]) -> None:
        """Note the gradients of all tensors, in their order."""
        sizes = [p.new_full((), NONE).float() if g is None else _scale(g)
                 for g, p in zip(found, self.tensors.values(), strict=True)]  # fmt: skip
        if sizes:
            self._gradients.append(torch.stack([s.to(sizes[0].device) for s in sizes]))

    @torch.no_grad()
    def before_step(self) -> None:
        """Note gradients and weights just before the optimizer moves them."""
        self.gradients([p.grad for p in self.tensors.values()])
        self._before = [_thinned(p).clone() for p in self.tensors.values()]

    @torch.no_grad()
    def after_step(self) -> None:
        """Note by how much they were moved."""
        if not self._before:
            return
        moved = [(_thinned(p) - b).norm() / b.norm() for p, b in zip(self.tensors.values(), self._before, strict=True)]
        self._updates.append(torch.stack([m.float().to(moved[0].device) for m in moved]))
        self._before = []

    def statistics(self) -> tuple[ParameterStatistics, ...]:
        """All as plain numbers."""
        gradients, updates = _table(self._gradients), _table(self._updates)
        return tuple(
            ParameterStatistics(
                path=path,
                layer=path.rpartition(".")[0],
                fan_in=_fan_in(self.layers[path], p),
                scale=self.scales[path],
                twins=self.twins[path],
                trained=p.requires_grad,
                optimised=self.optimised is None or id(p) in self.optimised,
                used=bool(len(gradients)) and bool((gradients[:, i] != NONE).any()),
                gradients=gradients[:, i] if len(gradients) else np.zeros(0),
                updates=updates[:, i] if len(updates) else np.zeros(0),
            )
            for i, (path, p) in enumerate(self.tensors.items())
        )


def _table(rows: list[Tensor]) -> np.ndarray:
    return torch.stack(rows).cpu().double().numpy() if rows else np.zeros((0, 0))


def _thinned(p: Tensor) -> Tensor:
    flat = p.detach().reshape(-1)
    return flat[:: (flat.numel() // _COMPARED) | 1] if flat.numel() > 2 * _COMPARED else flat


def _fan_in(layer: nn.Module, p: Tensor) -> float:
    return fan_in(layer) if hasattr(layer, "kernel_size") else float(p.shape[-1])


def _scale(x: Tensor) -> Tensor:
    """Root mean square."""
    known = x.coalesce().values() if x.is_sparse else x
    return (squares(known) / x.numel()).sqrt()


@torch.no_grad()
def _twins(p: Tensor) -> float:
    """Share of the rows that equal another one; of a large matrix, some rows and columns stand for all."""
    rows = p.detach().reshape(len(p), -1)
    rows = rows[:: (len(rows) // _ROWS) | 1, :: (rows.shape[1] // _COLUMNS) | 1]
    different = len(torch.unique(rows, dim=0))
    return 0.0 if different == len(rows) else 1 - (different - 1) / max(len(rows) - 1, 1)
