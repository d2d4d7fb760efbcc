"""How much memory what was observed may take: a small share of what the activations take."""

from __future__ import annotations

from torch import Tensor

#: Share of the bytes of the activations' inputs that may be kept of one sort (the model's inputs; moments).
SHARE = 1 / 512


def allowance(activations: int, floor: int) -> int:
    """Bytes that may be kept beside so many bytes of activations; `floor` however small the network is."""
    return max(floor, int(SHARE * activations))


def size(x: Tensor) -> int:
    """Bytes of a tensor's elements."""
    return x.numel() * x.element_size()
