"""Certificates as a table for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from rheobase.certify.certificate import Certificate

#: Errors beyond are told as a power of ten.
MANY = 1e4
LEGEND = (
    ("max", "largest error in ULP, the spacing of the dtype's numbers at the result; 0.5 is as near as can be"),
    ("", "near a zero of f' away from the tails an error up to 2^-25 counts as met"),
    ("at", "an input with the largest error"),
    ("wrong", "results that are not the nearest number"),
    ("bits", "start of the SHA-256 of all results; another machine with the same bits has the same"),
)


def show(certificates: Sequence[Certificate], console: Console) -> None:
    """Print one row per certificate, and what the columns mean."""
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
    for heading in ("function", "dtype", "by"):
        table.add_column(heading, no_wrap=True)
    for heading in ("max", "at", "wrong", "inputs"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("bits", no_wrap=True)
    for c in certificates:
        wrong = f"{c.misrounded}" if not c.undecided else f"{c.misrounded}-{c.misrounded + c.undecided}"
        name = f"{c.function}{chr(39) * c.order}"
        inputs = "all" if c.exhaustive else f"{c.inputs:.1e}"
        table.add_row(
            name,
            c.dtype,
            c.computation,
            _short(c.largest),
            f"{c.worst:.5g}",
            wrong,
            inputs,
            c.sha256[:6],
        )
    legend = Table.grid(padding=(0, 2))
    for term, meaning in LEGEND:
        legend.add_row(term, meaning)
    console.print(table, "", legend)


def _short(error: float) -> str:
    return f"{error:.3f}" if error < MANY else f"{error:.0e}"
