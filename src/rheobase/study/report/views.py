"""What a report shows besides scores, as plain records: courses of trainings, equal time, tuning budgets, fronts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.special import comb

from rheobase.doctor.records import BINS, EDGES, Counts
from rheobase.study.results import Outcome, Results
from rheobase.study.training.own import Own

Numbers = NDArray[np.float64]

#: Quantiles of pre-activations that stand for their density.
QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Course:
    """What trainings of a function came to as they went on.

    steps: training steps, those that were reported, or the number of the report. seeds: a row per seed; those that
    reported more than others are cut. time: what so many steps take, in steps of the reference.
    """

    name: str
    steps: Numbers
    seeds: Numbers
    time: Numbers

    @property
    def mean(self) -> Numbers:
        """Over the seeds; NaN where one of them is."""
        found: Numbers = self.seeds.mean(axis=0)
        return found


def courses(results: Results) -> list[Course]:
    """Of all functions with a learning curve, each at its own best learning rate."""
    marks = reported_steps(results)
    return [found for o in results.outcomes if (found := _course(results, o, marks)).steps.size]


def reported_steps(results: Results) -> Numbers | None:
    """The steps at which trainings of the user's own reported; None where they differ, or were not kept."""
    found = [run.at for o in results.outcomes for run in o.runs]
    known = [at for at in found if at is not None]
    longest = max(known, key=len, default=np.empty(0))
    same = len(known) == len(found) and all(np.array_equal(at, longest[: len(at)]) for at in known)
    return longest if same and bool((np.diff(longest) > 0).all()) else None


def progress(results: Results) -> str:
    """What the points of learning curves are counted in."""
    return "report" if isinstance(results.data, Own) and reported_steps(results) is None else "step"


def _course(results: Results, o: Outcome, marks: Numbers | None) -> Course:
    points = min(len(run.curve) for run in o.runs)
    last = points if isinstance(results.data, Own) else results.plan.steps
    steps = np.linspace(0, last, points + 1)[1:] if marks is None else marks[:points]
    return Course(o.name, steps, np.array([run.curve[:points] for run in o.runs]), steps * o.step_time_ratio)


@dataclass(frozen=True)
class Moment:
    """Where a function is at a certain time: after so many steps, its mean learning curve has this value."""

    name: str
    steps: float
    value: float


def at_equal_time(found: Sequence[Course]) -> tuple[float, list[Moment]]:
    """When the first function has taken all its steps, in steps of the reference; and where each is then."""
    time = min(course.time[-1] for course in found)
    each = [
        Moment(c.name, float(np.interp(time, c.time, c.steps)), float(np.interp(time, c.time, c.mean))) for c in found
    ]
    return float(time), each


def expected_best(values: Sequence[float]) -> Numbers:
    """The mean of the best of k values drawn at random without repetition, for k = 1, 2, … (Dodge et al. 2019).

    The i-th smallest of n is the best in (i-1 over k-1) of the (n over k) draws.

    >>> expected_best([3.0, 1.0]).tolist()
    [2.0, 3.0]
    """
    n, ascending = len(values), np.sort(values)
    rank, k = np.arange(n), np.arange(1, n + 1)[:, None]
    share: Numbers = comb(rank, k - 1) / comb(n, k)
    return share @ ascending


def budgets(o: Outcome) -> Numbers:
    """The validation score to expect of the best of k learning rates, each the mean over the tuning seeds."""
    return expected_best([float(np.mean(scores)) for _, scores in o.tuning])


def front(outcomes: Sequence[Outcome], cost: Callable[[Outcome], float]) -> set[str]:
    """The functions that no other is both better and cheaper than."""

    def beaten(o: Outcome) -> bool:
        return any(p.score.mean > o.score.mean and cost(p) < cost(o) for p in outcomes)

    return {o.name for o in outcomes if not beaten(o)}


def apart(places: Sequence[float], gap: float) -> Numbers:
    """The nearest places to these, by least squares and in the same order, that are `gap` apart at least.

    >>> apart([0.0, 0.0, 5.0], 1.0).tolist()
    [-0.5, 0.5, 5.0]
    """
    order = np.argsort(places, kind="stable")
    room = gap * np.arange(len(places))
    found = np.empty(len(places))
    found[order] = isotonic_regression(np.asarray(places)[order] - room).x + room
    return found


def histograms(o: Outcome) -> list[Counts]:
    """Counts of the pre-activations of each hidden layer, over all seeds that did not diverge."""
    found = [r.health.histograms for r in o.runs if r.health is not None]
    empty = [np.zeros(BINS, dtype=np.int64)]
    return [np.sum(layer, axis=0) for layer in zip(*found, strict=True)] if found else empty


def quantiles(counts: Counts) -> tuple[float, ...]:
    """Pre-activations below which the shares `QUANTILES` of them lie, to a bin; NaN if there are none."""
    if not counts.sum():
        return (float("nan"),) * len(QUANTILES)
    share = np.cumsum(counts) / counts.sum()
    return tuple(float(EDGES[1:][np.searchsorted(share, q)]) for q in QUANTILES)
