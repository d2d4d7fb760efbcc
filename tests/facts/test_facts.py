"""Every fact measured, in both directions: what is said to hold is tried, what is denied has a counterexample."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp
import torch
import torch.nn.functional as F
from scipy.integrate import quad_vec

import rheobase as rb
from rheobase.activation import Activation
from rheobase.algebra.functions import plain
from rheobase.algebra.parse import symbol
from rheobase.catalogue.relations import RELATIONS
from rheobase.errors import DefinitionError
from rheobase.facts import Interval
from rheobase.facts.curve import Points, curve
from rheobase.facts.gaussian import edge_of_chaos
from rheobase.facts.relatives import prove
from tests.contract.functions import each_elementwise

#: Within ±12, where no function of the catalogue rounds to its limit in float64.
X = np.unique(np.concatenate([np.random.default_rng(0).uniform(-12, 12, 2000), np.linspace(-12, 12, 2401)]))

#: gain, χ₁ at that gain, slope of the variance map, (E f)²/E f²: computed by quadrature apart from this code,
#: as `independent` does again.
TABLE = {
    "relu": (1.4142, 1.000, 1.00, 0.318),
    "leaky_relu": (1.4141, 1.000, 1.00, 0.312),
    "gelu": (1.5335, 1.072, 1.144, 0.187),
    "silu": (1.6765, 1.067, 1.173, 0.120),
    "mish": (1.4868, 1.059, 1.076, 0.128),
    "hard_swish": (1.7367, 1.081, 1.224, 0.083),
    "elu": (1.2452, 1.036, 0.891, 0.040),
    "selu": (1.0000, 1.072, 0.783, 0.000),
    "tanh": (1.5925, 1.178, 0.461, 0.0),
    "softsign": (2.3375, 1.244, 0.477, 0.0),
    "sigmoid": (1.8462, 0.153, 0.106, 0.852),
    "softplus": (1.0419, 0.319, 0.492, 0.705),
    "relu_squared": (0.8165, 1.333, 2.0, 0.167),
}

#: (σ_w, σ_b) at variance q, from the mean-field literature's formula.
EDGES = {
    ("tanh", 0.25): (1.181, 0.090),
    ("tanh", 1.0): (1.467, 0.389),
    ("gelu", 1.0): (1.481, 0.259),
    ("gelu", 0.1): (1.817, 0.063),
    ("silu", 1.0): (1.623, 0.250),
    ("elu", 1.0): (1.223, 0.186),
    ("selu", 1.0): (0.966, 0.259),
    ("softsign", 1.0): (2.096, 0.443),
    ("relu", 1.0): (1.4142, 0.0),
}


def independent(function: Callable[[torch.Tensor], torch.Tensor]) -> tuple[float, ...]:
    """The row of the table for a function of torch's, by torch's slope and SciPy's adaptive quadrature."""

    def integrand(z: float) -> Points:
        x = torch.tensor(z, dtype=torch.float64, requires_grad=True)
        y = function(x)
        (slope,) = torch.autograd.grad(y, x)
        f, d = y.item(), slope.item()
        return np.array([f, f * f, d * d, f * d * z]) * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)

    # the functions of the table bend at these points
    (mean, second, slope, change), _ = quad_vec(integrand, -12, 12, epsrel=1e-12, points=(-3, 0, 3))
    return second**-0.5, slope / second, change / second, mean**2 / second


@pytest.mark.parametrize("name", TABLE)
def test_gaussian_table(name: str) -> None:
    # torch has no squared rectifier
    theirs = independent(getattr(F, rb.get(name).definition.torch.function, lambda x: F.relu(x) ** 2))
    for stated, computed, near in zip(TABLE[name], theirs, (6e-5, 6e-4, 6e-4, 6e-4), strict=True):
        assert stated == pytest.approx(computed, abs=near)
    g = rb.get(name).facts.gaussian
    ours = (g.gain, g.chi1, g.variance_slope, g.mean**2 / g.second_moment)
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12)
    assert rb.get(name).gain() == g.gain


@pytest.mark.parametrize(("name", "variance"), EDGES)
def test_edge_of_chaos(name: str, variance: float) -> None:
    found = edge_of_chaos(curve(rb.get(name).definition, {}), variance)
    assert found == pytest.approx(EDGES[name, variance], abs=6e-4)


@pytest.mark.parametrize("name", ["sigmoid", "softplus"])
@pytest.mark.parametrize("variance", [0.01, 0.1, 1.0, 9.0])
def test_no_edge_of_chaos(name: str, variance: float) -> None:
    assert edge_of_chaos(curve(rb.get(name).definition, {}), variance) is None


@each_elementwise
def test_gaussian_averages_by_sampling(function: Activation) -> None:
    z = np.random.default_rng(1).standard_normal(400_000)
    values, g = function(z), function.facts.gaussian
    error = 5 * values.std() / z.size**0.5 + 1e-12
    assert abs(values.mean() - g.mean) < error
    assert function.facts.zero_centred == (abs(g.mean) < 1e-12)


@each_elementwise
def test_range(function: Activation) -> None:
    span, y = function.facts.range, function(X)
    low, high = span.low - 1e-12, span.high + 1e-12
    assert ((y >= low) & (y <= high)).all()
    assert span.low_in or (y > span.low).all()
    assert span.high_in or (y < span.high).all()
    wide = function(np.array([*X, -1e9, 1e9, *(k.at for k in function.facts.kinks)]))
    for end, values in ((span.low, wide), (span.high, wide)):
        reached = np.abs(values - end).min() < 2e-4 if np.isfinite(end) else (np.abs(values) > 1e6).any()
        assert reached, f"nothing comes near {end}"


@each_elementwise
def test_limits(function: Activation) -> None:
    for sign, limit in zip((-1, 1), function.facts.limits, strict=True):
        far = function(np.array([1e8, 1e10]) * sign)
        if np.isnan(limit):
            assert abs(far[0] - far[1]) > 1e-3
        else:
            assert np.sign(far[1]) == np.sign(limit) if np.isinf(limit) else abs(far[1] - limit) < 1e-9


@each_elementwise
def test_monotonic(function: Activation) -> None:
    steps = np.diff(function(X))
    match function.facts.monotonic:
        case "increasing":
            assert (steps >= -1e-13).all()
            assert (steps > 0).any()
        case "decreasing":
            assert (steps <= 1e-13).all()
            assert (steps < 0).any()
        case "constant":
            assert (steps == 0).all()
        case None:
            assert (steps > 1e-9).any()
            assert (steps < -1e-9).any()


@each_elementwise
def test_convex(function: Activation) -> None:
    bend = np.concatenate([(function(X - h) + function(X + h)) / 2 - function(X) for h in (0.01, 0.3, 5.0)])
    match function.facts.convex:
        case "convex":
            assert (bend >= -1e-12).all()
            assert (bend > 1e-9).any()
        case "concave":
            assert (bend <= 1e-12).all()
            assert (bend < -1e-9).any()
        case "linear":
            assert (np.abs(bend) < 1e-12).all()
        case None:
            assert (bend > 1e-9).any()
            assert (bend < -1e-9).any()


@each_elementwise
def test_parity(function: Activation) -> None:
    odd, even = (np.abs(function(-X) + s * function(X)) for s in (1, -1))
    assert (odd.max() < 1e-12) == (function.facts.parity == "odd")
    assert (even.max() < 1e-12) == (function.facts.parity == "even")


@each_elementwise
def test_lipschitz(function: Activation) -> None:
    bound = function.facts.lipschitz
    fine = np.linspace(-12, 12, 48001)
    secants = np.abs(np.diff(function(fine)) / np.diff(fine))
    if np.isinf(bound):
        far = np.geomspace(1, 600, 2000)
        assert secants.max() > 100 or np.abs(np.diff(function(far)) / np.diff(far)).max() > 100
    else:
        assert secants.max() <= bound * (1 + 1e-9)
        assert secants.max() >= bound * 0.99


@each_elementwise
def test_saturation(function: Activation) -> None:
    facts = function.facts
    for side, sign in ((facts.saturation.left, -1), (facts.saturation.right, 1)):
        if side is None:
            far = np.abs(function.derivative(sign * np.linspace(50, 1000, 500)))
            assert np.isinf(facts.lipschitz) or (far >= 0.05 * facts.lipschitz).any()
            continue
        beyond = np.abs(function.derivative(side + sign * np.geomspace(1e-6, 1e3, 500)))
        assert (beyond <= 0.05 * facts.lipschitz * (1 + 1e-9)).all()
        assert abs(function.derivative(side - sign * 1e-3)) > 0.05 * facts.lipschitz * 0.99


@each_elementwise
def test_dead_zone(function: Activation) -> None:
    x = np.linspace(-9.999, 9.999, 4001)
    inside = np.zeros(x.shape, bool)
    for low, high in function.facts.dead_zone:
        inside |= (x > low) & (x < high)
    slope = function.derivative(x)
    assert (slope[inside] == 0).all()
    assert (slope[~inside] == 0).sum() <= 0.01 * x.size


@each_elementwise
def test_kinks(function: Activation) -> None:
    declared = [k.at for k in function.facts.kinks]
    for kink in function.facts.kinks:
        h = 1e-7
        left = (function(kink.at - h) - function(kink.at - 2 * h)) / h
        right = (function(kink.at + 2 * h) - function(kink.at + h)) / h
        assert (left, right) == pytest.approx((kink.left, kink.right), abs=1e-5)
        assert kink.jump or abs(left - right) > 1e-6
    fine = np.linspace(-8, 8, 16001) + 1e-5
    slope = function.derivative(fine)
    jumps = fine[1:][np.abs(np.diff(slope)) > 0.005 * (1 + np.abs(slope[1:]))]
    assert all(any(abs(j - at) < 2e-3 for at in declared) for j in jumps)


@each_elementwise
def test_fixed_points(function: Activation) -> None:
    for point in function.facts.fixed_points:
        ends = [point.low, point.high] if isinstance(point, Interval) else [point]
        held = [point.low_in, point.high_in] if isinstance(point, Interval) else [True]
        for x in (e for e, inside in zip(ends, held, strict=True) if inside):
            assert function(float(x)) == pytest.approx(float(x), abs=1e-9)


@each_elementwise
def test_no_fixed_point_is_missing(function: Activation) -> None:
    fine = np.linspace(-29.9, 29.9, 59801) + 1e-7
    gap = function(fine) - fine
    spans = [(p.low, p.high) if isinstance(p, Interval) else (p, p) for p in function.facts.fixed_points]
    for at in fine[:-1][gap[:-1] * gap[1:] < 0]:
        assert any(low - 2e-3 <= at <= high + 2e-3 for low, high in spans), f"{function.name}({at:.3f}) crosses"


@each_elementwise
def test_continuity(function: Activation) -> None:
    """At the joints every derivative up to `continuity` agrees from both sides, and one of the next does not."""
    c = function.facts.continuity
    assert (c is not None and c <= 0) == bool(function.facts.kinks)
    assert (c == -1) == any(k.jump for k in function.facts.kinks)

    def largest_jump(order: int) -> float:
        joints = np.array(curve(function.definition, {}).breakpoints)
        sides = (function.derivative(joints + side * 1e-9, order) for side in (-1, 1))
        return float(np.max(np.abs(np.subtract(*sides)), initial=0.0))

    for order in range(4 if c is None else c + 1):
        assert largest_jump(order) < 1e-6
    assert c is None or largest_jump(c + 1) > 1e-3


@each_elementwise
def test_derivative_formulas(function: Activation) -> None:
    """The formulas shown for f′ and f″ have the values that `derivative` computes."""
    values = {symbol(name): sp.Rational(value) for name, value in function.definition.defaults.items()}
    for order in (1, 2):
        formula = plain(function.facts.derivative(order).subs(values))
        for at in (-4.3, -1.2, -0.3, 0.2, 0.7, 2.6, 4.1):
            shown = sp.N(formula.subs(symbol("x"), sp.Rational(at)), 30)
            assert function.derivative(at, order) == pytest.approx(float(shown), rel=1e-13, abs=0)


def test_relations_are_proved_and_a_wrong_one_is_refused() -> None:
    assert {prove(left, right).proof for left, right in RELATIONS} == {"symbolic", "numeric"}
    with pytest.raises(DefinitionError, match="does not hold at x ="):
        prove("tanh(x)", "2*sigmoid(2*x) - 1.0000001")
    with pytest.raises(DefinitionError, match="does not hold"):
        prove("relu_prime(x)", "step(x - 1/4)")


def test_facts_follow_parameters_and_users_functions() -> None:
    assert rb.elu.facts_at(alpha=0.5).range.low == -0.5
    assert rb.elu.facts_at(alpha=0.5).kinks[0].left == 0.5
    f = rb.define("facts_probe", "x*exp(-beta*x**2)", beta=2.0)
    assert f.facts.parity == "odd"
    assert f.facts.range.high == pytest.approx(np.exp(-0.5) / 2)
    with pytest.raises(DefinitionError, match="beta"):
        rb.celu.facts_at(beta=1.0)
    with pytest.raises(DefinitionError, match="alpha must lie in"):
        rb.celu.facts_at(alpha=-1.0)
    with pytest.raises(DefinitionError, match="row function"):
        _ = rb.softmax.facts
