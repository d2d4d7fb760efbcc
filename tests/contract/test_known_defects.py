"""Defects reported against other libraries, each a point at which ours must be right.

`repository#number` says where the defect was reported; the row says where to look. Rows run on every
array library; what they ask for is the exact value, or the limit at an infinity. Reports about empty
inputs, strides, vector lanes and compiled code (pytorch#78152, #107876, #68760, #147801, #142224) are
covered for all functions in test_autograd.py and torch/test_export.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
import torch

import rheobase as rb
import rheobase.torch as rt
from rheobase.activation import Activation
from tests.contract import checks
from tests.contract.backends import LIBRARIES, Library
from tests.contract.formats import FORMATS

inf, nan = np.inf, np.nan


@dataclass(frozen=True)
class Report:
    """A defect of a neighbour: where it is told, and the function, order, dtype and inputs it concerns."""

    where: str
    what: str
    name: str
    x: tuple[float, ...]
    order: int = 0
    dtype: str = "float32"
    parameters: dict[str, float] = field(default_factory=dict)
    #: libraries in which the defect cannot be avoided, and why
    besides: dict[str, str] = field(default_factory=dict)


REPORTS = (
    Report("pytorch#187806", "1 + erf has no digits left", "gelu", (-5.5, -6.5, -7.2, -9.0)),
    Report("pytorch#187806", "exactly 0 below -9", "gelu", (-9.5, -20.0, -37.0), dtype="float64"),
    Report("pytorch#185770", "NaN at infinity", "gelu", (inf, -inf)),
    Report("pytorch#187293", "NaN at infinity", "gelu_tanh", (inf, -inf)),
    Report("pytorch#160876", "NaN at infinity", "silu", (-inf, inf)),
    Report("keras, MLX, by reading", "-inf times 0", "mish", (-inf, inf)),
    Report("pytorch#186278", "NaN from 10.5 on", "gelu_tanh", (10.5, 12.0, 100.0, 3e4), dtype="bfloat16"),
    Report("fairseq#2235", "the cube overflows", "gelu_tanh", (50.0, -50.0, 6e4, -6e4), 1, "float16"),
    Report("lalamo#328", "NaN gradient", "silu", (-85.0, -1e4, 1e4), 1),
    Report(
        "tt-metal#55711",
        "0 below -87.3",
        "silu",
        (-87.5, -90.0),
        besides={"jax": "XLA takes the subnormal exp(-87.5) for 0 before it meets x"},
    ),
    Report("pytorch#31110", "a jump where beta*x = 20", "softplus", (19.999, 20.0, 20.001, 25.0), dtype="float64"),
    Report("pytorch#55587", "backward tested the output", "softplus", (9.9, 10.0, 10.1), 1, "float64", {"beta": 2.0}),
    Report("pytorch#180193", "inf for a huge beta", "softplus", (-1.0, 0.5, 3.0), parameters={"beta": 1e30}),
    Report("onnxruntime#10491", "0.8 % off: log1p missing", "softplus", (-12.34, -15.0, -16.5)),
    Report("openvino#31654", "overflow", "softplus", (12.0, 100.0, -12.0), dtype="float16"),
    Report("pytorch#20972", "NaN at infinity", "log_sigmoid", (-inf, inf)),
    Report("tensorflow#116943", "exp(x) - 1", "elu", (-1e-7, -1e-8, -1e-30)),
    Report("tensorflow#116943", "exp(x) - 1", "selu", (-1e-7, -1e-8)),
    Report("jax#39795", "gradient 0: expm1(x) + 1", "elu", (-40.0, -700.0), 1, "float64"),
    Report("jax#39796", "gradient 0: expm1(x) + 1", "selu", (-40.0, -700.0), 1, "float64"),
    Report("jax#9873", "NaN gradient past 88.7", "elu", (88.0, 89.0, 1e4), 1),
    Report("jax#1538", "NaN gradient past 88.7", "selu", (89.0, 1e4), 1),
    Report("tinygrad#17852", "NaN gradient past 88.7", "celu", (89.0, 1e4), 1),
    Report("pytorch#47671", "wrong for alpha < 0", "elu", (-2.0, -0.5, 0.5), 1, parameters={"alpha": -1.5}),
    Report("pytorch#158314", "0 or -11 for a huge alpha", "celu", (-11.0, -0.5), parameters={"alpha": 1e8}),
    Report("tensorflow#10818", "second gradient", "selu", (-2.0, -1e-3, 0.5), 2),
    Report("pytorch#147801", "slopes -0.5 and 1.5 at the kinks", "hard_swish", (-3.0, 3.0), 1),
    Report("pytorch#51408", "slope outside [-3, 3]", "hard_sigmoid", (-3.5, -3.0, 3.0, 3.5), 1),
    Report("pytorch#120258", "slope at the boundary", "hard_tanh", (-1.0, 1.0), 1),
    Report("pytorch#184574", "slope 1 at the ends", "relu6", (0.0, 6.0), 1),
    Report("jax#14682", "slope 1/2 at 0 and 6", "relu6", (0.0, 6.0), 1),
    Report("jax#37821", "slope 1/2 at 0", "relu", (0.0, -0.0), 1),
    Report("tinygrad#18028", "relu(x) - relu(x - 6) cancels", "relu6", (1e6, 3e38, 5.9)),
    Report("tvm#17999", "hard_sigmoid(NaN) = 1", "hard_sigmoid", (nan,)),
    Report("tt-metal#57374", "slope at NaN", "relu6", (nan,), 1),
    Report("tt-metal#57374", "slope at NaN", "hard_tanh", (nan,), 1),
    Report("keras, by reading", "0 below -11.1", "sigmoid", (-11.5, -13.0, -16.0), dtype="float16"),
    Report("onnxruntime, measured", "wrong by 5e7 ULP", "sigmoid", (-17.5, -50.0, -87.0)),
    Report("torch, measured", "gradient exactly 0", "tanh", (11.09, 20.0, -40.0), 1),
    Report("torch, measured", "gradient exactly 0", "sigmoid", (47.0, 80.0), 1),
    Report("JAX, Keras, by reading", "the square overflows", "squareplus", (-300.0, 300.0), dtype="float16"),
    Report("JAX, Keras, by reading", "cancels for x << 0", "squareplus", (-32.0, -1e4, -1e15)),
    Report("MLX, by reading", "max(a*x, x) for a > 1", "leaky_relu", (-2.0, 3.0), parameters={"negative_slope": 1.5}),
    Report("MLX, by reading", "constants cut to six digits", "selu", (-1.0, 1.0, 100.0), dtype="float64"),
    Report("torch, Keras, by reading", "x - tanh(x) cancels", "tanhshrink", (1e-3, -1e-4, 0.1)),
    Report("pytorch#89366", "missing in half precision", "hard_shrink", (0.25, -0.75), dtype="bfloat16"),
    Report("tensorflow#4314", "missing in half precision", "elu", (-1.0, 2.0), dtype="float16"),
)


def slopes(function: Activation, library: Library, x: Any, report: Report) -> Any:
    """The derivative as the library's own differentiation finds it; NumPy has none."""
    if library.name == "torch" and report.order == 1:
        leaf = x.clone().requires_grad_()
        with rt.saves("input"):
            y = function(leaf, **report.parameters)
        return torch.autograd.grad(y, leaf, torch.ones_like(y))[0]
    if library.name == "jax" and report.order == 1:
        return jax.vmap(jax.grad(lambda t: function(t, **report.parameters)))(x)
    return function.derivative(x, report.order, **report.parameters)


@pytest.mark.parametrize("library", LIBRARIES.values(), ids=lambda lib: lib.name)
@pytest.mark.parametrize("report", REPORTS, ids=lambda r: f"{r.where}-{r.name}")
def test_report(report: Report, library: Library) -> None:
    if library.name not in report.besides:
        check(report, library)
        return
    # what cannot be avoided is looked at, too: an entry that has become needless fails
    with pytest.raises(AssertionError):
        check(report, library)


def check(report: Report, library: Library) -> None:
    """Raise AssertionError where the library's value is not the exact one."""
    function, form = rb.get(report.name), FORMATS[report.dtype]
    points = [float(v) for v in form.round(report.x)]
    got = library.read(slopes(function, library, library.make(np.array(points), form), report))
    bound = checks.promised(function.definition, report.dtype, report.order)
    for x, value in zip(points, got, strict=True):
        want = checks.exact(function.definition, x, report.order, report.parameters)
        flushed = library.flushes and abs(want) < form.smallest_normal and value == 0
        error = form.error(float(value), want)
        assert error <= bound or flushed, (
            f"{report.where} ({report.what}): {function.name}, order {report.order}, at {x!r} is {value!r}, "
            f"exact {mp.nstr(want, 9)}: {error:.3g} ULP"
        )


def test_integers_are_refused_instead_of_mangled() -> None:
    """keras#23638: soft_shrink, selu, leaky_relu and others gave whatever the library made of integers."""
    for name in ("softshrink", "selu", "leaky_relu", "hard_sigmoid"):
        for x in (np.arange(3), torch.arange(3), jnp.arange(3)):
            with pytest.raises(rb.UnsupportedInput, match="convert first"):
                rb.get(name)(x)


def test_gumbel_softmax_is_never_nan() -> None:
    """pytorch#22442 and five more: a uniform draw of 0, and half precision, gave NaN."""
    logits = torch.zeros(20_000, 4, dtype=torch.float16)
    for tau in (1.0, 0.01):
        y = rb.gumbel_softmax(logits, tau=tau, rng=torch.Generator().manual_seed(0))
        assert y.isfinite().all()
        torch.testing.assert_close(y.float().sum(-1), torch.ones(20_000), atol=4e-3, rtol=0)


def test_log_softmax_keeps_huge_logits_and_near_certainty() -> None:
    """pytorch#38839: wrong near 1e7; and a probability of nearly 1 has a logarithm that is not 0."""
    got = rb.log_softmax(torch.tensor([1e7, 1e7 + 3]))
    torch.testing.assert_close(got, torch.tensor([-3.0485873, -0.0485873]))
    sure = rb.log_softmax(torch.tensor([0.0, -30.0]))
    assert float(sure[0]) == pytest.approx(-np.exp(-30.0), rel=1e-6, abs=0)


def test_alpha_below_zero_is_refused_where_the_paper_does_not_define_it() -> None:
    """onnxruntime#6906: Celu for alpha < 0 differs between libraries."""
    with pytest.raises(rb.DefinitionError, match="alpha must lie in"):
        rb.celu(1.0, alpha=-1.0)
