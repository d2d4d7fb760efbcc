"""A claim about a function that it is not true of must not hold: experiments that cannot fail show nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rheobase import catalogue
from rheobase.claims import chosen
from rheobase.claims.conduct import outcome_of
from rheobase.claims.experiments.calibration import calibration_error, reliability
from rheobase.claims.experiments.networks import interval
from rheobase.claims.record import Outcome
from rheobase.definition import Definition

#: A relu that saturates, a sigmoid that is too flat, one that leaves (0, 1), a bent prelu, a steep softplus, two steps,
#: a gate that lets gradients pass, and a function that hardly learns.
BROKEN = {
    "capped": "0 if x <= 0 else 6 if x >= 6 else x",
    "flatter": "1/(1 + exp(-0.9*x))",
    "wider": "1.02/(1 + exp(-x)) - 0.01",
    "bent": "x if x > 0 else x/(1 - x)",
    "steeper": "log(1 + exp(1.01*x))",
    "two_steps": "0 if x < 0 else 1 if x < 1 else 2",
    "soft_step": "1/(1 + exp(-5*x))",
    "wild": "sin(40*x)",
}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("relu-no-saturation", {"name": "capped"}),
    ("relu-kink", {"name": "elu"}),
    ("relu-not-zero-centred", {"name": "tanh"}),
    ("relu-units-die-with-bias", {"name": "leaky_relu", "seeds": 2}),
    ("leaky-relu-no-dead-units", {"name": "relu", "seeds": 1}),
    ("elu-mean-nearer-0", {"name": "softplus"}),
    ("sigmoid-range", {"name": "wider"}),
    ("sigmoid-largest-slope", {"name": "flatter"}),
    ("sigmoid-saturates", {"name": "softplus"}),
    ("sigmoid-chain-loses-gradient", {"name": "softsign", "seeds": 1}),
    ("sigmoid-gradients-share-a-sign", {"name": "tanh", "seeds": 1}),
    ("sigmoid-slower-than-tanh", {"name": "tanh", "seeds": 4}),
    ("off-centre-slows-tanh", {"shift": 0.001, "seeds": 4}),
    ("tanh-zero-centred", {"name": "sigmoid"}),
    ("tanh-is-a-sigmoid", {"name": "flatter"}),
    ("saturated-tanh-stuck-adam", {"name": "sigmoid"}),
    ("prelu-slope-0-is-relu", {"slope": 0.1}),
    ("prelu-linear-for-negative", {"name": "bent"}),
    ("elu-not-always-better", {"name": "relu", "baseline": "wild", "seeds": 5}),
    ("softplus-slope-is-sigmoid", {"name": "steeper"}),
    ("softplus-smooth-relu", {"name": "leaky_relu"}),
    ("softplus-suppresses-one-side", {"name": "leaky_relu"}),
    ("softmax-distribution", {"name": "log_softmax"}),
    ("softmax-shift-invariance", {"name": "sigmoid"}),
    ("step-threshold", {"name": "two_steps"}),
    ("step-no-backpropagation", {"name": "soft_step", "seeds": 1}),
    ("linear-network-collapses", {"name": "tanh", "seeds": 2}),
]


@pytest.fixture(autouse=True)
def _broken() -> Iterator[None]:
    for name, formula in BROKEN.items():
        catalogue.add(
            Definition(name=name, title="Broken", formula=formula, straight_through="hard_tanh(x)", reference="none")
        )
    yield
    for name in BROKEN:
        catalogue.remove_own(name)


def sabotaged(claim_id: str, **arguments: Any) -> Outcome:
    claim = chosen([claim_id])[0]
    return outcome_of(replace(claim, arguments={**claim.arguments, **arguments}), 0)


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=[name for name, _ in CASES])
def test_the_verdict_turns(name: str, arguments: dict[str, Any]) -> None:
    outcome = sabotaged(name, **arguments)
    assert outcome.verdict == "does not hold", outcome.words


def test_calibration_errors_are_found() -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(size=200_000)
    y = (rng.uniform(size=p.size) < p).astype(float)
    assert calibration_error(p, y) < 0.01
    # sure of everything, right in half of it
    assert calibration_error(np.full(1000, 0.99), np.arange(1000) % 2 == 0) == pytest.approx(0.49)
    stated, found = reliability(p, y)
    assert np.abs(np.subtract(stated, found)).max() < 0.02


def test_an_interval_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = [low <= 0 <= high for _, low, high in (interval(rng.standard_normal(8)) for _ in range(2000))]
    assert np.mean(hits) == pytest.approx(0.95, abs=0.015)
