"""The outcome of a study as one record, and its files: results.json, results.csv, plan.json."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rheobase.folder import put
from rheobase.study.data.tables import Dataset
from rheobase.study.data.units import unit
from rheobase.study.decision.statistics import Estimate, estimate, iqm, p_superiority, superiority_ci, variance
from rheobase.study.decision.verdict import Verdict, decide, default_region
from rheobase.study.files import FUNCTIONS, PLAN, RECORD, REPORT, ROWS
from rheobase.study.ledger.ledger import History
from rheobase.study.order import as_text
from rheobase.study.plan import OUTPUT, Plan
from rheobase.study.training.cells import Cell, Runs, best_rates, tried
from rheobase.study.training.cost import Cost
from rheobase.study.training.own import Own
from rheobase.study.training.train import Run, one_row


@dataclass(frozen=True)
class Outcome:
    """What the study found about one function.

    second: of what is shown beside the score. tuning: validation scores of the tuning seeds, by learning rate.
    """

    name: str
    scores: NDArray[np.float64]
    score: Estimate
    difference: Estimate
    iqm: float
    second: Estimate | None
    p_superiority: float
    p_superiority_ci: tuple[float, float]
    best_learning_rate: float
    edge: bool
    tuning: tuple[tuple[float, tuple[float, ...]], ...]
    runs_failed: int
    tuning_failed: int
    step_time_ratio: float
    step_time_noise: float
    memory_ratio: float
    health: Mapping[str, float]
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Results:
    """A finished study; its plan names all learning rates that were tried.

    made: the plan before rates were added, which gives the same study again. region: the difference that does not
    matter, in the unit of scores: as the user states it, or by the seeds' spread.
    """

    data: Dataset | Own
    plan: Plan
    verdict: Verdict
    outcomes: tuple[Outcome, ...]
    region: float
    made: Plan
    history: History

    @property
    def costs_known(self) -> bool:
        """Whether the time of a step was measured: that of the user's own function may be too long to be."""
        return not any(math.isnan(o.step_time_ratio) for o in self.outcomes)

    @property
    def overlap(self) -> float | None:
        """Test rows per training row, where who wrote the training function says so; None: as the study splits."""
        return self.plan.test_ratio if isinstance(self.data, Own) else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know about the data and the plan."""
        said = [n for n in self.plan.notes if n != OUTPUT] if isinstance(self.data, Own) else self.plan.notes
        return (*self.data.notes, *said)


def summarise(
    data: Dataset | Own,
    plan: Plan,
    runs: Runs,
    costs: Mapping[str, Cost],
    history: History,
) -> Results:
    """All records of a study, the best mean first."""
    best, rates = best_rates(plan, runs), tried(plan, runs)
    final = {name: tuple(runs[Cell(name, best[name], s, True)] for s in plan.seeds) for name in plan.activations}
    scores = _scores(final)
    failed = {name: sum(r.failed for r in final[name]) for name in plan.activations}
    base = scores[plan.baseline]
    row, overlap = (0.0, plan.test_ratio) if isinstance(data, Own) else (one_row(data), None)
    outcomes = [
        Outcome(
            name=name,
            scores=scores[name],
            score=estimate(scores[name], overlap=overlap),
            difference=estimate(scores[name] - base, row if name != plan.baseline else 0.0, overlap),
            iqm=iqm(scores[name]),
            second=_second(data, final[name]),
            p_superiority=p_superiority(scores[name], base),
            p_superiority_ci=superiority_ci(scores[name], base),
            best_learning_rate=best[name],
            edge=best[name] in (rates[0], rates[-1]),
            tuning=tuple((rate, _validations(plan, runs, name, rate)) for rate in rates),
            runs_failed=failed[name],
            tuning_failed=sum(r.failed for cell, r in runs.items() if cell.activation == name and not cell.final),
            step_time_ratio=costs[name].time,
            step_time_noise=costs[name].noise,
            memory_ratio=costs[name].memory,
            health=_health(final[name]),
            runs=final[name],
        )
        for name in plan.activations
    ]
    outcomes.sort(key=lambda o: -o.score.mean)
    u = unit(data.metric)
    stated = None if plan.equivalence is None else plan.equivalence / u.factor
    verdict = decide(scores, plan.baseline, costs, failed, u, row, stated, overlap)
    region = default_region(base) if stated is None else stated
    return Results(data, replace(plan, learning_rates=rates), verdict, tuple(outcomes), region, plan, history)


def _scores(final: Mapping[str, Sequence[Run]]) -> dict[str, NDArray[np.float64]]:
    """Test scores by function; a run of the user's own that diverged has no score, and counts as the worst there is."""
    found = {name: np.array([run.test for run in runs]) for name, runs in final.items()}
    finite = np.concatenate(list(found.values()))
    worst = finite[np.isfinite(finite)].min(initial=0.0 if not np.isfinite(finite).any() else np.inf)
    return {name: np.where(np.isfinite(scores), scores, worst) for name, scores in found.items()}


def _second(data: Dataset | Own, runs: Sequence[Run]) -> Estimate | None:
    return estimate(np.array([run.second for run in runs])) if data.second else None


def _validations(plan: Plan, runs: Runs, name: str, rate: float) -> tuple[float, ...]:
    return tuple(runs[Cell(name, rate, s, False)].validation for s in plan.tuning_seeds)


def _health(runs: Sequence[Run]) -> dict[str, float]:
    found = [r.health for r in runs if r.health is not None]
    names = ("dead", "saturated", "mean_shift", "gradient_decades")
    return {n: float(np.mean([getattr(h, n) for h in found])) if found else math.nan for n in names}


def as_dict(results: Results) -> dict[str, Any]:
    """The record that results.json holds."""
    plan, verdict, second = results.plan, results.verdict, results.data.second
    return {
        "data": results.data.name,
        "target": results.data.predicts,
        "task": results.data.task,
        "metric": results.data.metric,
        "higher_is_better": True,
        "second_metric": second.name if second else None,
        "splits": results.data.splits,
        "variance": variance(results.overlap),
        "equivalence": {"region": results.region, "stated": plan.equivalence is not None},
        "baseline": plan.baseline,
        "verdict": {"kind": verdict.kind, "sentence": verdict.sentence, "top": list(verdict.top)},
        "plan": {**asdict(plan), "runs": plan.runs},
        "notes": list(results.notes),
        "activations": {o.name: _entry(o, plan) for o in results.outcomes},
    }


def _entry(o: Outcome, plan: Plan) -> dict[str, Any]:
    return {
        "scores": dict(zip(map(str, plan.seeds), o.scores.tolist(), strict=True)),
        "mean": o.score.mean,
        "ci": list(o.score.ci),
        "paired_difference": o.difference.mean,
        "paired_ci": list(o.difference.ci),
        "iqm": o.iqm,
        "second": _of_second(o, plan),
        "p_superiority": o.p_superiority,
        "p_superiority_ci": list(o.p_superiority_ci),
        "best_learning_rate": o.best_learning_rate,
        "runs_failed": o.runs_failed,
        "step_time_ratio": _known(o.step_time_ratio),
        "memory_ratio": _known(o.memory_ratio),
        "health": {k: _known(v) for k, v in o.health.items()},
    }


def _of_second(o: Outcome, plan: Plan) -> dict[str, Any] | None:
    if o.second is None:
        return None
    values = np.array([run.second for run in o.runs])
    return {
        "scores": dict(zip(map(str, plan.seeds), values.tolist(), strict=True)),
        "mean": o.second.mean,
        "ci": list(o.second.ci),
        "iqm": iqm(values),
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def as_json(results: Results) -> str:
    """The text of results.json."""
    return json.dumps(as_dict(results), indent=1, allow_nan=False) + "\n"


def as_rows(results: Results) -> pd.DataFrame:
    """The table of results.csv: a row per scored training."""
    second = results.data.second
    return pd.DataFrame(
        {"activation": o.name, "seed": run.seed, "learning_rate": run.learning_rate, "test": run.test,
         "validation": run.validation, "failed": run.failed, **({second.option: run.second} if second else {})}
        for o in results.outcomes for run in o.runs
    )  # fmt: skip


def as_functions(results: Results) -> pd.DataFrame:
    """The table of functions.csv: a row per function, the best mean first."""
    second = results.data.second
    u = "" if second is None else second.option
    return pd.DataFrame(
        {"activation": o.name, "mean": o.score.mean, "ci_low": o.score.ci[0], "ci_high": o.score.ci[1], "iqm": o.iqm,
         **({u: o.second.mean, f"{u}_ci_low": o.second.ci[0], f"{u}_ci_high": o.second.ci[1]} if o.second else {}),
         "paired_difference": o.difference.mean, "paired_ci_low": o.difference.ci[0],
         "paired_ci_high": o.difference.ci[1], "p_superiority": o.p_superiority,
         "p_superiority_ci_low": o.p_superiority_ci[0], "p_superiority_ci_high": o.p_superiority_ci[1],
         "best_learning_rate": o.best_learning_rate, "runs_failed": o.runs_failed, "runs": len(o.runs),
         "step_time_ratio": o.step_time_ratio, "memory_ratio": o.memory_ratio, **o.health}
        for o in results.outcomes
    )  # fmt: skip


def write(results: Results, out: Path, report: str) -> None:
    """Write all files of a study into the folder `out`, each whole or not at all."""
    data = results.data
    put(out / PLAN, as_text(data.source, data.predicts, results.made, data.fingerprint))
    put(out / ROWS, as_rows(results).to_csv(index=False))
    put(out / FUNCTIONS, as_functions(results).to_csv(index=False))
    put(out / REPORT, report)
    put(out / RECORD, as_json(results))
