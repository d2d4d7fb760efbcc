"""Columns of a table → the numbers a network takes; what is learnt from features is learnt from the training rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from rheobase.study.data.columns import MOST_WORDS, numeric

#: Values that are encoded at once. All of a large table would be in memory several times in double precision, so it is
#: taken a few columns at a time.
CELLS = 4_000_000

Rows = NDArray[np.int64]


def encoded(features: pd.DataFrame, parts: Sequence[Rows]) -> list[torch.Tensor]:
    """The rows of each part as one tensor; the first part is the one that is learnt from.

    Numbers are standardised, and a missing one becomes the mean; words are written as 0 and 1, and a missing one
    becomes the commonest.
    """
    fitted = [(columns, kind.fit(_rows(features, columns, parts[0]))) for columns, kind in _encoders(features)]
    ends = np.cumsum([0, *(len(encoder.get_feature_names_out()) for _, encoder in fitted)])
    found = [torch.empty(len(rows), int(ends[-1])) for rows in parts]
    for (columns, encoder), first, last in zip(fitted, ends[:-1], ends[1:], strict=True):
        for rows, whole in zip(parts, found, strict=True):
            # a word is many columns of the result
            for some in _in_blocks(rows, int(last - first)):
                block = np.asarray(encoder.transform(_rows(features, columns, rows[some])))
                whole[some, first:last] = torch.tensor(block, dtype=whole.dtype)
    return found


def _encoders(features: pd.DataFrame) -> Iterator[tuple[list[Any], Pipeline]]:
    numbers = numeric(features)
    words = [c for c in features.columns if c not in numbers]
    at_once = max(CELLS // len(features), 1)
    for first in range(0, len(numbers), at_once):
        yield (
            numbers[first : first + at_once],
            make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler()),
        )
    for word in words:
        yield (
            [word],
            make_pipeline(
                SimpleImputer(strategy="most_frequent", keep_empty_features=True),
                OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MOST_WORDS, sparse_output=False),
            ),
        )


def _rows(features: pd.DataFrame, columns: list[Any], rows: Rows) -> NDArray[Any]:
    """Column by column: a row of a table with columns of several kinds would be made of objects."""
    found = [features[c].to_numpy()[rows] for c in columns]
    return np.stack(found, axis=1, dtype=object if found[0].dtype == object else np.float64)


def _in_blocks(rows: Rows, width: int) -> list[slice]:
    size = max(CELLS // width, 1)
    return [slice(first, first + size) for first in range(0, len(rows), size)]
