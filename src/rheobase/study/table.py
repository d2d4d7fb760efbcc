"""The result of a study as a table in the terminal."""

from __future__ import annotations

import math

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from rheobase.study.results import Outcome, Results

#: Heading, and the cell of an outcome.
COLUMNS = (
    "test {metric}",
    "± 95 %",
    "vs {baseline}",
    "95 % CI",
    "step",
    "dead",
    "satur.",
    "shift",
    "grad.",
    "lr",
    "fails",
)


def cells(o: Outcome, is_baseline: bool) -> list[str]:
    """One row after the name, as text."""
    low, high = o.difference.ci
    return [
        f"{o.score.mean:.4f}",
        f"{o.score.half:.4f}",
        "–" if is_baseline else f"{o.difference.mean:+.4f}",
        "–" if is_baseline else f"{low:+.3f} … {high:+.3f}",
        f"{o.step_time_ratio:.2f}×",
        percent(o.health["dead"]),
        percent(o.health["saturated"]),
        number(o.health["mean_shift"], "+.2f"),
        number(o.health["gradient_decades"], "+.1f"),
        f"{o.best_learning_rate:.2g}" + ("!" if o.edge else ""),
        f"{o.runs_failed}/{len(o.runs)}",
    ]


def percent(share: float) -> str:
    """A share as a percentage, or a dash."""
    return "–" if math.isnan(share) else f"{100 * share:.1f}%"


def number(value: float, form: str) -> str:
    """A number, or a dash."""
    return "–" if math.isnan(value) else format(value, form)


def headings(results: Results) -> list[str]:
    """The column headings."""
    words = {"metric": results.data.metric, "baseline": results.plan.baseline}
    return ["function", *(c.format(**words) for c in COLUMNS)]


def legend(results: Results) -> list[str]:
    """What the columns mean, and what a reader must know."""
    return [
        "step: time of a training step against relu's. dead: units with slope 0 on every test row. satur.: share of "
        "(unit, row) pairs with slope below 5 % of the largest. shift: mean of the outputs over their RMS. "
        "grad.: decades of gradient lost from the last hidden layer to the first. lr: chosen on validation data"
        + ("; ! at the edge of the grid." if any(o.edge for o in results.outcomes) else "."),
        *results.plan.notes,
    ]


def table(results: Results) -> RenderableType:
    """The table, grouped by decision, with the verdict below."""
    grid = Table(box=None, header_style="bold", padding=(0, 1, 0, 0), pad_edge=False)
    for index, heading in enumerate(headings(results)):
        grid.add_column(heading, justify="left" if index == 0 else "right", no_wrap=True)
    top = set(results.verdict.top)
    groups = (("at the top", True), ("behind", False)) if 0 < len(top) < len(results.outcomes) else (("", None),)
    for title, wanted in groups:
        if title:
            grid.add_row(Text(title, style="italic dim"))
        for o in results.outcomes:
            if wanted is None or (o.name in top) == wanted:
                grid.add_row(o.name, *cells(o, o.name == results.plan.baseline))
    return Group(grid, Text(), *(Text(line, style="dim") for line in legend(results)), Text())


def show(results: Results, console: Console) -> None:
    """Print table and verdict."""
    console.print(table(results))
    console.print(Text(results.verdict.sentence, style="bold"))
