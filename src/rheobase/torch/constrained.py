"""Learnable parameters that stay in their domain: an unconstrained number is mapped into it."""

from __future__ import annotations

import torch
from torch import nn

from rheobase.definition import Parameter
from rheobase.domain import Domain

Tensor = torch.Tensor


def attribute(parameter: Parameter) -> str:
    """Name of the trained tensor: the parameter's own where every number is allowed."""
    return parameter.name if parameter.domain.shape == "line" else f"raw_{parameter.name}"


def to_raw(domain: Domain, value: Tensor) -> Tensor:
    """The unconstrained number that `from_raw` maps to `value`; an end of the domain is approached."""
    if domain.shape == "line":
        return value
    tiny = torch.finfo(value.dtype).eps
    if domain.shape == "ray":
        above = (value - domain.low).clamp_min(tiny)
        return above + torch.log(-torch.expm1(-above))
    share = ((value - domain.low) / (domain.high - domain.low)).clamp(tiny, 1 - tiny)
    return torch.logit(share)


def from_raw(domain: Domain, raw: Tensor) -> Tensor:
    """A number of the domain: low + softplus(raw) on a ray, low + width·sigmoid(raw) on a segment."""
    if domain.shape == "line":
        return raw
    if domain.shape == "ray":
        return domain.low + nn.functional.softplus(raw)
    return domain.low + (domain.high - domain.low) * torch.sigmoid(raw)


def along_channels(value: Tensor, dimensions: int) -> Tensor:
    """`value` shaped to act on dimension 1 of an input, or on all of it if it is one number."""
    if value.numel() == 1:
        return value.reshape(())
    return value.reshape(-1, *[1] * max(dimensions - 2, 0))
