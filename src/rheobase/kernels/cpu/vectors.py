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
from numba.extending import intrinsic, models, overload, register_model

from rheobase.kernels.cpu.instructions import pointer_float32, pointer_float64

#: Lanes of every vector.
LANES = 32
#: Numbers that are converted at a time where arrays are of another format than the arithmetic.
CHUNK = 512
#: LLVM type, unsigned integer of its width, bits of the fraction, bias of the exponent.
_LAYOUT = {
    types.float64: (ir.DoubleType(), ir.IntType(64), 52, 1023),
    types.float32: (ir.FloatType(), ir.IntType(32), 23, 127),
}
_LLVM = {types.boolean: ir.IntType(1), **{kind: layout[0] for kind, layout in _LAYOUT.items()}}


class Vector(types.Type):
    """LANES numbers of one type, or LANES truths."""

    def __init__(self, element: Any) -> None:
        self.element = element
        super().__init__(name=f"Vector({element})")


@register_model(Vector)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Vector) -> None:
        super().__init__(manager, kind, ir.VectorType(_LLVM[kind.element], LANES))


TRUTHS = Vector(types.boolean)
POINTERS = {"float32": pointer_float32, "float64": pointer_float64}


def repeated(builder: Any, value: Any) -> Any:
    """A vector with `value` in every lane."""
    whole = ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined)
    first = builder.insert_element(whole, value, ir.IntType(32)(0))
    return builder.shuffle_vector(first, whole, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


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


def _fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    width = 32 if "float" in str(a.type) else 64
    name = f"llvm.fma.v{LANES}f{width}" if isinstance(a.type, ir.VectorType) else f"llvm.fma.f{width}"
    called = cgutils.get_or_insert_function(builder.module, ir.FunctionType(a.type, [a.type] * 3), name)
    return builder.call(called, (a, b, c))


def _bits(real: Any) -> tuple[Any, Any]:
    """The integer type as wide as `real`, lane for lane, and its constants."""
    lanes = isinstance(real, ir.VectorType)
    one = {layout[0]: layout[1] for layout in _LAYOUT.values()}[real.element if lanes else real]
    whole = ir.VectorType(one, LANES) if lanes else one
    return whole, lambda value: ir.Constant(whole, [value] * LANES if lanes else value)


def _two_to(builder: Any, t: Any) -> Any:
    integer, constant = _bits(t.type)
    _, _, fraction, bias = next(layout for layout in _LAYOUT.values() if str(layout[0]) in str(t.type))
    k = builder.shl(builder.bitcast(t, integer), constant(fraction))
    return builder.bitcast(builder.add(k, constant(bias << fraction)), t.type)


fma, two_to = ternary(_fma), unary(_two_to)

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


@overload(operator.neg, inline="always", strict=False)
def _negative(a: Any) -> Any:
    return (lambda a: _negated(a)) if isinstance(a, Vector) else None


@intrinsic
def widened(typing: Any, a: Any) -> Any:
    """The vector in float64."""
    if a.element == types.float64:
        return a(a), lambda context, builder, signature, args: args[0]
    wide = ir.VectorType(ir.DoubleType(), LANES)
    return Vector(types.float64)(a), lambda context, builder, signature, args: builder.fpext(args[0], wide)


@intrinsic
def narrowed(typing: Any, a: Any) -> Any:
    """The vector in float32."""
    narrow = ir.VectorType(ir.FloatType(), LANES)
    return Vector(types.float32)(a), lambda context, builder, signature, args: builder.fptrunc(args[0], narrow)


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


def fetch(real: Any) -> Any:
    """A function that reads a vector of `real` at an address."""

    @intrinsic
    def read(typing: Any, address: Any) -> Any:
        kind = Vector(real)

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            whole = context.get_value_type(kind)
            return builder.load(builder.inttoptr(args[0], whole.as_pointer()), align=real.bitwidth // 8)

        return kind(address), generate

    return read


@intrinsic
def put(typing: Any, address: Any, value: Any) -> Any:
    """Writes a vector at an address."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = builder.inttoptr(args[0], args[1].type.as_pointer())
        builder.store(args[1], place, align=value.element.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(address, value), generate


def every(real: Any) -> Any:
    """A function that repeats a number of type `real`."""

    @intrinsic
    def repeat(typing: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return repeated(builder, context.cast(builder, args[0], value, real))

        return Vector(real)(value), generate

    return repeat


def room(real: Any, count: int) -> Any:
    """A function that gives the address of `count` numbers on the stack."""

    @intrinsic
    def reserve(typing: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            place = cgutils.alloca_once(builder, _LLVM[real], size=ir.IntType(64)(count))
            place.align = 64
            return builder.ptrtoint(place, ir.IntType(64))

        return types.int64(), generate

    return reserve


def primitives(real: str) -> dict[str, Any]:
    """What loops over vectors call, by name, for numbers of type `real`."""
    kind = getattr(types, real)
    return {
        "LANES": LANES, "SIZE": kind.bitwidth // 8, "CHUNK": CHUNK, "where": where, "fma": fma, "two_to": two_to,
        "widened": widened, "narrowed": narrowed, "larger": larger, "folded_sum": folded_sum,
        "folded_largest": folded_largest, "fetch": fetch(kind), "put": put, "every": every(kind),
        "room": room(kind, CHUNK + LANES), "pointer_real": POINTERS[real],
    }  # fmt: skip


@intrinsic
def pack(typing: Any, address: Any, truths: Any) -> Any:
    """Writes LANES truths at an address, each as a bit."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = ir.IntType(LANES)
        builder.store(builder.bitcast(args[1], word), builder.inttoptr(args[0], word.as_pointer()))
        return context.get_dummy_value()

    return types.void(address, TRUTHS), generate


@intrinsic
def unpack(typing: Any, address: Any) -> Any:
    """The truths that `pack` wrote at an address."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = builder.load(builder.inttoptr(args[0], ir.IntType(LANES).as_pointer()))
        return builder.bitcast(word, ir.VectorType(ir.IntType(1), LANES))

    return TRUTHS(address), generate


#: What loops over bits call besides, by name.
BITS: Mapping[str, Any] = {"pack": pack, "unpack": unpack}
