"""The user's own training function as what a study compares functions in."""

from __future__ import annotations

import hashlib
import inspect
import math
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from rheobase.errors import StudyError
from rheobase.named import function_named
from rheobase.study.training.architecture import hidden_unit
from rheobase.study.training.cells import Cell
from rheobase.study.training.train import Run

#: What tells the name of a function from that of a file.
_NAME = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
#: Seconds between two checkpoints of a training.
EVERY = 60.0


@dataclass(frozen=True)
class Own:
    """train(make_activation, learning_rate, seed, ctx) -> score; higher is better.

    `make_activation()` gives a new module of the function. A score that is not finite is a run that diverged. folder:
    where checkpoints lie, None for nowhere.
    """

    name: str
    folder: Path | None = None
    predicts: str = "score"
    metric: str = "score"
    second: None = None
    task: Literal["own"] = "own"
    splits: Literal["own"] = "own"
    notes: tuple[str, ...] = (
        "The function itself decides on data, network and steps, and what a seed fixes; PyTorch's numbers are seeded. "
        "Of memory and health nothing is known.",
    )

    @property
    def aim(self) -> str:
        """What is compared."""
        return f"as {self.name} trains and scores"

    @property
    def source(self) -> str:
        """What it is asked for by."""
        return self.name

    @property
    def about(self) -> str:
        """The same, for the report."""
        return self.aim

    @property
    def fingerprint(self) -> str:
        """Sixteen digits that change with the source of the function's module; what that imports is not looked at."""
        source = inspect.getsourcefile(function_named(self.name))
        if source is None:
            raise StudyError(f"{self.name} has no source file: a study could not notice that it changed")
        return hashlib.sha256(Path(source).read_bytes()).hexdigest()[:16]

    def train(self, cell: Cell) -> Run:
        """Call it once."""
        torch.set_num_threads(1)
        torch.manual_seed(cell.seed)
        # what other code kept is no state of this one
        context = Context(None if self.folder is None else self.folder / f"{cell.label}.{self.fingerprint}.pt")
        make = partial(hidden_unit, cell.activation)
        score = _number(function_named(self.name)(make, cell.learning_rate, cell.seed, context), self.name)
        context.forget()
        at, curve = np.array(context.reported, dtype=np.float64).reshape(-1, 2).T
        test = score if cell.final else math.nan
        failed = score == -math.inf
        return Run(cell.activation, cell.learning_rate, cell.seed, score, test, failed, math.nan, curve, None, at=at)


class Context:
    """What a training function may tell, and ask for."""

    def __init__(self, path: Path | None) -> None:
        self.reported: list[tuple[float, float]] = []
        self._path, self._last = path, time.monotonic()

    def report(self, step: float, value: float) -> None:
        """Note a value of the learning curve, and the step (or whatever else is counted) that it was reached at."""
        self.reported.append((float(step), float(value)))

    def checkpoint(self, state: Any, now: bool = False) -> None:
        """Keep what torch.save can, whole or not at all: a minute after the last one, or `now`."""
        if self._path is None or not (now or time.monotonic() - self._last > EVERY):
            return
        self._path.parent.mkdir(exist_ok=True)
        temporary = self._path.with_suffix(f".{os.getpid()}")
        torch.save({"state": state, "reported": self.reported}, temporary)
        temporary.replace(self._path)
        self._last = time.monotonic()

    def resume(self) -> Any:
        """The state that was kept when this training was stopped; None at its beginning."""
        if self._path is None or not self._path.exists():
            return None
        kept = torch.load(self._path, weights_only=False)
        self.reported = kept["reported"]
        return kept["state"]

    def forget(self) -> None:
        """Remove the checkpoint of a training that is done."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def is_own(source: str) -> bool:
    """Whether `source` names a function, and no file."""
    return _NAME.fullmatch(source) is not None and not Path(source).exists()


def own(source: str, folder: Path | None) -> Own:
    """The user's function called `source`.

    Raises RheobaseError if there is none, StudyError if it does not take what a study gives it.
    """
    _check(function_named(source), source)
    return Own(source, folder)


def _check(function: Callable[..., Any], name: str) -> None:
    try:
        inspect.signature(function).bind(*range(4))
    except TypeError:
        raise StudyError(f"{name} must take (make_activation, learning_rate, seed, ctx) and return a score") from None


def _number(score: Any, name: str) -> float:
    """The score; -inf for one that is not finite."""
    if not isinstance(score, int | float | np.number | torch.Tensor) or np.size(score) != 1:
        raise StudyError(f"{name} must return a score, a number; it returned {type(score).__name__}")
    return float(score) if math.isfinite(score) else -math.inf
