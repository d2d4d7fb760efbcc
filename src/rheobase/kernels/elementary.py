"""Elementary functions written once over a few primitives, for every array library alike.

Each is chosen for relative accuracy: no subtraction of nearly equal numbers, no overflow on the
way. Branches are selected, never taken, so that they vectorise and compile.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from rheobase.kernels.erfcx_series import CENTRE, COEFFICIENTS

Array = Any
Operation = Callable[..., Array]

#: Where an intermediate that overflowed to NaN gives way to the limit: exponentials have died out at 40;
#: what grows without bound is given more room before it is called infinite.
SETTLED, UNBOUNDED = 40.0, 1e4
#: Beyond it e^(-x²/2) is 0 in every format.
_DIED_OUT = 64.0
#: Levels of Lambert's continued fraction of tanh; beyond them lies less than 2⁻⁶⁰ for |x| ≤ 1.
_LAMBERT = 10
#: Terms of erf's power series; enough for |x| ≤ 1 in float64.
_ERF_TERMS = 22


def elementary(basic: Mapping[str, Operation]) -> dict[str, Operation]:
    """The vocabulary of formulas over `basic`: exp, log1p, expm1, tanh, abs, round, where, …"""
    return {**_tails(basic), **_logistic(basic), **_normal(basic), **_tanh_excess(basic), "slant": _slant(basic)}


def _tails(basic: Mapping[str, Operation]) -> dict[str, Operation]:
    where = basic["where"]

    def tails(core: Array, x: Array, low: Array | None = None, high: Array | None = None) -> Array:
        lost = core != core
        if low is not None:
            core = where(lost & (x < -_room(low)), low, core)
        if high is not None:
            core = where(lost & (x > _room(high)), high, core)
        return where(x != x, x, core)

    return {"tails": tails}


def _logistic(basic: Mapping[str, Operation]) -> dict[str, Operation]:
    exp, log1p, where, absolute = (basic[name] for name in ("exp", "log1p", "where", "abs"))

    def sigmoid(x: Array) -> Array:
        e = exp(-absolute(x))
        return where(x < 0, e, 1.0) / (1 + e)

    def softplus(x: Array) -> Array:
        return where(x > 0, x, 0.0) + log1p(exp(-absolute(x)))

    def sech2(x: Array) -> Array:
        e = exp(-2 * absolute(x))
        return 4 * e / ((1 + e) * (1 + e))

    return {"sigmoid": sigmoid, "softplus": softplus, "sech2": sech2}


def _normal(basic: Mapping[str, Operation]) -> dict[str, Operation]:
    exp, where, absolute, nearest = (basic[name] for name in ("exp", "where", "abs", "round"))

    def bounded(x: Array) -> Array:
        size = absolute(x)
        return where(size < _DIED_OUT, size, _DIED_OUT)

    def bell(scale: float, x: Array) -> Array:
        size = bounded(x)
        # head has so few bits that its square is exact; the rest of x² is small
        head = nearest(size * 16) / 16
        rest = (size - head) * (size + head)
        return exp(-scale * head * head) * exp(-scale * rest)

    def normal_cdf(x: Array) -> Array:
        tail = bell(0.5, x) * erfcx(bounded(x) * math.sqrt(0.5)) / 2
        return where(x < 0, tail, 1 - tail)

    def erf(x: Array) -> Array:
        square, total = x * x, x * 0
        for n in reversed(range(_ERF_TERMS)):
            total = total * square + (-1) ** n / (math.factorial(n) * (2 * n + 1))
        far = 1 - bell(1.0, x) * erfcx(bounded(x))
        near = total * x * (2 / math.sqrt(math.pi))
        return where(absolute(x) < 1, near, where(x < 0, -far, far))

    return {"bell": bell, "normal_cdf": normal_cdf, "erf": erf}


def erfcx(t: Array) -> Array:
    """e^(t²)·erfc(t) for t ≥ 0, by a polynomial in (t - c)/(t + c)."""
    w = (t - CENTRE) / (t + CENTRE)
    total = w * COEFFICIENTS[-1]
    for coefficient in COEFFICIENTS[-2:0:-1]:
        total = (total + coefficient) * w
    return (total + COEFFICIENTS[0]) / (1 + 2 * t)


def _tanh_excess(basic: Mapping[str, Operation]) -> dict[str, Operation]:
    where, absolute, tanh = basic["where"], basic["abs"], basic["tanh"]

    def tanh_excess(x: Array) -> Array:
        square = where(absolute(x) < 1, x * x, 1.0)
        fraction = square * 0
        for odd in range(2 * _LAMBERT + 1, 1, -2):
            fraction = square / (odd + fraction)
        return where(absolute(x) < 1, x * fraction / (1 + fraction), x - tanh(x))

    return {"tanh_excess": tanh_excess}


def _slant(basic: Mapping[str, Operation]) -> Operation:
    return lambda x, y: x / basic["hypot"](x, y)


def _room(limit: Array) -> float:
    return UNBOUNDED if isinstance(limit, float) and math.isinf(limit) else SETTLED


def rowwise(basic: Mapping[str, Operation]) -> dict[str, Operation]:
    """What functions of a row are made of, over `basic`; each takes the axis last."""
    where, largest = basic["where"], basic["max"]

    def centred(x: Array, axis: int) -> Array:
        top = largest(x, axis)
        return where(top == -math.inf, x, where(x == top, 0.0, x - top))

    def total(x: Array, axis: int) -> Array:
        found = basic["sum"](x, axis)
        return where(found == 0, 1.0, found)

    def log_total(x: Array, axis: int) -> Array:
        """log Σ eˣ of a row whose largest element is 0, which is left to log1p."""
        others = where(basic["first_max"](x, axis) > 0, 0.0, basic["exp"](x))
        return basic["log1p"](basic["sum"](others, axis))

    def simplex_threshold(x: Array, axis: int) -> Array:
        """τ of sparsemax: the largest of (Σ of the k largest - 1)/k over k."""
        ordered = basic["sort_down"](x, axis)
        count = basic["cumsum"](basic["constant"](x, 1.0), axis)
        return largest((basic["cumsum"](ordered, axis) - 1) / count, axis)

    def spread_nan(core: Array, x: Array, axis: int) -> Array:
        """`core`, and NaN in every row of x that holds one."""
        top = largest(x, axis)
        return where(top != top, top, core)

    return {
        "centred": centred,
        "total": total,
        "log_total": log_total,
        "simplex_threshold": simplex_threshold,
        "spread_nan": spread_nan,
    }
