"""Data for a study: scikit-learn's bundled sets and the user's own tables, checked before anything runs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
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

    notes: what was done to the table that its owner should know. predicts: the target's name.
    """

    name: str
    features: pd.DataFrame
    target: NDArray[Any]
    task: Task
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    predicts: str = "target"

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

    @property
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
        raise StudyError(f"{source} has no column {column!r}; {_known(column, list(map(str, table.columns)))}")
    return _dataset(Path(source).name.split(".")[0], table, column)


def _known(column: str, names: list[str]) -> str:
    close = get_close_matches(column, names)
    if close:
        return f"did you mean {_quoted(close, ' or ')}?"
    if len(names) <= MOST_NAMED:
        return f"its columns are {_quoted(names)}"
    return f"the first {MOST_NAMED} of its {len(names)} columns are {_quoted(names[:MOST_NAMED])}"


def _quoted(names: Sequence[str], between: str = ", ") -> str:
    return between.join(map(repr, names))


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
    free = [c for c in filled.columns if c not in numeric(filled) and _is_free_text(filled[c])]
    used = filled.drop(columns=free)
    if used.empty:
        raise StudyError(f"{name} has only text that differs from row to row; {_quoted(free)} cannot be learnt from")
    notes = (
        *_target_note(target),
        *_repeated(table),
        *_notes(features, filled, used),
        *_word_notes(filled, free),
    )
    features = _with_words_as_text(used)
    if _is_quantity(target):
        return Dataset(name, features, target.to_numpy(np.float64), "regression", (), notes, column)
    labels, numbers = np.unique(target.astype(str), return_inverse=True)
    _check_classes(column, labels, np.bincount(numbers), target)
    task: Task = "two classes" if len(labels) == 2 else "classes"
    return Dataset(name, features, numbers, task, tuple(str(label) for label in labels), notes, column)


def numeric(features: pd.DataFrame) -> list[Any]:
    """The columns that are numbers; the others are words."""
    return list(features.select_dtypes(["number", "bool"]).columns)


def encoded_width(data: Dataset) -> int:
    """Features the network sees at most: a number each, and one per word of a column of words."""
    numbers = numeric(data.features)
    words = [c for c in data.features.columns if c not in numbers]
    return len(numbers) + sum(int(data.features[c].nunique()) for c in words)


def _with_words_as_text(features: pd.DataFrame) -> pd.DataFrame:
    numbers = numeric(features)
    # True, False and a gap make a column of mixed kinds, which no encoder sorts
    words = {c: features[c].map(str, na_action="ignore") for c in features.columns if c not in numbers}
    return features.assign(**words)


def _notes(features: pd.DataFrame, filled: pd.DataFrame, used: pd.DataFrame) -> tuple[str, ...]:
    empty = [str(c) for c in features.columns if c not in filled.columns]
    missing = int(used.isna().sum().sum())
    notes = [
        (len(empty), f"{_counted(len(empty), 'empty column')} left out: {', '.join(empty)}."),
        (missing, f"{_counted(missing, 'missing value')} filled with the column's mean, or its commonest word."),
    ]
    return tuple(text for count, text in notes if count)


def _repeated(table: pd.DataFrame) -> tuple[str, ...]:
    count = int(table.duplicated().sum())
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


def _is_free_text(column: pd.Series[Any]) -> bool:
    """Ids, names, prose: more than half of the rows have a word of their own, so none is met often enough."""
    return int(column.nunique()) > len(column) / 2


def _word_notes(filled: pd.DataFrame, free: Sequence[Any]) -> list[str]:
    """What became of the text columns."""
    words = [c for c in filled.columns if c not in numeric(filled)]
    left_out = [
        f"text column {str(c)!r} was left out: {filled[c].nunique()} of its {len(filled)} rows are distinct."
        for c in free
    ]
    kept = {str(c): filled[c].nunique() for c in words if c not in free}
    became = [f"{c!r} became {count} 0/1 column{'s' if count > 1 else ''}" for c, count in kept.items()]
    digits = [str(c) for c in words if _are_numbers(filled[c])]
    return [
        *left_out,
        *([f"text column {'; '.join(became)}."] if became else []),
        *([f"most values of {_quoted(digits)} look like numbers; without ',' and '%' they would be taken as such."]
          if digits else []),
    ]  # fmt: skip


def _are_numbers(column: pd.Series[Any]) -> bool:
    plain = column.dropna().map(str).str.replace(r"[,%\s]", "", regex=True)
    return bool(pd.to_numeric(plain, errors="coerce").notna().mean() > 0.5)


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
