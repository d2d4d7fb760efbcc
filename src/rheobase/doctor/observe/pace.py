"""How often to look: as often as a budget of time allows, and no oftener than there is something new to see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from rheobase.doctor.records import Overhead

#: Share of the training time that observing may take by its own clock: it aims at 3 % in all, and does not see what
#: it costs torch to call it, and the caches that it empties.
BUDGET = 0.015
#: Seconds that may be spent before the budget has grown to them, so that short trainings are seen, too.
ADVANCE = 0.05
#: The steps between two observations grow with the steps taken: by this share, and on the advance by that.
GROWTH, SPARING = 1 / 128, 1 / 4
#: Steps that are observed whatever they cost: what a network starts from is half of the story.
FIRST = 2


class Pace:
    """Decides which steps are observed, from what observing has cost so far."""

    def __init__(self, budget: float) -> None:
        self.budget = budget
        self.steps = self.observed = 0
        self.spent = self.set_up = 0.0
        self._start, self._last = perf_counter(), 0

    @contextmanager
    def paid(self) -> Iterator[None]:
        """What runs inside is the cost of observing; of the first steps, of setting up."""
        start = perf_counter()
        yield
        self.add(perf_counter() - start)

    def add(self, seconds: float) -> None:
        """Account for time spent on observing."""
        if self.observed <= FIRST:
            self.set_up += seconds
        else:
            self.spent += seconds

    def absent(self, seconds: float) -> None:
        """Time that passed with something else is no training time."""
        self._start += seconds

    @property
    def elapsed(self) -> float:
        """Seconds since the start, without setting up."""
        return perf_counter() - self._start - self.set_up

    def due(self) -> bool:
        """Whether the step that begins now is to be observed; every power of two is, whatever it costs."""
        passed = self.steps - self._last
        if self.steps < FIRST or self.steps.bit_count() == 1:
            return True
        cost = self.spent + self.spent / max(self.observed - FIRST, 1)
        if cost <= self.budget * self.elapsed:
            return passed > GROWTH * self.steps
        return cost <= ADVANCE and passed > SPARING * self._last

    def begin(self) -> None:
        """A step is observed."""
        self.observed += 1
        self._last = self.steps

    def overhead(self, observed: int) -> Overhead:
        """What it has cost so far, with `observed` steps seen to their end."""
        return Overhead(self.spent, self.spent / max(self.elapsed, 1e-9), observed, self.steps, self.set_up)
