"""One bit per element: enough for two slopes, in every dtype and layout, and whatever is done to x afterwards."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
import sympy as sp
import torch
from torch import nn

import rheobase as rb
import rheobase.torch as rt
from rheobase import catalogue
from rheobase.activation import Activation
from rheobase.algebra.formula import at_defaults, derived
from rheobase.algebra.two_slopes import two_slopes
from rheobase.kernels.cpu.threads import ALONE
from rheobase.torch.operations import DTYPES
from tests.contract.functions import ELEMENTWISE, each

Tensor = torch.Tensor

TWO_SLOPES = [f for f in ELEMENTWISE if not f.definition.noise and two_slopes(derived(f.key))]
#: More than one thread gets work, and neither words nor vectors are filled.
MANY = 2 * ALONE + 13
NAN = float("nan")


@pytest.fixture(autouse=True)
def lean() -> object:
    with rt.saves("lean"):
        yield


def points(dtype: torch.dtype, count: int = 1003) -> Tensor:
    """Kinks and what is next to them, extremes, then random numbers; no NaN."""
    kinks = torch.tensor([0.0, 0.5, 1.0, 3.0, 6.0], dtype=dtype)
    kinks = torch.cat([kinks, -kinks])
    steps = kinks * (1 + torch.finfo(dtype).eps), kinks * (1 - torch.finfo(dtype).eps)
    tiny, large = torch.finfo(dtype).smallest_normal, torch.finfo(dtype).max
    ends = torch.tensor([tiny, -tiny, tiny / 4, -tiny / 4, large, -large, torch.inf, -torch.inf], dtype=dtype)
    random = torch.randn(max(0, count - 38), generator=torch.Generator().manual_seed(count)) * 4
    return torch.cat([kinks, *steps, ends, random.to(dtype)])[:count]


def saved(run: Callable[[], Tensor]) -> list[Tensor]:
    """All that autograd keeps while `run` runs, integers too."""
    kept: list[Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        run()
    return kept


def gradient(function: Callable[[Tensor], Tensor], x: Tensor, upstream: Tensor) -> Tensor:
    leaf = x.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    (found,) = torch.autograd.grad(function(leaf), leaf, upstream)
    return found


def same(got: Tensor, want: Tensor) -> bool:
    """The same bits, signs of zeros among them."""
    return torch.equal(got, want) and torch.equal(got.signbit(), want.signbit())


def test_which_have_two_slopes_follows_from_their_definitions() -> None:
    known = {"relu", "leaky_relu", "prelu", "threshold", "hard_tanh", "relu6", "softshrink", "hard_shrink"}
    assert {f.name for f in TWO_SLOPES} == known | {"hard_sigmoid"}


@each(TWO_SLOPES)
@pytest.mark.parametrize("count", [1, 31, 32, 33, MANY])
def test_one_bit_is_kept_of_each_element(function: Activation, count: int) -> None:
    x = points(torch.float32, count).requires_grad_()
    (bits,) = saved(lambda: function(x))
    assert bits.untyped_storage().nbytes() == 4 * -(-count // 32)


@each(TWO_SLOPES)
@pytest.mark.parametrize(("dtype", "core"), [*product(DTYPES, rb.precision.choices)], ids=str)
def test_values_and_gradients_are_those_from_the_input(function: Activation, dtype: torch.dtype, core: str) -> None:
    x = points(dtype)
    upstream = torch.linspace(-3, 2, len(x)).to(dtype)
    shifted = {name: value + 0.3 for name, value in function.definition.defaults.items()}
    for parameters, keep in product(({}, shifted), ("input", "lean")):
        with rb.precision(core), rt.saves(keep):
            value = function(x.clone().requires_grad_(), **parameters).detach()
            slope = gradient(lambda leaf, p=parameters: function(leaf, **p), x, upstream)
        if keep == "input":
            want = value, slope
    assert same(value, want[0])
    assert same(slope, want[1])


@each(TWO_SLOPES)
def test_at_nan_the_slope_is_the_one_that_holds_where_no_condition_does(function: Activation) -> None:
    x, upstream = torch.full((40,), NAN), torch.linspace(-1, 1, 40)
    otherwise = float(sp.piecewise_fold(at_defaults(function.definition).partial(0).expression).args[-1].expr)
    assert function(x.clone().requires_grad_()).isnan().all()
    assert same(gradient(function, x, upstream), (upstream.double() * otherwise).float())


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_share_no_word(threads: int) -> None:
    x, upstream = points(torch.float32, MANY), torch.randn(MANY)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert same(gradient(rb.relu, x, upstream), torch.where(x > 0, upstream, upstream * 0))
    finally:
        torch.set_num_threads(before)


IMAGES = points(torch.float32, 840).reshape(5, 4, 6, 7)


LAYOUTS = {
    "channels last": IMAGES.to(memory_format=torch.channels_last),
    "permuted": IMAGES.permute(3, 1, 0, 2),
    "strided": IMAGES[:, ::2],
    "expanded": IMAGES[:1].expand(3, 4, 6, 7),
    "a number": IMAGES[0, 0, 0, 0],
    "empty": IMAGES[:0],
}


@pytest.mark.parametrize("x", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("upstream_lies", ["alike", "in rows", "expanded"])
def test_bits_find_their_elements_in_every_layout(x: Tensor, upstream_lies: str) -> None:
    leaf = x.detach().requires_grad_()
    y = rb.leaky_relu(leaf)
    upstream = {
        "alike": torch.randn_like(y),
        "in rows": torch.randn(y.shape),
        "expanded": torch.tensor(-2.0).expand(y.shape),
    }[upstream_lies]
    (found,) = torch.autograd.grad(y, leaf, upstream)
    torch.testing.assert_close(found, torch.where(x > 0, upstream, upstream * 0.01))


@each(TWO_SLOPES)
def test_derivatives_of_the_gradient(function: Activation) -> None:
    x = torch.tensor([[-7.0, -2.0, -0.7, -0.2, 0.3], [0.8, 2.0, 4.0, 7.0, 0.1]], dtype=torch.float64)
    for leaf in (x.requires_grad_(), x.detach().t().requires_grad_()):
        assert torch.autograd.gradcheck(function, leaf)
        assert torch.autograd.gradgradcheck(function, leaf)
    y = function(leaf)
    # what is asked for at once comes as one batched upstream gradient
    rows = torch.eye(10, dtype=torch.float64).reshape(10, 5, 2)
    (batched,) = torch.autograd.grad(y, leaf, rows, is_grads_batched=True)
    assert torch.equal(batched, rows * function.derivative(leaf.detach()))


def test_a_bit_decides_about_its_element_alone() -> None:
    """Sabotage: one flipped bit is one wrong gradient, so the tests above look at every bit."""
    x = points(torch.float32).requires_grad_()
    flipped = torch.zeros(32, dtype=torch.int32)
    flipped[17] = 1 << 5
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda bits: bits ^ flipped):
        y = rb.relu(x)
        y.backward(torch.ones_like(y))
    assert x.grad is not None
    assert (x.grad != (x > 0)).nonzero().tolist() == [[17 * 32 + 5]]


def test_your_own_function_of_two_lines_keeps_bits_too() -> None:
    rb.define("test_bent", "x/2 + c if x > 2*c else -3*x if x < -1 else x/2", c=1.0)
    try:
        x = points(torch.float32).requires_grad_()
        y = rb.get("test_bent")(x, c=0.5)
        (bits,) = saved(lambda: rb.get("test_bent")(x, c=0.5))
        assert bits.dtype == torch.int32
        y.sum().backward()
        assert torch.equal(x.grad, torch.where(x < -1, -3.0, 0.5))  # type: ignore[arg-type]
    finally:
        catalogue.remove_own("test_bent")


# --- written over the input ---


@each(TWO_SLOPES)
def test_in_place_keeps_bits_and_bears_what_is_written_next(function: Activation) -> None:
    module = rt.module(function.name, inplace=True, learnable=False)
    x = points(torch.float32).requires_grad_()
    hidden = x * 1
    kept = saved(lambda: module(hidden))
    assert [t.dtype for t in kept] == [torch.int32]
    assert same(hidden.detach(), function(x.detach()))
    torch.manual_seed(0)
    out = nn.functional.dropout(hidden, inplace=True).add_(1)
    assert out.data_ptr() == hidden.data_ptr()
    out.sum().backward()
    torch.manual_seed(0)
    upstream = nn.functional.dropout(torch.ones(x.shape))
    assert same(x.grad, gradient(function, x, upstream))  # type: ignore[arg-type]


def test_what_overwrites_a_kept_output_is_noticed() -> None:
    module, x = rt.ReLU(inplace=True), points(torch.float32).requires_grad_()
    with rt.saves("default"):
        twin = x * 1
        (kept,) = saved(lambda: module(twin))
        assert kept.data_ptr() == twin.data_ptr()
        hidden = module(x * 1).add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        hidden.sum().backward()


OVER = {
    "module": rt.ReLU(inplace=True),
    "out": lambda x: rb.relu(x, out=x),
    "out, a parameter by element": lambda x: rb.prelu(x, torch.ones(5), out=x),
    "out, of a row": lambda x: rb.softmax(x, out=x),
}


@pytest.mark.parametrize("over", OVER.values(), ids=OVER)
def test_who_kept_the_input_before_is_told(over: Callable[[Tensor], Tensor]) -> None:
    x, weight = torch.randn(5), torch.randn(5, requires_grad=True)
    product = x * weight
    over(x)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.sum().backward()


@pytest.mark.parametrize("keep", rt.saves.choices)
def test_what_torch_refuses_is_refused_before_anything_is_written(keep: str) -> None:
    leaf, base = torch.randn(4, 6, requires_grad=True), torch.randn(4, 6, requires_grad=True)
    before = leaf.detach().clone()
    with rt.saves(keep):
        module = rt.ReLU(inplace=True)
        with pytest.raises(RuntimeError, match="leaf Variable"):
            module(leaf)
        with pytest.raises(RuntimeError, match="view of a leaf Variable"):
            module(leaf[1:])
        part = (base * 1).chunk(2)[0]
        with pytest.raises(RuntimeError, match="multiple views"):
            module(part)
    assert torch.equal(leaf, before)
    assert torch.equal(part, base[:2])


@pytest.mark.parametrize("keep", rt.saves.choices)
@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "gelu"])
def test_views_and_gaps_change_what_they_are_part_of(keep: str, name: str) -> None:
    module, function = rt.module(name, inplace=True), rb.get(name)
    x = torch.randn(4, 6, dtype=torch.float64, requires_grad=True)
    for part in (slice(1, 3), (slice(None), slice(None, None, 2))):
        with rt.saves(keep):
            hidden = x * 1
            module(hidden[part])
            changed = torch.zeros(4, 6, dtype=torch.bool)
            changed[part] = True
            torch.testing.assert_close(hidden, torch.where(changed, function(x), x))
            (found,) = torch.autograd.grad(hidden.sum(), x)
        torch.testing.assert_close(found, torch.where(changed, function.derivative(x.detach()), 1.0))


def test_transforms_see_through_modules_in_place() -> None:
    x = points(torch.float64).reshape(-1, 17)[4:]
    module = rt.LeakyReLU(inplace=True)
    assert torch.equal(torch.func.vmap(lambda row: module(row * 1))(x), rb.leaky_relu(x))
    slope = torch.func.grad(lambda whole: module(whole * 1).sum())(x)
    assert torch.equal(slope, rb.leaky_relu.derivative(x))


def test_a_penalty_on_the_gradient_trains_the_layers_around() -> None:
    torch.manual_seed(0)
    ours = nn.Sequential(nn.Linear(5, 6), rt.LeakyReLU(inplace=True), nn.Linear(6, 1)).double()
    theirs = nn.Sequential(ours[0], nn.LeakyReLU(), ours[2])
    x = torch.randn(7, 5, dtype=torch.float64, requires_grad=True)
    found = []
    for net in (ours, theirs):
        (slope,) = torch.autograd.grad(net(x).sum(), x, create_graph=True)
        found.append(torch.autograd.grad((slope.norm() - 1) ** 2, [ours[0].weight, ours[2].weight]))
    torch.testing.assert_close(found[0], found[1])
