"""Data for a study: scikit-learn's bundled sets and the user's own tables, checked before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rheobase.errors import StudyError
from rheobase.study.reading import BUILT_IN, read

Task = Literal["classes", "two classes", "regression"]

#: A numeric target with more distinct values than this is a quantity, not a label.
MOST_CLASSES = 50
#: With fewer rows than this, validation and test would be a handful each.
FEWEST_ROWS = 20
#: So few rows of a class leave one each for validation and test.
FEWEST_OF_A_CLASS = 5


@dataclass(frozen=True)
class Dataset:
    """A table: features as columns, and the target as class numbers or quantities.

    notes: what was done to the table that its owner should know.
    """

    name: str
    features: pd.DataFrame
    target: NDArray[Any]
    task: Task
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def outputs(self) -> int:
        """Numbers the network puts out: one per class, or a single one."""
        return len(self.classes) if self.task == "classes" else 1

    @property
    def metric(self) -> str:
        """What is scored; higher is better."""
        return "R²" if self.task == "regression" else "accuracy"


def load(source: str, target: str | None = None) -> Dataset:
    """The built-in set or the file called `source`; `target` names the column to predict (default: the last).

    Raises StudyError, in one line, for anything that cannot be studied.
    """
    if source in BUILT_IN:
        table, column = _built_in(source), "target"
        if target not in (None, "target"):
            raise StudyError(f"{source} is built in and has one target; leave --target out")
    else:
        table = read(source)
        column = target if target is not None else str(table.columns[-1])
    if column not in table.columns:
        raise StudyError(f"{source} has no column {column!r}; its columns are {', '.join(map(str, table.columns))}")
    return _dataset(Path(source).name.split(".")[0], table, column)


def _built_in(name: str) -> pd.DataFrame:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    table = pd.DataFrame(bunch.data, columns=[str(c) for c in bunch.feature_names])
    labels = getattr(bunch, "target_names", None)
    values = bunch.target if labels is None else [str(labels[t]) for t in bunch.target]
    return table.assign(target=values)


def _dataset(name: str, table: pd.DataFrame, column: str) -> Dataset:
    features, target = table.drop(columns=[column]), table[column]
    _check(name, features, target)
    filled = features.loc[:, features.notna().any()]
    notes = _notes(features, filled)
    features = _with_words_as_text(filled)
    if _is_quantity(target):
        return Dataset(name, features, target.to_numpy(np.float64), "regression", notes=notes)
    labels, numbers = np.unique(target.astype(str), return_inverse=True)
    _check_classes(column, labels, np.bincount(numbers), target)
    task: Task = "two classes" if len(labels) == 2 else "classes"
    return Dataset(name, features, numbers, task, tuple(str(label) for label in labels), notes)


def numeric(features: pd.DataFrame) -> list[Any]:
    """The columns that are numbers; the others are words."""
    return list(features.select_dtypes(["number", "bool"]).columns)


def _with_words_as_text(features: pd.DataFrame) -> pd.DataFrame:
    numbers = numeric(features)
    # True, False and a gap make a column of mixed kinds, which no encoder sorts
    words = {c: features[c].map(str, na_action="ignore") for c in features.columns if c not in numbers}
    return features.assign(**words)


def _notes(features: pd.DataFrame, filled: pd.DataFrame) -> tuple[str, ...]:
    empty = [str(c) for c in features.columns if c not in filled.columns]
    missing, words = int(filled.isna().sum().sum()), filled.shape[1] - len(numeric(filled))
    notes = [
        (len(empty), f"{_counted(len(empty), 'empty column')} left out: {', '.join(empty)}."),
        (missing, f"{_counted(missing, 'missing value')} filled with the column's mean, or its commonest word."),
        (words, f"{_counted(words, 'text column')} turned into a 0/1 column per word."),
    ]
    return tuple(text for count, text in notes if count)


def _counted(count: int, noun: str) -> str:
    return f"1 {noun} was" if count == 1 else f"{count} {noun}s were"


def _check(name: str, features: pd.DataFrame, target: pd.Series[Any]) -> None:
    if len(features) < FEWEST_ROWS:
        raise StudyError(f"{name} has {len(features)} row(s); a study needs at least {FEWEST_ROWS}")
    if not features.notna().to_numpy().any():
        raise StudyError(f"{name} has no feature with a value; at least one column besides the target is needed")
    if target.isna().any():
        raise StudyError(f"the target {target.name!r} misses {int(target.isna().sum())} value(s); remove those rows")
    for column, values in [*features.items(), (target.name, target)]:
        if pd.api.types.is_numeric_dtype(values) and np.isinf(values.to_numpy(np.float64, na_value=np.nan)).any():
            raise StudyError(f"column {column!r} holds an infinite value; features must be finite or missing")
    if target.nunique() < 2:
        raise StudyError(f"the target {target.name!r} is constant; it needs at least two values")


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
