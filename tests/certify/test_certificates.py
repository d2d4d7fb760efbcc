"""Certificates: the committed ones hold on this machine, bit for bit, and none is given to what does not deserve it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from typer.testing import CliRunner

import rheobase as rb
from rheobase.certify import plan
from rheobase.certify.certificate import Certificate, certify
from rheobase.certify.comparison import Tally
from rheobase.certify.contestants import ours
from rheobase.certify.inputs import FORMATS, blocks
from rheobase.certify.record import check, read, write
from rheobase.certify.ties import error, exact, judged
from rheobase.cli.app import app
from rheobase.kernels.exceptions import EXCEPTIONS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "src" / "rheobase" / "measured"
SAMPLE, EXHAUSTIVE = read(FOLDER / "sample.csv"), read(FOLDER / "exhaustive.csv")
#: Functions for which the project promises 1 ULP, and no misrounding in the exact core.
CORE = (
    "step", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "prelu", "softplus", "gelu", "gelu_tanh", "silu", "mish",
    "selu", "celu", "log_sigmoid",
)  # fmt: skip


def named(certificate: Certificate) -> str:
    return f"{certificate.function}-{certificate.order}-{certificate.dtype}-{certificate.computation}"


#: All of the 16-bit formats; of the others what is promised most, for the oracle takes its time.
OURS = [c for c in SAMPLE if c.computation in ("fast", "exact") and (c.function in CORE or "16" in c.dtype)]


@pytest.mark.parametrize("committed", OURS, ids=named)
def test_this_machine_computes_the_committed_bits(committed: Certificate) -> None:
    compute = ours(rb.get(committed.function), committed.order, committed.computation)
    made = certify(rb.get(committed.function), committed.order, committed.dtype, committed.computation, compute, False)
    assert made.sha256 == committed.sha256
    assert made.misrounded == committed.misrounded
    assert made.largest == pytest.approx(committed.largest, rel=1e-3)


@pytest.mark.parametrize("c", EXHAUSTIVE, ids=named)
def test_over_all_inputs_the_promise_holds(c: Certificate) -> None:
    assert (c.inputs, c.exhaustive, c.undecided) == (2**32 - 2**24, True, 0)
    assert c.largest <= 1.0
    assert c.computation == "fast" or c.misrounded == 0


def test_readme_says_what_all_inputs_say() -> None:
    text = " ".join((ROOT / "README.md").read_text().split())
    sentence = text[text.index("Over every finite float32") : text.index("values and slopes")]
    fast = [c for c in EXHAUSTIVE if c.computation == "fast"]
    assert f"within {max(c.largest for c in fast):.3f} ULP" in sentence
    assert {c.function for c in fast} <= {word.strip(",:") for word in sentence.split()}


def test_a_sample_finds_no_more_than_all_inputs_do() -> None:
    whole = {(c.function, c.order, c.dtype, c.computation): c for c in EXHAUSTIVE}
    for c in SAMPLE:
        found = whole.get((c.function, c.order, c.dtype, c.computation))
        assert found is None or c.largest <= found.largest * 1.001


def test_float64_is_within_two_units() -> None:
    rows = [c for c in SAMPLE if c.dtype == "float64"]
    assert {c.function for c in rows} == set(CORE)
    assert not [named(c) for c in rows if c.largest > 2.0]


def test_half_precision_is_rounded_right_everywhere() -> None:
    rows = [c for c in SAMPLE if c.dtype in ("float16", "bfloat16")]
    assert {c.function for c in rows} == set(plan.certifiable())
    assert not [named(c) for c in rows if c.misrounded or c.undecided]


def spoilt(x: Any) -> Any:
    """silu, with one bit wrong at one input."""
    with rb.precision("exact"):
        y = rb.silu(x)
    return np.where(x == np.float32(2.0), np.nextafter(y, np.float32(np.inf), dtype=np.float32), y)


def test_one_wrong_bit_is_found() -> None:
    good = certify(rb.silu, 0, "float32", "exact", ours(rb.silu, 0, "exact"), False)
    bad = certify(rb.silu, 0, "float32", "exact", spoilt, False)
    assert bad.misrounded == good.misrounded + 1
    assert bad.worst == 2.0
    assert bad.sha256 != good.sha256


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32"])
def test_a_tie_broken_the_wrong_way_is_found(name: str) -> None:
    """silu(x) is a little above x/2, which for every odd subnormal x lies half-way between two numbers."""

    def blunt(x: Any) -> Any:
        return (x.astype(np.float64) / 2).astype(x.dtype)

    form = FORMATS[name]
    odd = np.arange(1, 8, 2, dtype=form.integers).view(form.dtype).astype(np.float64).tolist()
    wrong = [judged(odd, rb.silu, 0, form, compute)[0] for compute in (ours(rb.silu, 0, "exact"), blunt)]
    assert wrong == [0, 2]


def test_errors_are_those_of_many_digits() -> None:
    form, x = FORMATS["float32"], np.float32([-103.0, -87.4, -1.0, -1e-40, 0.7, 3.0, 88.0, 100.0])
    got = np.float32([1e-45, 1.1e-38, 0.36788, 1.0, 2.01375, 20.08, 1.6516e38, np.inf])
    for at, y in zip(x, got, strict=True):
        wanted = exact(rb.exponential, float(at), 0)
        found = Tally.of(form, np.float32([at]), np.float32([y]), np.array([float(wanted)]), np.empty(0))
        assert found.largest == pytest.approx(error(form, float(y), wanted), rel=1e-6, abs=1e-6)


def test_nan_and_infinity_are_errors_where_a_number_is_due() -> None:
    form = FORMATS["float32"]
    for got, wanted, worst in (
        (np.nan, 1.0, np.inf),
        (np.inf, np.inf, 0.0),
        (np.inf, 3e38, 1e6),
        (np.nan, np.nan, 0.0),
    ):
        tally = Tally.of(form, np.float32([1]), np.float32([got]), np.array([wanted]), np.empty(0))
        assert tally.largest == worst or (worst == 1e6 and worst < tally.largest < 1e9)


def test_near_a_zero_of_the_slope_an_absolute_error_counts() -> None:
    form, x = FORMATS["float32"], np.float32([-1.0])
    far, near = (Tally.of(form, x, np.float32([1e-8]), np.array([2e-8]), np.array([zero])) for zero in (3.0, -1.2))
    assert far.largest == far.strict == near.strict > 1e6
    assert near.largest < 1


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
def test_inputs_are_finite_and_none_is_left_out(name: str) -> None:
    form = FORMATS[name]
    taken = np.concatenate([block().copy() for block in blocks(form, exhaustive=False)])
    with np.errstate(over="ignore"):
        assert np.isfinite(taken.astype(np.float64)).all()
    if form.bits == 16:
        assert len(taken) == 2 * form.infinity
    for power in range(-20, 15):
        neighbours = [2.0**power * (1 + k * 2.0 ** (1 - form.precision)) for k in range(3)]
        assert np.isin(np.array(neighbours).astype(form.dtype).view(form.integers), taken.view(form.integers)).all()


@pytest.mark.parametrize("name", ["silu", "gelu", "gelu_tanh"])
def test_ties_of_tiny_inputs_are_broken_by_the_second_term(name: str) -> None:
    """Half of an odd subnormal number is a tie, which float64 cannot tell from what is a little more."""
    bits = np.arange(1, 4001, 2, dtype=np.uint32)
    tiny = np.concatenate([bits, bits | np.uint32(1 << 31)]).view(np.float32)
    function, form = rb.get(name), FORMATS["float32"]
    assert judged(tiny.tolist(), function, 0, form, ours(function, 0, "exact")) == (0, 0)
    assert judged(tiny.tolist(), function, 0, form, lambda x: (x / 2).astype(np.float32)) == (len(tiny) / 2, 0)
    # the series says what the oracle says
    right = [float(y) for y in ours(function, 0, "exact")(tiny)[::97]]
    assert all(error(form, y, exact(function, float(x), 0)) <= 0.5 for x, y in zip(tiny[::97], right, strict=True))


def test_where_a_function_is_straight_no_second_term_is_added() -> None:
    """selu bends below 0 only; this input, found among all, has a product just below a tie."""
    near = 1.475857772105687e-38
    with rb.precision("exact"):
        assert error(FORMATS["float32"], float(rb.selu(np.float32(near))), exact(rb.selu, near, 0)) <= 0.5


def test_without_the_table_the_exact_core_would_be_wrong() -> None:
    hard = float(np.uint32(0xB7730000).view(np.float32))
    with rb.precision("exact"):
        assert error(FORMATS["float32"], float(rb.sigmoid(np.float32(hard))), exact(rb.sigmoid, hard, 0)) <= 0.5
    for name, pairs in EXCEPTIONS.items():
        function, order = rb.get(name.removesuffix("_slope")), int(name.endswith("_slope"))
        x, right = np.array(pairs, dtype=np.uint32).reshape(-1, 2).T
        with rb.precision("exact"):
            assert function.derivative(x.copy().view(np.float32), order).tobytes() == right.tobytes()
        plain = function.derivative(x.copy().view(np.float32).astype(np.float64), order).astype(np.float32)
        assert not (plain.view(np.uint32) == right).any()


def test_a_file_keeps_what_is_not_made_anew(tmp_path: Path) -> None:
    file, about = tmp_path / "some.csv", {"processor": "this one", "date": "today"}
    first, second = EXHAUSTIVE[:2]
    write(about, [first, second], file)
    changed = replace(second, largest=0.25)
    write({**about, "date": "tomorrow"}, [changed], file)
    assert read(file) == [first, changed]
    check({**about, "date": "later"}, file)
    with pytest.raises(rb.RheobaseError, match="is of another processor; choose another --out"):
        check({**about, "processor": "that one"}, file)


@pytest.mark.parametrize("content", [b"# my notes\n", b"a,b\n1,2\n", b"\xff\xfe\x00"])
def test_a_file_of_something_else_is_left_alone(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes(content)
    with pytest.raises(rb.RheobaseError, match="holds something else than certificates; choose another --out"):
        check({}, tmp_path / "mine.csv")
    check({}, tmp_path / "new.csv")


def test_the_oracle_is_the_papers_formula() -> None:
    with mp.workdps(40):
        assert abs(exact(rb.gelu, -7.2, 0) - mp.mpf(-7.2) * mp.erfc(mp.mpf(7.2) / mp.sqrt(2)) / 2) < 1e-45


def test_the_command_prints_what_it_measured() -> None:
    done = CliRunner().invoke(app, ["certify", "relu", "--json"], catch_exceptions=False)
    rows = json.loads(done.stdout)
    assert [(r["function"], r["order"], r["computation"]) for r in rows] == [
        ("relu", 0, "fast"), ("relu", 0, "exact"), ("relu", 1, "fast"), ("relu", 1, "exact"),
    ]  # fmt: skip
    assert all(r["misrounded"] == 0 for r in rows)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["softmax"], "softmax is not a function of one number"),
        (["relu", "--dtypes", "float8"], "--dtypes: 'float8' is not one of float32, float64, float16, bfloat16"),
        (["relu", "--out", "nowhere/at/all.csv"], "--out needs a file name in a folder that exists"),
        (["relu", "--against", "numpy"], "--against: 'numpy' is not one of torch, jax"),
    ],
)
def test_wrong_words_are_refused(words: list[str], complaint: str) -> None:
    found = CliRunner().invoke(app, ["certify", *words])
    assert complaint in str(found.exception)
