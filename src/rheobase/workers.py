"""Processes that work for this one, and that are gone when the work ends, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

from rheobase.errors import WorkerKilled

#: Bytes of a vector, at most, and of a line of the cache.
ALIGNED = 64
#: Makes a call per tuple of arguments and gives the results as they come.
Each = Callable[[Callable[..., Any], Iterable[tuple[Any, ...]]], Iterator[Any]]


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def crew(count: int, *common: Any, patience: float | None = None) -> Iterator[Each]:
    """`count` processes that share out calls (0: this process makes them); an error or Ctrl-C ends them at once.

    Every call begins with the arguments `common`. They are handed over once, and their arrays lie in memory that all
    processes see and none can write to: a large table is there twice, here and for them, however many they are.

    Raises WorkerKilled if one of them is killed from outside, TimeoutError of concurrent.futures if the calls take more
    than `patience` seconds.
    """
    if count == 0:
        yield lambda work, calls: (work(*common, *call) for call in calls)
        return
    before = set(multiprocessing.active_children())
    # forking a process in which torch runs threads may hang
    pool = ProcessPoolExecutor(
        count, mp_context=multiprocessing.get_context("spawn"), initializer=_begin, initargs=(packed(common),)
    )
    try:
        yield partial(_shared_out, pool, patience)
        pool.shutdown()
    except BrokenProcessPool:
        raise WorkerKilled("a process that was at work was killed; perhaps the memory did not suffice") from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - before:
            # a worker holds nothing that must be put away, and may be deep in an import
            process.kill()
            process.join()
            while process.is_alive():
                # the pool's own thread was told of the end first, and is about to write it down
                time.sleep(0.01)


def _shared_out(
    pool: ProcessPoolExecutor, patience: float | None, work: Callable[..., Any], calls: Iterable[tuple[Any, ...]]
) -> Iterator[Any]:
    try:
        with _deaf_to_interrupts():
            futures = [pool.submit(_called, work, call) for call in calls]
    except OSError as error:
        # one was killed while the next was being started, which finds its pipes closed
        raise BrokenProcessPool(str(error)) from None
    for future in as_completed(futures, patience):
        yield future.result()


class Packed(NamedTuple):
    """An object, apart from its arrays, and these one after another in shared memory.

    A process gets the memory as it starts, and in no other way. It has no name: it is gone with the last of them,
    whatever ends them.
    """

    head: bytes
    places: tuple[tuple[int, int], ...]
    arrays: Any


def packed(given: Any) -> Packed:
    """`given` for processes that are about to start."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(given, protocol=5, buffer_callback=buffers.append)
    parts = [buffer.raw() for buffer in buffers]
    # arrays begin where vectors may
    *starts, end = accumulate((-(-part.nbytes // ALIGNED) * ALIGNED for part in parts), initial=0)
    places = tuple((start, start + part.nbytes) for start, part in zip(starts, parts, strict=True))
    arrays = multiprocessing.get_context("spawn").RawArray("B", max(end, 1))
    for part, (start, end) in zip(parts, places, strict=True):
        memoryview(arrays).cast("B")[start:end] = part
    return Packed(head, places, arrays)


def unpacked(packed: Packed) -> Any:
    """What was packed; its arrays can only be read."""
    whole = memoryview(packed.arrays).cast("B").toreadonly()
    return pickle.loads(packed.head, buffers=[whole[start:end] for start, end in packed.places])


#: What every call begins with in this process, which is one of a crew.
_common: list[Any] = []


def _begin(common: Packed) -> None:
    _end_with_the_parent()
    _common.extend(unpacked(common))


def _called(work: Callable[..., Any], call: tuple[Any, ...]) -> Any:
    return work(*_common, *call)


def _end_with_the_parent() -> None:
    """A worker whose parent was killed would wait for work for ever: it holds both ends of the queue."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started in the block never see Ctrl-C: it is for their parent, who ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
