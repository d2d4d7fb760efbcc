"""Find the float32 inputs whose result the exact core would not round right, and write them down for it.

All 2³² inputs are computed in float64; where the result lies too near a tie to tell, the paper's formula is asked, to
hundreds of digits. Takes some ten minutes on two cores.

Run:  python scripts/find_exceptions.py [NAMES...]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np

import rheobase as rb
from rheobase.activation import Activation
from rheobase.certify.certificate import ahead
from rheobase.certify.contestants import wide
from rheobase.certify.inputs import FORMATS, blocks
from rheobase.certify.ties import exact
from rheobase.kernels.cpu.loops import DOUBT, TINY
from rheobase.kernels.exceptions import EXCEPTIONS

TARGET = Path(__file__).parents[1] / "src" / "rheobase" / "kernels" / "exceptions.py"
FLOAT32 = FORMATS["float32"]
#: Functions whose exact core is to round everything right; the others are exact without looking anything up.
NAMES = (
    "sigmoid", "tanh", "elu", "softplus", "gelu", "gelu_tanh", "silu", "mish", "selu", "celu", "log_sigmoid",
    "exponential",
)  # fmt: skip


@numba.njit(nogil=True, error_model="numpy")
def doubtful(x, v, found):  # type: ignore[no-untyped-def]
    """How many inputs, put into `found`, have results that a rounding error could have taken over a tie."""
    count = 0
    for i in range(len(x)):
        if np.float32(v[i] * (1 + DOUBT)) != np.float32(v[i] * (1 - DOUBT)) and abs(x[i]) >= TINY:
            found[count] = x[i]
            count += 1
    return count


def candidates(function: Activation, order: int) -> Iterator[float]:
    """Inputs whose results have to be asked for."""
    compute = wide(function, order)

    def work(block: Callable[[], Any]) -> list[float]:
        x = block()
        with np.errstate(all="ignore"):
            v = compute(x)
        found = np.empty(len(x))
        return found[: doubtful(x, v, found)].tolist()

    for found in ahead(work, blocks(FLOAT32, exhaustive=True)):
        yield from found


def nearest(wanted: Any) -> np.float32:
    """The float32 nearest to a number of many digits."""
    near = np.float32(float(wanted))
    around = [np.nextafter(near, np.float32(-np.inf)), near, np.nextafter(near, np.float32(np.inf))]
    return min(around, key=lambda y: abs(wanted - float(y)) if np.isfinite(y) else np.inf)


def exceptions(function: Activation, order: int) -> list[tuple[int, int]]:
    """Bits of input and right result, where the float64 kernel's rounds to another."""
    found = np.array(sorted(candidates(function, order)), dtype=np.float32)
    with np.errstate(all="ignore"):
        rounded = function.derivative(found.astype(np.float64), order).astype(np.float32)
    right = np.array([nearest(exact(function, float(x), order)) for x in found], dtype=np.float32)
    wrong = rounded != right
    return list(zip(found[wrong].view(np.uint32).tolist(), right[wrong].view(np.uint32).tolist(), strict=True))


def render(known: dict[str, tuple[tuple[int, int], ...]]) -> str:
    """The text of the module."""
    lines = [
        '"""Inputs whose result float64 does not round right, written by scripts/find_exceptions.py.\n',
        'By function (with _slope: its derivative), bits of the float32 input and of the right result.\n"""\n',
        "EXCEPTIONS: dict[str, tuple[tuple[int, int], ...]] = {",
    ]
    for name, pairs in sorted(known.items()):
        rows = "".join(f"        (0x{x:08X}, 0x{y:08X}),\n" for x, y in pairs)
        lines.append(f'    "{name}": (\n{rows}    ),' if pairs else f'    "{name}": (),')
    return "\n".join([*lines, "}"]) + "\n"


def main(tell: Callable[[str], None] = print) -> None:
    """Find, and write after each function: a run that is cut off keeps what it has."""
    known = dict(EXCEPTIONS)
    for name in sys.argv[1:] or NAMES:
        for order, suffix in ((0, ""), (1, "_slope")):
            known[name + suffix] = tuple(exceptions(rb.get(name), order))
            tell(f"{name}{suffix}: {len(known[name + suffix])}")
            TARGET.write_text(render(known))


if __name__ == "__main__":
    main()
