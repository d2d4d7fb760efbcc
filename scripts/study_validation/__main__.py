"""Put the study to the test: studies whose answer is known, simulated and real.

python scripts/study_validation [--only null,nine,effect,mirror,draw,deep,published,elu,selu,timed]
                                [--runs runs/validation] [--out benchmarks/study]

null, nine, effect: simulated studies; mirror, draw: real ones with a known truth; deep, published: against what is
known of a network and of three data sets; elu, selu: published findings done again; timed: how long studies take, on
a machine that does nothing else. Two processes of one thread each. Finished trainings lie in --runs, and the same
command goes on from there.
"""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path

import commanded
import drawn
import mirrored
import pandas as pd
import reproduced
import simulated
from carried_out import PROCESSES, each
from simulated import Row

from rheobase.bench.record import as_csv, machine
from rheobase.folder import put

#: Tables by name.
Tables = dict[str, list[Row]]


def null(runs: Path) -> Tables:
    return {"null": each(simulated.null, simulated.null_settings(), "studies with no difference")}


def nine(runs: Path) -> Tables:
    return {"nine": each(simulated.nine, simulated.nine_settings(), "studies of nine functions, some worse")}


def effect(runs: Path) -> Tables:
    return {"effect": each(simulated.effect, simulated.effect_settings(), "studies with a known difference")}


def mirror(runs: Path) -> Tables:
    jobs = [(*job, runs) for job in mirrored.studies()]
    table = pd.DataFrame([row for rows in each(mirrored.scores, jobs, "ReLU against ReLU") for row in rows])
    return {
        "scores": records(table),
        "mirrored": mirrored.summary(table, mirrored.MIRRORED),
        "again": mirrored.summary(table, mirrored.AGAIN),
        "harmed": mirrored.harmed(table),
    }


def draw(runs: Path) -> Tables:
    table = pd.DataFrame(each(drawn.difference, [(*job, runs) for job in drawn.jobs()], "tables drawn anew"))
    return {"drawn": records(table), "coverage": drawn.coverage(table)}


def deep(runs: Path) -> Tables:
    return {"deep": commanded.deep(runs)}


def published(runs: Path) -> Tables:
    return {"published": commanded.accuracies(runs), "yardstick": commanded.yardstick(runs)}


def elu(runs: Path) -> Tables:
    return {"elu": reproduced.speed()}


def selu(runs: Path) -> Tables:
    return {"selu": reproduced.weights()}


def timed(runs: Path) -> Tables:
    return {"timed": commanded.timed(runs)}


PARTS = {part.__name__: part for part in (null, nine, effect, mirror, draw, deep, published, elu, selu, timed)}


def records(table: pd.DataFrame) -> list[Row]:
    return table.to_dict("records")


def given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=lambda words: words.split(","), default=list(PARTS), help=",".join(PARTS))
    parser.add_argument("--runs", type=Path, default=Path("runs/validation"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/study"))
    words = parser.parse_args()
    if unknown := set(words.only) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return words


def main() -> None:
    words = given()
    words.out.mkdir(parents=True, exist_ok=True)
    for part in (p for p in PARTS if p in words.only):
        about = {**machine(PROCESSES), "scikit-learn": version("scikit-learn"), "scipy": version("scipy")}
        for name, rows in PARTS[part](words.runs).items():
            put(words.out / f"{name}.csv", as_csv(about, rows))


if __name__ == "__main__":
    main()
