"""Programs as differentiable PyTorch operators: backward and forward mode of any order, vmap, compile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch

from rheobase.algebra.formula import derived
from rheobase.algebra.from_output import slope_from_output
from rheobase.algebra.program import Program
from rheobase.algebra.two_slopes import two_slopes
from rheobase.definition import REGISTERED
from rheobase.kernels.build import build
from rheobase.kernels.cpu.halves import halved, has_kernel
from rheobase.kernels.cpu.request import Wanted
from rheobase.kernels.cpu.row_request import kernel_name
from rheobase.torch import eager, eager_gated, eager_rows, mixed
from rheobase.torch.operations import (
    CONVERT,
    OPERATIONS,
    broadcast,
    detach,
    dtype_name,
    identity_matrix,
    join,
    move_back,
    move_last,
    split,
    uniform,
    work_dtype,
)
from rheobase.torch.plain import is_plain

Tensor = torch.Tensor
Operator = Callable[..., Tensor]

__all__ = [
    "CONVERT", "broadcast", "detach", "dtype_name", "evaluate", "identity_matrix", "join", "move_back", "move_last",
    "operator", "run", "split", "store", "uniform",
]  # fmt: skip


@cache
def plain(program: Program, axis: int | None, wide: bool) -> Operator:
    """`program` on tensors, computed in float32 or float64 and left so if `wide`, without derivatives of its own."""
    function = build(program, OPERATIONS, "torch")
    extra = (axis,) if program.is_row else ()

    def run(*tensors: Tensor) -> Tensor:
        dtype = tensors[0].dtype
        work = work_dtype(dtype)
        result = function(*[t.to(work) for t in tensors], *extra).to(work if wide else dtype)
        # autograd forbids an output that is an input, as identity's would be
        return result.clone() if any(result is t for t in tensors) else result

    return run


@cache
def operator(program: Program, axis: int | None, wide: bool = False) -> Operator:
    """`program` as an operator with backward and forward mode of any order, for autograd and functorch."""
    forward_plain = plain(program, axis, wide)

    class Tower(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(*tensors: Tensor) -> Tensor:
            return forward_plain(*tensors)

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            ctx.save_for_backward(*inputs)
            ctx.save_for_forward(*inputs)

        @staticmethod
        def backward(ctx: Any, *grads: Tensor) -> Any:
            return tuple(
                _gradient(program, i, axis, ctx.saved_tensors, grads[0]) if need else None
                for i, need in enumerate(ctx.needs_input_grad)
            )

        @staticmethod
        def jvp(ctx: Any, *tangents: Any) -> Any:
            saved = ctx.saved_tensors
            moved = [(i, t) for i, t in enumerate(tangents) if t is not None]
            return sum(operator(program.forward(i), axis)(*saved, t) for i, t in moved)

    return Tower.apply


def _gradient(program: Program, index: int, axis: int | None, saved: Sequence[Tensor], upstream: Tensor) -> Tensor:
    """The gradient of an argument, which may have been broadcast: summed in the wide dtype, then rounded."""
    found = operator(program.backward(index), axis, wide=True)(*saved, upstream)
    if not program.is_row and found.shape != upstream.shape:
        # a constant slope has the shape of x, which a parameter's may exceed
        found = found.expand_as(upstream)
    return found.sum_to_size(saved[index].shape).to(saved[index].dtype)


def evaluate(program: Program, arrays: Sequence[Any], axis: int | None = None) -> Tensor:
    """`program` on `arrays` (numbers become tensors), in the dtype of the first."""
    return operator(program, axis)(*_tensors(arrays))


def composite_gradient(wanted: Wanted, index: int, arguments: Sequence[Any], upstream: Tensor) -> Tensor:
    """The gradient by one argument, in operations that can be differentiated again."""
    program = derived(wanted.key, wanted.path, wanted.at_rest)
    return _gradient(program, index, None, _tensors(arguments), upstream)


def composite_halves(key: str, x: Tensor, axis: int, upstream: Tensor) -> Tensor:
    """The gradient of a gated unit by both halves, in operations that can be differentiated again."""
    program = derived(key, (), False)
    pair = split(x, axis)
    return join([_gradient(program, index, None, pair, upstream) for index in range(2)], axis)


def composite_from_output(key: str, output: Tensor, upstream: Tensor) -> Tensor:
    """The gradient by the input, from the output, in operations that can be differentiated again."""
    slope = slope_from_output(REGISTERED[key])
    assert slope is not None
    return (operator(slope, None, wide=True)(output) * upstream).to(output.dtype)


def composite_from_marks(wanted: Wanted, arguments: Sequence[Any], upstream: Tensor) -> Tensor:
    """The gradient of a function with two slopes, from which one it is and the parameters, to be differentiated again.

    The slopes themselves are constant: what depends on x is only which of them it is.
    """
    slopes = two_slopes(derived(wanted.key, wanted.path, wanted.at_rest))
    assert slopes is not None
    return operator(slopes.pull, None)(*_tensors([*arguments, upstream])).to(upstream.dtype)


def run(
    key: str, path: tuple[int, ...], at_rest: bool, arrays: Sequence[Any], axis: int | None, out: Tensor | None = None
) -> Tensor:
    """The registered function `key`, differentiated along `path`, on `arrays`; into `out` if it is given."""
    if axis is None and not torch.compiler.is_compiling() and is_plain(arrays):
        found = eager.run(key, path, at_rest, arrays, out)
        if found is not None:
            return found
    if axis is not None and not torch.compiler.is_compiling() and not path and is_plain(arrays):
        found = along_axis(key, arrays, axis, out)
        if found is not None:
            return found
    if REGISTERED[key].kind == "gated":
        assert axis is not None
        arrays = [*split(arrays[0], axis), *arrays[1:]]
    result = _opaque(key, path, at_rest, axis, *_tensors(arrays))
    return result if out is None else store(result, out)


def along_axis(key: str, arrays: Sequence[Any], axis: int, out: Tensor | None) -> Tensor | None:
    """A function of a row or a gated unit by its kernel; None if it has none."""
    x, name = arrays[0], kernel_name(key)
    is_gated = name is None and has_kernel(key)
    if name is None and not is_gated:
        return None
    if out is not None:
        mixed.check_out(out, torch.Size(halved(x.shape, axis)) if is_gated else x.shape, x.dtype)
    return eager_gated.run(key, x, axis, out) if name is None else eager_rows.run(name, x, axis, out)


def store(result: Tensor, out: Tensor) -> Tensor:
    """`out`, after `result` was written into it."""
    mixed.check_out(out, result.shape, result.dtype)
    with torch.no_grad():
        return out.copy_(result)


@torch.compiler.allow_in_graph
def _opaque(key: str, path: tuple[int, ...], at_rest: bool, axis: int | None, *tensors: Tensor) -> Tensor:
    # The compiler must not trace the algebra that makes the operator, only the operator itself.
    return operator(derived(key, path, at_rest), axis)(*tensors)


def _tensors(arrays: Sequence[Any]) -> list[Tensor]:
    first = arrays[0]
    work = work_dtype(first.dtype)
    return [a if isinstance(a, Tensor) else torch.tensor(a, dtype=work, device=first.device) for a in arrays]
