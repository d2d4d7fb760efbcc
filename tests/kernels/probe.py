"""Kernels by themselves: a text in the kernel language, compiled and run on arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from rheobase.kernels.assemble import assemble
from rheobase.kernels.cpu.layout import arrange
from rheobase.kernels.cpu.loops import loop
from rheobase.kernels.cpu.request import words
from rheobase.kernels.cpu.store import Source, compiled
from rheobase.kernels.cpu.text import wide_functions
from rheobase.kernels.cpu.threads import launch


def computed(call: str, *arrays: Any, dtype_out: str = "float64") -> Any:
    """`call`, an expression over a0, a1, … in float64, at arrays of one shape."""
    names = ", ".join(f"a{k}" for k in range(len(arrays)))
    text = assemble(f"def function({names}):\n    return {call}\n", wide_functions())
    made = compiled(Source(text + loop(("array",) * len(arrays)), "float64", "float64", dtype_out))
    out = np.empty(arrays[0].shape, {"bfloat16": np.uint16, "float16": np.uint16}.get(dtype_out, dtype_out))
    inputs = [np.ascontiguousarray(a, np.float64) for a in arrays]
    block = words(arrange(()), out.ctypes.data, [a.ctypes.data for a in inputs])
    launch(made, block, out.size, 1)
    return out
