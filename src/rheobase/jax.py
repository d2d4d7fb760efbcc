"""The functions on JAX arrays: custom derivatives of any order under jit, grad, vmap and jvp."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp

from rheobase.algebra.formula import derived
from rheobase.algebra.program import Program
from rheobase.definition import REGISTERED
from rheobase.errors import UnsupportedInput
from rheobase.kernels.build import build
from rheobase.kernels.elementary import elementary, rowwise

Array = Any

CONVERT = "x.astype('float32')"


def _exp(x: Array) -> Array:
    """e^x that stays by itself: of a product of two, XLA makes one of their sum, which has been rounded."""
    return jax.lax.optimization_barrier(jnp.exp(x))


def _first_max(x: Array, axis: int) -> Array:
    return jax.nn.one_hot(jnp.argmax(x, axis=axis), x.shape[axis], axis=axis, dtype=x.dtype)


BASIC: Mapping[str, Callable[..., Array]] = {
    "exp": _exp, "expm1": jnp.expm1, "log": jnp.log, "log1p": jnp.log1p, "sqrt": jnp.sqrt,
    "sin": jnp.sin, "cos": jnp.cos, "tan": jnp.tan, "sinh": jnp.sinh, "cosh": jnp.cosh,
    "asinh": jnp.arcsinh, "atan": jnp.arctan, "tanh": jnp.tanh, "abs": jnp.abs, "hypot": jnp.hypot,
    "power": jnp.power, "where": jnp.where, "nearest": jnp.round, "constant": jnp.full_like,
    "sum": lambda x, axis: jnp.sum(x, axis=axis, keepdims=True),
    "max": lambda x, axis: jnp.max(x, axis=axis, keepdims=True),
    "sort_down": lambda x, axis: jnp.sort(x, axis=axis, descending=True),
    "cumsum": lambda x, axis: jnp.cumsum(x, axis=axis),
    "first_max": _first_max,
}  # fmt: skip

OPERATIONS: Mapping[str, Callable[..., Array]] = {**BASIC, **elementary(BASIC), **rowwise(BASIC)}


def dtype_name(x: Array) -> str:
    """The dtype of `x` as NumPy calls it."""
    return str(x.dtype)


@cache
def operator(program: Program, axis: int | None) -> Callable[..., Array]:
    """`program` as a JAX function whose derivative is the program's own, again such a function."""
    function = build(program, OPERATIONS, "jax")
    extra = (axis,) if program.is_row else ()

    @jax.custom_jvp
    def run(*arrays: Array) -> Array:
        dtype = arrays[0].dtype
        work = jnp.promote_types(dtype, jnp.float32)
        return function(*[a.astype(work) for a in arrays], *extra).astype(dtype)

    @run.defjvp
    def forward(arrays: Sequence[Array], tangents: Sequence[Array]) -> tuple[Array, Array]:
        value = run(*arrays)
        change = jnp.zeros_like(value)
        for index, tangent in enumerate(tangents):
            # a parameter that is a plain number has no tangent worth deriving a formula for
            if type(tangent) is not jax.custom_derivatives.SymbolicZero:
                change = change + _moved(program, index, axis, arrays, tangent).astype(value.dtype)
        return value, change

    run.defjvp(forward, symbolic_zeros=True)
    # by itself JAX compiles, and keeps for ever, each operation of a formula for each shape
    return jax.jit(run, inline=True)


def _moved(program: Program, index: int, axis: int | None, arrays: Sequence[Array], tangent: Array) -> Array:
    """Derivative × tangent. Operators meet the primals alone: JAX would look through one that meets a tangent,
    and differentiate its code instead of using its rule."""
    if not program.is_row:
        return operator(program.partial(index), axis)(*arrays) * tangent
    parts = program.jacobian(index)

    def along_row(expression: Any) -> Array:
        if expression.is_number:
            return float(expression)
        return operator(Program(program.arguments, expression), axis)(*arrays)

    terms = [along_row(parts.diagonal) * tangent] if parts.diagonal != 0 else []
    for left, right in parts.outer:
        terms.append(along_row(left) * jnp.sum(along_row(right) * tangent, axis=axis, keepdims=True))
    return sum(terms, start=jnp.zeros(()))


def evaluate(program: Program, arrays: Sequence[Array], axis: int | None = None) -> Array:
    """`program` on `arrays`, in the dtype of the first."""
    work = jnp.promote_types(arrays[0].dtype, jnp.float32)
    return operator(program, axis)(*[jnp.asarray(a, None if hasattr(a, "dtype") else work) for a in arrays])


def run(
    key: str, path: tuple[int, ...], at_rest: bool, arrays: Sequence[Array], axis: int | None, out: Array | None = None
) -> Array:
    """The registered function `key`, differentiated along `path`, on `arrays`."""
    if REGISTERED[key].kind == "gated":
        assert axis is not None
        arrays = [*split(arrays[0], axis), *arrays[1:]]
    result = evaluate(derived(key, path, at_rest), arrays, axis)
    return result if out is None else store(result, out)


def store(result: Array, out: Array) -> Array:
    """JAX arrays cannot be written to."""
    raise UnsupportedInput("out= is for NumPy arrays and PyTorch tensors; JAX arrays cannot be written to")


def uniform(like: Array, rng: Array | None) -> Array:
    """Numbers from the open interval (0, 1) in the shape of `like`; JAX needs its key spelt out."""
    if rng is None:
        raise UnsupportedInput("random functions on JAX arrays need a key: pass rng=jax.random.key(0)")
    work = jnp.promote_types(like.dtype, jnp.float32)
    return jax.random.uniform(rng, like.shape, work, minval=float(jnp.finfo(work).tiny))


def split(x: Array, axis: int) -> Sequence[Array]:
    """The two halves of `x` along `axis`."""
    return jnp.split(x, 2, axis=axis)


def join(parts: Sequence[Array], axis: int) -> Array:
    """The inverse of `split`."""
    return jnp.concatenate(parts, axis=axis)


def move_last(x: Array, axis: int) -> Array:
    """`x` with `axis` as its last axis."""
    return jnp.moveaxis(x, axis, -1)


def move_back(x: Array, axis: int) -> Array:
    """`x` with its last axis moved to `axis`."""
    return jnp.moveaxis(x, -1, axis)


def broadcast(x: Array, like: Array) -> Array:
    """`x` repeated to the shape of `like`."""
    return jnp.broadcast_to(x, like.shape)


def identity_matrix(size: int, like: Array) -> Array:
    """The unit matrix in the dtype of `like`."""
    return jnp.eye(size, dtype=like.dtype)


def detach(x: Array) -> Array:
    """`x` without its gradient."""
    return jax.lax.stop_gradient(x)
