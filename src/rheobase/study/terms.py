"""What the outcome of a training depends on besides its cell: trainings on other terms must never be mixed."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from rheobase.study.data import Dataset
from rheobase.study.plan import Plan


def terms(data: Dataset, plan: Plan) -> dict[str, Any]:
    """Data by its fingerprint, what the plan says of each training, and versions; JSON can hold it."""
    return {
        "data": fingerprint(data),
        **plan.training,
        "rheobase": version("rheobase"),
        "torch": version("torch"),
    }


def fingerprint(data: Dataset) -> str:
    """Sixteen digits that change with any value, column or the target."""
    found = hashlib.sha256(repr((list(map(str, data.features.columns)), data.task, data.classes)).encode())
    found.update(pd.util.hash_pandas_object(data.features, index=False).to_numpy().tobytes())
    found.update(np.ascontiguousarray(data.target).tobytes())
    return found.hexdigest()[:16]
