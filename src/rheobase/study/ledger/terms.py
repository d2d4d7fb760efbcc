"""What the outcome of a training depends on besides its cell: trainings on other terms must never be mixed."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from rheobase.study.data.tables import Dataset
from rheobase.study.plan import Plan
from rheobase.study.training.own import Own


def terms(data: Dataset | Own, plan: Plan) -> dict[str, Any]:
    """Data or code by its fingerprint, how it is split and scored, what the plan says of
    each training, and versions; JSON can hold it."""
    versions = {name: version(name) for name in ("rheobase", "torch", "numpy")}
    if isinstance(data, Own):
        return {"data": data.fingerprint, **versions}
    return {"data": data.fingerprint, "metric": data.metric, "splits": data.splits, **plan.training, **versions}
