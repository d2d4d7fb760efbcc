"""Inputs that were seen lately: the network as it is at the end is run on them once more."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from rheobase.doctor.observe.allowance import allowance, size

Tensor = torch.Tensor

#: Batches that are kept at most, and bytes that may be kept of any network: with a quarter of them, the benchmark's
#: units that died late were missed (learning rate 0.5 for four steps).
_BATCHES, _FLOOR = 16, 1 << 18


class Kept:
    """The latest inputs, by reference, as far as they are small."""

    def __init__(self) -> None:
        self._batches: deque[tuple[Any, ...]] = deque(maxlen=_BATCHES)

    def add(self, inputs: tuple[Any, ...], activations: int) -> None:
        """Keep an input beside so many bytes of activations; the oldest ones make room."""
        most = allowance(activations, _FLOOR)
        if inputs and _bytes(inputs) <= most:
            self._batches.append(inputs)
            while sum(map(_bytes, self._batches)) > most:
                self._batches.popleft()

    def take(self) -> list[tuple[Any, ...]]:
        """All that is kept; nothing is kept afterwards."""
        found = list(self._batches)
        self._batches.clear()
        return found


def _bytes(inputs: tuple[Any, ...]) -> int:
    return sum(size(x) for x in inputs if isinstance(x, Tensor))


@contextmanager
def left_as_it_was(model: nn.Module) -> Iterator[None]:
    """Buffers (the statistics of batch normalisation), modes and random numbers are set back at the end."""
    kept = {name: buffer.clone() for name, buffer in model.named_buffers()}
    modes = [(layer, layer.training) for layer in model.modules()]
    with torch.random.fork_rng():
        try:
            yield
        finally:
            with torch.no_grad():
                for name, buffer in model.named_buffers():
                    buffer.copy_(kept[name])
            for layer, training in modes:
                layer.training = training
