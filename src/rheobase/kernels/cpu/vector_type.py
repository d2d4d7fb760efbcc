"""The type of vectors of a fixed number of lanes, for Numba."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

from rheobase.kernels.cpu.lanes import LANES

#: LLVM type, unsigned integer of its width, bits of the fraction, bias of the exponent.
LAYOUT = {
    types.float64: (ir.DoubleType(), ir.IntType(64), 52, 1023),
    types.float32: (ir.FloatType(), ir.IntType(32), 23, 127),
}
LLVM = {types.boolean: ir.IntType(1), **{kind: layout[0] for kind, layout in LAYOUT.items()}}


class Vector(types.Type):
    """LANES numbers of one type, or LANES truths."""

    def __init__(self, element: Any) -> None:
        self.element = element
        super().__init__(name=f"Vector({element})")


@register_model(Vector)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Vector) -> None:
        super().__init__(manager, kind, ir.VectorType(LLVM[kind.element], LANES))


TRUTHS = Vector(types.boolean)


def repeated(builder: Any, value: Any) -> Any:
    """A vector with `value` in every lane."""
    whole = ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined)
    first = builder.insert_element(whole, value, ir.IntType(32)(0))
    return builder.shuffle_vector(first, whole, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


def every(real: Any) -> Any:
    """A function that repeats a number of type `real`."""

    @intrinsic
    def repeat(typing: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return repeated(builder, context.cast(builder, args[0], value, real))

        return Vector(real)(value), generate

    return repeat
