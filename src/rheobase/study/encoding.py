"""Columns of a table → the numbers a network takes; what is learnt from features is learnt from the training rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from rheobase.study.columns import MOST_WORDS, numeric

#: Rows that are encoded at once: all of a large table, in double precision, would be many times the table.
BLOCK = 65_536


def fitted_encoder(features: pd.DataFrame, rows: NDArray[np.int64]) -> ColumnTransformer:
    """What standardises the columns of numbers and writes words as 0 and 1, by those rows.

    A missing number becomes the mean, which is 0; a missing word the commonest one.
    """
    numbers = numeric(features)
    words = [c for c in features.columns if c not in numbers]
    for_numbers = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    for_words = make_pipeline(
        SimpleImputer(strategy="most_frequent", keep_empty_features=True),
        OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MOST_WORDS, sparse_output=False),
    )
    return ColumnTransformer([("numbers", for_numbers, numbers), ("words", for_words, words)]).fit(features.iloc[rows])


def encoded(encoder: ColumnTransformer, features: pd.DataFrame, rows: NDArray[np.int64]) -> torch.Tensor:
    """Those rows as one tensor."""
    dtype = torch.get_default_dtype()
    blocks = [rows[first : first + BLOCK] for first in range(0, len(rows), BLOCK)]
    return torch.cat([torch.tensor(np.asarray(encoder.transform(features.iloc[b])), dtype=dtype) for b in blocks])
