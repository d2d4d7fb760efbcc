"""How sharply attention looks: the entropy of its weights, per head, and the size of its logits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F

from rheobase.doctor.observe.blocks import at_once
from rheobase.doctor.records import AttentionStatistics

Tensor = torch.Tensor

#: Samples of a batch that are looked at, at most.
_SAMPLES = 4


class Attention:
    """The latest pass through each place that attends, by path and number of the call."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, int], tuple[Tensor, Tensor]] = {}

    @torch.no_grad()
    def heard(self, func: Any, path: str, call: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Note a call of one of `LOGITS`."""
        logits = LOGITS[func](args, kwargs)
        if logits is None or logits.shape[-1] < 2:
            return
        shares = logits.softmax(dim=-1)
        entropy = -torch.special.xlogy(shares, shares).sum(dim=-1) / math.log(logits.shape[-1])
        heads = entropy.mean(dim=(0, 2))
        largest = torch.where(torch.isfinite(logits), logits, 0).abs().amax()
        self._latest[path, call] = heads, largest

    def statistics(self) -> tuple[AttentionStatistics, ...]:
        """As plain numbers."""
        found = self._latest.items()
        return tuple(AttentionStatistics(path, h.cpu().double().numpy(), float(m)) for (path, _), (h, m) in found)


def _of_dot_product(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Tensor | None:
    """Logits as (samples, heads, queries, keys); None where queries and keys have no heads."""
    query, key = args[0].detach(), args[1].detach()
    if query.dim() != 4 or query.shape[1] != key.shape[1]:
        return None
    scale = kwargs.get("scale") or query.shape[-1] ** -0.5
    samples, every = _looked_at(query, len(query), query.shape[1], query.shape[2], key.shape[2])
    logits = query[:samples, :, ::every].float() @ key[:samples].float().transpose(-1, -2) * scale
    if kwargs.get("is_causal"):
        places = (torch.arange(n, device=logits.device) for n in (query.shape[2], key.shape[2]))
        here, there = next(places)[::every, None], next(places)
        logits = logits.masked_fill(there > here, -math.inf)
    return logits


def _of_module(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Tensor | None:
    """Logits of nn.MultiheadAttention, whose one weight matrix makes queries and keys."""
    query, key, width, heads, weight, bias = *args[:2], *args[3:7]
    if weight is None:
        return None
    samples, every = _looked_at(query, query.shape[1], heads, len(query), len(key))
    biases = bias.chunk(3) if bias is not None else (None, None)
    parts = zip((query[::every], key), weight.chunk(3), biases, strict=False)
    q, k = (F.linear(x[:, :samples].float(), w.float(), None if b is None else b.float()) for x, w, b in parts)
    q, k = (x.reshape(*x.shape[:2], heads, width // heads).permute(1, 2, 0, 3) for x in (q, k))
    return q @ k.transpose(-1, -2) * (width // heads) ** -0.5


def _looked_at(query: Tensor, samples: int, heads: int, queries: int, keys: int) -> tuple[int, int]:
    """How many samples are looked at, and every which query of theirs: all logits together stay small."""
    rows = max(1, at_once(query) // (heads * keys))
    samples = min(samples, _SAMPLES, rows)
    return samples, math.ceil(queries * samples / rows)


#: By function of torch, how the logits follow from its arguments.
LOGITS: Mapping[Any, Callable[[tuple[Any, ...], Mapping[str, Any]], Tensor | None]] = {
    F.scaled_dot_product_attention: _of_dot_product,
    F.multi_head_attention_forward: _of_module,
}
