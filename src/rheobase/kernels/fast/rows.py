"""Softmax and its kin in float32, within 3 ULP: exponentials in float32, sums in two parts.

With x = k·ln 2 + r and K the k of the largest element, the weight of x is 2ᵏ⁻ᴷ·eʳ: nothing is rounded when the
largest element is taken off, neither here nor where it is so large that x itself is taken off from it.
"""

from __future__ import annotations

from rheobase.kernels.fast.exponential_series import EXP_TAIL
from rheobase.kernels.fast.exponentials import LN2_HIGH, LN2_LOW, LOG2_E
from rheobase.kernels.language import BIASED32, ROUND32, Scalar, fma, horner, inf, two_to_biased, where
from rheobase.kernels.rows import LARGEST, Fold, Pass, Row, mirrored

#: Up to here k·ln 2 leaves an exact remainder of x. Beyond, x - top is exact for every x whose weight is not 0.
NEAR = 256.0
#: Weights are 2⁶⁴ times too large, so that none is below the normal numbers, until they are divided by the sum.
LIFTED = BIASED32 + 64.0
#: Weights below e to this are taken for 0: even millions of them do not count.
LEAST = -120.0
#: Sums start here, where no weight is larger than the sum: what an addition loses is then told by two more.
START = 2.0**65


def base_of(top: Scalar) -> Scalar:
    """What is taken off x at once."""
    return where(abs(top) > NEAR, top, 0.0)


def rest_of(top: Scalar) -> Scalar:
    """What is left of the largest element."""
    return where(abs(top) > NEAR, 0.0, top)


def least_of(rest: Scalar) -> Scalar:
    """What all that is less weighs nothing at."""
    return rest + LEAST


def origin_of(rest: Scalar) -> Scalar:
    """What makes t = k + origin the exponent of a weight, for `two_to_biased`."""
    return LIFTED - (fma(rest, LOG2_E, ROUND32) - ROUND32)


def shifted(x: Scalar, base: Scalar) -> Scalar:
    """x - base, 0 for equal infinities."""
    return where(x == inf, 0.0, x - base)


def weight(x: Scalar, least: Scalar, origin: Scalar) -> Scalar:
    """e^(x - top), lifted, for a shifted x."""
    t = fma(x, LOG2_E, origin)
    k = t - origin
    r = fma(-k, LN2_LOW, fma(-k, LN2_HIGH, x))
    return where(x < least, 0.0, (1.0 + fma(r * r, horner(r, EXP_TAIL), r)) * two_to_biased(t))


def softmax_gradient(y: Scalar, g: Scalar, high: Scalar, low: Scalar) -> Scalar:
    """y·(g - dot) for dot = high + low."""
    return y * ((g - high) - low)


def in_two_parts(name: str) -> tuple[str, str]:
    """Statements for the nearest float32 and what it leaves."""
    return f"high = narrowed({name})", f"low = narrowed({name} - widened(high))"


SHIFT = LARGEST._replace(
    after=(
        *LARGEST.after, "masked = highest == -inf", "base = base_of(top)", "far = anywhere(base != 0.0)",
        "rest = rest_of(top)", "least = least_of(rest)", "origin = origin_of(rest)",
    ),
)  # fmt: skip

#: In few rows is there anything to do.
TAKE_OFF = "x = shifted(x, base) if far else x"

FROM_START = (f"sums = every({START})", "lost = every(0.0)")
ADD = ("sums, error = fast_two_sum(sums, e)", "lost = lost + error")
SUM = (Fold("total", "sum", f"widened(sums - {START}) + widened(lost)"),)

SOFTMAX = Row(
    inputs=(("x", "-inf"),),
    passes=(
        SHIFT,
        Pass(
            before=FROM_START,
            each=(TAKE_OFF, "e = weight(x, least, origin)", *ADD),
            folds=SUM,
            # times 0, for what is masked or NaN
            after=("share = where(masked, 0.0 * total, 1.0 / total)", *in_two_parts("share")),
            writes="e",
            keeps=True,
        ),
        Pass(each=("y = fma(e, high, e * low)",), writes="y"),
    ),
)

LOG_SOFTMAX = Row(
    inputs=(("x", "-inf"),),
    passes=(
        SHIFT,
        Pass(
            before=(*FROM_START, "ties = every(0.0)"),
            each=(
                "is_top = x == top",
                TAKE_OFF,
                "e = where(is_top, 0.0, weight(x, least, origin))",
                *ADD,
                "ties = ties + where(is_top, every(1.0), 0.0)",
            ),
            folds=(*SUM, Fold("top_count", "sum", "widened(ties)")),
            after=(
                "others = where(masked, 0.0 * total, total / unit_weight(widened(rest), widened(origin)))",
                "log_sum = narrowed(log_total(others, top_count))",
            ),
        ),
        Pass(each=("y = where(x == top, 0.0, x - top) - log_sum",), writes="y"),
    ),
)

SOFTMAX_BACKWARD = Row(
    inputs=(("y", "0.0"), ("g", "-0.0")),
    passes=(
        Pass(
            before=("dots = widened(every(-0.0))",),
            each=("dots = fma(widened(y), widened(g), dots)",),
            folds=(Fold("dot", "sum", "dots"),),
            after=in_two_parts("dot"),
        ),
        Pass(each=("dx = softmax_gradient(y, g, high, low)",), writes="dx"),
    ),
)

LOG_SOFTMAX_BACKWARD = Row(
    inputs=(("y", "0.0"), ("g", "-0.0")),
    passes=(
        Pass(
            before=("sums = widened(every(-0.0))",),
            each=("sums = sums + widened(g)",),
            folds=(Fold("total", "sum", "sums"),),
            after=("high = narrowed(total)",),
        ),
        Pass(each=("dx = fma(exp_of_negative(y), -high, g)",), writes="dx"),
    ),
)

#: By name, forward and backward; the backward ones read the output and the upstream gradient.
ROWS = {
    "softmax": (SOFTMAX, SOFTMAX_BACKWARD),
    "log_softmax": (LOG_SOFTMAX, LOG_SOFTMAX_BACKWARD),
    "softmin": (mirrored(SOFTMAX), mirrored(SOFTMAX_BACKWARD)),
}
