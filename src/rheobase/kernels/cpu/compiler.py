"""From a kernel's text to machine code, by Numba."""

from __future__ import annotations

from threading import Lock
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from numba import types
from numba.core import compiler
from numba.core.registry import cpu_target

from rheobase.kernels.cpu import vectors
from rheobase.kernels.cpu.instructions import (
    FORMATS,
    PRIMITIVES,
    as_float32,
    as_float64,
    as_uint32,
    larger,
    pointer_float64,
    smaller,
)
from rheobase.kernels.cpu.machine import machine_code
from rheobase.kernels.cpu.store import Source
from rheobase.kernels.cpu.vector_memory import pack, unpack

#: What every loop takes: the block of words and the range.
SIGNATURE = (types.CPointer(types.int64), types.int64, types.int64)
_COMPILING = Lock()


def object_code(source: Source, name: str) -> bytes:
    """Machine code with one function, `name`, compiled from `source`."""
    pointer_in, load, _ = FORMATS[source.dtype_in]
    pointer_out, _, store = FORMATS[source.dtype_out]
    namespace: dict[str, Any] = {
        **PRIMITIVES, "real": getattr(np, source.real), "inf": float("inf"), "load": load, "store": store,
        "pointer_in": pointer_in, "pointer_out": pointer_out,
        "as_float64": as_float64, "as_float32": as_float32, "as_uint32": as_uint32,
        "pointer_float64": pointer_float64, "double": np.float64,
        # Numba's own are functions of a library, which would have to be linked
        "min": smaller, "max": larger,
    }  # fmt: skip
    if source.is_row:
        namespace |= {**vectors.primitives(source.real), "pack": pack, "unpack": unpack}
    exec(compile(source.text, f"<{name}>", "exec"), namespace)
    with _COMPILING:
        return _emit(namespace["entry"], name)


def _emit(entry: Any, name: str) -> bytes:
    flags = compiler.Flags()
    flags.error_model = "numpy"
    # no wrappers: the code then needs nothing of Python or Numba when it runs; and not Numba's choice of vectors
    flags.no_cpython_wrapper = flags.no_cfunc_wrapper = flags.no_compile = True
    context = cpu_target.target_context
    # what Numba adds to its registries, our instructions among it, is seen from here on
    context.refresh()
    cpu_target.typing_context.refresh()
    made = compiler.compile_extra(cpu_target.typing_context, context, entry, SIGNATURE, types.void, flags, {})
    module = llvm.parse_assembly(made.library.get_llvm_str())
    module.get_function(made.fndesc.llvm_func_name).name = name
    foreign = [f.name for f in module.functions if f.is_declaration and not f.name.startswith("llvm.")]
    assert not foreign, f"a kernel must stand alone, this one calls {foreign}"
    return machine_code(module)
