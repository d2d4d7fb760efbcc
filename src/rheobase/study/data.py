"""Data for a study: scikit-learn's bundled sets and the user's own tables, checked before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rheobase.errors import RheobaseError

Task = Literal["classes", "two classes", "regression"]

BUILT_IN = ("digits", "breast_cancer", "wine", "iris", "diabetes")
SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
#: A numeric target with more distinct values than this is a quantity, not a label.
MOST_CLASSES = 50


class StudyError(RheobaseError, ValueError):
    """A study that cannot be run as asked."""


@dataclass(frozen=True)
class Dataset:
    """A table: features as columns, and the target as class numbers or quantities."""

    name: str
    features: pd.DataFrame
    target: NDArray[Any]
    task: Task
    classes: tuple[str, ...] = ()

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
        table = _read(source)
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


def _read(source: str) -> pd.DataFrame:
    path = Path(source)
    if not path.name.endswith(SUFFIXES):
        raise StudyError(
            f"{source!r} is neither a built-in set ({', '.join(BUILT_IN)}) nor a file ending in {', '.join(SUFFIXES)}"
        )
    if not path.is_file():
        raise StudyError(f"there is no file {source!r}")
    try:
        return pd.read_csv(path, sep="\t" if ".tsv" in path.name else ",")
    except (ValueError, OSError) as error:
        raise StudyError(f"cannot read {source!r}: {str(error).splitlines()[0]}") from None


def _dataset(name: str, table: pd.DataFrame, column: str) -> Dataset:
    features, target = table.drop(columns=[column]), table[column]
    _check(name, features, target)
    features = features.loc[:, features.notna().any()]
    if _is_quantity(target):
        return Dataset(name, features, target.to_numpy(np.float64), "regression")
    labels, numbers = np.unique(target.astype(str), return_inverse=True)
    counts = np.bincount(numbers)
    if counts.min() < 5:
        raise StudyError(
            f"class {labels[counts.argmin()]!r} of {column!r} has {counts.min()} row(s); every class needs at least 5"
        )
    task: Task = "two classes" if len(labels) == 2 else "classes"
    return Dataset(name, features, numbers, task, tuple(str(label) for label in labels))


def _check(name: str, features: pd.DataFrame, target: pd.Series[Any]) -> None:
    if len(features) < 20:
        raise StudyError(f"{name} has {len(features)} row(s); a study needs at least 20")
    if features.shape[1] == 0 or not features.notna().to_numpy().any():
        raise StudyError(f"{name} has no feature with a value; at least one column besides the target is needed")
    if target.isna().any():
        raise StudyError(f"the target {target.name!r} misses {int(target.isna().sum())} value(s); remove those rows")
    for column, values in [*features.items(), (target.name, target)]:
        if pd.api.types.is_numeric_dtype(values) and np.isinf(values.to_numpy(np.float64, na_value=np.nan)).any():
            raise StudyError(f"column {column!r} holds an infinite value; features must be finite or missing")
    if target.nunique() < 2:
        raise StudyError(f"the target {target.name!r} is constant; it needs at least two values")


def _is_quantity(target: pd.Series[Any]) -> bool:
    if not pd.api.types.is_numeric_dtype(target) or pd.api.types.is_bool_dtype(target):
        return False
    whole = bool(np.all(np.mod(target, 1) == 0))
    return not whole or target.nunique() > MOST_CLASSES
