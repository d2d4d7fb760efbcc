"""Facts of functions that nobody ships: narrow, far out, periodic, with poles, and at unusual parameters."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest

import rheobase as rb
from rheobase.activation import Activation
from rheobase.algebra import reference
from rheobase.algebra.parse import parse, symbol
from rheobase.facts import Facts, Interval
from rheobase.facts.curve import curve
from tests.facts.test_facts import X

INF = float("inf")
NAN = float("nan")


def facts(formula: str) -> Facts:
    return rb.define("unusual_probe", formula).facts


def span(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


# --- fixed points ---------------------------------------------------------------------------------


@pytest.mark.parametrize("beta", [1e-2, 1.0, 3.0, 50.0])
def test_softplus_has_no_fixed_point(beta: float) -> None:
    assert rb.softplus.facts_at(beta=beta).fixed_points == ()


@pytest.mark.parametrize(
    ("formula", "points"),
    [
        ("(sqrt(x**2 + 1) - 1)/2 + x", [0]),
        ("x + (x - 0.123)**2", [0.123]),
        ("x + (x - 0.123)**4", [0.123]),
        ("x + x**4 + 1e-10", []),
        ("x + (x - 0.123)**2 + 1e-12", []),
        ("x - (x - 0.123)**3", [0.123]),
        ("x + exp(-x)", []),
        ("1/x", [-1, 1]),
        ("1/(1 - x)", []),
        ("x*x", [0, 1]),
        ("tanh(x - 1000)", [-1]),
        ("x if x > 100 else 0", [Interval(100, INF), 0]),
        ("sqrt(x)", [0, 1]),
        ("erf(x**2)*x", [0]),
        ("asinh(sinh(x))", [Interval(-INF, INF)]),
        ("x + exp(-1/(x*x))", [0]),
        ("x + 1e-15", []),
        ("tanh(1/x)", [-0.833556559601, 0.833556559601]),
    ],
)
def test_fixed_points(formula: str, points: list[float | Interval]) -> None:
    found = facts(formula).fixed_points
    assert [p for p in found if isinstance(p, Interval)] == [p for p in points if isinstance(p, Interval)]
    single = [p for p in found if not isinstance(p, Interval)]
    assert single == pytest.approx([p for p in points if not isinstance(p, Interval)], abs=1e-12)


@pytest.mark.parametrize("a", [1.0, 10.0])
def test_snake_touches_the_diagonal(a: float) -> None:
    count = int(30 * a / np.pi)
    expected = np.arange(-count, count + 1) * np.pi / a
    np.testing.assert_allclose(rb.snake.facts_at(a=a).fixed_points, expected, rtol=0, atol=1e-12)


def test_touching_intervals_are_one() -> None:
    assert rb.softshrink.facts_at(lambd=0.0).fixed_points == (Interval(-INF, INF),)
    assert len(rb.softshrink.facts_at(lambd=0.5).fixed_points) == 1


# --- Gaussian averages ----------------------------------------------------------------------------

VANISHING = [
    lambda: rb.threshold.facts_at(threshold=20.0),
    lambda: rb.hard_shrink.facts_at(lambd=30.0),
    lambda: rb.softshrink.facts_at(lambd=50.0),
    lambda: rb.star_relu.facts_at(scale=0.0, bias=0.0),
    lambda: rb.hard_tanh.facts_at(min_val=0.0, max_val=0.0),
    lambda: facts("x if x > 40 else 0"),
    lambda: facts("x if x > 100 else 0"),
    lambda: facts("1/(1 + exp(-(x - 50000)))"),
]


@pytest.mark.parametrize("at", VANISHING)
def test_no_second_moment(at: Callable[[], Facts]) -> None:
    g = at().gaussian
    assert (g.mean, g.second_moment, g.gain, g.edge_of_chaos) == (0, 0, INF, None)
    assert np.isnan([g.chi1, g.variance_slope]).all()
    assert rb.threshold.gain(threshold=20.0) == INF


def averages(function: Callable[[mp.mpf], mp.mpf], joints: list[float]) -> tuple[float, float]:
    """E f² and E f'² by mpmath, on panels that the caller puts where the function needs them."""
    panels = sorted({-12.0, -4.0, -1.0, 0.0, 1.0, 4.0, 12.0, *joints})

    def mean_square(f: Callable[[mp.mpf], mp.mpf]) -> float:
        return float(mp.quad(lambda z: f(z) ** 2 * mp.npdf(z), panels))

    return mean_square(function), mean_square(lambda z: mp.diff(function, z))


@pytest.mark.parametrize("alpha", [1e-4, 1e-3, 0.1])
def test_narrow_celu(alpha: float) -> None:
    """E f² and E f'² of celu in closed form: ½ from the right side, exponentials from the left."""

    def tail(k: float) -> mp.mpf:
        return mp.exp(mp.mpf(k) ** 2 / 2) * mp.erfc(mp.mpf(k) / mp.sqrt(2)) / 2

    a = mp.mpf(alpha)
    second = 0.5 + a**2 * (tail(2 / a) - 2 * tail(1 / a) + 0.5)
    slope = 0.5 + tail(2 / a)
    g = rb.celu.facts_at(alpha=alpha).gaussian
    assert g.second_moment == pytest.approx(float(second), rel=1e-12)
    assert g.chi1 == pytest.approx(float(slope / second), rel=1e-12)
    assert g.edge_of_chaos == pytest.approx((float(slope**-0.5), float(mp.sqrt(1 - second / slope))), rel=1e-6)


@pytest.mark.parametrize("k", [1e3, 1e6])
@pytest.mark.parametrize("shift", [0.0, 0.377])
def test_narrow_tanh(k: float, shift: float) -> None:
    """E f'² → k·(4/3)·φ(shift), the integral of sech⁴ under a density that hardly changes there."""
    g = facts(f"tanh({k:.0f}*(x - {shift}))").gaussian
    leading = k * 4 / 3 * np.exp(-(shift**2) / 2) / np.sqrt(2 * np.pi)
    assert g.chi1 * g.second_moment == pytest.approx(leading, rel=1e-5)
    assert g.edge_of_chaos is not None
    assert g.edge_of_chaos[0] == pytest.approx(leading**-0.5, rel=1e-5)


def test_narrow_swish() -> None:
    beta = 1000
    second, slope = averages(lambda z: z / (1 + mp.exp(-beta * z)), [s * 10.0**-k for s in (-1, 1) for k in (1, 2, 3)])
    edge = rb.swish_beta.facts_at(beta=float(beta)).gaussian.edge_of_chaos
    assert edge == pytest.approx((slope**-0.5, (1 - second / slope) ** 0.5), rel=1e-6)
    assert edge is not None
    assert edge[1] == pytest.approx(0.0131, abs=5e-5)


def test_averages_that_diverge_are_not_numbers() -> None:
    noisy = facts("atan(1e5*(x - 0.77))").gaussian
    assert noisy.chi1 * noisy.second_moment == pytest.approx(
        1e5 * np.exp(-(0.77**2) / 2) * (np.pi / 8) ** 0.5, rel=1e-4
    )
    for formula in ("1/x", "tan(x)", "1/(1 - x)"):
        g = facts(formula).gaussian
        assert (g.second_moment, g.gain, g.edge_of_chaos) == (INF, 0, None)
    root = facts("sqrt(abs(x))").gaussian
    assert root.second_moment == pytest.approx((2 / np.pi) ** 0.5, rel=1e-12)
    assert (root.chi1, root.edge_of_chaos) == (INF, None)


def test_a_small_function_is_not_zero_centred_for_being_small() -> None:
    assert not facts("1e-14*exp(x)").zero_centred
    assert facts("1e-14*sin(x)").zero_centred


# --- limits and range -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "limit"),
    [
        ("log(1 + x)", INF),
        ("-log(log(x))", -INF),
        ("x**0.01", INF),
        ("x*(2 + sin(x))", INF),
        ("1 - 1/log(x)", NAN),
        ("atan(x)", np.pi / 2),
        ("x*sin(x)", NAN),
        ("sin(log(x))", NAN),
        ("x/sqrt(1 + x**2)", 1),
    ],
)
def test_limit(formula: str, limit: float) -> None:
    x = symbol("x")
    assert reference.limit(parse(formula, ["x"]), x, {}, 1) == pytest.approx(limit, nan_ok=True)


@pytest.mark.parametrize(
    ("formula", "limits", "values"),
    [
        ("log(1 + abs(x))*sign(x)", (-INF, INF), (-INF, INF)),
        ("log(x)", (NAN, INF), (-INF, INF)),
        ("asinh(x)", (-INF, INF), (-INF, INF)),
        ("tan(x)", (NAN, NAN), (-INF, INF)),
        ("1/x", (0, 0), (-INF, INF)),
        ("1/(1 - x)", (0, 0), (-INF, INF)),
        ("1/(x - 0.123)**2", (0, 0), (0, INF)),
        ("sqrt(x)", (NAN, INF), (0, INF)),
        ("sqrt(1 - x*x)", (NAN, NAN), (0, 1)),
        ("x*cos(x)", (NAN, NAN), (-INF, INF)),
        ("x**2*sin(x)", (NAN, NAN), (-INF, INF)),
        ("sin(x)", (NAN, NAN), (-1, 1)),
        ("sin(x**2)", (NAN, NAN), (-1, 1)),
        ("sin(x)*log(1 + abs(x))", (NAN, NAN), (-INF, INF)),
        ("exp(x)", (0, INF), (0, INF)),
        ("exp(x*x)", (INF, INF), (1, INF)),
        ("1/sqrt(abs(x))", (0, 0), (0, INF)),
        ("log(x) if x > 0 else 0", (0, INF), (-INF, INF)),
        ("tan(x) if tan(x) > 0 else 0", (NAN, NAN), (0, INF)),
        ("tanh(1/x)", (0, 0), (-1, 1)),
        ("exp(-1/(x*x))", (1, 1), (0, 1)),
    ],
)
def test_limits_and_range(formula: str, limits: tuple[float, float], values: tuple[float, float]) -> None:
    f = facts(formula)
    assert f.limits == pytest.approx(limits, nan_ok=True)
    assert span(f.range) == pytest.approx(values)


@pytest.mark.parametrize("formula", ["tan(x)", "1/x", "x*cos(x)", "x**2*sin(x)", "sqrt(abs(x))", "sqrt(x)", "log(x)"])
def test_no_bound_on_the_slope(formula: str) -> None:
    f = facts(formula)
    assert f.lipschitz == INF
    assert f.saturation.sides == "none"


@pytest.mark.parametrize("formula", ["1/x", "tan(x)", "1/x**2"])
def test_a_pole_is_not_monotone_and_not_convex(formula: str) -> None:
    assert facts(formula).monotonic is None
    assert facts(formula).convex is None


def test_undefined_points_say_nothing() -> None:
    """log has slopes 1/x left of 0, where it has no values."""
    assert (facts("log(x)").monotonic, facts("log(x)").convex) == ("increasing", "concave")
    assert facts("sqrt(x)").monotonic == "increasing"
    assert facts("sqrt(x*x - 4)").convex is None


def test_minus_zero_is_not_printed() -> None:
    assert str(rb.leaky_relu.facts_at(negative_slope=0.0).range) == "[0, inf)"


# --- kinks, joints, shape -------------------------------------------------------------------------


def test_infinite_slopes_are_kinks() -> None:
    (kink,) = facts("sqrt(abs(x))").kinks
    assert (kink.at, kink.left, kink.right, kink.jump) == (0, -INF, INF, False)
    (kink,) = facts("sign(x)*sqrt(abs(x))").kinks
    assert (kink.at, kink.left, kink.right, kink.jump) == (0, INF, INF, False)
    assert facts("sqrt(abs(x))").continuity == 0
    assert facts("sqrt(abs(x))").parity == "even"


def test_pieces_without_end() -> None:
    f = facts("sin(x) if sin(x) > 0 else 0")
    assert np.isnan(f.limits).all()
    assert str(f.range) == "[0, 1]"
    assert [k.at for k in f.kinks] == pytest.approx(np.arange(-9, 10) * np.pi)
    activation = rb.get("unusual_probe")
    for low, high in f.dead_zone:
        assert (activation(np.linspace(low, high, 99)[1:-1]) == 0).all()
    assert len(f.dead_zone) == 9
    assert f.saturation.sides == "none"
    assert len(facts("abs(sin(x))").kinks) == 19


def test_joints_without_a_formula() -> None:
    f = facts("1 if cos(x) > x else 0")
    assert [k.at for k in f.kinks] == pytest.approx([0.7390851332151607])
    assert f.dead_zone == ((-INF, INF),)
    assert f.limits == (1, 0)
    assert [k.at for k in facts("x if exp(x) > 7 else 0").kinks] == pytest.approx([np.log(7)])


@pytest.mark.parametrize(
    ("formula", "monotonic", "convex"),
    [
        ("tanh(x - 1000)", "increasing", None),
        ("tanh(1000*(x - 0.3777))", "increasing", None),
        ("exp(x) - 5*x", None, "convex"),
        ("softplus(x - 3000)", "increasing", "convex"),
    ],
)
def test_shape_far_out_and_narrow(formula: str, monotonic: str | None, convex: str | None) -> None:
    f = facts(formula)
    assert (f.monotonic, f.convex) == (monotonic, convex)


# --- other parameters -----------------------------------------------------------------------------

OTHERS: list[tuple[Activation, dict[str, float]]] = [
    (rb.elu, {"alpha": -1.5}),
    (rb.elu, {"alpha": 0.0}),
    (rb.elu, {"alpha": 100.0}),
    (rb.hard_tanh, {"min_val": 1.0, "max_val": -1.0}),
    (rb.hard_tanh, {"min_val": 0.0, "max_val": 0.0}),
    (rb.hard_tanh, {"min_val": -3.0, "max_val": 0.5}),
    (rb.snake, {"a": 10.0}),
    (rb.softplus, {"beta": 0.01}),
    (rb.softplus, {"beta": 50.0}),
    (rb.leaky_relu, {"negative_slope": -0.5}),
    (rb.leaky_relu, {"negative_slope": 0.0}),
    (rb.leaky_relu, {"negative_slope": 2.0}),
    (rb.celu, {"alpha": 0.01}),
    (rb.softshrink, {"lambd": 0.0}),
    (rb.threshold, {"threshold": -1.0, "value": 5.0}),
    (rb.swish_beta, {"beta": 1000.0}),
]
each_other = pytest.mark.parametrize(("function", "at"), OTHERS, ids=lambda p: getattr(p, "name", str(p)))
FINE = np.unique(
    np.concatenate([X, np.linspace(-0.01, 0.01, 2001), np.geomspace(12, 500, 500), -np.geomspace(12, 500, 500)])
)


@each_other
def test_range_by_trial(function: Activation, at: dict[str, float]) -> None:
    y, f = function(np.array([*FINE, -1e7, 1e7]), **at), function.facts_at(**at)
    scale = max(1.0, np.abs(y[np.abs(y) < 1e5]).max())
    for sign, end in ((-1, f.range.low), (1, f.range.high)):
        assert (sign * y <= sign * end + 1e-12 * scale).all()
        assert (sign * y).max() > (1e4 if np.isinf(end) else sign * end - 2e-3 * scale)
    for sign, limit in zip((-1, 1), f.limits, strict=True):
        far = float(function(sign * 1e9, **at))
        assert np.sign(far) == np.sign(limit) if np.isinf(limit) else far == pytest.approx(limit, abs=1e-9)


@each_other
def test_directions_by_trial(function: Activation, at: dict[str, float]) -> None:
    """What is said holds for all steps and chords; what is denied has both a rise and a fall."""
    f, y = function.facts_at(**at), function(FINE, **at)
    steps = np.diff(y)
    h = np.array([[0.001], [0.3], [5.0]])
    bend = ((function(FINE - h, **at) + function(FINE + h, **at)) / 2 - y).ravel()
    told = {"increasing": (1, 0), "decreasing": (0, 1), "constant": (0, 0), None: (1, 1)}[f.monotonic]
    assert ((steps > 1e-9).any(), (steps < -1e-9).any()) == told
    told = {"convex": (1, 0), "concave": (0, 1), "linear": (0, 0), None: (1, 1)}[f.convex]
    assert ((bend > 1e-9).any(), (bend < -1e-9).any()) == told


@each_other
def test_slopes_by_trial(function: Activation, at: dict[str, float]) -> None:
    f = function.facts_at(**at)
    joints = np.array(curve(function.definition, at).breakpoints)
    inner = FINE[(np.abs(FINE[:, None] - joints) > 1e-6).all(axis=1)]
    slope, jumps = function.derivative(inner, **at), any(k.jump for k in f.kinks)
    assert np.isinf(f.lipschitz) == jumps
    assert jumps or np.abs(slope).max() == pytest.approx(f.lipschitz, rel=0.01)
    dead = np.zeros(inner.size, bool)
    for low, high in f.dead_zone:
        dead |= (inner > low) & (inner < high)
    assert (slope[dead] == 0).all()
    assert (slope[~dead & (np.abs(inner) < 0.1)] == 0).sum() <= 2
    for sign, edge in ((-1, f.saturation.left), (1, f.saturation.right)):
        if edge is not None and not jumps:
            beyond = function.derivative(edge + sign * np.geomspace(1e-6, 1e3, 500), **at)
            assert (np.abs(beyond) <= 0.05 * f.lipschitz * (1 + 1e-9)).all()


@each_other
def test_kinks_by_trial(function: Activation, at: dict[str, float]) -> None:
    f, h = function.facts_at(**at), 1e-9
    for k in f.kinks:
        ends = function(np.array([k.at - h, k.at + h]), **at)
        assert (abs(ends[1] - ends[0]) > 1e-6) == k.jump
        sides = function.derivative(np.array([k.at - h, k.at + h]), **at)
        assert sides == pytest.approx((k.left, k.right), abs=1e-4)
    held = {k.at for k in f.kinks}
    for joint in set(curve(function.definition, at).breakpoints) - held:
        sides = function.derivative(np.array([joint - h, joint + h]), **at)
        assert sides[0] == pytest.approx(sides[1], abs=1e-4)


@each_other
def test_fixed_points_by_trial(function: Activation, at: dict[str, float]) -> None:
    f = function.facts_at(**at)
    spans = [span(p) if isinstance(p, Interval) else (p, p) for p in f.fixed_points]
    for p in f.fixed_points:
        inside = np.clip(np.array(span(p)), -50, 50).mean() if isinstance(p, Interval) else p
        assert float(function(float(inside), **at)) == pytest.approx(inside, abs=1e-9)
    fine = np.linspace(-29.9, 29.9, 59801) + 1e-7
    gap = function(fine, **at) - fine
    steady = np.abs(np.diff(gap)) < 1
    for x in fine[:-1][(gap[:-1] * gap[1:] < 0) & steady & (np.abs(gap[1:]) > 1e-12)]:
        assert any(low - 2e-3 <= x <= high + 2e-3 for low, high in spans)


@each_other
def test_averages_by_trial(function: Activation, at: dict[str, float]) -> None:
    """A plain sum over four million equal steps."""
    g = function.facts_at(**at).gaussian
    z = (np.arange(-2_000_000, 2_000_000) + 0.5) * 5e-6
    weight = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * 5e-6
    y, slope = function(z, **at), function.derivative(z, **at)
    assert g.mean == pytest.approx(float(weight @ y), rel=1e-7, abs=1e-7)
    assert g.second_moment == pytest.approx(float(weight @ y**2), rel=1e-6)
    if g.second_moment:
        assert g.chi1 * g.second_moment == pytest.approx(float(weight @ slope**2), rel=1e-5)
        assert g.variance_slope * g.second_moment == pytest.approx(float(weight @ (y * slope * z)), rel=1e-5, abs=1e-6)
