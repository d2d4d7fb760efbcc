"""This machine's processor: what code for it is called, and how such code is brought into memory."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from threading import Lock
from typing import Any

import llvmlite.binding as llvm

_LOADING = Lock()


@cache
def processor() -> tuple[str, str]:
    """Its name and the instructions to use: all it has, or fewer if Numba's variables for that are set."""
    features = os.environ.get("NUMBA_CPU_FEATURES") or llvm.get_host_cpu_features().flatten()
    # LLVM takes half of the widest vectors by default: short loops slow the clock more than they gain, ours are long
    wide = ",-prefer-256-bit" if "+avx512f" in features else ""
    return os.environ.get("NUMBA_CPU_NAME") or llvm.get_host_cpu_name(), features + wide


def target_machine() -> Any:
    """LLVM's description of this machine; an engine takes it over, so each gets its own."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = processor()
    return llvm.Target.from_default_triple().create_target_machine(cpu=cpu, features=features, opt=3, jit=True)


def machine_code(module: Any) -> bytes:
    """What LLVM makes of a module for this machine, with all its optimisations and its widest vectors."""
    target = target_machine()
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = tuning.loop_interleaving = True
    builder = llvm.create_pass_builder(target, tuning)
    builder.getModulePassManager().run(module, builder)
    code: bytes = target.emit_object(module)
    return code


@cache
def _engine() -> Any:
    """Holds what is loaded, as long as the process lives."""
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())


def load(code: bytes, name: str) -> int:
    """The address of the function `name` in machine code."""
    with _LOADING:
        _engine().add_object_file(llvm.ObjectFileRef.from_data(code))
        _engine().finalize_object()
        address: int = _engine().get_function_address(name)
        return address


@cache
def share() -> int:
    """The address of a C function that does one thread's part of a loop; what OpenMP is given to run.

    Its argument points to: the loop, its words, the number of elements, the size of a part that is not
    divided, and the functions that tell a thread's number and how many there are.
    """
    module = llvm.parse_assembly(_SHARE)
    return load(machine_code(module), "rheobase_share")


_SHARE = """
define void @rheobase_share(ptr %job) {
  %none = alloca i64
  %loop = load ptr, ptr %job
  %at1 = getelementptr i64, ptr %job, i64 1
  %words = load ptr, ptr %at1
  %at2 = getelementptr i64, ptr %job, i64 2
  %count = load i64, ptr %at2
  %at3 = getelementptr i64, ptr %job, i64 3
  %grain = load i64, ptr %at3
  %at4 = getelementptr i64, ptr %job, i64 4
  %which = load ptr, ptr %at4
  %at5 = getelementptr i64, ptr %job, i64 5
  %many = load ptr, ptr %at5
  %me32 = call i32 %which()
  %all32 = call i32 %many()
  %me = sext i32 %me32 to i64
  %all = sext i32 %all32 to i64
  %next = add i64 %me, 1
  %more = add i64 %count, %grain
  %up = sub i64 %more, 1
  %grains = sdiv i64 %up, %grain
  %a0 = mul i64 %grains, %me
  %a1 = sdiv i64 %a0, %all
  %a = mul i64 %a1, %grain
  %b0 = mul i64 %grains, %next
  %b1 = sdiv i64 %b0, %all
  %b2 = mul i64 %b1, %grain
  %over = icmp sgt i64 %b2, %count
  %b = select i1 %over, i64 %count, i64 %b2
  %idle = icmp sge i64 %a, %b
  br i1 %idle, label %done, label %work
work:
  %status = call i32 %loop(ptr %none, ptr %none, ptr %words, i64 %a, i64 %b)
  br label %done
done:
  ret void
}
"""

#: status = loop(result, exception, words, low, high): how Numba's functions are called.
LOOP = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 3, *[ctypes.c_int64] * 2)
