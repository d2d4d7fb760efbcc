"""Compare the textbook functions on scikit-learn's bundled tables, and write benchmarks/which.csv for docs/which.md.

Each is a study of the kind that `rheobase study DATA --quick` carries out: a screening of five paired seeds, the
learning rate tuned per function. Once more with a deep and narrow network, where functions are said to matter most.

Run:  python scripts/which_studies.py [--out benchmarks/which.csv]      (some ten minutes on two quiet cores)
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rheobase import study
from rheobase.bench.record import as_csv, machine
from rheobase.study.data.reading import BUILT_IN
from rheobase.study.results import Results
from rheobase.workers import cores

#: The usual network, and one in which gradients have a long way.
NETWORKS = {"64-64-64": (64, 64, 64), "12 layers of 32": (32,) * 12}
DEEP_ON = ("digits", "breast_cancer")


@dataclass(frozen=True)
class Row:
    """What a study says of one function."""

    data: str
    network: str
    metric: str
    seeds: int
    kind: str
    function: str
    at_the_top: bool
    mean: float
    difference: float
    low: float
    high: float
    learning_rate: float
    step_time: float
    sentence: str


def rows(network: str, results: Results) -> Iterator[Row]:
    for o in results.outcomes:
        low, high = o.difference.ci
        yield Row(
            results.data.name, network, results.data.metric, len(o.scores), results.verdict.kind, o.name,
            o.name in results.verdict.top, o.score.mean, o.difference.mean, low, high, o.best_learning_rate,
            o.step_time_ratio, results.verdict.sentence,
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/which.csv"))
    given = parser.parse_args()
    about, found = machine(cores()), []
    todo = [(name, network) for network in NETWORKS for name in BUILT_IN if network == "64-64-64" or name in DEEP_ON]
    for name, network in todo:
        plan = study.make(size="quick", hidden=NETWORKS[network])
        results = study.run(study.load(name), plan)
        found += list(rows(network, results))
        given.out.write_text(as_csv(about, [asdict(row) for row in found]))
        print(f"{name}, {network}: {results.verdict.sentence}", flush=True)


if __name__ == "__main__":
    main()
