"""Write docs/kernels.md from the certificates and the benchmark that are in the repository.

Run:  python scripts/kernel_page.py [--check]
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from generated import Row, read_about, table, write_or_check

from rheobase.bench.record import is_transcendental
from rheobase.certify.certificate import Certificate
from rheobase.certify.contestants import OURS, PEERS
from rheobase.certify.record import read

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "kernels.md"
#: Shown by the package itself, and so installed with it.
MEASURED = ROOT / "src" / "rheobase" / "measured"
EXHAUSTIVE, SAMPLE, KERNELS = (MEASURED / name for name in ("exhaustive.csv", "sample.csv", "kernels.csv"))
BENCHMARKS = ROOT / "benchmarks"
#: The same on the same machine, where nobody uses AVX-512.
NARROWER = BENCHMARKS / "avx2"
CORES = ("rheobase fast", "rheobase exact")
RIVALS = ("torch.compile", "jax", "onnxruntime")
PASSES = ("forward", "forward+backward")
SIZES = (65536, 1048576)

HEAD = """# Kernels: how exact and how fast

Every function of one number, and its slope, runs as one compiled loop on CPU arrays: on NumPy, and on PyTorch in eager
mode. There are two cores. **fast**, the default, computes float32 in float32, with corrections where they pay;
**exact** (`with rb.precision("exact"):`) computes in float64 and rounds once, and looks up the few inputs where that
would be wrong. The bits of a result depend neither on its place in the array nor on slices, threads or layout. float16
and bfloat16 are computed in float64 and rounded once, float64 in float64. Functions without a float32 kernel of their
own, and yours, get the float64 core, generated from the definition. Softmax, log_softmax, softmin and the gated units
have kernels, too.

This page is written by `python scripts/kernel_page.py` from files in `src/rheobase/measured/` and
`benchmarks/`, which `rheobase certify` and `make bench` write.
"""


def accuracy() -> str:
    """Errors in float32, over all 2³² inputs where that was measured, else over a sample."""
    about, _ = read_about(SAMPLE)
    whole = {(c.function, c.order, c.computation): c for c in read(EXHAUSTIVE)}
    sample = {(c.function, c.order, c.computation): c for c in read(SAMPLE) if c.dtype == "float32"}
    found = {**sample, **whole}
    rows = []
    for name in dict.fromkeys(name for name, _, _ in found):
        inputs = "all" if all((name, order, core) in whole for order in (0, 1) for core in OURS) else "sample"
        cells = [name, inputs]
        for order in (0, 1):
            cells += [_ulp(found.get((name, order, "fast"))), _wrong(found.get((name, order, "exact")))]
            cells += [_ulp(found.get((name, order, peer))) for peer in PEERS]
        rows.append(cells)
    headings = ["function", "inputs", "fast", "exact, wrong", *PEERS, "slope: fast", "exact, wrong", *PEERS]
    return (
        "\n## Accuracy in float32\n\nLargest error in ULP (fast), and the number of inputs whose result is not the "
        "nearest float32 (exact); beside them the largest error of PyTorch's and JAX's own function over a sample. "
        "*all*: over every finite input; *sample*: about a million, those around powers of two among them. Near a zero "
        "of a slope away from the tails an absolute error of 2⁻²⁵ counts as met. Ties are settled by many digits. JAX "
        "takes subnormal numbers for 0 on this processor, which counts millions of ULP.\n\n"
        f"{table(headings, rows)}\nMeasured: {about}.\n"
    )


def _ulp(c: Certificate | None) -> str:
    if c is None:
        return "–"
    return f"{c.largest:.3f}" if c.largest < 100 else f"{c.largest:.1e}"


def _wrong(c: Certificate | None) -> str:
    return "–" if c is None else f"{c.misrounded}"


def others() -> str:
    """Errors of everything in the sample."""
    found = [c for c in read(SAMPLE) if c.computation in ("fast", "exact")]
    rows = []
    for dtype in ("float32", "float64", "float16", "bfloat16"):
        for order in (0, 1):
            chosen = [c for c in found if (c.dtype, c.order) == (dtype, order)]
            if chosen:
                worst = max(chosen, key=lambda c: c.largest)
                wrong = sum(c.misrounded > 0 for c in chosen if c.computation == "exact")
                rows.append([dtype, "slope" if order else "value", f"{worst.largest:.3f}", worst.function, f"{wrong}"])
    headings = ["dtype", "", "largest error in ULP", "of", "functions with a misrounded result in the exact core"]
    return (
        "\n## All functions\n\nOver all inputs of the 16-bit formats, a sample of float32 (about a million) and 1000 "
        f"inputs of float64.\n\n{table(headings, rows)}"
    )


def speed(kernels: Path, heading: str, remark: str) -> str:
    """How often as fast as PyTorch's eager mode."""
    about, rows = read_about(kernels)
    text = (
        f"\n## {heading}\n\nHow often as fast as PyTorch's eager mode, all taking turns in one run; medians. {remark}\n"
    )
    for work in PASSES:
        for size in SIZES:
            chosen = [r for r in rows if r["pass"] == work and int(r["size"]) == size]
            text += f"\n**{work}, {size} elements**\n\n{_speeds(chosen)}"
    return f"{text}\nMeasured: {about}.\n"


def _speeds(rows: list[Row]) -> str:
    present = {r["contestant"] for r in rows}
    contestants = [c for c in (*CORES, *RIVALS) if c in present]
    by_cell = {(r["function"], r["contestant"]): r["speedup"] for r in rows}
    names = list(dict.fromkeys(r["function"] for r in rows if r["speedup"]))
    lines = [[name, *(_times(by_cell.get((name, c), "")) for c in contestants)] for name in names]
    means = [_mean(by_cell.get((name, c), "") for name in names if is_transcendental(name)) for c in contestants]
    return table(["function", *contestants], [*lines, ["**transcendental, geometric mean**", *means]])


def _times(speedup: str) -> str:
    return f"{float(speedup):.2f}" if speedup else "–"


def _mean(speedups: Iterable[str]) -> str:
    found = [math.log(float(s)) for s in speedups if s]
    return f"**{math.exp(sum(found) / len(found)):.2f}**" if found else "–"


def training(folder: Path, heading: str) -> str:
    """A training step of a network, against torch.nn's modules."""
    about, rows = read_about(folder / "training.csv")
    widths = sorted({int(r["width"]) for r in rows})
    contestants = [c for c in CORES if any(r["contestant"] == c for r in rows)]
    cells = {(r["function"], int(r["width"]), r["contestant"]): r["speedup"] for r in rows}
    names = list(dict.fromkeys(r["function"] for r in rows))
    lines = [[n, *(_times(cells.get((n, w, c), "")) for c in contestants for w in widths)] for n in names]
    headings = ["function", *(f"{c}, {w} wide" for c in contestants for w in widths)]
    return (
        f"\n## {heading}\n\nThree hidden layers, batch 128, forward, loss, backward and SGD: how often as fast "
        f"with rheobase's modules as with torch.nn's.\n\n{table(headings, lines)}\nMeasured: {about}.\n"
    )


def render() -> str:
    """The text of the page."""
    wide = "With AVX-512, for which PyTorch has code of its own."
    narrow = "Without AVX-512, as on most processors for desktops: every contestant was told not to use it."
    return (
        HEAD
        + accuracy()
        + others()
        + speed(KERNELS, "Speed in float32", wide)
        + training(BENCHMARKS, "A training step")
        + speed(NARROWER / "kernels.csv", "Speed in float32 with AVX2", narrow)
        + training(NARROWER, "A training step with AVX2")
    )


def main() -> None:
    """Write the page, or with --check fail if it is not what the files say."""
    write_or_check(TARGET, render, __doc__)


if __name__ == "__main__":
    main()
