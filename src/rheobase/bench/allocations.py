"""The memory of tensors as time passes, by torch's own record of every allocation on the CPU."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch.profiler import ProfilerActivity, profile


class Allocations:
    """Bytes that tensors take more than at the start, those inside of operations too; Python's objects are left out."""

    def __init__(self) -> None:
        self._times, self._bytes = np.zeros(0, np.int64), np.zeros(1, np.int64)

    def take(self, found: profile) -> None:
        """Read what the profiler recorded."""
        recorded: Any = found.profiler
        events = recorded.kineto_results.events()
        changes = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
        self._times = np.array([t for t, _ in changes])
        self._bytes = np.cumsum([0, *(size for _, size in changes)])

    def at(self, moment: int) -> int:
        """Bytes at a moment of `now`."""
        return int(self._bytes[np.searchsorted(self._times, moment)])

    def highest(self, until: int) -> int:
        """The most bytes there were until then."""
        return int(self._bytes[: np.searchsorted(self._times, until) + 1].max())


#: The profiler's clock, in nanoseconds.
now = time.time_ns


@contextmanager
def allocations() -> Iterator[Allocations]:
    """What is allocated inside can be asked for afterwards.

    >>> import torch
    >>> with allocations() as found:
    ...     x = torch.ones(1000)
    ...     middle = now()
    ...     del x
    >>> found.at(middle), found.at(now())
    (4000, 0)
    """
    found = Allocations()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        yield found
    found.take(recorded)
