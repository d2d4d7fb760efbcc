"""A training's outcome as text, and back: what the ledger and the files of cells hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from rheobase.doctor.health import Health
from rheobase.study.training.cells import Cell
from rheobase.study.training.train import Run


def to_record(run: Run) -> dict[str, Any]:
    """What JSON can hold of it, to the last bit: numbers that are not finite are words."""
    found: dict[str, Any] = _plain(asdict(run))
    return found


def from_record(record: Mapping[str, Any]) -> Run:
    """The outcome that `to_record` was given."""
    health = record["health"]
    if health is not None:
        counts = tuple(np.array(h, dtype=np.int64) for h in health["histograms"])
        health = Health(**{k: float(v) for k, v in health.items() if k != "histograms"}, histograms=counts)
    numbers = {name: float(record[name]) for name in ("learning_rate", "validation", "test", "chance", "second")}
    curve = np.array([float(v) for v in record["curve"]])
    # records from before steps were kept have none
    at = None if record.get("at") is None else np.array([float(step) for step in record["at"]])
    return Run(record["activation"], seed=record["seed"], failed=record["failed"],
               curve=curve, health=health, at=at, **numbers)  # fmt: skip


def cell_of(run: Run) -> Cell:
    """The cell that it is the outcome of."""
    return Cell(run.activation, run.learning_rate, run.seed, final=not math.isnan(run.test))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
