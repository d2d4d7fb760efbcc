"""Which activation function for this data? A fair comparison, told honestly."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rheobase.errors import StudyError
from rheobase.study.plan import Plan, make

__all__ = ["Dataset", "Plan", "Results", "Run", "StudyError", "load", "make", "run"]

if TYPE_CHECKING:
    from rheobase.study.conduct import run
    from rheobase.study.data.tables import Dataset, load
    from rheobase.study.results import Results
    from rheobase.study.training.train import Run
else:
    #: Loaded when used: the command line's help asks this package for words, and must not wait for torch.
    _HOME = {
        "Dataset": "data.tables",
        "Results": "results",
        "Run": "training.train",
        "load": "data.tables",
        "run": "conduct",
    }

    def __getattr__(name: str) -> Any:
        """The names that need torch or pandas."""
        if name not in _HOME:
            raise AttributeError(f"module 'rheobase.study' has no attribute {name!r}")
        return getattr(import_module(f"rheobase.study.{_HOME[name]}"), name)
