"""What a study will do, decided before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rheobase import catalogue
from rheobase.study.reading import StudyError

#: The functions every textbook names that can stand between layers; softmax belongs to the output.
DEFAULT = tuple(name for name in catalogue.TEXTBOOK if name != "softmax")


#: Seeds are counted from 0 and those of the tuning from here on: the two must never meet.
MOST_SEEDS = 1000


@dataclass(frozen=True)
class Plan:
    """A study: which functions, trained how often and how long.

    The learning rate of each function is chosen on validation data from `learning_rates` with the
    tuning seeds; scores come from the final seeds, which are others. A seed fixes the split, the
    order of the batches and the raw weights, the same for every function.
    """

    activations: tuple[str, ...]
    baseline: str = "relu"
    learning_rates: tuple[float, ...] = (10**-2.5, 1e-2, 10**-1.5)
    tuning_seeds: tuple[int, ...] = (MOST_SEEDS,)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    steps: int = 500
    batch: int = 64
    hidden: tuple[int, ...] = (64, 64, 64)
    notes: tuple[str, ...] = ()

    @property
    def runs(self) -> int:
        """Trainings in all."""
        each = len(self.learning_rates) * len(self.tuning_seeds) + len(self.seeds)
        return each * len(self.activations)

    @property
    def summary(self) -> str:
        """The plan in one line."""
        rates, again = len(self.learning_rates), len(self.tuning_seeds)
        tuning = f"{rates} learning rates" + (f" × {again} seeds" if again > 1 else "")
        return (
            f"{len(self.activations)} functions × ({tuning} + {len(self.seeds)} seeds) "
            f"= {self.runs} trainings of {self.steps} steps"
        )


def make(
    activations: Sequence[str] | None = None, baseline: str = "relu", seeds: int = 5, steps: int = Plan.steps
) -> Plan:
    """A checked plan; names may be aliases, and the baseline takes part whether named or not.

    Raises UnknownFunction for a name that is none, StudyError for a plan that makes no sense.
    """
    if not 2 <= seeds <= MOST_SEEDS:
        raise StudyError(f"a study needs 2 to {MOST_SEEDS} seeds to say anything about chance, got {seeds}")
    if steps < 1:
        raise StudyError(f"a training needs at least 1 step, got {steps}")
    notes = ["softmax is the output for more than two classes, sigmoid for two, identity for quantities."]
    first = catalogue.canonical(baseline)
    asked = [catalogue.canonical(name) for name in (activations or DEFAULT)]
    if "softmax" in asked:
        notes.append("softmax was left out of the hidden layers: it belongs to the output and is used there.")
        asked = [name for name in asked if name != "softmax"]
    chosen = tuple(dict.fromkeys(asked if first in asked else [first, *asked]))
    for name in chosen:
        kind = catalogue.lookup(name).kind
        if kind != "elementwise":
            raise StudyError(f"{name} is a {kind} function; hidden layers are compared with elementwise ones")
    if len(chosen) < 2:
        raise StudyError(f"there is nothing to compare {first} with; name another function in --activations")
    if any(catalogue.lookup(name).straight_through for name in chosen):
        notes.append("step has no gradient; it is trained straight-through, with the gradient of hard_tanh.")
    return Plan(chosen, first, seeds=tuple(range(seeds)), steps=steps, notes=tuple(notes))
