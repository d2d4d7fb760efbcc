"""What a study held equal and what it did not, counted: the statement that a reader can judge the comparison by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rheobase.study.data.splits import IN_WORDS
from rheobase.study.data.tables import Dataset
from rheobase.study.ledger.ledger import History
from rheobase.study.plan import COST_REFERENCE, SPLIT
from rheobase.study.results import Results
from rheobase.study.training.own import Own


@dataclass(frozen=True)
class Fairness:
    """Sentences: what was equal for all functions, what was not, and what was counted."""

    equal: tuple[str, ...]
    unequal: tuple[str, ...]
    counted: tuple[str, ...]


def fairness(results: Results) -> Fairness:
    """The statement about a finished study."""
    own = isinstance(results.data, Own)
    return Fairness(
        (*(_equal_of_own(results) if own else _equal(results)), *_equal_tries(results)),
        _unequal(results),
        _counted(results),
    )


def _equal(results: Results) -> tuple[str, ...]:
    plan, data = results.plan, results.data
    assert isinstance(data, Dataset)
    return (
        f"by seed: the split ({_parts()}, {IN_WORDS[data.splits]})",
        "by seed: the order of the batches, the raw draw of the weights, what dropout silences",
        f"{plan.steps} steps of {plan.batch} rows, {plan.optimizer}, a network of {plan.network}",
    )


def _equal_of_own(results: Results) -> tuple[str, ...]:
    return (f"the seed that {results.data.name} is called with, and PyTorch's own numbers; the rest is its own affair",)


def _equal_tries(results: Results) -> tuple[str, ...]:
    plan = results.plan
    rates = ", ".join(f"{rate:.2g}" for rate in plan.learning_rates)
    return (
        f"{_times(len(plan.learning_rates), 'learning rate')} ({rates}) with {_times(len(plan.tuning_seeds), 'seed')} "
        "each; where the best of any function lay at an end, two more were tried for all",
        f"{len(plan.seeds)} scored seeds, none of which chose a learning rate",
    )


def _splits_of_own(results: Results) -> str:
    """What the intervals take the splits of the user's own function to be."""
    ratio, name = results.overlap, results.data.name
    if ratio is None:
        return f"how {name} splits its rows is not known: intervals take them to be split anew by each seed, {_parts()}"
    if ratio == 0:
        return (
            f"{name} is said to test the same rows with every seed: intervals are about further seeds on those rows, "
            "and leave out what other rows would change"
        )
    return f"{name} is said to have {ratio:.3g} test rows per training row, drawn by each seed: intervals go by that"


def _unequal(results: Results) -> tuple[str, ...]:
    rates = sorted(o.best_learning_rate for o in results.outcomes)
    ratios = sorted(o.step_time_ratio for o in results.outcomes)
    scale = "the scale of the weights: the raw draw times the function's gain"
    time = f"the time of a step, {ratios[0]:.2f} to {ratios[-1]:.2f} times {COST_REFERENCE}'s: steps were equal"
    return (
        f"the learning rate: each function has its own best, from {rates[0]:.2g} to {rates[-1]:.2g}",
        *(() if isinstance(results.data, Own) else (scale,)),
        *((time,) if results.costs_known else ()),
    )


def _counted(results: Results) -> tuple[str, ...]:
    plan, outcomes = results.plan, results.outcomes
    diverged, failed = {o.name: o.tuning_failed for o in outcomes}, {o.name: o.runs_failed for o in outcomes}
    reads = f"the test part was read {len(outcomes) * len(plan.seeds)} times, once by each scored training"
    return (
        f"{plan.runs} trainings, all of them counted: one that diverged has the worst score, none is dropped",
        _splits_of_own(results) if isinstance(results.data, Own) else f"{reads}; it chose nothing",
        f"trainings that diverged while learning rates were chosen: {_each(diverged)}",
        f"scored trainings that failed: {_each(failed)}",
        _sittings(results.history),
    )


def _each(found: Mapping[str, int]) -> str:
    return ", ".join(f"{count} of {name}" for name, count in found.items() if count) or "none"


def _sittings(history: History) -> str:
    again, anew = history.sittings - 1, history.given_up
    begun = "the study was begun once" + (f" and taken up again {_times(again, 'time')}" if again else "")
    jobs = f"{_times(anew, 'job') if anew else 'no job'} had to be begun anew because a worker died"
    return f"{begun}, {jobs}; nothing that was finished was trained twice"


def _parts() -> str:
    return "/".join(map(str, SPLIT))


def _times(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
