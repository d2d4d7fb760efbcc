"""Vectors in memory: read and written whole, in part or as bits, or kept on the stack."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from rheobase.kernels.cpu.lanes import LANES
from rheobase.kernels.cpu.vector_type import LLVM, TRUTHS, Vector, repeated

CACHE_LINE = 64


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


def _first(builder: Any, count: Any) -> Any:
    """Truths: of the first `count` lanes."""
    places = ir.Constant(ir.VectorType(ir.IntType(32), LANES), list(range(LANES)))
    return builder.icmp_signed("<", places, repeated(builder, builder.trunc(count, ir.IntType(32))))


def _masked(builder: Any, name: str, result: Any, vector: Any, args: Any) -> Any:
    """A call of LLVM's masked load or store, which touches nothing outside the mask."""
    suffix = f"v{LANES}f{32 if 'float' in str(vector) else 64}.p0"
    kind = ir.FunctionType(result, [a.type for a in args])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.masked.{name}.{suffix}"), args)


def fetch_first(real: Any) -> Any:
    """A function that reads the first `count` numbers of type `real` at an address; the other lanes get `rest`."""

    @intrinsic
    def read(typing: Any, address: Any, count: Any, rest: Any) -> Any:
        kind = Vector(real)

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            whole = context.get_value_type(kind)
            place = builder.inttoptr(args[0], whole.as_pointer())
            others = repeated(builder, context.cast(builder, args[2], rest, real))
            align = ir.IntType(32)(real.bitwidth // 8)
            return _masked(builder, "load", whole, whole, (place, align, _first(builder, args[1]), others))

        return kind(address, count, rest), generate

    return read


@intrinsic
def put_first(typing: Any, address: Any, count: Any, value: Any) -> Any:
    """Writes the first `count` lanes at an address."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = builder.inttoptr(args[0], args[2].type.as_pointer())
        align = ir.IntType(32)(value.element.bitwidth // 8)
        _masked(builder, "store", ir.VoidType(), args[2].type, (args[2], place, align, _first(builder, args[1])))
        return context.get_dummy_value()

    return types.void(address, count, value), generate


def prefetch(real: Any) -> Any:
    """A function that has a vector's memory brought near before it is read; no address is wrong."""

    @intrinsic
    def bring_near(typing: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            byte, settings = ir.IntType(8).as_pointer(), [ir.IntType(32)(number) for number in (0, 3, 1)]
            kind = ir.FunctionType(ir.VoidType(), [byte, *[s.type for s in settings]])
            function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
            for line in range(0, LANES * real.bitwidth // 8, CACHE_LINE):
                place = builder.inttoptr(builder.add(args[0], args[0].type(line)), byte)
                builder.call(function, (place, *settings))
            return context.get_dummy_value()

        return types.void(address), generate

    return bring_near


def room(real: Any, count: int) -> Any:
    """A function that gives the address of `count` numbers on the stack."""

    @intrinsic
    def reserve(typing: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            place = cgutils.alloca_once(builder, LLVM[real], size=ir.IntType(64)(count))
            place.align = 64
            return builder.ptrtoint(place, ir.IntType(64))

        return types.int64(), generate

    return reserve


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
