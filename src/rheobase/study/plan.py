"""What a study will do, decided before it starts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from rheobase import catalogue
from rheobase.errors import StudyError


def _of_row(name: str) -> bool:
    return catalogue.lookup(name).kind == "row"


#: The functions every textbook names that can stand between layers.
DEFAULT = tuple(name for name in catalogue.TEXTBOOK if not _of_row(name))

#: Of a hundred rows, those that train, those that choose the learning rate, and those that score.
SPLIT = TRAIN, VALIDATION, TEST = (60, 20, 20)

#: The function whose training step costs 1.
COST_REFERENCE = "relu"

OUTPUT = "softmax is the output for more than two classes, sigmoid for two, identity for quantities."

Optimizer = Literal["adam", "sgd"]

#: Half-decades, where the best rate of either optimizer is usually met.
RATES: dict[str, tuple[float, ...]] = {
    "adam": tuple(10 ** (k / 2) for k in range(-8, -1)),
    "sgd": tuple(10 ** (k / 2) for k in range(-6, 1)),
}

#: Seeds are counted from 0 and those of the tuning from here on: the two must never meet.
MOST_SEEDS = 1000

#: A training sees its rows this often, if that takes a number of steps between these: functions are to be compared
#: when they have learnt, not while they do, and a study is to end.
EPOCHS = 20
FEWEST_STEPS, MOST_STEPS = 500, 5000


@dataclass(frozen=True, slots=True)
class Size:
    """How many seeds choose the learning rate, and how many are scored."""

    tuning: int
    seeds: int


#: Few seeds are a screening; what thirty do not show hardly matters.
SIZES = {"quick": Size(1, 5), "standard": Size(3, 10), "thorough": Size(3, 30)}


@dataclass(frozen=True)
class Plan:
    """A study: which functions, trained how often and how long.

    The learning rate of each function is chosen on validation data from `learning_rates` with the
    tuning seeds; scores come from the final seeds, which are others. A seed fixes the split, the
    order of the batches, the raw weights and what dropout silences, the same for every function.
    batch_norm stands before the function, dropout after it; `residual` adds a hidden layer's input to
    its output where both are as wide. metric: what is scored, None: what suits the data. equivalence: the difference
    that does not matter, in the unit of the table (points for accuracy); None: half of the spread between seeds.
    together: of which functions many trainings are one program, which rounds otherwise; None: where timing says so.
    test_ratio: test rows per training row of a training function of the user's own, 0 where every seed tests the same
    rows; None: as if the study split them.
    """

    activations: tuple[str, ...]
    baseline: str = "relu"
    learning_rates: tuple[float, ...] = RATES["adam"]
    tuning_seeds: tuple[int, ...] = tuple(range(MOST_SEEDS, MOST_SEEDS + SIZES["standard"].tuning))
    seeds: tuple[int, ...] = tuple(range(SIZES["standard"].seeds))
    steps: int = FEWEST_STEPS
    batch: int = 64
    hidden: tuple[int, ...] = (64, 64, 64)
    optimizer: Optimizer = "adam"
    dropout: float = 0.0
    batch_norm: bool = False
    residual: bool = False
    metric: str | None = None
    equivalence: float | None = None
    together: tuple[str, ...] | None = None
    test_ratio: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def training(self) -> dict[str, Any]:
        """What every training has in common, as JSON can hold it: network, optimizer, steps."""
        common = ("steps", "batch", "hidden", "optimizer", "dropout", "batch_norm", "residual")
        return {name: list(v) if isinstance(v := getattr(self, name), tuple) else v for name in common}

    @property
    def network(self) -> str:
        """The network in words."""
        parts = ["batch normalisation"] * self.batch_norm + [f"dropout {self.dropout:g}"] * (self.dropout > 0)
        extras = [*parts, *["residual connections"] * self.residual]
        counted = [(width, len(list(same))) for width, same in groupby(self.hidden)]
        widths = " – ".join(f"{many} × {width}" if many > 1 else str(width) for width, many in counted)
        return f"{widths} hidden units{', ' * bool(extras)}{', '.join(extras)}"

    @property
    def runs(self) -> int:
        """Trainings in all."""
        each = len(self.learning_rates) * len(self.tuning_seeds) + len(self.seeds)
        return each * len(self.activations)

    @property
    def summary(self) -> str:
        """The plan in one line."""
        return f"{self.counts} of {self.steps} steps"

    @property
    def counts(self) -> str:
        """How many trainings it takes, and for what."""
        rates, again = len(self.learning_rates), len(self.tuning_seeds)
        tuning = f"{rates} learning rates" + (f" × {again} seeds" if again > 1 else "")
        return f"{len(self.activations)} functions × ({tuning} + {len(self.seeds)} seeds) = {self.runs} trainings"


def make(
    activations: Sequence[str] | None = None,
    baseline: str = Plan.baseline,
    seeds: int | None = None,
    steps: int = Plan.steps,
    size: str = "standard",
    **other: Any,
) -> Plan:
    """A checked plan; names may be aliases, and the baseline takes part whether named or not.

    `size` is one of `SIZES`; `seeds` that are scored, if others than its own. `other`: hidden, optimizer, dropout,
    batch_norm, residual, batch, metric, equivalence and test_ratio, as fields of Plan.

    Raises UnknownFunction for a name that is none, StudyError for a plan that makes no sense.
    """
    seeds = SIZES[size].seeds if seeds is None else seeds
    first = catalogue.canonical(baseline)
    asked = list(dict.fromkeys(catalogue.canonical(name) for name in activations or DEFAULT))
    hidden = [name for name in asked if not _of_row(name)]
    chosen = tuple(hidden if first in hidden else [first, *hidden])
    _check_seeds(seeds)
    notes = (OUTPUT, *_left_out([name for name in asked if _of_row(name)]), *_trained_by_stand_ins(chosen))
    tuning = tuple(range(MOST_SEEDS, MOST_SEEDS + SIZES[size].tuning))
    rates = RATES[other.get("optimizer", Plan.optimizer)]
    return checked(Plan(chosen, first, rates, tuning, tuple(range(seeds)), steps, notes=notes, **other))


def steps_for(rows: int, batch: int = Plan.batch) -> int:
    """Steps of a training on a table of so many rows, where nobody says how many.

    >>> steps_for(1797), steps_for(20_000), steps_for(1_000_000)
    (500, 3740, 5000)
    """
    epoch = rows * TRAIN // sum(SPLIT) // batch
    return min(max(EPOCHS * epoch, FEWEST_STEPS), MOST_STEPS)


def checked(plan: Plan) -> Plan:
    """The plan itself.

    Raises UnknownFunction for a name that is none, StudyError for a plan that makes no sense.
    """
    _check(plan.activations, plan.baseline)
    _check_seeds(len(plan.seeds))
    if not plan.learning_rates or not plan.tuning_seeds or plan.optimizer not in RATES:
        raise StudyError(f"a study needs learning rates, seeds to choose among them and {' or '.join(RATES)} to train")
    if plan.steps < 1:
        raise StudyError(f"a training needs at least 1 step, got {plan.steps}")
    if plan.equivalence is not None and not 0 < plan.equivalence < math.inf:
        raise StudyError(f"a difference that does not matter is a number above 0, not {plan.equivalence:g}")
    if plan.test_ratio is not None and not 0 <= plan.test_ratio < math.inf:
        raise StudyError(f"test rows per training row are a number from 0, not {plan.test_ratio:g}")
    _check_network(plan)
    return plan


def _check_seeds(count: int) -> None:
    if not 2 <= count <= MOST_SEEDS:
        raise StudyError(f"a study needs 2 to {MOST_SEEDS} seeds to say anything about chance, got {count}")


def _check_network(plan: Plan) -> None:
    if not plan.hidden or min(plan.hidden) < 1:
        raise StudyError(f"hidden layers need a width of at least 1, as in 128x3 or 64,32; got {plan.hidden}")
    if not 0 <= plan.dropout < 1:
        raise StudyError(f"dropout is a share from 0 to below 1, not {plan.dropout:g}")
    if plan.batch < 2:
        raise StudyError(f"a batch needs at least 2 rows, got {plan.batch}")


def _check(chosen: Sequence[str], first: str) -> None:
    for name in chosen:
        kind = catalogue.lookup(name).kind
        if kind != "elementwise":
            raise StudyError(f"{name} is a {kind} function; hidden layers are compared with elementwise ones")
    if len(chosen) < 2:
        raise StudyError(f"there is nothing to compare {first} with; name another function in --activations")


def _left_out(names: Sequence[str]) -> list[str]:
    was = "was" if len(names) == 1 else "were"
    why = "functions of a row belong to the output, and softmax is used there"
    return [f"{', '.join(names)} {was} left out of the hidden layers: {why}."] if names else []


def _trained_by_stand_ins(chosen: Sequence[str]) -> list[str]:
    own = "has no gradient of its own; it is trained straight-through, with the gradient of"
    stand_ins = {name: catalogue.lookup(name).straight_through for name in chosen}
    return [f"{name} {own} {stand_in}." for name, stand_in in stand_ins.items() if stand_in]
