"""The benchmark: all contestants compute the same thing, records are whole, and nonsense is refused in one line."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import rheobase as rb
from rheobase import catalogue
from rheobase.bench import conduct, contestants, eager, onnx, ours, training
from rheobase.bench.contestants import COPY
from rheobase.bench.plan import (
    BOTH,
    CORE,
    EXACT,
    FAST,
    FORWARD,
    IN_PLACE,
    NUMPY,
    OURS,
    PASSES,
    RIVALS,
    WIDTHS,
    Pass,
    Plan,
    make,
    passes,
)  # fmt: skip
from rheobase.bench.record import Results, Timing, geometric_mean, is_transcendental
from rheobase.bench.timing import interleaved
from rheobase.bench.work import Entries, Work, sample
from rheobase.cli import benchmarks
from tests.test_cli import rheobase

SIZE = 1000
#: Coarse enough for everyone's arithmetic, fine enough for another function or slope to be seen.
TOLERANCE = {"rtol": 1e-3, "atol": 2e-6}
WITH_TORCH = [name for name in rb.names() if catalogue.lookup(name).torch.function and not catalogue.lookup(name).noise]


def once(work: Work) -> Any:
    with work.setting():
        return np.array(work.read(work.call(work.inputs(1)[0])))


def result(entries: Entries, name: str, step: Pass) -> Any:
    return once(entries[step](sample(catalogue.lookup(name), SIZE)))


@pytest.mark.parametrize("name", ["sigmoid", "prelu", "hard_tanh", "softmax", "glu"])
def test_everyone_computes_the_same(name: str) -> None:
    definition = catalogue.lookup(name)
    rivals = [r for r in RIVALS if r != "torch.compile"]
    entered = [(c, c.enter(definition)) for c in contestants.present(rivals) if c.name != COPY]
    for step in passes(definition):
        works = conduct.works(entered, step, sample(definition, SIZE))
        expected = once(works[FAST])
        for work in works.values():
            np.testing.assert_allclose(once(work), expected, **TOLERANCE)


def test_compiled_code_computes_the_same() -> None:
    entries = eager.compiled(rb.gelu_tanh.definition)
    for step in PASSES:
        expected = result(ours.on_torch(rb.gelu_tanh.definition), "gelu_tanh", step)
        np.testing.assert_allclose(result(entries, "gelu_tanh", step), expected, **TOLERANCE)
    torch.compiler.reset()


@pytest.mark.parametrize("name", WITH_TORCH)
def test_every_function_of_torch_is_called_as_it_wants_to_be(name: str) -> None:
    entries = eager.entries(catalogue.lookup(name))
    expected = result(ours.on_torch(catalogue.lookup(name)), name, FORWARD)
    for step in {FORWARD, IN_PLACE} & entries.keys():
        np.testing.assert_allclose(result(entries, name, step), expected, **TOLERANCE)


@pytest.mark.parametrize("name", [d.name for d in catalogue.definitions() if d.onnx.function])
def test_every_operator_of_onnx_is_the_function(name: str) -> None:
    entries = onnx.entries(catalogue.lookup(name))
    expected = result(ours.on_numpy(catalogue.lookup(name)), name, FORWARD)
    for step in (FORWARD, IN_PLACE):
        np.testing.assert_allclose(result(entries, name, step), expected, **TOLERANCE)


def test_what_is_overwritten_is_made_anew() -> None:
    work = ours.on_torch(rb.sigmoid.definition)[IN_PLACE](sample(rb.sigmoid.definition, SIZE))
    first = once(work)
    np.testing.assert_array_equal(once(work), first)
    assert len(work.inputs(work.most)) == work.most > 1


def test_both_networks_take_the_same_steps() -> None:
    works = training.works(rb.prelu.definition, 16)
    assert list(works) == [FAST, EXACT, "torch"]
    losses = np.array([[once(work) for _ in range(3)] for work in works.values()])
    np.testing.assert_allclose(losses, losses[[2, 2, 2]], rtol=1e-4)
    assert (np.diff(losses) < 0).all()


def test_everyone_is_visited_in_every_round() -> None:
    seen: list[str] = []
    works = {name: Work(seen.append, lambda count, name=name: [name] * min(count, 1), most=1) for name in "ab"}
    times = interleaved(works, Plan(repeats=3))
    assert {name: len(t) for name, t in times.items()} == {"a": 3, "b": 3}
    # one call to warm up; then rounds, each of which begins with another
    assert "".join(seen) == "ab" + "ab" + "ba" + "ab"


def test_ratios_are_those_of_a_round() -> None:
    # the machine was busy in the second round: all took four times as long
    found = {t.contestant: t for t in conduct.summarised("tanh", FORWARD, 8, {"torch": [2, 8, 2], FAST: [1, 4, 1.5]})}
    assert (found["torch"].seconds, found["torch"].speedup, found["torch"].noise) == (2, 1, 0)
    assert (found[FAST].seconds, found[FAST].speedup, found[FAST].rounds) == (1.5, 2, 3)
    assert found[FAST].elements_per_second == 8 / 1.5
    (alone,) = conduct.summarised("step", FORWARD, 8, {FAST: [1.0]})
    assert (alone.speedup, alone.noise) == (None, None)


def test_the_mean_is_over_transcendental_functions() -> None:
    assert {name for name in CORE if not is_transcendental(name)} == {
        "step", "relu", "leaky_relu", "prelu", "softmax", "hard_sigmoid", "hard_tanh", "hard_swish",
    }  # fmt: skip
    rows = {"tanh": 8.0, "mish": 2.0, "relu": 100.0, "gelu": None}
    timings = [Timing(name, FORWARD, 8, FAST, 1.0, speedup, 0.0, 1) for name, speedup in rows.items()]
    assert geometric_mean(timings) == pytest.approx(4)
    assert geometric_mean([]) is None


def test_a_rival_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contestants, "find_spec", lambda name: None if name in ("jax", "onnx") else name)
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert [c.name for c in contestants.present(RIVALS)] == [*OURS, "torch", COPY]
    assert contestants.absent(RIVALS) == {"torch.compile": "a C++ compiler", "jax": "jax", "onnxruntime": "onnx"}
    results = conduct.run(Plan(("step",), (64,), ("torch", "jax"), repeats=1))
    assert results.remarks[0] == "jax was left out: it needs jax."
    assert results.training == ()


def test_a_busy_machine_is_told() -> None:
    def remarks(load: str) -> tuple[str, ...]:
        return Results({"cores": "2", "load before": load}, {}, (), ()).remarks

    assert remarks("0.40") == remarks("nan") == ()
    assert remarks("3.10")[0].startswith("Other programs kept 3.10 cores busy")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system cannot keep a process to some cores")
def test_cores_are_given_back() -> None:
    before = os.sched_getaffinity(0), torch.get_num_threads()
    with conduct.confined_to(1):
        assert (len(os.sched_getaffinity(0)), torch.get_num_threads()) == (1, 1)
    assert (os.sched_getaffinity(0), torch.get_num_threads()) == before


def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(conduct, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        benchmarks.bench(["relu"], out=tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


SMALL = ("--sizes", "512", "--repeats", "1", "--rivals", "jax,onnxruntime")


def read(path: Path) -> tuple[dict[str, str], list[dict[str, str]]]:
    lines = path.read_text().splitlines()
    about = dict(line[2:].split(": ", 1) for line in lines if line.startswith("#"))
    return about, list(csv.DictReader(line for line in lines if not line.startswith("#")))


def check_ratios(rows: list[dict[str, str]], *cell: str) -> None:
    """In a single round, the ratio is that of the seconds."""
    reference = {tuple(r[c] for c in cell): float(r["seconds"]) for r in rows if r["contestant"] == "torch"}
    for r in rows:
        assert float(r["speedup"]) == pytest.approx(
            reference[tuple(r[c] for c in cell)] / float(r["seconds"]), rel=2e-3
        )


def test_the_command(tmp_path: Path) -> None:
    done = rheobase("bench", "swish", "hard_tanh", *SMALL, "--threads", "1", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for part in (
        "forward, 2^9 elements",
        "training step, width 256",
        "geometric mean",
        "hard_tanh",
        "Numbers: benchmarks",
    ):
        assert part in done.stdout
    about, kernels = read(tmp_path / "benchmarks" / "kernels.csv")
    assert about["cores"] == "1"
    assert about["torch"] == torch.__version__
    assert {"date", "processor", "instructions", "python", "numpy", "numba", "jax", "onnxruntime"} <= about.keys()
    without_backward = {NUMPY, "onnxruntime", COPY}
    everyone = {*OURS, *RIVALS, COPY} - {"torch.compile"}
    expected = {
        (name, step, who) for name in ("silu", "hard_tanh") for step in PASSES
        for who in everyone - (without_backward if step == BOTH else set())
    }  # fmt: skip
    assert {(r["function"], r["pass"], r["contestant"]) for r in kernels} == expected
    assert len(kernels) == len(expected)
    for r in kernels:
        assert float(r["elements_per_second"]) == pytest.approx(512 / float(r["seconds"]), rel=2e-3)
    check_ratios(kernels, "function", "pass")
    again, steps = read(tmp_path / "benchmarks" / "training.csv")
    assert again == about
    assert len(steps) == 2 * len(WIDTHS) * 3
    check_ratios(steps, "function", "width")


def test_as_json(tmp_path: Path) -> None:
    done = rheobase("bench", "step", *SMALL, "--out", "o", "--json", cwd=tmp_path)
    record = json.loads(done.stdout)
    assert {(r["pass"], r["contestant"], r["speedup"]) for r in record["kernels"]} == {
        *((FORWARD, who, None) for who in (*OURS, COPY)), *((IN_PLACE, who, None) for who in (*OURS, COPY)),
        *((BOTH, who, None) for who in (FAST, EXACT)),
    }  # fmt: skip
    assert record["training"] == []
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["kernels.csv"]


BAD = {
    "unknown function": (["gelo"], "'gelo'; did you mean gelu"),
    "unknown rival": (["--rivals", "torch,tensorflow"], "no rival is called 'tensorflow'; there are torch, torch.comp"),
    "no sizes": (["--sizes", ""], "--sizes '' must be whole numbers separated by commas"),
    "half a size": (["--sizes", "512,2.5"], "--sizes '512,2.5' must be whole numbers"),
    "nothing": (["--sizes", "0"], "sizes are numbers of elements from 2 to 2^30, got 0"),
    "too large": (["--sizes", "9999999999"], "from 2 to 2^30, got 9999999999"),
    "no threads": (["--threads", "0"], "threads are 1 to"),
    "too many threads": (["--threads", "4096"], "the cores that this process may use, got 4096"),
    "words for threads": (["--threads", "x"], "invalid value for '--threads': a whole number is needed"),
    "negative rounds": (["--repeats", "-1"], "repeats are rounds, from 0 (as many as time allows), got -1"),
    "a file for a folder": (["--out", "file"], "'file' is a file; --out needs a folder"),
    "a folder for a file": (["--out", "taken"], "cannot write 'taken/kernels.csv': a folder has that name"),
    "unknown option": (["--size", "3"], "no such option: --size"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_line(case: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "taken" / "kernels.csv").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    arguments, complaint = BAD[case]
    done = rheobase("bench", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert complaint in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_plan_is_made_of_canonical_names_once() -> None:
    plan = make(["swish", "silu", "glu", "softmax", "step"], [64, 64, 512], ["jax"], threads=1)
    assert (plan.functions, plan.sizes, plan.rivals) == (
        ("silu", "glu", "softmax", "step"),
        (64, 512),
        ("torch", "jax"),
    )
    assert plan.trained == ("silu",)
    assert plan.cells == 2 * (3 + 2 + 3 + 3) + 3
