"""The float64 functions kernels are made of: accuracy, the same bits as their plain meaning, rounding to formats."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import mpmath as mp
import numpy as np
import pytest

import rheobase as rb
from rheobase.kernels.cpu.text import wide_functions
from tests.contract import checks
from tests.contract.formats import FORMATS
from tests.kernels.probe import computed

HARD = [
    0.0, -0.0, 5e-324, 2.2e-308, 1e-300, 1e-20, 1e-8, 1e-3, 0.1, 0.2928, 0.4142, 0.5, 0.7071, 1.0, 1.4142, 2.0, 3.0,
    1.5707963267948966, 10.0, 22.0, 40.0, 87.3, 300.0, 707.0, 709.7, 709.8, 740.0, 745.1, 746.0, 1e4, 1e100, 1.7e308,
]  # fmt: skip
POINTS = np.array([s * x for x in HARD for s in (1, -1)] + list(np.random.default_rng(0).normal(0, 3, 300)))

#: Nearly a multiple of π/2, as nearly as a float64 can be; and where one more piece of 2/π may be left out.
NEAR_TURNS = [6381956970095103 * 2.0**797, 5.319372648326541e255, 2.0**54, 2.0**107, 2.0**1023, 1e22, 314159265.0]

#: Largest error in ULP, and where the function is defined.
PROMISED: dict[str, tuple[float, Any]] = {
    "exp": (1.0, lambda x: True),
    "expm1": (1.5, lambda x: True),
    "log": (1.5, lambda x: x > 0),
    "log1p": (1.5, lambda x: x > -1),
    "log1p_unit": (1.5, lambda x: 0 <= x <= 1),
    "tanh": (2.0, lambda x: True),
    "nearest": (0.0, lambda x: abs(x) < 2**51),
    "sin": (0.75, lambda x: True),
    "cos": (0.75, lambda x: True),
    "sin_plus_cos": (1.5, lambda x: True),
    "sigmoid_slope": (1.0, lambda x: abs(x) < 800),
    "tanh_softplus": (1.0, lambda x: abs(x) < 800),
    "gated_tanh_softplus_slope": (1.0, lambda x: abs(x) < 800),
    "normal_cdf": (1.0, lambda x: abs(x) < 800),
    "gated_normal_slope": (2.0, lambda x: abs(x) < 800),
}
REFERENCE = {
    "log1p_unit": mp.log1p,
    "nearest": lambda x: mp.mpf(float(np.rint(float(x)))),
    "sin_plus_cos": lambda x: mp.sin(x) + mp.cos(x),
    "sigmoid_slope": lambda x: 1 / (2 * mp.cosh(x / 2)) ** 2,
    "tanh_softplus": lambda x: mp.tanh(mp.log(1 + mp.exp(x))),
    "gated_tanh_softplus_slope": lambda x: checks.exact(rb.mish.definition, float(x), 1),
    "normal_cdf": lambda x: mp.erfc(-x / mp.sqrt(2)) / 2,
    "gated_normal_slope": lambda x: checks.exact(rb.gelu.definition, float(x), 1),
}


@pytest.mark.parametrize("name", PROMISED)
def test_error_against_many_digits(name: str) -> None:
    bound, defined = PROMISED[name]
    x = np.array([p for p in [*POINTS, *NEAR_TURNS] if defined(p)])
    oracle = REFERENCE.get(name) or getattr(mp, name)
    with mp.workdps(400):
        errors = [
            FORMATS["float64"].error(got, oracle(mp.mpf(at)))
            for at, got in zip(x.tolist(), computed(f"{name}(a0)", x).tolist(), strict=True)
        ]
    assert max(errors) <= bound, (x[int(np.argmax(errors))], max(errors))


def test_a_cubic_exponent_loses_nothing() -> None:
    """gelu_tanh, an exponential of a cubic: rounded first, it would take dozens of units with it."""
    x = np.array([-20.5, -15.3, -9.830355834948044, -5.1, -3.0349, -0.3, 1e-8, 0.7, 3.3])
    blunt = x * computed("sigmoid(a0*(1.5957691216057308 + 0.07135481627260025*a0*a0))", x)
    for order, got in ((0, rb.gelu_tanh(x)), (1, rb.gelu_tanh.derivative(x)), (0, blunt)):
        wanted = [checks.exact(rb.gelu_tanh.definition, at, order) for at in x.tolist()]
        errors = [FORMATS["float64"].error(y, want) for y, want in zip(got.tolist(), wanted, strict=True)]
        assert max(errors) > 20 if got is blunt else max(errors) <= 2, errors


@pytest.mark.parametrize(
    "name", ["exp", "expm1", "log1p", "tanh", "hypot", "bell", "sin", "sin_plus_cos", "normal_cdf", "tanh_softplus"]
)
def test_machine_code_means_what_the_text_says(name: str) -> None:
    """The compiled kernel has the bits of the same function run by Python, where fma is exact arithmetic."""
    x = POINTS[np.abs(POINTS) < 700]
    arguments = {"hypot": (x, x[::-1]), "bell": (np.full_like(x, 0.5), x)}.get(name, (x,))
    call = f"{name}({', '.join(f'a{k}' for k in range(len(arguments)))})"
    got = computed(call, *arguments)
    inside = x > -1 if name == "log1p" else np.ones_like(x, bool)
    want = [
        wide_functions()[name](*map(float, row))
        for row in zip(*arguments, strict=True)
        if name != "log1p" or row[0] > -1
    ]
    assert got[inside].tobytes() == np.array(want).tobytes()


def test_limits_and_nan() -> None:
    x = np.array([np.inf, -np.inf, np.nan])
    swings = [(name, np.nan, np.nan) for name in ("sin", "cos", "sin_plus_cos")]
    for name, high, low in (("exp", np.inf, 0.0), ("expm1", np.inf, -1.0), ("tanh", 1.0, -1.0), *swings):
        np.testing.assert_array_equal(computed(f"{name}(a0)", x), [high, low, np.nan])
    np.testing.assert_array_equal(
        computed("log(a0)", np.array([np.inf, -1.0, 0.0, np.nan])), [np.inf, np.nan, -np.inf, np.nan]
    )
    np.testing.assert_array_equal(
        computed("log1p(a0)", np.array([np.inf, -2.0, -1.0, np.nan])), [np.inf, np.nan, -np.inf, np.nan]
    )


def halves() -> Any:
    """Every float16 and bfloat16, the midpoints between neighbours, and the float64 next to those."""
    values = []
    for dtype in (np.float16, ml_dtypes.bfloat16):
        with np.errstate(invalid="ignore"):
            every = np.arange(65536, dtype=np.uint16).view(dtype).astype(np.float64)
        finite = np.unique(every[np.isfinite(every)])
        middles = (finite[1:] + finite[:-1]) / 2
        values += [finite, middles, np.nextafter(middles, np.inf), np.nextafter(middles, -np.inf)]
    return np.concatenate([*values, [np.inf, -np.inf, 1e300, -1e300, 65519.99, 65520.0, 3.4e38]])


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_results_are_rounded_once(name: str) -> None:
    """float64 to 16 bits, not by way of float32: no tie is broken twice."""
    x, dtype = halves(), FORMATS[name].dtype
    got = computed("a0 * 1.0", x, dtype_out=name).view(dtype)
    with np.errstate(over="ignore"):
        want = x.astype(dtype) if name == "float16" else np.array([rounded_to_bfloat16(v) for v in x]).astype(dtype)
    np.testing.assert_array_equal(got.view(np.uint16), want.view(np.uint16))


def rounded_to_bfloat16(x: float) -> float:
    """The bfloat16 nearest to x, by exact arithmetic (the library rounds by way of float32)."""
    if not math.isfinite(x) or x == 0:
        return x
    unit = math.ldexp(1.0, max(math.frexp(x)[1] - 8, -133))
    return math.copysign(round(abs(x) / unit) * unit if abs(x) < 3.4e38 else math.inf, x)
