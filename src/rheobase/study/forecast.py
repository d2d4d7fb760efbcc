"""How long a study will take, from times measured before it and in it; and the study that fits into a given time."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rheobase.errors import StudyError
from rheobase.study.data.tables import Dataset
from rheobase.study.decision.best import FEWEST_TO_DECIDE
from rheobase.study.order import as_plan
from rheobase.study.plan import Plan
from rheobase.study.training.cells import BLOCK, EXTENSIONS, WIDER
from rheobase.study.training.train import Member, Run, network, outcome, split

SECONDS = {"s": 1, "min": 60, "h": 3600}
_TIME = re.compile(rf"(\d+(?:\.\d+)?) ?({'|'.join(SECONDS)})")


def in_seconds(text: str) -> float:
    """90s, 10min or 2h as seconds.

    >>> in_seconds("1.5h")
    5400.0
    """
    found = _TIME.fullmatch(text.strip())
    if found is None or float(found[1]) == 0:
        raise StudyError(f"--budget {text!r} is no time; write 90s, 10min or 2h")
    return float(found[1]) * SECONDS[found[2]]


def in_words(seconds: float) -> str:
    """A time as a person would say it."""
    for unit in ("h", "min"):
        if seconds > 1.5 * SECONDS[unit]:
            return f"{seconds / SECONDS[unit]:.0f} {unit}"
    return f"{max(seconds, 1):.0f} s"


def around(data: Dataset, plan: Plan) -> dict[str, float]:
    """Seconds that a seed's split takes, and that a trained network's scores and health do."""
    start, name = time.perf_counter(), plan.activations[0]
    parts = split(data, 0)
    ready = time.perf_counter()
    model = network(plan, name, parts.train[0].shape[1], data.outputs, 0)
    outcome(data, name, Member(plan.learning_rates[0], 0, True), parts, model, [])
    return {"split": ready - start, "score": time.perf_counter() - ready}


def estimate(plan: Plan, held: Mapping[str, Any], workers: int, widenings: int = 0) -> float:
    """Seconds that the plan will take, its grid widened so many times; `held` is what was measured.

    Every job is counted with the splits of its seeds; a process that has some of the job before takes less.
    """
    rates = len(plan.learning_rates)
    jobs = [(rates * len(plan.tuning_seeds), len(plan.tuning_seeds))]
    jobs += [(WIDER * len(plan.tuning_seeds), len(plan.tuning_seeds))] * widenings
    return _of_jobs(plan, held, jobs) / workers + scoring(plan, held, workers)


def scoring(plan: Plan, held: Mapping[str, Any], workers: int) -> float:
    """Seconds that the scored trainings of the plan will take."""
    jobs = [(min(BLOCK, len(plan.seeds) - first),) * 2 for first in range(0, len(plan.seeds), BLOCK)]
    return _of_jobs(plan, held, jobs) / workers


def foretold(plan: Plan, held: Mapping[str, Any], runs: Sequence[Run]) -> float:
    """Seconds that a job of these trainings was expected to take."""
    return _of_a_job(plan, held, runs[0].activation, len(runs), len({run.seed for run in runs}))


def _of_jobs(plan: Plan, held: Mapping[str, Any], jobs: Sequence[tuple[int, int]]) -> float:
    return sum(_of_a_job(plan, held, name, *job) for job in jobs for name in plan.activations)


def _of_a_job(plan: Plan, held: Mapping[str, Any], name: str, members: int, seeds: int) -> float:
    around, pace = held["around"], held["paces"][name]
    return members * around["score"] + seeds * around["split"] + plan.steps * _step(members, **pace)


def _step(members: int, alone: float, together: float, group: int) -> float:
    """Seconds of a step of so many networks.

    A group of many costs less than so many alone, one of few less so: between one network and the group that was
    timed, the time grows evenly.
    """
    if not together < alone:
        return members * alone
    more = (group * together - alone) / (group - 1)
    groups = math.ceil(members / group)
    return groups * alone + (members - groups) * more


def within(plan: Plan, held: Mapping[str, Any], workers: int, seconds: float) -> Plan:
    """The largest study, of `plan` and what is left of it, that ends in time however often its grid is widened.

    What was taken away is among its notes. Raises StudyError if not even the least ends in time.
    """
    # the processes that train load what they need, as the one that measured did
    besides = held["measuring"] + held["starting"]
    for smaller in _smaller(plan):
        most = estimate(smaller, held, workers, EXTENSIONS)
        if most + besides <= seconds:
            return replace(smaller, notes=(*smaller.notes, *_reduced(plan, smaller, seconds)))
    raise StudyError(
        f"{in_words(seconds)} are too few: the least that decides anything here, {smaller.summary}, takes up to "
        f"{in_words(math.ceil(most + besides))} on this machine; give more, or compare fewer functions"
    )


#: How a note begins that says what was taken away for a budget.
CUT = "to end within"
#: What was decided in the middle of a study, among what was measured: a study that goes on must not decide again.
DECIDED = "seeds"


@dataclass(frozen=True)
class Budget:
    """Seconds that a study is to end within, and the moment it was begun or taken up again, by time.monotonic."""

    seconds: float
    begun: float

    @property
    def left(self) -> float:
        """Seconds; below 0 it is missed."""
        return self.begun + self.seconds - time.monotonic()

    @property
    def missed(self) -> str:
        """By how much it is missed, in one line."""
        return (
            f"--budget was missed by {in_words(-self.left)}: it is kept to by a forecast, and the machine has been "
            "slower than that took it to be"
        )

    def decided(self, plan: Plan, held: Mapping[str, Any]) -> Plan | None:
        """The plan with the scored seeds that were decided on before; None: that is to come."""
        was = held.get(DECIDED)
        if was is None or was["seconds"] != self.seconds or as_plan(was["of"]) != plan:
            return None
        return self._with(plan, was["count"])

    def decide(self, plan: Plan, held: Mapping[str, Any], workers: int, slower: float) -> tuple[Plan, dict[str, Any]]:
        """The plan with as many scored seeds as there is time for, and the same to be kept.

        `slower`: how many times the time foretold trainings took so far. All functions have the same seeds; those that
        a verdict needs stay. The clock alone decides: no score is looked at.
        """
        counts = range(len(plan.seeds), 0, -1)
        least = min(FEWEST_TO_DECIDE, len(plan.seeds))
        fits = (n for n in counts if slower * scoring(replace(plan, seeds=plan.seeds[:n]), held, workers) <= self.left)
        count = max(next(fits, 0), least)
        return self._with(plan, count), {"seconds": self.seconds, "of": asdict(plan), "count": count}

    def _with(self, plan: Plan, count: int) -> Plan:
        if count == len(plan.seeds):
            return plan
        words = f"{CUT} {in_words(self.seconds)}: {count} scored seeds instead of {len(plan.seeds)}"
        note = f"{words}, by the time that the choice of learning rates had taken."
        return replace(plan, seeds=plan.seeds[:count], notes=(*plan.notes, note))


def _smaller(plan: Plan) -> Iterator[Plan]:
    """The plan, and what is left of it, least harm first.

    Tuning takes two thirds of the trainings and decides one number: its seeds go first. Scored seeds go down to those
    that a verdict needs. Last, every other learning rate: the same ones for all. Steps stay: with fewer of them,
    another question would be answered.
    """
    for tuning in range(len(plan.tuning_seeds), 0, -1):
        left = replace(plan, tuning_seeds=plan.tuning_seeds[:tuning])
        yield left
    for seeds in range(len(plan.seeds) - 1, FEWEST_TO_DECIDE - 1, -1):
        left = replace(left, seeds=plan.seeds[:seeds])
        yield left
    yield replace(left, learning_rates=plan.learning_rates[::2])


def _reduced(plan: Plan, smaller: Plan, seconds: float) -> tuple[str, ...]:
    parts = [
        f"{len(getattr(smaller, field))} {words} instead of {len(getattr(plan, field))}"
        for field, words in (("tuning_seeds", "tuning seeds"), ("seeds", "scored seeds"),
                             ("learning_rates", "learning rates"))
        if getattr(smaller, field) != getattr(plan, field)
    ]  # fmt: skip
    return (f"{CUT} {in_words(seconds)}: {', '.join(parts)}.",) if parts else ()
