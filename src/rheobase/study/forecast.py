"""How long a study will take, from times measured before it; and the study that fits into a given time."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rheobase.errors import StudyError
from rheobase.study.data.tables import Dataset
from rheobase.study.decision.verdict import FEWEST_TO_DECIDE
from rheobase.study.plan import Plan
from rheobase.study.training.cells import BLOCK, EXTENSIONS, WIDER
from rheobase.study.training.train import Member, network, outcome, split

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
    jobs += [(min(BLOCK, len(plan.seeds) - first),) * 2 for first in range(0, len(plan.seeds), BLOCK)]
    return sum(_of_a_job(plan, held, name, *job) for job in jobs for name in plan.activations) / workers


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
    return (f"to end within {in_words(seconds)}: {', '.join(parts)}.",) if parts else ()
