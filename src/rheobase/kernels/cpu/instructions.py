"""The primitives of the kernel language as machine instructions, for Numba; and how arrays are read and written.

Only compilation imports this module: code that is on disk already runs without Numba.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

#: LLVM type, unsigned integer of its width, bits of the fraction, bias of the exponent.
_LAYOUT = {
    types.float64: (ir.DoubleType(), ir.IntType(64), 52, 1023),
    types.float32: (ir.FloatType(), ir.IntType(32), 23, 127),
}


def _llvm(name: str) -> Callable[..., Any]:
    """A call of LLVM's own function of numbers of one type."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        real = args[0].type
        kind = ir.FunctionType(real, [real] * len(args))
        width = {ir.DoubleType(): 64, ir.FloatType(): 32}[real]
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.f{width}"), args)

    return generate


@intrinsic
def fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """One fused instruction where the machine has it, and the same result where not."""

    return a(a, a, a), _llvm("fma")


@intrinsic
def sqrt(typing: Any, x: Any) -> Any:
    """The square root, which processors round right."""
    return x(x), _llvm("sqrt")


@intrinsic
def where(typing: Any, condition: Any, yes: Any, no: Any) -> Any:
    """A select, which unlike a branch vectorises."""
    return yes(types.boolean, yes, yes), lambda context, builder, signature, args: builder.select(*args)


@intrinsic
def two_to(typing: Any, t: Any) -> Any:
    """The low bits of t, which hold k, moved into the exponent."""
    real, integer, fraction, bias = _LAYOUT[t]

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        k = builder.shl(builder.bitcast(args[0], integer), integer(fraction))
        return builder.bitcast(builder.add(k, integer(bias << fraction)), real)

    return t(t), generate


@intrinsic
def exponent(typing: Any, x: Any) -> Any:
    """The exponent's bits under those of 2^fraction, which is then subtracted: no conversion of integers."""
    real, integer, fraction, bias = _LAYOUT[x]

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        magic = (fraction + bias) << fraction
        bits = builder.lshr(builder.shl(builder.bitcast(args[0], integer), integer(1)), integer(fraction + 1))
        shifted = builder.bitcast(builder.or_(bits, integer(magic)), real)
        return builder.fsub(shifted, real(float(2**fraction + bias)))

    return x(x), generate


def _cast(source: Any, target: Any) -> Any:
    @intrinsic
    def cast(typing: Any, x: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = context.get_value_type(target)
            is_address = isinstance(target, types.CPointer)
            return builder.inttoptr(args[0], kind) if is_address else builder.bitcast(args[0], kind)

        return target(source), generate

    return cast


as_float64, as_int64 = _cast(types.int64, types.float64), _cast(types.float64, types.int64)
as_float32, as_uint32 = _cast(types.uint32, types.float32), _cast(types.float32, types.uint32)
pointer_float64 = _cast(types.int64, types.CPointer(types.float64))
pointer_float32 = _cast(types.int64, types.CPointer(types.float32))
pointer_16 = _cast(types.int64, types.CPointer(types.uint16))

_U = np.uint32
inline = numba.njit(inline="always", error_model="numpy")


@inline
def to_odd(v: Any) -> Any:
    """float32 bits of v, cut off and made odd if inexact: rounding them further is as if v were rounded."""
    near = np.float32(v)
    bits = as_uint32(near)
    bits = where(abs(np.float64(near)) > abs(v), _U(bits - _U(1)), bits)
    return where(np.float64(near) != v, _U(bits | _U(1)), bits)


@inline
def load_bfloat16(bits: Any) -> Any:
    """The float32 that starts with these bits."""
    return as_float32(_U(_U(bits) << _U(16)))


@inline
def store_bfloat16(v: Any) -> Any:
    """The bits of the nearest bfloat16."""
    bits = to_odd(v)
    rounded = _U(bits + _U(0x7FFF) + ((bits >> _U(16)) & _U(1))) >> _U(16)
    return np.uint16(where(v != v, _U(0x7FC0), _U(rounded)))


@inline
def load_float16(bits: Any) -> Any:
    """The float32 of the same value."""
    size = _U((_U(bits) & _U(0x7FFF)) << _U(13))
    # below 2⁻¹⁴ the fraction goes behind that of 2⁻¹⁴, which is then taken off: no subnormal number, which is slow
    small = as_float32(_U(size + _U(113 << 23))) - np.float32(2.0**-14)
    rest = _U(size + where(size >= _U(31 << 23), _U(224 << 23), _U(112 << 23)))
    size = where(size < _U(1 << 23), as_uint32(small), rest)
    return as_float32(_U(size | ((_U(bits) & _U(0x8000)) << _U(16))))


@inline
def store_float16(v: Any) -> Any:
    """The bits of the nearest float16."""
    bits = to_odd(v)
    size = _U(bits & _U(0x7FFFFFFF))
    normal = _U(size - _U(112 << 23) + _U(0xFFF) + ((size >> _U(13)) & _U(1))) >> _U(13)
    # below 2⁻¹⁴ the sum with ½ has float16's spacing there, and rounds as it should
    small = _U(as_uint32(as_float32(size) + np.float32(0.5)) - _U(0x3F000000))
    y = where(size < _U(113 << 23), _U(small), _U(normal))
    y = where(size >= _U(0x477FF000), _U(0x7C00), _U(y))
    y = where(v != v, _U(0x7E00), _U(y))
    return np.uint16(_U(y | ((bits >> _U(16)) & _U(0x8000))))


@inline
def _same(v: Any) -> Any:
    return v


@inline
def smaller(a: Any, b: Any) -> Any:
    """The smaller of two whole numbers."""
    return a if a < b else b


@inline
def larger(a: Any, b: Any) -> Any:
    """The larger of two whole numbers."""
    return a if a > b else b


#: Per dtype: pointer from an address, what a loaded number becomes, what is stored for a number.
FORMATS: Mapping[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "float64": (pointer_float64, _same, np.float64),
    "float32": (pointer_float32, _same, np.float32),
    "bfloat16": (pointer_16, load_bfloat16, store_bfloat16),
    "float16": (pointer_16, load_float16, store_float16),
}


@inline
def constant(x: Any, value: Any) -> Any:
    """The value; array libraries give it the shape of x."""
    return value


PRIMITIVES: Mapping[str, Any] = {
    "fma": fma, "where": where, "two_to": two_to, "exponent": exponent, "abs": abs, "sqrt": sqrt,
    "constant": constant, "inline": inline,
}  # fmt: skip
