"""A small study that other processes carry out, and are killed at."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

from rheobase.study import Results, StudyError, load, run
from rheobase.study.kept import Kept, only_writer
from rheobase.study.plan import Plan
from rheobase.study.terms import terms

PLAN = Plan(
    ("relu", "tanh", "gelu"), learning_rates=(1e-3, 1e-2, 1e-1), tuning_seeds=(1000, 1001), seeds=(0, 1, 2), steps=12
)


def carry_out(out: Path, workers: int = 0) -> Results:
    """The study, kept in the folder `out`."""
    data = load("iris")
    with only_writer(out):
        return run(data, PLAN, workers=workers, keeper=Kept(out, terms(data, PLAN)))


def without_a_word(out: Path, workers: int = 0) -> None:
    """The same in a process of its own; it ends with status 3 if the study says what is wrong."""
    # what a killed process has begun to say is no output of the tests'
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    try:
        carry_out(out, workers)
    except StudyError:
        os._exit(3)


def with_little_room(out: Path, most: int) -> None:
    """The same where no file may have more than `most` bytes, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    without_a_word(out)
