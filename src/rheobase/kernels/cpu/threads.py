"""A loop's range shared out among threads.

Where PyTorch is loaded its own OpenMP threads do the work: a second pool would spin beside it. Elsewhere a
small pool of Python's threads does. Which thread does what never changes a result: elements are independent.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache

from rheobase.kernels.cpu.machine import share
from rheobase.kernels.cpu.store import Loop

#: Elements below which handing work to another thread takes longer than doing it.
ALONE = 1 << 14
#: Elements that one thread does at a time; a multiple of every vector width.
GRAIN = 1 << 11

#: Set by the layer of a framework that brings OpenMP: run(function, job, threads), thread number, how many.
_openmp: list[tuple[Callable[..., None], int, int]] = []
_forked: list[bool] = []
if sys.platform != "win32":
    os.register_at_fork(after_in_child=lambda: _forked.append(True))

# a place for what Numba's functions want to write their result to, which is none
_NOWHERE = ctypes.create_string_buffer(16)
_NONE = ctypes.addressof(_NOWHERE)


class _Here(threading.local):
    undivided = False


_here = _Here()


def keep_to_this_thread() -> None:
    """Share out no loop of this thread's from now on: it is one of several that are at work already."""
    _here.undivided = True


def borrow(library: ctypes.CDLL) -> None:
    """Use the threads of an OpenMP library that the process has already."""
    run = library.GOMP_parallel
    run.argtypes, run.restype = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint], None
    who, many = (
        ctypes.cast(f, ctypes.c_void_p).value for f in (library.omp_get_thread_num, library.omp_get_num_threads)
    )
    assert who
    assert many
    _openmp[:] = [(run, who, many)]


@cache
def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def launch(loop: Loop, words: array[int], count: int, threads: int, alone: int = ALONE) -> None:
    """Run `loop` over `count` elements or runs."""
    address = words.buffer_info()[0]
    # a forked child has not its parent's threads
    if count <= alone or threads == 1 or _forked or _here.undivided:
        loop.call(_NONE, _NONE, address, 0, count)
    elif _openmp:
        run, who, many = _openmp[0]
        job = array("q", (loop.address, address, count, min(GRAIN, alone), who, many))
        run(share(), job.buffer_info()[0], threads, 0)
    else:
        _divide(loop, address, count, threads, alone)


def _divide(loop: Loop, address: int, count: int, threads: int, part: int) -> None:
    """Parts are taken by whoever is free, this thread among them: it never waits for one that was not scheduled."""
    part = max(part, count // (8 * threads))
    starts = iter(range(0, count, part))

    def work() -> None:
        for start in starts:
            loop.call(_NONE, _NONE, address, start, min(start + part, count))

    others = [_pool(threads).submit(work) for _ in range(threads - 1)]
    work()
    wait([other for other in others if not other.cancel()])


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="rheobase")
