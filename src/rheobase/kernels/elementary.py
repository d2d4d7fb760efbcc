"""What formulas are made of besides exp, log and their kin: sigmoid, softplus, the normal distribution …

Written once in the kernel language, for compiled kernels and array libraries alike. Each is chosen
for relative accuracy: no subtraction of nearly equal numbers, no overflow on the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from rheobase.kernels.language import Scalar, cos, exp, horner, hypot, log1p_unit, nearest, sin, tanh, where
from rheobase.kernels.series import CENTRE, DENSITY_HIGH, ERF_REST, ERFCX, TANH_EXCESS_REST

Array = Any
Operation = Callable[..., Array]

#: Where an intermediate that overflowed to NaN gives way to the limit: exponentials have died out at 40;
#: what grows without bound is given more room before it is called infinite.
SETTLED, UNBOUNDED = 40.0, 1e4
#: Beyond it e^(-x²/2) is 0 in every format.
DIED_OUT = 64.0
SQRT_HALF = math.sqrt(0.5)


def low_tail(core: Scalar, x: Scalar, limit: Scalar, room: Scalar) -> Scalar:
    """`core`, with the limit at -∞ where it overflowed to NaN on the way there."""
    return where((core != core) & (x < -room), limit, core)


def high_tail(core: Scalar, x: Scalar, limit: Scalar, room: Scalar) -> Scalar:
    """`core`, with the limit at ∞ where it overflowed to NaN on the way there."""
    return where((core != core) & (x > room), limit, core)


def keep_nan(core: Scalar, x: Scalar) -> Scalar:
    """`core`, and NaN where x is NaN."""
    return where(x != x, x, core)


def sigmoid(x: Scalar) -> Scalar:
    """1/(1 + e^-x)."""
    e = exp(-abs(x))
    return where(x < 0.0, e, 1.0) / (1.0 + e)


def sigmoid_slope(x: Scalar) -> Scalar:
    """e^-x/(1 + e^-x)²."""
    e = exp(-abs(x))
    return e / ((1.0 + e) * (1.0 + e))


def cubic_sigmoid(a: Scalar, a_low: Scalar, b: Scalar, b_low: Scalar, x: Scalar) -> Scalar:
    """σ(a·x + b·x³), with a and b in two parts."""
    return sigmoid(x * (a + b * (x * x)))


def gated_cubic_slope(a: Scalar, a_low: Scalar, b: Scalar, b_low: Scalar, x: Scalar) -> Scalar:
    """The slope of x·σ(a·x + b·x³)."""
    square = x * x
    u = x * (a + b * square)
    return sigmoid(u) * (1.0 + x * (a + 3.0 * b * square) * sigmoid(-u))


def tanh_softplus(x: Scalar) -> Scalar:
    """tanh(ln(1 + e^x))."""
    e = exp(-abs(x))
    y = where(x < 0.0, 2.0 + e, 1.0 + 2.0 * e) / where(x < 0.0, 2.0 + e * (2.0 + e), 1.0 + 2.0 * e * (1.0 + e))
    return where(x < 0.0, e, 1.0) * y


def gated_tanh_softplus_slope(x: Scalar) -> Scalar:
    """The slope of x·tanh(ln(1 + e^x))."""
    e = exp(-abs(x))
    above = where(x < 0.0, 2.0 + e, 1.0 + 2.0 * e)
    below = where(x < 0.0, 2.0 + e * (2.0 + e), 1.0 + 2.0 * e * (1.0 + e))
    steep = 4.0 * x * (where(x < 0.0, 1.0, e * e) * (1.0 + e))
    return where(x < 0.0, e, 1.0) * ((above * below + steep) / (below * below))


def softplus(x: Scalar) -> Scalar:
    """ln(1 + e^x)."""
    return where(x > 0.0, x, 0.0) + log1p_unit(exp(-abs(x)))


def sech2(x: Scalar) -> Scalar:
    """1/cosh² x, the slope of tanh."""
    e = exp(-2.0 * abs(x))
    return 4.0 * e / ((1.0 + e) * (1.0 + e))


def bounded(x: Scalar) -> Scalar:
    """|x|, up to where the normal density has died out."""
    size = abs(x)
    return where(size < DIED_OUT, size, DIED_OUT)


def bell(scale: Scalar, x: Scalar) -> Scalar:
    """e^(-scale·x²)."""
    size = bounded(x)
    # head has so few bits that its square is exact; the rest of x² is small
    head = nearest(size * 16.0) / 16.0
    rest = (size - head) * (size + head)
    return exp(-scale * head * head) * exp(-scale * rest)


def erfcx(t: Scalar) -> Scalar:
    """e^(t²)·erfc(t) for t ≥ 0, by a polynomial in (t - c)/(t + c)."""
    w = (t - CENTRE) / (t + CENTRE)
    return horner(w, ERFCX) / (1.0 + 2.0 * t)


def normal_cdf(x: Scalar) -> Scalar:
    """Φ(x), the share of a standard normal distribution below x."""
    tail = bell(0.5, x) * erfcx(bounded(x) * SQRT_HALF) / 2.0
    return where(x < 0.0, tail, 1.0 - tail)


def gated_normal_slope(x: Scalar) -> Scalar:
    """Φ(x) + x·φ(x), the slope of x·Φ(x)."""
    t = bounded(x)
    left = bell(0.5, x) * (erfcx(t * SQRT_HALF) / 2.0 - t * DENSITY_HIGH)
    return where(x < 0.0, left, 1.0 - left)


def erf(x: Scalar) -> Scalar:
    """The error function."""
    far = 1.0 - bell(1.0, x) * erfcx(bounded(x))
    square = x * x
    near = horner(square, ERF_REST) * x
    return where(abs(x) < 1.0, near, where(x < 0.0, -far, far))


def tanh_excess(x: Scalar) -> Scalar:
    """x - tanh x."""
    square = where(abs(x) < 1.0, x * x, 1.0)
    return where(abs(x) < 1.0, x * square * horner(square, TANH_EXCESS_REST), x - tanh(x))


def slant(x: Scalar, y: Scalar) -> Scalar:
    """x/√(x² + y²)."""
    return x / hypot(x, y)


def sin_plus_cos(x: Scalar) -> Scalar:
    """sin x + cos x."""
    return sin(x) + cos(x)


#: The functions of this module by name; without those that formulas never name.
ELEMENTARY: Mapping[str, Operation] = {
    f.__name__: f
    for f in (low_tail, high_tail, keep_nan, sigmoid, softplus, sech2, bounded, bell, erfcx, normal_cdf, erf,
              tanh_excess, slant, sin_plus_cos, sigmoid_slope, cubic_sigmoid, gated_cubic_slope, tanh_softplus,
              gated_tanh_softplus_slope, gated_normal_slope)
}  # fmt: skip


def elementary(basic: Mapping[str, Operation]) -> dict[str, Operation]:
    """The functions of this module on arrays: the same code over the operations of an array library."""
    namespace: dict[str, Any] = {**globals(), "horner": _polynomial, "log1p_unit": basic["log1p"], **basic}
    bound: dict[str, Operation] = {name: FunctionType(f.__code__, namespace, name) for name, f in ELEMENTARY.items()}
    namespace.update(bound)
    return bound


def _polynomial(x: Array, coefficients: tuple[float, ...]) -> Array:
    total = coefficients[-1] * x + coefficients[-2]
    for coefficient in coefficients[-3::-1]:
        total = total * x + coefficient
    return total


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
