"""How far results are from what they should be, in units in the last place; compiled, for there are 2³² of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numba
import numpy as np

from rheobase.certify.inputs import Format, Scratch

Array = Any

#: Nearer than this to half a unit, float64 cannot tell which way a result should be rounded: 2⁻²⁰ ULP of
#: float32, 2⁻⁴⁴ of the value, where the errors of the float64 kernels are below 2⁻⁵⁰.
UNDECIDED = 2.0**-20
#: An absolute error that counts as met where a derivative has a zero.
ABSOLUTE = 2.0**-25

_ties = Scratch()


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

    def __iadd__(self, other: Tally) -> Tally:
        """Take in the tally of further inputs."""
        if other.largest > self.largest or self.count == 0:
            self.largest, self.worst = other.largest, other.worst
        self.strict = max(self.strict, other.strict)
        self.count += other.count
        self.total += other.total
        self.misrounded += other.misrounded
        self.undecided += other.undecided
        return self

    @staticmethod
    def of(form: Format, x: Array, got: Array, wanted: Array, zeros: Array) -> Tally:
        """The tally of a block: inputs, results, and float64 values of what they should be."""
        ties = _ties.like(x, np.dtype(np.float64))
        # infinity stands for all from where the next number would be
        beyond = 2.0 ** (2 - form.emin)
        if form.bits < 32:
            x, got = x.astype(np.float32), got.astype(np.float32)
        largest, strict, total, misrounded, undecided, where = _compare(
            x, got, wanted, wanted.view(np.int64), beyond, per_unit(form), zeros, ties
        )
        return Tally(len(x), largest, strict, total, float(x[where]), misrounded, ties[:undecided].tolist())


@cache
def per_unit(form: Format) -> Array:
    """What turns a distance into units of the format's spacing, for every exponent that a float64 can have."""
    exponents = np.clip(np.arange(2048) - 1023, form.emin, 1 - form.emin) - form.precision + 1
    return np.ldexp(1.0, -exponents)


@numba.njit(nogil=True, error_model="numpy")
def _compare(x, got, wanted, bits, beyond, per_unit, zeros, ties):  # type: ignore[no-untyped-def]
    largest, strict, total, misrounded, undecided, where = -1.0, 0.0, 0.0, 0, 0, 0
    for i in range(len(x)):
        found = min(max(np.float64(got[i]), -beyond), beyond)
        sought = min(max(wanted[i], -beyond), beyond)
        distance = abs(found - sought)
        error = distance * per_unit[(bits[i] >> 52) & 0x7FF]
        if got[i] != got[i] or wanted[i] != wanted[i]:
            error = 0.0 if got[i] != got[i] and wanted[i] != wanted[i] else np.inf
        total += min(error, 1e9)
        strict = max(strict, error)
        if error > largest and not (distance <= ABSOLUTE and _is_near(x[i], zeros)):
            largest, where = error, i
        if abs(error - 0.5) < UNDECIDED:
            ties[undecided] = x[i]
            undecided += 1
        elif error > 0.5:
            misrounded += 1
    return largest, strict, total, misrounded, undecided, where


@numba.njit(nogil=True, inline="always")
def _is_near(x, zeros):  # type: ignore[no-untyped-def]
    near = False
    for zero in zeros:
        near = near or abs(x - zero) <= 0.5
    return near
