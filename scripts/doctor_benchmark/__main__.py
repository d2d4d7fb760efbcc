"""Judge the doctor on sick and healthy trainings, beside other tools' rules; prove the faults; time the watch.

python scripts/doctor_benchmark [--only labels,trainings,rivals,overhead] [--seeds 1] [--processes 2]
                                [--out benchmarks/doctor]

labels: labels.csv, what each fault costs; trainings: trainings.csv; rivals: rivals.csv and alarms.csv, which need the
two before; overhead: overhead.csv.
"""

from __future__ import annotations

import warnings
from argparse import Namespace
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import comparison
import healthy
import overhead
import sick
from command import each, given, read, write
from judge import Row, judge
from labels import Label, label
from rich.console import Console
from rich.table import Table
from scenario import HALVES, TWIN

SCENARIOS = (*sick.ALL, *healthy.ALL)
#: Seeds that a label rests on.
PAIRS = 5


@dataclass(frozen=True)
class Summary:
    """Numbers of one half; shares, but for the counts. sick: those whose harm is proven, unproven: the others."""

    half: str
    sick: int
    unproven: int
    recall: float
    right_first: float
    right_site: float
    dead_f1: float
    healthy: int
    false_alarms: float
    twins: int
    twins_alarmed: float


def summary(half: str, rows: Sequence[Row], proven: Collection[str]) -> Summary:
    mine = [r for r in rows if r.half == half]
    ill = [r for r in mine if r.sick and r.scenario in proven]
    twins = [r for r in mine if r.scenario.startswith(TWIN)]
    well = [r for r in mine if not r.sick and r not in twins]
    both, all_of = sum(r.both_dead for r in mine), sum(r.true_dead + r.found_dead for r in mine)
    return Summary(
        half=half,
        sick=len(ill),
        unproven=sum(r.sick for r in mine) - len(ill),
        recall=comparison.share([r.detected for r in ill]),
        right_first=comparison.share([r.right_first for r in ill]),
        right_site=comparison.share([r.right_site for r in ill if r.right_site is not None]),
        dead_f1=2 * both / max(all_of, 1),
        healthy=len(well),
        false_alarms=comparison.share([bool(r.first) for r in well]),
        twins=len(twins),
        twins_alarmed=comparison.share([bool(r.first) for r in twins]),
    )


def jobs(seeds: int) -> list[tuple[int, int, bool]]:
    """Number of the scenario, seed, faulty or not."""
    return [
        (k, seed, faulty)
        for k, s in enumerate(SCENARIOS)
        for seed in range(seeds)
        for faulty in ((True, False) if s.sick else (False,))
    ]


def labelled(k: int) -> Label:
    return label(SCENARIOS[k], PAIRS)


def judged(k: int, seed: int, faulty: bool) -> Row:
    return judge(SCENARIOS[k], seed, faulty)


def heard(k: int, seed: int, faulty: bool) -> list[comparison.Heard]:
    return comparison.heard(SCENARIOS[k], seed, faulty)


def label_faults(words: Namespace) -> None:
    found = each(labelled, [(k,) for k, s in enumerate(SCENARIOS) if s.sick], words.processes, "labels")
    proven = sum(x.proven for x in found)
    write(words.out / "labels.csv", {"pairs": str(PAIRS), "proven": f"{proven} of {len(found)}"}, found)
    Console().print(f"{proven} of {len(found)} faults are proven")


def proven(words: Namespace) -> set[str]:
    return {row["scenario"] for row in read(words.out / "labels.csv") if row["proven"] == "True"}


def judge_trainings(words: Namespace) -> None:
    harmful = proven(words)
    rows = each(judged, jobs(words.seeds), words.processes, "trainings")
    found = [summary(half, rows, harmful) for half in HALVES]
    notes = {f"{s.half}, {k.replace('_', ' ')}": f"{v:.4g}" for s in found for k, v in asdict(s).items() if k != "half"}
    write(words.out / "trainings.csv", notes, rows)
    show(found, Console())


def ask_rivals(words: Namespace) -> None:
    harmful, ours = proven(words), [comparison.of_doctor(row) for row in read(words.out / "trainings.csv")]
    of_rivals = [h for one in each(heard, jobs(words.seeds), words.processes, "rivals") for h in one]
    write(words.out / "alarms.csv", {}, of_rivals)
    found = comparison.verdicts([*ours, *of_rivals], harmful)
    write(words.out / "rivals.csv", {}, found)
    comparison.show(found, Console())


def time_watch(words: Namespace) -> None:
    timings = overhead.measured()
    write(words.out / "overhead.csv", {}, timings)
    overhead.show(timings, Console())


PARTS: dict[str, Callable[[Namespace], None]] = {
    "labels": label_faults,
    "trainings": judge_trainings,
    "rivals": ask_rivals,
    "overhead": time_watch,
}


def show(found: Sequence[Summary], console: Console) -> None:
    table = Table("", *HALVES, box=None, header_style="bold")
    for key in (k for k in asdict(found[0]) if k != "half"):
        values: list[Any] = [getattr(s, key) for s in found]
        table.add_row(key.replace("_", " "), *(str(v) if isinstance(v, int) else f"{v:.3f}" for v in values))
    console.print(table)


def main() -> None:
    warnings.simplefilter("ignore")
    words = given(__doc__, seeds=1, parts=tuple(PARTS))
    for part in (p for p in PARTS if p in words.only):
        PARTS[part](words)


if __name__ == "__main__":
    main()
