"""The memory of tensors as time passes, by torch's own record of every allocation on the CPU."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch.profiler import ProfilerActivity, profile

#: The profiler's clock, in nanoseconds.
now = time.time_ns


class Allocations:
    """Bytes that tensors take more than at the start, those inside of operations too; Python's objects are left out.

    >>> import torch
    >>> taken = Allocations()
    >>> with taken.recorded():
    ...     x = torch.ones(1000)
    ...     middle = now()
    ...     del x
    >>> taken.at(middle), taken.at(now()), taken.highest(until=now())
    (4000, 0, 4000)
    """

    def __init__(self) -> None:
        self._times, self._bytes = [0], [0]

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """What is allocated and freed inside counts. In parts: the profiler's own record grows by gigabytes."""
        # else the profiler tells each beginning and end on stderr
        os.environ.setdefault("KINETO_LOG_LEVEL", "99")
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as found:
            yield
        recorded: Any = found.profiler
        events = recorded.kineto_results.events()
        for moment, change in sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]"):
            self._times.append(moment)
            self._bytes.append(self._bytes[-1] + change)

    def at(self, moment: int) -> int:
        """Bytes at a moment of `now`."""
        return self._bytes[int(np.searchsorted(self._times, moment)) - 1]

    def highest(self, until: int | None = None) -> int:
        """The most bytes there were until then, or at all."""
        return max(self._bytes[: None if until is None else int(np.searchsorted(self._times, until))])
