"""Judge the doctor on sick and healthy trainings, and time it; write trainings.csv and overhead.csv.

python scripts/doctor_benchmark [--seeds 1] [--out benchmarks/doctor]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import healthy
import overhead
import sick
from command import given, write
from judge import Row, judge
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scenario import Scenario

#: Shares of zeros in a ReLU's outputs from which rules of other tools call it dead (shared thresholds, not their code).
NAIVE = {"half are zero": 0.5, "DeepDiagnosis: 70% are zero": 0.7, "torch-audit: 90% are zero": 0.9}
HALVES = ("dev", "held-out")


@dataclass(frozen=True)
class Summary:
    """Numbers of one half; shares, but for the counts."""

    half: str
    sick: int
    recall: float
    right_first: float
    right_site: float
    dead_f1: float
    healthy: int
    false_alarms: float
    twins: int
    twins_alarmed: float
    worse_than_twin: float


def _mean(values: Sequence[Any]) -> float:
    return sum(map(float, values)) / len(values) if values else float("nan")


def summary(half: str, rows: Sequence[Row]) -> Summary:
    mine = [r for r in rows if r.half == half]
    ill, twins = [r for r in mine if r.sick], [r for r in mine if r.scenario.startswith("twin of ")]
    well = [r for r in mine if not r.sick and r not in twins]
    of_twin = {(r.scenario.removeprefix("twin of "), r.seed): r.score for r in twins}
    both, all_of = sum(r.both_dead for r in mine), sum(r.true_dead + r.found_dead for r in mine)
    return Summary(
        half=half,
        sick=len(ill),
        recall=_mean([r.detected for r in ill]),
        right_first=_mean([r.right_first for r in ill]),
        right_site=_mean([r.right_site for r in ill if r.right_site is not None]),
        dead_f1=2 * both / max(all_of, 1),
        healthy=len(well),
        false_alarms=_mean([bool(r.first) for r in well]),
        twins=len(twins),
        twins_alarmed=_mean([bool(r.first) for r in twins]),
        worse_than_twin=_mean([r.score < of_twin[r.scenario, r.seed] for r in ill]),
    )


def jobs(seeds: int) -> list[tuple[Scenario, int, bool]]:
    ill = [(s, seed, faulty) for s in sick.ALL for seed in range(seeds) for faulty in (True, False)]
    return ill + [(s, seed, False) for s in healthy.ALL for seed in range(seeds)]


def naive(rows: Sequence[Row]) -> dict[str, float]:
    """False alarms that a share of zeros would raise on healthy trainings with a ReLU."""
    well = [r for r in rows if not r.sick and r.zeros > 0]
    return {name: _mean([r.zeros >= share for r in well]) for name, share in NAIVE.items()}


def show(found: Sequence[Summary], simple: dict[str, float], console: Console) -> None:
    table = Table("", *HALVES, box=None, header_style="bold")
    for key in (k for k in asdict(found[0]) if k != "half"):
        values = [getattr(s, key) for s in found]
        table.add_row(key.replace("_", " "), *(str(v) if isinstance(v, int) else f"{v:.3f}" for v in values))
    console.print(table)
    for name, share in simple.items():
        console.print(f"false alarms if {name}: {share:.1%}", highlight=False)


def main() -> None:
    words = given(__doc__, seeds=1)
    rows = [judge(*job) for job in track(jobs(words.seeds), "judging")]
    found, simple = [summary(half, rows) for half in HALVES], naive(rows)
    notes = {f"{s.half}, {k.replace('_', ' ')}": f"{v:.4g}" for s in found for k, v in asdict(s).items() if k != "half"}
    notes |= {f"false alarms if {name}": f"{share:.4g}" for name, share in simple.items()}
    write(words.out / "trainings.csv", notes, rows)
    show(found, simple, Console())
    timings = overhead.measured()
    write(words.out / "overhead.csv", {}, timings)
    overhead.show(timings, Console())


if __name__ == "__main__":
    main()
