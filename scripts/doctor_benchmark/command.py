"""What the commands of the benchmark have in common: their words, processes of one thread, where results go."""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import torch
from rich.progress import track

from rheobase.bench.record import as_csv, machine

T = TypeVar("T")


def given(about: str | None, seeds: int, parts: Sequence[str] = ()) -> argparse.Namespace:
    """The words of the command line; `about` is what --help says, `seeds` how many it takes by default."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/doctor"))
    if parts:
        parser.add_argument("--only", type=lambda words: words.split(","), default=list(parts), help=",".join(parts))
        parser.add_argument("--processes", type=int, default=os.cpu_count())
    torch.set_num_threads(1)
    words = parser.parse_args()
    if unknown := set(words.only if parts else ()) - set(parts):
        parser.error(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    return words


def each(ask: Callable[..., T], jobs: Sequence[tuple[Any, ...]], processes: int, about: str) -> list[T]:
    """`ask` of each job, in order. Processes are forked: scenarios hold functions that cannot be sent."""
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        return list(track(pool.map(ask, *zip(*jobs, strict=True)), about, total=len(jobs)))


def write(path: Path, notes: Mapping[str, str], rows: Sequence[Any]) -> None:
    """Records as a table, after lines about this machine and `notes`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_csv({**machine(1), **notes}, [asdict(row) for row in rows]))


def read(path: Path) -> list[dict[str, str]]:
    """The records of a table that `write` wrote."""
    return list(csv.DictReader(line for line in path.read_text().splitlines() if not line.startswith("#")))
