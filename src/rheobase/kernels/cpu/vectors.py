"""Vectors of a fixed number of lanes, for Numba: kernels that take numbers take them as well.

Sums depend on the order of additions: here it is written down, not left to an optimiser. A number that meets
a vector is brought to its format and repeated.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from rheobase.kernels.cpu.instructions import pointer_float32, pointer_float64
from rheobase.kernels.cpu.lanes import CHUNK, LANES
from rheobase.kernels.cpu.vector_memory import fetch, fetch_first, prefetch, put, put_first, room
from rheobase.kernels.cpu.vector_type import LAYOUT, LLVM, TRUTHS, Vector, every, repeated

POINTERS = {"float32": pointer_float32, "float64": pointer_float64}


def _common(kinds: Any) -> Any:
    """What arguments are brought to: the vector's type if one is a vector."""
    return next((k for k in kinds if isinstance(k, Vector)), kinds[0])


def _lifted(context: Any, builder: Any, value: Any, kind: Any, common: Any) -> Any:
    if kind == common:
        return value
    if not isinstance(common, Vector):
        return context.cast(builder, value, kind, common)
    return repeated(builder, context.cast(builder, value, kind, common.element))


def _lanewise(emit: Callable[..., Any], kinds: tuple[Any, ...], truth: bool) -> Any:
    common = _common(kinds)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return emit(builder, *[_lifted(context, builder, a, k, common) for a, k in zip(args, kinds, strict=True)])

    return (TRUTHS if truth else common)(*kinds), generate


def unary(emit: Callable[..., Any]) -> Any:
    """What `emit` writes, for each lane of a vector or for a number, as a function."""
    return intrinsic(lambda typing, a: _lanewise(emit, (a,), False))


def binary(emit: Callable[..., Any], truth: bool = False) -> Any:
    """The same for two, of which one may be a number; `truth`: a comparison."""
    return intrinsic(lambda typing, a, b: _lanewise(emit, (a, b), truth))


def ternary(emit: Callable[..., Any]) -> Any:
    """The same for three."""
    return intrinsic(lambda typing, a, b, c: _lanewise(emit, (a, b, c), False))


@intrinsic
def where(typing: Any, condition: Any, yes: Any, no: Any) -> Any:
    """A select; its condition may be one truth for all lanes."""
    common = _common((yes, no))
    # numbers to choose from by lane
    common = Vector(common) if isinstance(condition, Vector) and not isinstance(common, Vector) else common

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        chosen = [_lifted(context, builder, a, k, common) for a, k in zip(args[1:], (yes, no), strict=True)]
        return builder.select(args[0], *chosen)

    return common(condition, yes, no), generate


def _call(builder: Any, name: str, *args: Any) -> Any:
    """LLVM's function of that name, for the arguments' type."""
    kind = args[0].type
    lanes = f"v{LANES}" if isinstance(kind, ir.VectorType) else ""
    full = f"llvm.{name}.{lanes}f{32 if 'float' in str(kind) else 64}"
    called = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind] * len(args)), full)
    return builder.call(called, args)


def _fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    return _call(builder, "fma", a, b, c)


def _constant(kind: Any, value: Any) -> Any:
    return ir.Constant(kind, [value] * LANES if isinstance(kind, ir.VectorType) else value)


def _format(kind: Any) -> tuple[Any, int, int]:
    """The integer type as wide as `kind`, lane for lane; bits of the fraction, bias of the exponent."""
    lanes = isinstance(kind, ir.VectorType)
    number = kind.element if lanes else kind
    integer, fraction, bias = next(layout[1:] for layout in LAYOUT.values() if layout[0] == number)
    return ir.VectorType(integer, LANES) if lanes else integer, fraction, bias


def _two_to(builder: Any, t: Any) -> Any:
    integer, fraction, bias = _format(t.type)
    k = builder.shl(builder.bitcast(t, integer), _constant(integer, fraction))
    return builder.bitcast(builder.add(k, _constant(integer, bias << fraction)), t.type)


def _two_to_biased(builder: Any, t: Any) -> Any:
    integer, fraction, _ = _format(t.type)
    return builder.bitcast(builder.shl(builder.bitcast(t, integer), _constant(integer, fraction)), t.type)


def _exponent(builder: Any, x: Any) -> Any:
    integer, fraction, bias = _format(x.type)
    bits = builder.shl(builder.bitcast(x, integer), _constant(integer, 1))
    bits = builder.lshr(bits, _constant(integer, fraction + 1))
    shifted = builder.bitcast(builder.or_(bits, _constant(integer, (fraction + bias) << fraction)), x.type)
    return builder.fsub(shifted, _constant(x.type, float(2**fraction + bias)))


fma, two_to, two_to_biased, exponent = ternary(_fma), unary(_two_to), unary(_two_to_biased), unary(_exponent)

#: Operators, and the instructions that they are.
_ARITHMETIC: Mapping[Any, str] = {
    operator.add: "fadd", operator.sub: "fsub", operator.mul: "fmul", operator.truediv: "fdiv",
}  # fmt: skip
_COMPARISONS: Mapping[Any, str] = {
    operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">=", operator.eq: "==",
}  # fmt: skip


def _declare(symbol: Any, instruction: Any) -> None:
    @overload(symbol, inline="always", strict=False)
    def operate(a: Any, b: Any) -> Any:
        if isinstance(a, Vector) or isinstance(b, Vector):
            return lambda a, b: instruction(a, b)
        return None


def _compare(sign: str) -> Callable[..., Any]:
    return lambda builder, a, b: builder.fcmp_ordered(sign, a, b)


for _symbol, _name in _ARITHMETIC.items():
    _declare(_symbol, binary(lambda builder, a, b, name=_name: getattr(builder, name)(a, b)))
for _symbol, _sign in _COMPARISONS.items():
    _declare(_symbol, binary(_compare(_sign), truth=True))
_declare(operator.ne, binary(lambda builder, a, b: builder.fcmp_unordered("!=", a, b), truth=True))
_declare(operator.and_, binary(lambda builder, a, b: builder.and_(a, b)))
_declare(operator.or_, binary(lambda builder, a, b: builder.or_(a, b)))
_negated = unary(lambda builder, a: builder.fneg(a))
_size = unary(lambda builder, a: _call(builder, "fabs", a))


@overload(operator.neg, inline="always", strict=False)
def _negative(a: Any) -> Any:
    return (lambda a: _negated(a)) if isinstance(a, Vector) else None


@overload(abs, inline="always", strict=False)
def _absolute(a: Any) -> Any:
    return (lambda a: _size(a)) if isinstance(a, Vector) else None


@intrinsic
def anywhere(typing: Any, truth: Any) -> Any:
    """Whether it holds in any lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits = ir.IntType(LANES)
        return builder.icmp_unsigned("!=", builder.bitcast(args[0], bits), bits(0)) if lanes else args[0]

    lanes = isinstance(truth, Vector)
    return types.boolean(truth), generate


def _converted(target: Any, change: str) -> Any:
    """A vector or a number in the format `target`, by the instruction called `change`."""

    @intrinsic
    def convert(typing: Any, a: Any) -> Any:
        if not isinstance(a, Vector):
            return target(a), lambda context, builder, signature, args: context.cast(builder, args[0], a, target)
        if a.element == target:
            return a(a), lambda context, builder, signature, args: args[0]
        whole = ir.VectorType(LLVM[target], LANES)
        return Vector(target)(a), lambda context, builder, signature, args: getattr(builder, change)(args[0], whole)

    return convert


widened, narrowed = _converted(types.float64, "fpext"), _converted(types.float32, "fptrunc")


def _folded(combine: Callable[..., Any]) -> Any:
    """All lanes in one: the upper half joins the lower, and so on."""

    @intrinsic
    def fold(typing: Any, a: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            value, count = args[0], LANES
            while count > 1:
                count //= 2
                half = ir.VectorType(ir.IntType(32), count)
                low = builder.shuffle_vector(value, value, ir.Constant(half, list(range(count))))
                high = builder.shuffle_vector(value, value, ir.Constant(half, list(range(count, 2 * count))))
                value = combine(builder, low, high)
            return builder.extract_element(value, ir.IntType(32)(0))

        return a.element(a), generate

    return fold


def _larger(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


larger = binary(_larger)
folded_sum = _folded(lambda builder, a, b: builder.fadd(a, b))
folded_largest = _folded(_larger)


def primitives(real: str) -> dict[str, Any]:
    """What loops over vectors call, by name, for numbers of type `real`."""
    kind = getattr(types, real)
    return {
        "LANES": LANES, "SIZE": kind.bitwidth // 8, "CHUNK": CHUNK, "WIDE": 8 * LANES,
        "where": where, "fma": fma, "two_to": two_to, "two_to_biased": two_to_biased, "exponent": exponent,
        "widened": widened, "narrowed": narrowed, "larger": larger, "anywhere": anywhere,
        "folded_sum": folded_sum, "folded_largest": folded_largest, "every": every(kind),
        "fetch": fetch(kind), "fetch_first": fetch_first(kind), "fetch_wide": fetch(types.float64),
        "put": put, "put_first": put_first, "prefetch": prefetch(kind), "pointer_real": POINTERS[real],
        "room": room(kind, CHUNK + LANES), "parts_room": room(types.float64, LANES * LANES),
    }  # fmt: skip
