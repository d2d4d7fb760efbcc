"""The data of the real studies: scikit-learn's bundled sets, and sets drawn anew from its generators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets

from rheobase.study import Dataset, load

#: A network that is smaller than the default's, and fewer steps: there are many studies.
SMALL: Mapping[str, Any] = {"hidden": (32, 32), "steps": 200}

BUNDLED = ("iris", "wine", "breast_cancer", "digits", "diabetes")


def _classes(number: int) -> tuple[Any, Any]:
    # the clusters of a task are its own draw, too
    return datasets.make_classification(400, 10, n_informative=4, flip_y=0.1, class_sep=0.8, random_state=number)


def _moons(number: int) -> tuple[Any, Any]:
    return datasets.make_moons(400, noise=0.3, random_state=number)


def _friedman(number: int) -> tuple[Any, Any]:
    return datasets.make_friedman1(400, noise=1.0, random_state=number)


DRAWN: Mapping[str, Callable[[int], tuple[Any, Any]]] = {
    "make_classification": _classes, "make_moons": _moons, "make_friedman1": _friedman,
}  # fmt: skip


def table(name: str, number: int) -> Dataset:
    """The bundled set of that name, or the draw of that number from the generator."""
    if name in BUNDLED:
        return load(name)
    x, y = DRAWN[name](number)
    features = pd.DataFrame(x, columns=[f"x{k}" for k in range(x.shape[1])])
    if np.issubdtype(y.dtype, np.floating):
        return Dataset(name, features, y, "regression")
    return Dataset(name, features, y, "two classes", tuple(map(str, np.unique(y))))
