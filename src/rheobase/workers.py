"""Processes that work for this one, and that are gone when the work ends, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from typing import Any

from rheobase.errors import WorkerKilled

#: Makes a call per tuple of arguments and gives the results as they come.
Each = Callable[[Callable[..., Any], Iterable[tuple[Any, ...]]], Iterator[Any]]


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def crew(count: int, patience: float | None = None) -> Iterator[Each]:
    """`count` processes that share out calls (0: this process makes them); an error or Ctrl-C ends them at once.

    Raises WorkerKilled if one of them is killed from outside, TimeoutError of concurrent.futures if the calls take more
    than `patience` seconds.
    """
    if count == 0:
        yield lambda work, calls: (work(*call) for call in calls)
        return
    before = set(multiprocessing.active_children())
    # forking a process in which torch runs threads may hang
    pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_the_parent)
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
            futures = [pool.submit(work, *call) for call in calls]
    except OSError as error:
        # one was killed while the next was being started, which finds its pipes closed
        raise BrokenProcessPool(str(error)) from None
    for future in as_completed(futures, patience):
        yield future.result()


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
