"""Studies carried out in folders of their own: what a folder holds from before is not trained again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from rich.progress import track

from rheobase.folder import prepared
from rheobase.study import Dataset, Plan, Results, run
from rheobase.study.files import FILES
from rheobase.study.ledger.kept import Kept, only_writer
from rheobase.study.ledger.terms import terms
from rheobase.workers import crew

T = TypeVar("T")

PROCESSES = 2


def study(data: Dataset, plan: Plan, out: Path) -> Results:
    """Carry out a study in this process."""
    torch.set_num_threads(1)
    with prepared(out, FILES), only_writer(out):
        return run(data, plan, workers=0, keeper=Kept(out, terms(data, plan)))


def each(ask: Callable[..., T], jobs: Sequence[tuple[Any, ...]], about: str) -> list[T]:
    """`ask` of each job, in order; two processes share them out."""
    with crew(PROCESSES) as shared:
        calls = [(number, ask, job) for number, job in enumerate(jobs)]
        found = dict(track(shared(_numbered, calls), about, total=len(jobs)))
    return [found[number] for number in range(len(jobs))]


def _numbered(number: int, ask: Callable[..., T], job: tuple[Any, ...]) -> tuple[int, T]:
    return number, ask(*job)
