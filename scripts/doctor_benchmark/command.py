"""What the commands of the benchmark have in common: their words, one thread, where results go."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from rheobase.bench.record import as_csv, machine


def given(about: str | None, seeds: int) -> argparse.Namespace:
    """The words of the command line; `about` is what --help says, `seeds` how many it takes by default."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/doctor"))
    torch.set_num_threads(1)
    return parser.parse_args()


def write(path: Path, notes: Mapping[str, str], rows: Sequence[Any]) -> None:
    """Records as a table, after lines about this machine and `notes`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_csv({**machine(1), **notes}, [asdict(row) for row in rows]))
