"""A verification in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rheobase.doctor.verify import Difference, Verification


def show(found: Verification, console: Console) -> None:
    """Print the scores by seed and the verdict."""
    grid = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("", *(f"seed {s}" for s in found.seeds), "mean", "symptom"):
        grid.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for name, key, scores in (("no repair", "none", found.none), ("repair", "repair", found.repaired),
                              ("random repair", "random", found.randomly)):  # fmt: skip
        grid.add_row(name, *(f"{v:.4g}" for v in scores), f"{np.mean(scores):.4g}", f"{found.symptom[key]:.0%}")
    console.print(Text(f"{found.finding.rule} at {found.finding.site}: {found.remedy.text}"))
    console.print(grid)
    console.print(Text(verdict(found), style="bold green" if found.helps else "bold yellow"))


def verdict(found: Verification) -> str:
    """What the scores amount to, in a sentence or two."""
    word = "The repair helps" if found.helps else "It is not shown that the repair helps"
    return f"{word}: better by {_said(found.gain)}; than a random repair by {_said(found.gain_over_random)}."


def _said(difference: Difference) -> str:
    return f"{difference.mean:.3g} [{difference.low:.3g}, {difference.high:.3g}]"
