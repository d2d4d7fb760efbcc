"""Whether remedies help: each fault of the tuned half is repaired as its first finding says; and at random.

python scripts/doctor_benchmark/repairs.py [--seeds 3] [--out benchmarks/doctor]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sick
import torch
from command import given, write
from judge import ALARMS, train
from rich.console import Console
from rich.progress import track
from scenario import Scenario
from scipy import stats
from torch import nn

import rheobase.torch as rt
from rheobase.doctor.records import Finding
from rheobase.errors import UnsupportedInput


@dataclass(frozen=True)
class Row:
    """Mean scores of one scenario over the seeds; remedy: "" where none could be carried out."""

    scenario: str
    rule: str
    remedy: str
    none: float
    repair: float
    random: float
    symptom_before: float
    symptom_after: float


def _first(scenario: Scenario) -> Finding | None:
    setup = scenario.make(0, True)
    report = train(setup, 0)
    assert report is not None
    return next((f for f in report.findings if f.severity in ALARMS), None)


def tried(scenario: Scenario, seeds: int) -> Row:
    finding = _first(scenario)

    def make() -> nn.Module:
        return scenario.make(torch.initial_seed(), True).model

    def learn(model: nn.Module) -> float:
        seed = torch.initial_seed()
        setup = scenario.make(seed, True)
        old = setup.optimizer
        setup.model, setup.optimizer = model, type(old)(model.parameters(), lr=old.param_groups[0]["lr"])
        train(setup, seed, watched=False)
        return scenario.metric(setup.model, *setup.unseen)

    if finding is None:
        return Row(scenario.name, "", "", *[float("nan")] * 5)
    try:
        found = rt.verify(make, learn, finding, seeds=seeds, higher_is_better=True)
    except UnsupportedInput:
        return Row(scenario.name, finding.rule, "", *[float("nan")] * 5)
    means = [float(v.mean()) for v in (found.none, found.repaired, found.randomly)]
    symptoms = (found.symptom["none"], found.symptom["repair"])
    return Row(scenario.name, finding.rule, found.remedy.action, *means, *symptoms)


def interval(gains: Sequence[float]) -> str:
    """The mean over scenarios and its 95 % interval."""
    mean, half = float(np.mean(gains)), float(stats.t.ppf(0.975, len(gains) - 1) * stats.sem(gains))
    return f"{mean:.3f} [{mean - half:.3f}, {mean + half:.3f}]"


def main() -> None:
    words = given(__doc__, seeds=3)
    # the command repairs models, and this family's fault lies in what the optimizer holds
    chosen = [s for s in sick.ALL if not s.held_out and s.family != "detached parameters"]
    rows = [tried(s, words.seeds) for s in track(chosen, "repairing")]
    done = [r for r in rows if r.remedy]
    notes = {
        "seeds": str(words.seeds),
        "repaired": f"{len(done)} of {len(rows)} faults, others need a person",
        "gain over none": interval([r.repair - r.none for r in done]),
        "gain over a random repair": interval([r.repair - r.random for r in done]),
        "rule still speaks, before and after": f"{np.mean([r.symptom_before for r in done]):.2f}, "
        f"{np.mean([r.symptom_after for r in done]):.2f}",
    }
    write(words.out / "repairs.csv", notes, rows)
    for key, value in notes.items():
        Console(highlight=False).print(f"{key}: {value}", markup=False)


if __name__ == "__main__":
    main()
