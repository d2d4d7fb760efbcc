"""The result of a study as a table, for the terminal and for the page alike."""

from __future__ import annotations

import math

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from rheobase.facts.saturation import SHARE
from rheobase.study.data.metrics import ACCURACY, AVERAGE_PRECISION, R2
from rheobase.study.data.splits import IN_WORDS
from rheobase.study.data.tables import Dataset
from rheobase.study.data.units import Unit, unit
from rheobase.study.decision.statistics import CONFIDENCE, Estimate, variance
from rheobase.study.plan import COST_REFERENCE, SPLIT
from rheobase.study.results import Outcome, Results
from rheobase.study.training.own import Own
from rheobase.study.training.own_cost import PATIENCE

#: What the columns of health say.
OF_HEALTH = (
    ("dead", "units of rectifiers that no training row makes fire: they learn nothing"),
    ("sat.", f"saturated: how often a unit of another function has a slope below {SHARE:.0%} of its largest"),
    ("shift", "share of the signal that is a constant offset, (E f)²/E f²; 0 is centred"),
    ("grad.", "powers of ten of gradient lost from the last hidden layer to the first"),
)
#: Wide enough for two spaces between the columns.
ROOMY = 100
#: Metrics whose names are wider than their numbers.
SHORT = {"average precision": "avg. prec.", "balanced accuracy": "bal. acc."}


def headings(results: Results, roomy: bool = True) -> list[str]:
    """The column headings; a narrow terminal has no room for what stands beside the score."""
    against = f"vs {results.plan.baseline}"
    versus = against if len(against) <= 13 else "vs baseline"
    health = [] if isinstance(results.data, Own) else ["dead", "sat.", "shift", "grad."]
    beside = [_heading(second.name)] if roomy and (second := results.data.second) else []
    measured = ["cost"] * results.costs_known
    return ["function", _heading(results.data.metric), versus, *beside, *measured, *health, "lr", "fails"]


def _heading(metric: str) -> str:
    u = unit(metric)
    return SHORT.get(metric, metric) + u.sign


def row(results: Results, o: Outcome, roomy: bool = True) -> list[str]:
    """The cells of one function, its name first."""
    u = unit(results.data.metric)
    return [
        o.name,
        f"{u.plain(o.score.mean)} ±{_half(u, o.score)}",
        "–" if o.name == results.plan.baseline else f"{u.signed(o.difference.mean)} ±{_half(u, o.difference)}",
        *(_second(results, o) if roomy else []),
        *([f"{o.step_time_ratio:.2f}×"] if results.costs_known else []),
        *([] if isinstance(results.data, Own) else _health(o)),
        f"{o.best_learning_rate:.1g}" + ("!" if o.edge else ""),
        f"{o.runs_failed}/{len(o.runs)}",
    ]


def _second(results: Results, o: Outcome) -> list[str]:
    second = results.data.second
    return [unit(second.name).plain(o.second.mean)] if second and o.second else []


def _health(o: Outcome) -> list[str]:
    """What a study knows of its own network, and of no other."""
    return [
        percent(o.health["dead"]),
        percent(o.health["saturated"]),
        number(o.health["mean_shift"], ".2f"),
        number(o.health["gradient_decades"], "+.1f"),
    ]


def _half(u: Unit, e: Estimate) -> str:
    # an interval that wide has no use for decimals, and the table none for its width
    return u.plain(e.half) if u.factor * e.half < 10 else f"{u.factor * e.half:.0f}"


def percent(share: float) -> str:
    """A share as a whole percentage, or a dash."""
    if math.isnan(share):
        return "–"
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def number(value: float, form: str) -> str:
    """A number, or a dash."""
    if math.isinf(value):
        return "∞"
    text = "–" if math.isnan(value) else format(value, form)
    return text.replace("-", "+") if text.strip("-.0") == "" else text


def legend(results: Results, roomy: bool = True) -> list[tuple[str, str]]:
    """What each column means in plain words, and what a reader must know about data and plan."""
    u, base = unit(results.data.metric), results.plan.baseline
    edge = any(o.edge for o in results.outcomes)
    data = results.data
    chosen = "other seeds" if isinstance(results.data, Own) else "validation data"
    beyond = "; ! marks the edge of the grid: a rate beyond it may be better" if edge else ""
    return [
        (SHORT.get(u.metric, u.metric), f"{_meaning(results)}; mean over {len(results.plan.seeds)} seeds"),
        ("±", f"half of the {CONFIDENCE:.0%} interval of the number before it; variance {variance(results.overlap)}"),
        (f"vs {base}", f"difference to {base} on the same seeds" + (", in percentage points" if u.factor > 1 else "")),
        *([] if isinstance(data, Own) else _of_second(results, data, roomy)),
        ("cost", _of_cost(results)),
        *([] if isinstance(data, Own) else OF_HEALTH),
        ("lr", f"learning rate, chosen on {chosen}{beyond}"),
        ("fails", _failing(results)),
        *([] if isinstance(data, Own) else [("split", f"{'/'.join(map(str, SPLIT))}, {IN_WORDS[data.splits]}")]),
        *(("note" if i == 0 else "", note) for i, note in enumerate(results.notes)),
    ]


def _of_second(results: Results, data: Dataset, roomy: bool) -> list[tuple[str, str]]:
    second = data.second
    if second is None:
        return []
    means = ", ".join(f"{o.name} {cell}" for o in results.outcomes for cell in _second(results, o))
    return [(SHORT.get(second.name, second.name), second.meaning + ("" if roomy else f": {means}"))]


def _of_cost(results: Results) -> str:
    if not results.costs_known:
        return f"not measured: the function gave too few reports in {PATIENCE / 60:.0f} minutes"
    if isinstance(results.data, Own):
        what = "time between two reports of a training, or of a whole one where it gives few"
    else:
        what = "time of a training step of this network with rheobase's own modules"
    return f"{what}, {COST_REFERENCE}'s is 1; measured to ±{max(o.step_time_noise for o in results.outcomes):.2f}"


def _meaning(results: Results) -> str:
    data = results.data
    if isinstance(data, Own):
        return f"what {data.name} returned"
    name = f"{data.metric}: " if data.metric in SHORT else ""
    rarer = f"; the rarer class is {data.classes[data.rarer]!r}" if data.scored is AVERAGE_PRECISION else ""
    return f"{name}{data.scored.meaning}{rarer}{_why(data)}"


def _why(data: Dataset) -> str:
    if data.wished or data.scored in (ACCURACY, R2):
        return ""
    return f"; taken because the commonest class has {data.imbalance:.0f} times the rows of the rarest"


def _failing(results: Results) -> str:
    data = results.data
    if isinstance(data, Own):
        return "runs whose score was no finite number; it counts as the worst there was"
    scored = sum(run.chance for run in results.outcomes[0].runs) / len(results.outcomes[0].runs)
    guessing = f"{data.scored.guess} scores {unit(data.metric).plain(scored)}"
    return f"runs that diverged or learnt no more than guessing ({guessing})"


def groups(results: Results) -> list[tuple[str, list[Outcome]]]:
    """The rows by decision: at the top and behind, or all without a title."""
    top = set(results.verdict.top)
    if not 0 < len(top) < len(results.outcomes):
        return [("", list(results.outcomes))]
    return [
        ("at the top", [o for o in results.outcomes if o.name in top]),
        ("behind", [o for o in results.outcomes if o.name not in top]),
    ]


def table(results: Results, width: int) -> RenderableType:
    """The table, grouped by decision, for a terminal of that width."""
    roomy = width >= ROOMY
    names = headings(results, roomy)
    rows = {o.name: row(results, o, roomy) for o in results.outcomes}
    grid = Table(box=None, header_style="bold", padding=(0, 2 if roomy else 1, 0, 0), pad_edge=False)
    grid.add_column(names[0], overflow="ellipsis")
    for index, heading in enumerate(names[1:], start=1):
        # numbers are never cut: only a function's name may be
        needed = max(len(cells[index]) for cells in (names, *rows.values()))
        grid.add_column(heading, justify="right", no_wrap=True, min_width=needed)
    for title, members in groups(results):
        if title:
            grid.add_row(Text(title, style="italic dim"))
        for o in members:
            grid.add_row(*rows[o.name])
    return grid


def explanation(results: Results, width: int) -> RenderableType:
    """The legend as two columns, for a terminal of that width."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(style="dim")
    for label, text in legend(results, width >= ROOMY):
        grid.add_row(Text(label), Text(text))
    return grid


def show(results: Results, console: Console) -> None:
    """Print table, legend and verdict."""
    parts = (table(results, console.width), Text(), explanation(results, console.width), Text())
    console.print(Group(*parts))
    console.print(Text(results.verdict.sentence, style="bold"))
