"""Gates g and the slopes g + x·g' of self-gated units x·g(x), in float64: rounded hardly more than once.

The slope of a self-gated unit is 0 somewhere, and next to that its two terms cancel: they are kept in two parts each.
"""

from __future__ import annotations

from rheobase.kernels.elementary import SQRT_HALF, bounded, sigmoid
from rheobase.kernels.language import ROUND, Scalar, fma, horner, two_to, where
from rheobase.kernels.pairs import pair_product, pair_quotient, pair_sum, two_product, two_sum
from rheobase.kernels.series import CENTRE, DENSITY_HIGH, DENSITY_LOW, ERFCX, ERFCX_LOW, SQRT2_HIGH, SQRT2_LOW
from rheobase.kernels.wide import clamp, exp_parts

ERFCX_MIDDLE, ERFCX_REST = ERFCX[0], ERFCX[1:]
TWO_OVER_ROOT_PI = 4.0 * SQRT_HALF * DENSITY_HIGH
#: e^x times 2^LIFT is a normal number as long as a factor in a formula could make it one that counts.
LIFT, LOWER, GONE = 200.0, 2.0**-200, -800.0
#: Beyond it, the cube of x need not grow any more.
CUBED_OUT = 2.0**300


def lifted_exp(x: Scalar) -> tuple[Scalar, Scalar]:
    """e^x/LOWER for x ≤ 0: what becomes a subnormal number is rounded when it is lowered again, and only then."""
    gone = x < GONE
    k, p = exp_parts(where(gone, 0.0, x))
    high = 1.0 + p
    low = p - (high - 1.0)
    power = two_to(where(gone, 0.0, k) + LIFT + ROUND)
    return where(gone, 0.0, high * power), where(gone, 0.0, low * power)


def scaled(factor: Scalar, factor_low: Scalar, a: Scalar, a_low: Scalar) -> Scalar:
    """The product of two pairs, rounded."""
    return fma(factor, a, fma(factor, a_low, factor_low * a))


def one_more(e: Scalar, e_low: Scalar) -> tuple[Scalar, Scalar]:
    """1 + e for 0 ≤ e ≤ 1."""
    total = 1.0 + e
    return total, (e - (total - 1.0)) + e_low


def times_share(left: Scalar, e: Scalar, e_low: Scalar, y: Scalar, y_low: Scalar) -> Scalar:
    """y times e, which was lifted, on the left; y on the right."""
    # 0 added makes 0 of -0: where e^-|x| is 0, so is the limit
    return scaled(where(left, e, 1.0), where(left, e_low, 0.0), y, y_low) * where(left, LOWER, 1.0) + 0.0


# --- the logistic function -----------------------------------------------------------------------------


def sigmoid_slope(x: Scalar) -> Scalar:
    """e^-x/(1 + e^-x)²."""
    e, e_low = lifted_exp(-abs(x))
    below, below_low = one_more(e * LOWER, e_low * LOWER)
    square, square_low = pair_product(below, below_low, below, below_low)
    y, y_low = pair_quotient(e, e_low, square, square_low)
    return (y + y_low) * LOWER


def cubic(a: Scalar, a_low: Scalar, b: Scalar, b_low: Scalar, x: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """a·x + b·x³ in two parts, and its slope times x."""
    square, lost = two_product(x, x)
    steep, steep_low = two_product(b, square)
    line, line_low = two_sum(a, steep)
    line_low = line_low + (steep_low + fma(b, lost, fma(b_low, square, a_low)))
    u, u_low = two_product(x, line)
    return u, fma(x, line_low, u_low), x * fma(2.0, steep, line)


def cubic_sigmoid(a: Scalar, a_low: Scalar, b: Scalar, b_low: Scalar, x: Scalar) -> Scalar:
    """σ(a·x + b·x³)."""
    u, u_low, _ = cubic(a, a_low, b, b_low, clamp(x, -CUBED_OUT, CUBED_OUT))
    y = sigmoid(u)
    # what u lacks is too small for its square to count
    return fma(y, u_low * (1.0 - y), y)


def gated_cubic_slope(a: Scalar, a_low: Scalar, b: Scalar, b_low: Scalar, x: Scalar) -> Scalar:
    """σ(u) + x·u'·σ(u)·σ(-u) for u = a·x + b·x³."""
    u, u_low, growth = cubic(a, a_low, b, b_low, clamp(x, -CUBED_OUT, CUBED_OUT))
    left = u < 0.0
    e, e_low = lifted_exp(-abs(u))
    e_low = fma(where(left, u_low, -u_low), e, e_low)
    below, below_low = one_more(e * LOWER, e_low * LOWER)
    square, square_low = pair_product(below, below_low, below, below_low)
    y, y_low = pair_quotient(fma(growth, where(left, 1.0, e * LOWER), below), below_low, square, square_low)
    return times_share(left, e, e_low, y, y_low)


# --- the normal distribution ----------------------------------------------------------------------------


def bell_and_tail(x: Scalar) -> tuple[Scalar, Scalar, Scalar, Scalar]:
    """e^(-x²/2), lifted, and 1 - Φ(|x|) over e^(-x²/2)."""
    t = bounded(x)
    square, lost = two_product(t, t)
    e, e_low = lifted_exp(-0.5 * square)
    e_low = fma(-0.5 * lost, e, e_low)
    root, root_low = two_product(t, SQRT_HALF)
    above, below = root - CENTRE, root + CENTRE
    w = above / below
    # by how much w is that of a smaller root
    lost = fma(-w, below, above) + ((root - (above + CENTRE)) - w * (root - (below - CENTRE)))
    late = fma(lost, below / (2.0 * CENTRE), fma(t, 0.5 * SQRT2_LOW, root_low))
    rest = horner(w, ERFCX_REST)
    high = fma(w, rest, ERFCX_MIDDLE)
    low = fma(w, rest, ERFCX_MIDDLE - high) + ERFCX_LOW
    steep, steep_low = pair_product(t, 0.0, SQRT2_HIGH, SQRT2_LOW)
    line, line_low = pair_sum(1.0, 0.0, steep, steep_low)
    m, m_low = pair_quotient(high, low, line, line_low)
    m_low = fma(late, 2.0 * m * (root + 1.0 / line) - TWO_OVER_ROOT_PI, m_low)
    return e, e_low, 0.5 * m, 0.5 * m_low


def normal_cdf(x: Scalar) -> Scalar:
    """Φ(x), the share of a standard normal distribution below x."""
    e, e_low, m, m_low = bell_and_tail(x)
    tail = scaled(e, e_low, m, m_low) * LOWER
    return where(x < 0.0, tail, 1.0 - tail)


def gated_normal_slope(x: Scalar) -> Scalar:
    """Φ(x) + x·φ(x)."""
    e, e_low, m, m_low = bell_and_tail(x)
    density, density_low = pair_product(-bounded(x), 0.0, DENSITY_HIGH, DENSITY_LOW)
    factor, factor_low = pair_sum(m, m_low, density, density_low)
    left = scaled(e, e_low, factor, factor_low) * LOWER + 0.0
    return where(x < 0.0, left, 1.0 - left)


# --- tanh of softplus --------------------------------------------------------------------------------------


def tanh_softplus_parts(x: Scalar) -> tuple[Scalar, Scalar, Scalar, Scalar, Scalar, Scalar]:
    """w = e^-|x|, lifted, and tanh(ln(1 + e^x)) = above/below, times w for x < 0."""
    lifted, lifted_low = lifted_exp(-abs(x))
    w, w_low = lifted * LOWER, lifted_low * LOWER
    left = x < 0.0
    constant, times = where(left, 2.0, 1.0), where(left, 1.0, 2.0)
    above, above_low = pair_sum(constant, 0.0, times * w, times * w_low)
    inner, inner_low = pair_sum(2.0, 0.0, times * w, times * w_low)
    inner, inner_low = pair_product(w, w_low, inner, inner_low)
    below, below_low = pair_sum(constant, 0.0, inner, inner_low)
    return lifted, lifted_low, above, above_low, below, below_low


def tanh_softplus(x: Scalar) -> Scalar:
    """tanh(ln(1 + e^x))."""
    w, w_low, above, above_low, below, below_low = tanh_softplus_parts(x)
    y, y_low = pair_quotient(above, above_low, below, below_low)
    return times_share(x < 0.0, w, w_low, y, y_low)


def gated_tanh_softplus_slope(x: Scalar) -> Scalar:
    """g + x·g' for g(x) = tanh(ln(1 + e^x))."""
    w, w_low, above, above_low, below, below_low = tanh_softplus_parts(x)
    left = x < 0.0
    one, one_low = w * LOWER, w_low * LOWER
    # g' = 4·(1 + w)/below² times w for x < 0, times w² for x ≥ 0
    steep, steep_low = one_more(one, one_low)
    squared, squared_low = pair_product(one, one_low, one, one_low)
    steep, steep_low = pair_product(steep, steep_low, where(left, 1.0, squared), where(left, 0.0, squared_low))
    steep, steep_low = pair_product(4.0 * x, 0.0, steep, steep_low)
    above, above_low = pair_product(above, above_low, below, below_low)
    above, above_low = pair_sum(above, above_low, steep, steep_low)
    square, square_low = pair_product(below, below_low, below, below_low)
    y, y_low = pair_quotient(above, above_low, square, square_low)
    return times_share(x < 0.0, w, w_low, y, y_low)
