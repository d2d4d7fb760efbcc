"""Studies as a user would start them, and what their results.json says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from statistics import fmean
from typing import Any
from warnings import catch_warnings

from carried_out import each
from simulated import Row
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from rheobase.doctor.health import health
from rheobase.study import Dataset, Plan, load
from rheobase.study.plan import DEFAULT, EPOCHS, SPLIT, TRAIN
from rheobase.study.training.train import loss_of, network, split

DATA = Path("benchmarks/study/data")

#: Sixteen layers of 64 units, nothing that normalises.
DEEP = ("digits", "--hidden", "64x16")

#: Accuracy of self-normalising networks (SELU) and of ReLU networks: table A11 of Klambauer et al. 2017,
#: Self-Normalizing Neural Networks. It has no phoneme.
PUBLISHED = {"letter": {"selu": 0.9726, "relu": 0.9712}, "optdigits": {"selu": 0.9711, "relu": 0.9666}, "phoneme": {}}
#: What they are studied with: twice as wide and twice as long as by default, which three studies of nine functions
#: can be in a quarter of an hour on two cores. The same for all sets; no test row had a say in it.
WIDER = f"{2 * Plan.hidden[0]}x{len(Plan.hidden)}"
LONGER = 2 * EPOCHS
#: The functions that a study compares by default, and the source's.
COMPARED = (*DEFAULT, "selu")

#: What must be done within so many seconds on two cores that do nothing else.
TIMED = {"digits, quick": (("digits", "--quick"), 60.0), "letter": ((f"{DATA}/letter.tsv.gz",), 900.0)}


def published(name: str) -> tuple[str, ...]:
    """The words of the study of a published set."""
    path = f"{DATA}/{name}.tsv.gz"
    epoch = len(load(path).target) * TRAIN // sum(SPLIT) // Plan.batch
    return (path, "--activations", ",".join(COMPARED), "--hidden", WIDER, "--steps", str(LONGER * epoch))


def ask(words: Sequence[str], out: Path) -> dict[str, Any]:
    """Carry out `rheobase study`, or what is left of it; gives what it wrote."""
    subprocess.run([sys.executable, "-m", "rheobase.cli", "study", *words, "--out", str(out)], check=True)
    record: dict[str, Any] = json.loads((out / "results.json").read_text())
    return record


def deep(root: Path) -> list[Row]:
    """By function: how it did in the deep network, and the health of what was trained."""
    record = ask(DEEP, root / "deep")
    hidden, seeds = tuple(record["plan"]["hidden"]), record["plan"]["seeds"]
    return [
        {"activation": name, **_scored(found), "failed": found["runs_failed"], **found["health"],
         "decades_untrained": fmean(_untrained(name, hidden, seed) for seed in seeds)}
        for name, found in record["activations"].items()
    ]  # fmt: skip


def _untrained(name: str, hidden: tuple[int, ...], seed: int) -> float:
    """Decades of gradient that the network loses as it is before the first step."""
    data, plan = load(DEEP[0]), Plan((name,), hidden=hidden)
    x, y = split(data, seed).train
    return health(network(plan, name, x.shape[1], data.outputs, seed), x, y, loss_of(data)).gradient_decades


def accuracies(root: Path) -> list[Row]:
    """By set and function: accuracy, whether it is at the top, and the published one where there is one."""
    return [row for name in PUBLISHED for row in _accuracies(name, ask(published(name), root / name))]


def _accuracies(name: str, record: dict[str, Any]) -> list[Row]:
    top = record["verdict"]["top"]
    return [
        {"data": name, "activation": activation, "words": " ".join(published(name)), **_scored(found),
         "top": activation in top, "published": PUBLISHED[name].get(activation)}
        for activation, found in record["activations"].items()
    ]  # fmt: skip


def yardstick(root: Path) -> list[Row]:
    """Where nothing is published: scikit-learn's own network of the same widths, as long on the same rows."""
    name = next(name for name, accuracy in PUBLISHED.items() if not accuracy)
    record = ask(published(name), root / name)
    data, plan = load(f"{DATA}/{name}.tsv.gz"), record["plan"]
    jobs = [(data, seed, tuple(plan["hidden"]), plan["steps"], plan["batch"]) for seed in plan["seeds"]]
    scores = each(_fitted, jobs, f"scikit-learn's network on {name}")
    return [{"data": name, "seeds": len(scores), "mean": fmean(scores)}]


def _fitted(data: Dataset, seed: int, hidden: tuple[int, ...], steps: int, batch: int) -> float:
    parts = split(data, seed)
    (x, y), (test_x, test_y) = ([part.numpy() for part in both] for both in (parts.train, parts.test))
    epochs = steps // ceil(len(x) / batch)
    network = MLPClassifier(hidden, batch_size=batch, max_iter=epochs, n_iter_no_change=epochs, random_state=seed)
    with catch_warnings(action="ignore", category=ConvergenceWarning):  # all epochs are meant to be used
        return float(network.fit(x, y).score(test_x, test_y))


def _scored(found: dict[str, Any]) -> Row:
    low, high = found["ci"]
    lower, upper = found["paired_ci"]
    return {
        "mean": found["mean"], "low": low, "high": high, "difference": found["paired_difference"],
        "difference_low": lower, "difference_high": upper, "learning_rate": found["best_learning_rate"],
    }  # fmt: skip


def timed(root: Path) -> list[Row]:
    """Seconds that studies take from their beginning, start of Python and report included."""
    found = []
    for name, (words, limit) in TIMED.items():
        shutil.rmtree(root / "timed", ignore_errors=True)
        start = time.perf_counter()
        record = ask(words, root / "timed")
        took = time.perf_counter() - start
        best = max(record["activations"].values(), key=lambda own: own["mean"])
        found.append({"study": name, "words": " ".join(words), "trainings": record["plan"]["runs"], "seconds": took,
                      "limit": limit, "best_mean": best["mean"]})  # fmt: skip
    return found
