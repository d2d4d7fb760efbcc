"""Kernels on PyTorch's CPU tensors in eager mode: one pass forward, one pass backward.

Whatever transforms or traces a program (compile, export, vmap, forward mode, a second derivative) takes the
composite operators of `rheobase.torch.autograd`, which it can look into.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch

from rheobase.kernels.cpu.kernel import Kernel, Wanted, kernel_for, parameters_of, words
from rheobase.kernels.cpu.layout import arrange
from rheobase.kernels.cpu.threads import ALONE, borrow, launch
from rheobase.torch.operations import DTYPES

Tensor = torch.Tensor

_PLAIN = {Tensor, torch.nn.Parameter}


@cache
def _share_threads() -> None:
    """Let kernels run on the OpenMP threads that PyTorch brings."""
    for file in sorted((Path(torch.__file__).parent / "lib").glob("libgomp*")):
        if sys.platform == "linux":
            borrow(ctypes.CDLL(str(file)))
            return


def is_plain(tensors: Sequence[Any]) -> bool:
    """Whether these are ordinary CPU tensors and numbers, and nobody watches what is done with them."""
    if torch._C._functorch.maybe_current_level() is not None or torch._C._len_torch_dispatch_stack():
        return False
    if torch.autograd.forward_ad._current_level >= 0 or torch._C._get_tracing_state() is not None:
        return False
    return all(not isinstance(t, Tensor) or (type(t) in _PLAIN and t.is_cpu and t.layout is torch.strided) for t in tensors)


def run(wanted: Wanted, kernel: Kernel, arguments: Sequence[Any], out: Tensor | None = None) -> Tensor:
    """The kernel's value at tensors and numbers, with the gradient that goes with it."""
    if out is not None:
        return compute(kernel, arguments, out=out)
    if torch.is_grad_enabled() and any(isinstance(a, Tensor) and a.requires_grad for a in arguments):
        result: Tensor = Fused.apply(wanted, kernel, *arguments)
        return result
    return compute(kernel, arguments)


class Fused(torch.autograd.Function):
    """A kernel with a kernel for its backward; what is kept are the arguments."""

    @staticmethod
    def forward(ctx: Any, wanted: Wanted, kernel: Kernel, *arguments: Any) -> Tensor:
        """The value."""
        ctx.wanted, ctx.numbers = wanted, [None if isinstance(a, Tensor) else a for a in arguments]
        ctx.save_for_backward(*[a for a in arguments if isinstance(a, Tensor)])
        return compute(kernel, arguments)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        """Upstream gradient × derivative, for every argument that asks for it."""
        kept = iter(ctx.saved_tensors)
        arguments = [next(kept) if number is None else number for number in ctx.numbers]
        needed = ctx.needs_input_grad[2:]
        return (None, None, *(gradient(ctx.wanted, k, arguments, upstream[0]) if need else None
                              for k, need in enumerate(needed)))  # fmt: skip


def gradient(wanted: Wanted, index: int, arguments: Sequence[Any], upstream: Tensor) -> Tensor:
    """The gradient by one argument: summed over what it was broadcast to, in float64, then rounded once."""
    from rheobase.torch.autograd import composite_gradient

    pulled = wanted._replace(pull=index)
    x = arguments[0]
    kernel = kernel_for(pulled, DTYPES[x.dtype], parameters_of(wanted.key, arguments))
    # a second derivative may be asked for: kernels have none
    if torch.is_grad_enabled() or kernel is None:
        return composite_gradient(wanted.program, index, arguments, upstream)
    target = arguments[index]
    if target.shape == upstream.shape:
        return compute(kernel, [*arguments, upstream]).to(target.dtype)
    wide = compute(kernel, [*arguments, upstream], torch.float64)
    return wide.sum_to_size(target.shape).to(target.dtype)


def compute(kernel: Kernel, arguments: Sequence[Any], dtype: torch.dtype | None = None, out: Tensor | None = None) -> Tensor:
    """The kernel at tensors and numbers, the first of which gives the dtype unless `dtype` does."""
    _share_threads()
    x = arguments[0]
    layout = arrange(tuple(tuple(a.shape) if isinstance(a, Tensor) else () for a in arguments))
    ready = [_ready(a, kind, x.dtype, layout.full) for a, kind in zip(arguments, layout.kinds, strict=True)]
    arrays = [r for r, kind in zip(ready, layout.kinds, strict=True) if kind == "array"]
    flat = layout.length == 1 and len({a.stride() for a in arrays}) == 1
    target = torch.empty_like(ready[0], dtype=dtype) if out is None else out
    if not (flat and target.stride() == arrays[0].stride()):
        # elements have to follow one another in the same order everywhere
        ready = [r.contiguous() if isinstance(r, Tensor) else r for r in ready]
        target = torch.empty(layout.full, dtype=dtype or x.dtype) if not target.is_contiguous() else target
    kinds = tuple("output" if out is not None and r is out else k for r, k in zip(ready, layout.kinds, strict=True))
    loop = kernel.loop(kinds, DTYPES[x.dtype], DTYPES[target.dtype])
    block = words(layout, target.data_ptr(), [r.data_ptr() if isinstance(r, Tensor) else r for r in ready])
    if layout.count:
        launch(loop, block, layout.count, torch.get_num_threads(), max(1, ALONE // layout.length))
    return target


def _ready(given: Any, kind: str, dtype: torch.dtype, full: tuple[int, ...]) -> Any:
    if kind == "number":
        return float(given)
    if kind != "array":
        return given.detach().to(torch.float64).contiguous()
    return given.detach().to(dtype).expand(full)
