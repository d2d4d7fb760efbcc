"""How far results are from what they should be, in units in the last place; compiled, for there are 2³² of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numba
import numpy as np

from rheobase.certify.inputs import Format

Array = Any

#: Nearer than this to half a unit, float64 cannot tell which way a result should be rounded: 2⁻²⁰ ULP of
#: float32, 2⁻⁴⁴ of the value, where the errors of the float64 kernels are below 2⁻⁵⁰.
UNDECIDED = 2.0**-20
#: An absolute error that counts as met where a derivative has a zero.
ABSOLUTE = 2.0**-25
#: Slots of `_compare`'s tally.
_LARGEST, _STRICT, _SUM, _MISROUNDED, _UNDECIDED, _WHERE = range(6)


@dataclass(slots=True)
class Tally:
    """What was seen so far.

    `largest` is the largest error in ULP, an absolute error up to 2⁻²⁵ near a zero of a derivative counting
    as met; `strict` the largest without that. `undecided` are inputs whose result lies too near a tie.
    """

    count: int = 0
    largest: float = 0.0
    strict: float = 0.0
    total: float = 0.0
    worst: float = float("nan")
    misrounded: int = 0
    undecided: list[float] = field(default_factory=list)

    def add(self, form: Format, x: Array, got: Array, wanted: Array, zeros: Array) -> None:
        """Take in a block: inputs, results, and float64 values of what they should be."""
        tally = np.zeros(6)
        ties = np.empty(len(x))
        # infinity stands for all from where the next number would be
        beyond = 2.0 ** (2 - form.emin)
        sought = np.clip(wanted, -beyond, beyond)
        found = np.clip(got.astype(np.float64), -beyond, beyond)
        _compare(x.astype(np.float64), found, sought, sought.view(np.int64), ulps(form), zeros, tally, ties)
        if tally[_LARGEST] > self.largest or self.count == 0:
            self.largest, self.worst = float(tally[_LARGEST]), float(x[int(tally[_WHERE])])
        self.strict = max(self.strict, float(tally[_STRICT]))
        self.count += len(x)
        self.total += float(tally[_SUM])
        self.misrounded += int(tally[_MISROUNDED])
        self.undecided += ties[: int(tally[_UNDECIDED])].tolist()


@cache
def ulps(form: Format) -> Array:
    """The format's spacing for every exponent that a float64 can have."""
    exponents = np.clip(np.arange(2048) - 1023, form.emin, 1 - form.emin) - form.precision + 1
    return np.ldexp(1.0, exponents)


@numba.njit(nogil=True, error_model="numpy")
def _compare(x, got, wanted, bits, spacing, zeros, tally, ties):  # type: ignore[no-untyped-def]
    for i in range(len(x)):
        distance = abs(got[i] - wanted[i])
        error = distance / spacing[(bits[i] >> 52) & 0x7FF]
        if distance != distance:
            error = 0.0 if got[i] != got[i] and wanted[i] != wanted[i] else np.inf
        near = False
        if distance <= ABSOLUTE:
            for zero in zeros:
                near = near or abs(x[i] - zero) <= 0.5
        tally[_SUM] += min(error, 1e9)
        tally[_STRICT] = max(tally[_STRICT], error)
        if not near and error > tally[_LARGEST]:
            tally[_LARGEST] = error
            tally[_WHERE] = i
        if abs(error - 0.5) < UNDECIDED:
            ties[int(tally[_UNDECIDED])] = x[i]
            tally[_UNDECIDED] += 1
        elif error > 0.5:
            tally[_MISROUNDED] += 1
