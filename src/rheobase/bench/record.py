"""What a benchmark found, as plain records and as files: kernels.csv, training.csv."""

from __future__ import annotations

import csv
import io
import math
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rheobase import catalogue
from rheobase.folder import put
from rheobase.kernels.cpu.machine import processor

FILES = KERNELS, TRAINING = ("kernels.csv", "training.csv")

#: What is timed besides the passes.
STEP = "training step"
#: Whose versions decide about speed.
PACKAGES = ("rheobase", "numpy", "numba", "torch", "jax", "onnxruntime")
#: Beginnings of the names of instruction sets that kernels may use.
VECTORS = ("avx", "fma", "f16c", "neon", "sve")

#: The share of the cores that may be busy before.
QUIET = 1 / 4
BUSY = "Other programs kept {} cores busy in the minute before; on a quiet machine these numbers will differ."

#: What the machine is, and the versions, by name.
Machine = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Timing:
    """One contestant in one comparison.

    size: elements, or the width of the layers. seconds: of one call. speedup: how often as fast as PyTorch's
    eager mode; None where that has not got the function. noise: the interquartile range of that over the rounds.
    """

    function: str
    work: str
    size: int
    contestant: str
    seconds: float
    speedup: float | None
    noise: float | None
    rounds: int

    @property
    def elements_per_second(self) -> float:
        """Elements done in a second."""
        return self.size / self.seconds


@dataclass(frozen=True)
class Results:
    """A finished benchmark; `absent` tells what each rival that could not take part lacks."""

    machine: Machine
    absent: Mapping[str, str]
    kernels: tuple[Timing, ...]
    training: tuple[Timing, ...]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader must know."""
        left_out = [f"{name} was left out: it needs {what}." for name, what in self.absent.items()]
        busy = float(self.machine["load before"]) > QUIET * int(self.machine["cores"])
        return (*left_out, *([BUSY.format(self.machine["load before"])] if busy else []))


def machine(threads: int) -> Machine:
    """This machine as it is now; `load before` is how many cores other programs asked for in the last minute."""
    name, features = processor()
    has = [feature[1:] for feature in features.split(",") if feature.startswith("+")]
    load = f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "nan"
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "processor": f"{_processor_name()} ({name})",
        "cores": str(threads),
        "load before": load,
        "instructions": " ".join(sorted(feature for feature in has if feature.startswith(VECTORS))),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{package: _version(package) for package in PACKAGES},
    }


def _processor_name() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


@cache
def is_transcendental(name: str) -> bool:
    """Whether a function of one number takes more than arithmetic and comparisons."""
    import sympy as sp

    from rheobase.algebra.formula import paper

    definition = catalogue.lookup(name)
    formula = paper(definition)
    return definition.kind == "elementwise" and bool(formula.atoms(sp.Function) - formula.atoms(sp.Piecewise))


def geometric_mean(timings: Iterable[Timing]) -> float | None:
    """Of the speedups over the transcendental functions; None if none has one."""
    found = [math.log(t.speedup) for t in timings if t.speedup is not None and is_transcendental(t.function)]
    return math.exp(sum(found) / len(found)) if found else None


def as_dict(results: Results) -> dict[str, Any]:
    """The record as plain data."""
    return {
        "machine": dict(results.machine),
        "absent": dict(results.absent),
        "kernels": [_kernel_row(t) for t in results.kernels],
        "training": [_training_row(t) for t in results.training],
    }


def _kernel_row(t: Timing) -> dict[str, Any]:
    return {
        "function": t.function, "pass": t.work, "size": t.size, "contestant": t.contestant, "seconds": t.seconds,
        "elements_per_second": t.elements_per_second, "speedup": t.speedup, "noise": t.noise, "rounds": t.rounds,
    }  # fmt: skip


def _training_row(t: Timing) -> dict[str, Any]:
    return {
        "function": t.function, "width": t.size, "contestant": t.contestant, "seconds": t.seconds,
        "speedup": t.speedup, "noise": t.noise, "rounds": t.rounds,
    }  # fmt: skip


def write(results: Results, out: Path) -> None:
    """Write the files into the folder `out`, each whole or not at all."""
    rows = as_dict(results)
    for name, key in zip(FILES, ("kernels", "training"), strict=True):
        if rows[key]:
            put(out / name, as_csv(results.machine, rows[key]))


def as_csv(about: Machine, rows: Sequence[Mapping[str, Any]]) -> str:
    """Lines that start with # about the machine, then a table."""
    text = io.StringIO()
    for key, value in about.items():
        text.write(f"# {key}: {value}\n")
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows({key: _short(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def _short(value: Any) -> Any:
    """Four digits: timings have no more."""
    return f"{value:.4g}" if isinstance(value, float) else value
