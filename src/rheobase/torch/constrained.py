"""Learnable parameters that stay in their domain: an unconstrained number is mapped into it."""

from __future__ import annotations

import math

import torch
from torch import nn

from rheobase.definition import Parameter
from rheobase.domain import Domain

Tensor = torch.Tensor


def attribute(parameter: Parameter) -> str:
    """Name of the trained tensor: the parameter's own where every number is allowed."""
    return f"raw_{parameter.name}" if _bounded(parameter.domain) else parameter.name


# Comparisons and not math.isinf: a compiler for changing shapes takes the ends for symbols, on which it
# cannot call functions of `math`.


def _bounded(domain: Domain) -> bool:
    return domain.low > -math.inf or domain.high < math.inf


def _mirrored(domain: Domain) -> Domain | None:
    """For a domain with an upper end only: its mirror image, which has a lower end only."""
    if domain.low > -math.inf or domain.high == math.inf:
        return None
    return Domain(-domain.high, -domain.low, domain.closed_high, domain.closed_low)


def to_raw(domain: Domain, value: Tensor) -> Tensor:
    """The unconstrained number that `from_raw` maps to `value`; an end of the domain is approached."""
    if not _bounded(domain):
        return value
    if mirror := _mirrored(domain):
        return to_raw(mirror, -value)
    tiny = torch.finfo(value.dtype).eps
    if domain.high == math.inf:
        above = (value - domain.low).clamp_min(tiny)
        return above + torch.log(-torch.expm1(-above))
    share = ((value - domain.low) / (domain.high - domain.low)).clamp(tiny, 1 - tiny)
    return torch.logit(share)


def from_raw(domain: Domain, raw: Tensor) -> Tensor:
    """A number of the domain: low + softplus(raw) on a ray, low + width·sigmoid(raw) on a segment.

    Its ends are not reached, even where softplus and sigmoid round to 0 or 1.
    """
    if not _bounded(domain):
        return raw
    if mirror := _mirrored(domain):
        return -from_raw(mirror, raw)
    number = torch.finfo(raw.dtype)
    if domain.high == math.inf:
        return domain.low + nn.functional.softplus(raw).clamp_min(max(number.tiny, number.eps * abs(domain.low)))
    inside = domain.low + (domain.high - domain.low) * torch.sigmoid(raw)
    margin = number.eps * max(abs(domain.low), abs(domain.high), domain.high - domain.low)
    return inside.clamp(domain.low + margin, domain.high - margin)


def along_channels(value: Tensor, dimensions: int) -> Tensor:
    """`value` shaped to act on dimension 1 of an input, or on all of it if it is one number."""
    if value.numel() == 1:
        return value.reshape(())
    return value.reshape(-1, *[1] * max(dimensions - 2, 0))
