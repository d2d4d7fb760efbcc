"""Data for a study: scikit-learn's bundled sets and the user's own tables, checked before anything runs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rheobase.errors import StudyError
from rheobase.study.data import splits
from rheobase.study.data.columns import numeric, plain, quoted, usable
from rheobase.study.data.metrics import Metric, Task, asked, beside, suited
from rheobase.study.data.reading import BUILT_IN, read

#: A numeric target with more distinct values than this is a quantity, not a label.
MOST_CLASSES = 50
#: A target of fractions with no more distinct values than this may be meant as labels.
FEW_VALUES = 10
#: Column names listed in a complaint.
MOST_NAMED = 10
#: Standard deviations that a number may be away from 0: the square still fits single precision.
MOST_SPREADS = 1e18
#: Differences below this have squares that double precision takes for 0.
LEAST = 1e-100
#: With fewer rows than this, validation and test would be a handful each.
FEWEST_ROWS = 20
#: So few rows of a class leave one each for validation and test.
FEWEST_OF_A_CLASS = 5


@dataclass(frozen=True)
class Dataset:
    """A table: features as columns, and the target as class numbers or quantities.

    notes: what was done to the table that its owner should know. predicts: the target's name. wished: the metric its
    owner asks for; None: the one that suits it. source: what it was loaded from.
    """

    name: str
    features: pd.DataFrame
    target: NDArray[Any]
    task: Task
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    predicts: str = "target"
    wished: str | None = None
    source: str = ""

    @property
    def aim(self) -> str:
        """What is predicted from what."""
        count = len(self.features.columns)
        return f"predicting {self.predicts!r} from {count} column{'s' if count > 1 else ''}"

    @property
    def about(self) -> str:
        """Its size and its aim, for the report."""
        classes = f"{len(self.classes)} classes" if self.classes else "a quantity to predict"
        return f"{len(self.features)} rows, {self.aim}, {classes}"

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen digits that change with any value, column or the target."""
        found = hashlib.sha256(repr((list(map(str, self.features.columns)), self.task, self.classes)).encode())
        found.update(pd.util.hash_pandas_object(self.features, index=False).to_numpy().tobytes())
        found.update(np.ascontiguousarray(self.target).tobytes())
        return found.hexdigest()[:16]

    @property
    def outputs(self) -> int:
        """Numbers the network puts out: one per class, or a single one."""
        return len(self.classes) if self.task == "classes" else 1

    @property
    def scored(self) -> Metric:
        """What is scored; higher is better."""
        return asked(self.wished, self.task) if self.wished else suited(self.task, self.target)

    @property
    def metric(self) -> str:
        """Its name."""
        return self.scored.name

    @property
    def second(self) -> Metric | None:
        """What is shown beside it."""
        return beside(self.scored)

    @property
    def imbalance(self) -> float:
        """Rows of the commonest class per row of the rarest."""
        counts = np.bincount(self.target)
        return float(counts.max() / counts.min())

    @cached_property
    def rarer(self) -> int:
        """The number of the class with fewest rows, the last of equals."""
        counts = np.bincount(self.target)
        return int(len(counts) - 1 - counts[::-1].argmin())

    @property
    def splits(self) -> splits.Policy:
        """How its rows are split."""
        return splits.policy(len(self.target))


def load(source: str, target: str | None = None, metric: str | None = None) -> Dataset:
    """The built-in set or the file called `source`; `target` names the column to predict (default: the last).

    `metric` is what is scored, by its name; default: what suits the data.

    Raises StudyError, in one line, for anything that cannot be studied.

    >>> data = load("iris")
    >>> data.task, data.classes, data.features.shape
    ('classes', ('setosa', 'versicolor', 'virginica'), (150, 4))
    """
    if source in BUILT_IN:
        table, column = _built_in(source), "target"
        if target not in (None, "target"):
            raise StudyError(f"{source} is built in and has one target; leave --target out")
    else:
        table = read(source)
        column = target if target is not None else str(table.columns[-1])
    if column not in table.columns:
        raise StudyError(f"{source} has no column {column!r}; {_known(column, list(map(str, table.columns)))}")
    data = _dataset(Path(source).name.split(".")[0], table, column)
    return replace(data, wished=None if metric is None else asked(metric, data.task).option, source=source)


def _known(column: str, names: list[str]) -> str:
    close = get_close_matches(column, names)
    if close:
        return f"did you mean {quoted(close, ' or ')}?"
    if len(names) <= MOST_NAMED:
        return f"its columns are {quoted(names)}"
    return f"the first {MOST_NAMED} of its {len(names)} columns are {quoted(names[:MOST_NAMED])}"


def _built_in(name: str) -> pd.DataFrame:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    table = pd.DataFrame(bunch.data, columns=[str(c) for c in bunch.feature_names])
    labels = getattr(bunch, "target_names", None)
    values = bunch.target if labels is None else [str(labels[t]) for t in bunch.target]
    return table.assign(target=values)


def _dataset(name: str, table: pd.DataFrame, column: str) -> Dataset:
    table = plain(table)
    features, target = table.drop(columns=[column]), table[column]
    _check(name, features, target)
    used, notes = usable(name, features)
    notes = (*_target_note(target), *_repeated(table), *notes)
    if _is_quantity(target):
        return Dataset(name, used, target.to_numpy(np.float64), "regression", (), notes, column)
    numbers, labels = pd.factorize(target.map(str), sort=True)
    _check_classes(column, labels, np.bincount(numbers), target)
    task: Task = "two classes" if len(labels) == 2 else "classes"
    return Dataset(name, used, numbers, task, tuple(str(label) for label in labels), notes, column)


def _repeated(table: pd.DataFrame) -> tuple[str, ...]:
    # by their hashes: comparing the values of a million rows takes many times as long as reading them
    count = int(pd.util.hash_pandas_object(table, index=False).duplicated().sum())
    rest = "a row and its copy may lie in the training and the test part, which flatters the scores."
    return (f"{count} row{' repeats' if count == 1 else 's repeat'} an earlier one: {rest}",) if count else ()


def _target_note(target: pd.Series[Any]) -> tuple[str, ...]:
    values = target.nunique()
    if not _is_quantity(target) or values > FEW_VALUES:
        return ()
    return (
        f"The target {target.name!r} holds numbers with fractions and is taken as a quantity; to have its {values} "
        "values taken as classes, write them as words.",
    )


def _check(name: str, features: pd.DataFrame, target: pd.Series[Any]) -> None:
    if len(features) < FEWEST_ROWS:
        raise StudyError(f"{name} has {len(features)} row(s); a study needs at least {FEWEST_ROWS}")
    if not features.notna().to_numpy().any():
        raise StudyError(f"{name} has no feature with a value; at least one column besides the target is needed")
    if target.isna().any():
        raise StudyError(f"the target {target.name!r} misses {int(target.isna().sum())} value(s); remove those rows")
    if pd.api.types.is_datetime64_any_dtype(target):
        raise StudyError(f"the target {target.name!r} is a date; a number or a class is needed")
    for column, values in [*features.items(), (target.name, target)]:
        if pd.api.types.is_numeric_dtype(values) and np.isinf(values.to_numpy(np.float64, na_value=np.nan)).any():
            raise StudyError(f"column {column!r} holds an infinite value; features must be finite or missing")
    for column in numeric(features):
        _check_size(features[column])
    if _is_quantity(target):
        _check_size(target)
    if target.nunique() < 2:
        raise StudyError(f"the target {target.name!r} is constant; it needs at least two values")


def _check_size(column: pd.Series[Any]) -> None:
    """Whichever rows train, standardised values must leave room for their square in single precision."""
    values = column.dropna().to_numpy(np.float64)
    if len(values) == 0:
        return
    with np.errstate(all="ignore"):
        away = np.abs(values - np.median(values))
        # the outermost may be missing among the rows that train
        spread = float(np.std(np.delete(values, away.argmax()))) if len(values) > 1 else 0.0
        small = 0 < away.max() < LEAST
        fits = np.abs(values).max() <= MOST_SPREADS * (spread or 1.0) < np.inf
    if small or not fits:
        found, size = values[away.argmax()], "small" if small else "large"
        raise StudyError(f"column {column.name!r} holds {found:g}: too {size} to standardise; rescale or remove it")


def _check_classes(column: str, labels: Any, counts: NDArray[np.int64], target: pd.Series[Any]) -> None:
    if counts.min() >= FEWEST_OF_A_CLASS:
        return
    rare = f"class {str(labels[counts.argmin()])!r} of {column!r} has {counts.min()} row(s)"
    rule = f"every class needs at least {FEWEST_OF_A_CLASS}, so merge rare classes or remove their rows"
    if pd.api.types.is_numeric_dtype(target):
        rule += (
            f" (its {len(labels)} distinct whole numbers are taken as classes; numbers with fractions, or more than "
            f"{MOST_CLASSES} distinct ones, are taken as a quantity)"
        )
    raise StudyError(f"{rare}; {rule}")


def _is_quantity(target: pd.Series[Any]) -> bool:
    if not pd.api.types.is_numeric_dtype(target) or pd.api.types.is_bool_dtype(target):
        return False
    whole = bool(np.all(np.mod(target, 1) == 0))
    return not whole or target.nunique() > MOST_CLASSES
