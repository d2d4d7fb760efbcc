"""The command that certifies the functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rheobase.errors import extra

NAMES = "Functions to certify; default: every function of one number."
EXHAUSTIVE = "Over all 2^32 inputs of float32, not a sample; half a minute per certificate and core."
DTYPES = "Out of float32,float64,float16,bfloat16."
AGAINST = "Libraries whose function of the same name is measured too, out of torch,jax."
OUT = "A .csv file to write the certificates to, beside others of this machine."


def certify(
    names: Annotated[list[str] | None, typer.Argument(help=NAMES)] = None,
    exhaustive: Annotated[bool, typer.Option("--exhaustive", help=EXHAUSTIVE)] = False,
    dtypes: Annotated[str, typer.Option(help=DTYPES)] = "float32",
    against: Annotated[str, typer.Option(help=AGAINST)] = "",
    out: Annotated[Path | None, typer.Option(help=OUT)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Measure how exact the functions and their slopes are, result by result."""
    with extra("study"):
        from rheobase.bench.record import machine
        from rheobase.certify.plan import make, run
        from rheobase.certify.record import check, rows, write
    from rheobase.cli.progress import counted
    from rheobase.kernels.cpu.threads import processors

    plan = make(names or (), _words(dtypes), _words(against), exhaustive)
    about, made = machine(processors()), []
    if out is not None:
        check(about, out)
    with counted("certifying", plan.size) as done:
        for certificate in run(plan):
            made += [] if certificate is None else [certificate]
            # after each: all inputs take long, and what is there is not to be lost
            if out is not None and certificate is not None:
                write(about, made, out)
            done()
    if as_json:
        print(json.dumps(rows(made), indent=1))
        return
    from rich.console import Console

    from rheobase.certify.table import show

    show(made, Console(highlight=False))


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
