"""Whether tensors are ordinary ones that kernels may read, with nobody watching what is done with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import is_grad_enabled
from torch._C import _get_tracing_state as tracing
from torch._C import _len_torch_dispatch_stack as dispatch_modes
from torch._C._functorch import is_legacy_batchedtensor
from torch._C._functorch import maybe_current_level as functorch_level
from torch.autograd import forward_ad

_PLAIN = frozenset({torch.Tensor, torch.nn.Parameter})
_STRIDED = torch.strided


def is_plain(arguments: Sequence[Any]) -> bool:
    """Whether these are ordinary CPU tensors and numbers, and nobody watches what is done with them."""
    if functorch_level() is not None or dispatch_modes() or forward_ad._current_level >= 0 or tracing() is not None:
        return False
    for a in arguments:
        kind = type(a)
        if kind is not float and not (kind in _PLAIN and a.is_cpu and a.layout is _STRIDED):
            return False
    return True


def is_plain_gradient(upstream: torch.Tensor) -> bool:
    """The same of an upstream gradient, of which `is_grads_batched` brings many in one; no kernel where it must be
    possible to differentiate again, for kernels have no second derivative."""
    if is_grad_enabled() or is_legacy_batchedtensor(upstream):
        return False
    # as above, in fewer steps: it is asked at every backward
    if functorch_level() is not None or dispatch_modes() or forward_ad._current_level >= 0 or tracing() is not None:
        return False
    return type(upstream) in _PLAIN and upstream.is_cpu and upstream.layout is _STRIDED
