"""Whether a fault harms: each is trained with and without on the same seeds, and scored on rows that no one saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from judge import train
from scenario import Scenario
from scipy import stats

#: Times at which a training is scored, the end among them.
LOOKS = 10
#: Each of two questions (is the end worse, is the course) is asked at half of 5 %.
LEVEL = 1 - 0.05 / 2


@dataclass(frozen=True)
class Label:
    """What the fault costs: the twin's score less the faulty one's, mean over seeds with an interval.

    end: after the last step; course: mean over the training, which tells a slower one. proven: an interval is above 0.
    """

    scenario: str
    family: str
    half: str
    metric: str
    seeds: int
    faulty: float
    twin: float
    end: float
    end_low: float
    end_high: float
    course: float
    course_low: float
    course_high: float
    proven: bool


def scores(scenario: Scenario, seed: int, faulty: bool) -> list[float]:
    """At `LOOKS` evenly spaced times of a training that nobody watches."""
    setup, found = scenario.make(seed, faulty), []

    def look(step: int) -> None:
        if (step + 1) * LOOKS // setup.steps > step * LOOKS // setup.steps:
            found.append(scenario.metric(setup.model, *setup.unseen))

    train(setup, seed, watched=False, look=look)
    return found


def interval(gains: Sequence[float], level: float) -> tuple[float, float, float]:
    """The mean, and the bounds of its t interval."""
    mean, half = np.mean(gains), stats.t.ppf((1 + level) / 2, len(gains) - 1) * stats.sem(gains)
    return float(mean), float(mean - half), float(mean + half)


def label(scenario: Scenario, seeds: int) -> Label:
    faulty, twin = (np.array([scores(scenario, seed, f) for seed in range(seeds)]) for f in (True, False))
    gain = twin - faulty
    end, course = interval(gain[:, -1], LEVEL), interval(gain.mean(axis=1), LEVEL)
    return Label(
        scenario.name, scenario.family, scenario.half, scenario.metric.__name__, seeds,
        float(faulty[:, -1].mean()), float(twin[:, -1].mean()),
        *end, *course, proven=end[1] > 0 or course[1] > 0,
    )  # fmt: skip
