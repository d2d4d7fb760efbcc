"""The user's module inside what torch wraps around it."""

from __future__ import annotations

from typing import cast

from torch import nn
from torch._dynamo.eval_frame import OptimizedModule
from torch.nn.parallel import DataParallel, DistributedDataParallel


def unwrapped(model: nn.Module) -> nn.Module:
    """The module that torch.compile, DataParallel or DistributedDataParallel was given."""
    while isinstance(model, OptimizedModule | DataParallel | DistributedDataParallel):
        model = cast(nn.Module, model._orig_mod if isinstance(model, OptimizedModule) else model.module)
    return model
