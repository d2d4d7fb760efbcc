"""Kernels on arrays: the same bits wherever an element lies, whoever computes it, and however it is laid out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import llvmlite.binding as llvm
import numpy as np
import pytest
import torch

import rheobase as rb
from rheobase.activation import Activation
from rheobase.kernels.cpu.layout import arrange
from rheobase.kernels.cpu.request import Form, Wanted, loop_for
from tests.contract.functions import ELEMENTWISE, each

#: More than threads.ALONE, and no multiple of any vector's width.
MANY = 40_003
PLAIN = [f for f in ELEMENTWISE if f.definition.noise is None]
SAMPLE = np.random.default_rng(0).normal(0.0, 4.0, MANY).astype(np.float32)


def bits(array: Any) -> bytes:
    return np.ascontiguousarray(array).tobytes()


@each(PLAIN)
@pytest.mark.parametrize("core", ["fast", "exact"])
def test_bits_do_not_depend_on_place_slice_or_threads(function: Activation, core: str) -> None:
    """pytorch#197018: elsewhere the last elements, which fill no vector, are computed by other code."""
    with rb.precision(core):
        whole = function(SAMPLE)
        for start, stop in ((0, 1), (3, 20), (1, MANY - 5), (MANY - 7, MANY)):
            assert bits(function(SAMPLE[start:stop])) == bits(whole[start:stop])
        tensor = torch.from_numpy(SAMPLE)
        before = torch.get_num_threads()
        try:
            for threads in (1, 2, 3):
                torch.set_num_threads(threads)
                assert bits(function(tensor)) == bits(whole)
        finally:
            torch.set_num_threads(before)


@each(PLAIN)
def test_layout_does_not_matter(function: Activation) -> None:
    grid = SAMPLE[:5040].reshape(10, 12, 42)
    want = function(np.ascontiguousarray(grid))
    for view in (grid.T, grid[::2], grid[:, 3:, ::-1], np.asfortranarray(grid)):
        lined_up = function(np.ascontiguousarray(view))
        assert bits(function(view)) == bits(lined_up)
    tensor = torch.from_numpy(grid.copy())
    for moved in (tensor.permute(2, 0, 1), tensor[:, ::3], tensor[:1].expand(4, 12, 42)):
        assert bits(function(moved)) == bits(function(moved.contiguous()))
    images = tensor.reshape(5, 4, 6, 42).to(memory_format=torch.channels_last)
    assert function(images).stride() == images.stride()
    assert bits(function(tensor)) == bits(want)


@each(PLAIN)
def test_results_are_written_where_asked(function: Activation) -> None:
    want = function(SAMPLE)
    place = np.empty_like(SAMPLE)
    assert function(SAMPLE, out=place) is place
    assert bits(place) == bits(want)
    inside = SAMPLE.copy()
    assert bits(function(inside, out=inside)) == bits(want)
    wide = np.zeros(2 * MANY, np.float32)
    function(SAMPLE, out=wide[::2])
    assert bits(wide[::2]) == bits(want)
    assert not wide[1::2].any()
    # the input lies across the output: what is read later must not be overwritten before
    across = np.concatenate([SAMPLE, np.zeros(1, np.float32)])
    function(across[:-1], out=across[1:])
    assert bits(across[1:]) == bits(want)
    tensor = torch.from_numpy(SAMPLE.copy())
    assert bits(function(tensor, out=tensor)) == bits(want)
    assert bits(function.derivative(SAMPLE, out=place)) == bits(function.derivative(SAMPLE))


def test_a_result_that_does_not_fit_is_refused() -> None:
    x = np.ones(3, np.float32)
    for out in (np.ones(4, np.float32), np.ones(3), [1.0, 2.0, 3.0], torch.ones(3)):
        with pytest.raises(rb.UnsupportedInput, match="out must"):
            rb.silu(x, out=out)
    frozen = np.ones(3, np.float32)
    frozen.flags.writeable = False
    with pytest.raises(rb.UnsupportedInput, match="written to"):
        rb.silu(x, out=frozen)
    with pytest.raises(rb.UnsupportedInput, match="out must"):
        rb.silu(torch.ones(3), out=torch.ones(3, requires_grad=True))
    ones = jnp.ones(3)
    with pytest.raises(rb.UnsupportedInput, match="cannot be written"):
        rb.silu(ones, out=ones)


def test_every_function_of_one_number_has_a_kernel() -> None:
    """But for what a user's formula may call and no kernel has."""
    form = Form(("array",), "float32", "float32")
    functions = [*ELEMENTWISE, rb.define("test_tangent", "tan(x)")]
    without = {f.name for f in functions if not f.definition.parameters and loop_for(Wanted(f.key), form, ()) is None}
    assert without == {"test_tangent"}


@pytest.mark.parametrize(
    ("shapes", "kinds"),
    [
        (((2, 3, 4), ()), ("array", "number")),
        (((2, 3, 4), (1,)), ("array", "number")),
        (((2, 3, 4), (3, 1)), ("array", "per_run")),
        (((2, 3, 4), (4,)), ("array", "in_run")),
        (((2, 3, 4), (3, 4)), ("array", "in_run")),
        (((2, 3, 4), (2, 1, 4)), ("array", "array")),
        (((2, 3, 4), (3, 1), (4,)), ("array", "per_run", "array")),
        (((4,), (3, 1)), ("array", "per_run")),
    ],
)
def test_parameters_of_every_shape(shapes: tuple[tuple[int, ...], ...], kinds: tuple[str, ...]) -> None:
    assert arrange(shapes).kinds == kinds
    rng = np.random.default_rng(1)
    x, *others = [rng.normal(0, 3, shape) for shape in shapes]
    lower = -np.abs(others[0])
    upper = np.abs(others[-1]) + 1
    want = np.clip(x, lower, upper) if len(others) == 2 else np.where(x > 0, x, x * others[0])
    got = rb.hard_tanh(x, lower, upper) if len(others) == 2 else rb.leaky_relu(x, others[0])
    np.testing.assert_array_equal(got, want)


def test_gradients_of_parameters_are_sums_in_float64() -> None:
    """A float32 sum of so many terms would be wrong in the third digit."""
    x = torch.from_numpy(np.random.default_rng(2).normal(-1, 1, (50_000, 3)).astype(np.float32)).requires_grad_()
    weight = torch.tensor([0.1, 0.25, 0.5], requires_grad=True)
    rb.prelu(x, weight).sum().backward()
    want = torch.where(x > 0, 0, x).double().sum(0)
    assert weight.grad is not None
    torch.testing.assert_close(weight.grad, want.float(), rtol=2e-7, atol=0)


CODE = """
import numpy as np, rheobase as rb, hashlib, sys
x = np.linspace(-9, 9, 100_003, dtype=np.float32)
print(hashlib.sha256(rb.gelu(x).tobytes() + rb.mish.derivative(x).tobytes()).hexdigest())
print("numba" in sys.modules, "sympy" in sys.modules)
"""


#: Prints a digest of the bits of values and slopes of functions, in one core.
DIGEST = """
import hashlib, sys
import numpy as np
import rheobase as rb

core, *names = sys.argv[1:]
x = np.random.default_rng(0).normal(0.0, 4.0, 4003).astype(np.float32)
with rb.precision(core):
    parts = [part for name in names for part in (rb.get(name)(x), rb.get(name).derivative(x))]
print(hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest())
"""


def digest(core: str, names: Sequence[str], cache: Path, **environment: str) -> str:
    ready = {**os.environ, "RHEOBASE_CACHE": str(cache), **environment}
    command = [sys.executable, "-c", DIGEST, core, *names]
    return subprocess.run(command, env=ready, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(("core", "lost"), [("fast", ("avx5",)), ("exact", ("avx", "fma"))])
def test_bits_are_the_same_on_a_processor_that_can_do_less(core: str, lost: tuple[str, ...], tmp_path: Path) -> None:
    """Narrower vectors, and for the exact core no fused multiply-add either: as if on an older machine."""
    names = ["gelu", "mish", "elu"]
    features = [(name, on and not name.startswith(lost)) for name, on in llvm.get_host_cpu_features().items()]
    fewer = ",".join(f"{'+' if on else '-'}{name}" for name, on in features)
    whole, made = digest(core, names, tmp_path), len(list(tmp_path.glob("*.o")))
    assert digest(core, names, tmp_path, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES=fewer) == whole
    assert len(list(tmp_path.glob("*.o"))) == 2 * made


def started(cache: Path, **environment: str) -> subprocess.Popen[str]:
    env = {**os.environ, "RHEOBASE_CACHE": str(cache), **environment}
    return subprocess.Popen(
        [sys.executable, "-c", CODE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    )


def test_processes_may_start_at_once_and_later_ones_compile_nothing(tmp_path: Path) -> None:
    runs = [run.communicate() for run in [started(tmp_path) for _ in range(3)]]
    assert len({out.splitlines()[0] for out, _ in runs}) == 1, runs
    later, complaint = started(tmp_path).communicate()
    assert later.splitlines() == [runs[0][0].splitlines()[0], "False False"], complaint


def test_threads_may_ask_for_kernels_that_are_not_there_yet(tmp_path: Path) -> None:
    code = (
        "import numpy as np, rheobase as rb\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "x = np.linspace(-3, 3, 1000, dtype=np.float32)\n"
        "jobs = [(name, order) for name in ('gelu', 'mish', 'elu', 'silu', 'relu') for order in (0, 1)] * 2\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    found = list(pool.map(lambda job: rb.get(job[0]).derivative(x, job[1]).tobytes(), jobs))\n"
        "print(found[:10] == found[10:])\n"
    )
    env = {**os.environ, "RHEOBASE_CACHE": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=600)
    assert done.stdout == "True\n", done.stderr


def test_a_home_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    out, complaint = started(in_the_way / "cache").communicate()
    assert out.splitlines()[1] == "True True", complaint
    assert in_the_way.read_text() == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_computes_the_same() -> None:
    """Its parent's threads are not there any more; a pool of them would wait for ever."""
    code = (
        "import os, torch, rheobase as rb\n"
        "torch.set_num_threads(2)\n"
        "x = torch.linspace(-5, 5, 200_001)\n"
        "want = bytes(rb.gelu(x).numpy())\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(0 if bytes(rb.gelu(x).numpy()) == want else 1)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=True)
    assert done.stdout == "0\n"


def test_threads_may_call_at_once() -> None:
    x = torch.from_numpy(SAMPLE)
    want = [bits(rb.get(name)(x)) for name in ("gelu", "tanh", "softplus", "elu")]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            found = pool.map(lambda name: bits(rb.get(name)(x)), ("gelu", "tanh", "softplus", "elu"))
            assert list(found) == want
