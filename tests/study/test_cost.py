"""What a step costs: in turns, in a process of its own, in bytes that are there; the same for a user's own function."""

from __future__ import annotations

import math
import multiprocessing
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from rheobase.study import Plan, StudyError, load
from rheobase.study.conduct import measured, run
from rheobase.study.ledger.ledger import in_memory
from rheobase.study.report.table import headings, legend
from rheobase.study.results import as_dict
from rheobase.study.training import cost as of_network
from rheobase.study.training import own_cost as of_own
from rheobase.study.training.cost import in_turns, step_costs
from rheobase.study.training.own import own
from rheobase.study.training.own_cost import own_costs, visits
from rheobase.study.training.train import split
from tests.study import mine

PLAN = Plan(("tanh", "gelu"), "tanh", learning_rates=(0.01, 0.1), tuning_seeds=(1000,), seeds=(0, 1, 2))


def test_each_round_begins_with_another() -> None:
    order: list[str] = []
    visits = {name: lambda name=name: float(order.append(name) or len(order)) for name in "abc"}
    rounds = in_turns(visits)
    assert [list(next(rounds)) for _ in range(4)] == [list("abc"), list("bca"), list("cab"), list("abc")]
    assert order == list("abcbcacababc")


def allocating(numbers: int) -> Iterator[None]:
    """Steps that keep some numbers, and need as many twice for a moment."""
    kept = torch.empty(numbers)
    while True:
        kept.clone().neg_()
        yield


def test_memory_is_the_most_that_is_there_at_once() -> None:
    assert of_network._peak(lambda: allocating(1000)) == 8000


def test_the_data_is_no_cost_and_the_batch_is() -> None:
    wine = load("wine")
    longer = replace(wine, features=pd.concat([wine.features] * 9), target=np.tile(wine.target, 9))

    def peak(data: object, batch: int, name: str = "gelu") -> int:
        plan, parts = replace(PLAN, batch=batch, hidden=(256, 256)), split(data, 0)
        return of_network._peak(lambda: of_network._training(data, plan, name, parts))

    assert peak(longer, 64) == pytest.approx(peak(wine, 64), rel=0.01)
    # of a layer is kept what goes into gelu, and what comes out of it for the next; relu needs the latter alone
    assert peak(wine, 64) - peak(wine, 64, "relu") >= 64 * 256 * 4
    assert peak(wine, 100) > peak(wine, 64)


def test_costs_are_of_the_study_s_own_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its optimizer and its network: the ratios come from steps of `train.steps`."""
    seen: list[Plan] = []
    whole = of_network.steps

    def spied(*given: object) -> Iterator[None]:
        seen.append(given[2])
        return whole(*given)

    monkeypatch.setattr(of_network, "steps", spied)
    plan = replace(PLAN, optimizer="sgd", batch_norm=True)
    found = step_costs(load("iris"), plan)
    assert set(found) == set(plan.activations)
    assert all(c.time > 0 and c.noise >= 0 and c.memory > 0 for c in found.values())
    assert seen == [plan] * 6, "two, and the reference; for the time and for the memory"


def test_own_costs_are_the_time_between_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_own.time, "perf_counter", lambda: mine.clock[0])
    for name in ("costs", "costs_untold"):
        found = own_costs(own(f"tests.study.mine:{name}", None), PLAN, workers=0)
        assert (found["tanh"].time, found["tanh"].noise, found["gelu"].time) == (3.0, 0.0, 1.0)
        assert math.isnan(found["tanh"].memory)


def test_a_timed_training_is_ended_in_its_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it catches what goes wrong and goes on."""
    monkeypatch.setattr(of_own.time, "perf_counter", lambda: mine.clock[0])
    monkeypatch.setattr(of_own, "VISIT", math.inf)
    mine.clock[0] = 0.0
    visits(own("tests.study.mine:costs", None), PLAN)
    assert mine.clock[0] == of_own.ROUNDS * 3 * 1000.0 + of_own.ROUNDS * of_own.REPORTS * (1 + 3 + 1)


def test_own_costs_are_measured_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = tmp_path / "told"
    monkeypatch.setenv("RHEOBASE_TOLD", str(told))
    subject = own("tests.study.mine:tells_where", None)
    ledger = in_memory({})
    found = measured(subject, PLAN, ledger, workers=2)
    pids, threads, names = zip(*map(str.split, told.read_text().splitlines()), strict=True)
    assert len(set(pids)) == 1
    assert str(os.getpid()) not in pids
    assert set(threads) == {"1"}
    assert names[:6] == ("ReLU", "Tanh", "GELU", "Tanh", "GELU", "ReLU")
    assert len(names) == 3 * of_own.ROUNDS
    assert measured(subject, PLAN, ledger, workers=2) == found
    assert len(told.read_text().splitlines()) == len(names), "what was measured is not measured again"
    assert multiprocessing.active_children() == []


def test_what_takes_too_long_to_be_measured_is_said_to_be_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_own, "PATIENCE", 0.01)
    subject, ledger = own("tests.study.mine:says_little", None), in_memory({})
    measured(subject, PLAN, ledger, workers=1)
    assert multiprocessing.active_children() == []
    results = run(subject, PLAN, workers=0, keeper=ledger)
    assert "cost" not in headings(results)
    assert "not measured" in dict(legend(results))["cost"]
    assert as_dict(results)["activations"]["tanh"]["step_time_ratio"] is None
    assert results.verdict.kind == "undecided"


def test_a_function_that_fails_is_told_as_ever() -> None:
    with pytest.raises(StudyError, match="must return a score"):
        run(own("tests.study.mine:says_words", None), PLAN, workers=0)


def test_a_fresh_process_measures_the_network_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is timed in this one: here, time stands still."""
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    found = measured(load("iris"), PLAN, in_memory({}), workers=1)
    assert all(cost["time"] > 0 for cost in found["costs"].values())
    with pytest.raises(ZeroDivisionError):
        measured(load("iris"), PLAN, in_memory({}), workers=0)
