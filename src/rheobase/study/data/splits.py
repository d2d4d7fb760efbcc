"""Which rows train, validate and test: the policy of a study, and the rows of a seed."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rheobase.study.plan import SPLIT, TEST, TRAIN, VALIDATION

Policy = Literal["folds", "random"]
Rows = NDArray[np.int64]

#: With fewer rows than this, seeds take turns as folds: tests of a few hundred rows drawn afresh would leave some rows
#: out and count others often, and with it chance that folds spare.
SMALL = 2000
FOLDS = sum(SPLIT) // TEST
#: Test rows per training row, for the variance of a mean over n seeds: (1/n + this)·s² instead of s²/n (Nadeau &
#: Bengio 2003, Inference for the generalization error; for repeated folds Bouckaert & Frank 2004). It holds under
#: either policy. Seeds share one table, so their training rows overlap, and so do their test rows or, with folds, the
#: test rows of one and the training rows of another: their scores err together, and more seeds of the same table do
#: not take that error away. A test simulates both policies and shows that s²/n finds too much in either.
OVERLAP = TEST / TRAIN

IN_WORDS: dict[Policy, str] = {
    "folds": f"{FOLDS} folds of the shuffled table, shuffled anew every {FOLDS} seeds; each seed tests one",
    "random": "drawn anew for every seed",
}


class Parts(NamedTuple):
    """Row numbers of one seed."""

    train: Rows
    validation: Rows
    test: Rows


def policy(rows: int) -> Policy:
    """How a table of so many rows is split."""
    return "folds" if rows < SMALL else "random"


def smallest_test(rows: int) -> int:
    """Test rows that every seed has at least."""
    return rows // FOLDS


def parts(rows: int, strata: NDArray[Any] | None, seed: int) -> Parts:
    """The rows of a seed; every part holds the classes in `strata` in the same shares."""
    from sklearn.model_selection import train_test_split

    rest, test = (_fold if policy(rows) == "folds" else _drawn)(rows, strata, seed)
    # a fold may hold a row less than another; then a row is left out, for every seed trains on as many
    fewest = rows - math.ceil(rows / FOLDS)
    validate = math.ceil(fewest * VALIDATION / (TRAIN + VALIDATION))
    train, validation = train_test_split(
        rest,
        train_size=fewest - validate,
        test_size=validate,
        random_state=seed,
        stratify=None if strata is None else strata[rest],
    )
    return Parts(train, validation, test)


def _fold(rows: int, strata: NDArray[Any] | None, seed: int) -> tuple[Rows, Rows]:
    from sklearn.model_selection import KFold, StratifiedKFold

    shuffle, fold = divmod(seed, FOLDS)
    dealt = (KFold if strata is None else StratifiedKFold)(FOLDS, shuffle=True, random_state=shuffle)
    return list(dealt.split(np.zeros(rows), strata))[fold]


def _drawn(rows: int, strata: NDArray[Any] | None, seed: int) -> tuple[Rows, Rows]:
    from sklearn.model_selection import train_test_split

    return train_test_split(np.arange(rows), test_size=TEST / sum(SPLIT), random_state=seed, stratify=strata)
