"""The command that times the functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rheobase.bench.plan import CORE, RIVALS, SIZES, make
from rheobase.errors import RheobaseError, extra

if TYPE_CHECKING:
    from rheobase.bench.record import Results

NAMES = f"Functions to time; default: {' '.join(CORE)}."
ELEMENTS = "Numbers of elements, separated by commas, from 2 to 2^30."
BESIDE = f"Libraries beside which they are timed, out of {','.join(RIVALS)}; torch always takes part."
CORES = "Cores for everyone, a whole number from 1; default: all that this process may use."
ROUNDS = "Rounds per comparison, a whole number from 0; 0: as many as fit into half a second, at least 5."


def bench(
    names: Annotated[list[str] | None, typer.Argument(help=NAMES)] = None,
    sizes: Annotated[str, typer.Option(help=ELEMENTS)] = ",".join(map(str, SIZES)),
    threads: Annotated[int | None, typer.Option(help=CORES)] = None,
    rivals: Annotated[str, typer.Option(help=BESIDE)] = ",".join(RIVALS),
    repeats: Annotated[int, typer.Option(help=ROUNDS)] = 0,
    out: Annotated[Path, typer.Option(help="Folder for kernels.csv and training.csv.")] = Path("benchmarks"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Time the functions beside PyTorch, torch.compile, JAX and ONNX Runtime, all taking turns."""
    plan = make(names or (), _whole_numbers(sizes), _words(rivals), threads, repeats)
    with extra("torch"):
        from rheobase.bench.conduct import run
        from rheobase.bench.record import FILES, as_dict, write
    from rheobase.cli.progress import counted
    from rheobase.folder import prepared

    with prepared(out, FILES):
        with counted("timing", plan.cells) as done:
            results = run(plan, done)
        write(results, out)
    if as_json:
        print(json.dumps(as_dict(results), indent=1))
    else:
        _print(results, out)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _whole_numbers(text: str) -> list[int]:
    words = _words(text)
    if not words or not all(word.isdecimal() for word in words):
        raise RheobaseError(f"--sizes {text!r} must be whole numbers separated by commas, as in 512,65536")
    return [int(word) for word in words]


def _print(results: Results, out: Path) -> None:
    from rich.console import Console

    from rheobase.bench.table import show

    console = Console(highlight=False)
    show(results, console)
    console.print(f"Numbers: {out}", markup=False, soft_wrap=True)
