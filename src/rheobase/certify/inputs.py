"""Which inputs a certificate covers: all of a format, or every so many of them and those where it is hard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from threading import local
from typing import Any

import numpy as np

Array = Any

#: Inputs handed on at a time; they and what is made of them stay in the cache.
BLOCK = 1 << 18
#: Of float32, a sample takes one in so many; of float64, so many between neighbouring powers of two.
STRIDE = 4093
PER_BINADE = 64
#: Neighbours looked at on both sides of every power of two.
NEIGHBOURS = 8


@dataclass(frozen=True, slots=True)
class Format:
    """A binary floating-point format."""

    name: str
    precision: int
    emin: int
    bits: int

    @property
    def integers(self) -> Any:
        """The unsigned integers of its width."""
        return np.dtype(f"uint{self.bits}")

    @property
    def dtype(self) -> Any:
        """As NumPy knows it; bfloat16 comes from ml_dtypes."""
        if self.name == "bfloat16":
            import ml_dtypes

            return np.dtype(ml_dtypes.bfloat16)
        return np.dtype(self.name)

    @property
    def infinity(self) -> int:
        """The bits of +∞; those above are NaN."""
        fraction = self.precision - 1
        return ((1 << (self.bits - 1 - fraction)) - 1) << fraction

    @property
    def largest(self) -> float:
        """The largest number."""
        return (2.0 - 2.0 ** (1 - self.precision)) * 2.0 ** (1 - self.emin)


FORMATS = {
    f.name: f
    for f in (
        Format("float32", 24, -126, 32),
        Format("float64", 53, -1022, 64),
        Format("float16", 11, -14, 16),
        Format("bfloat16", 8, -126, 16),
    )
}


def blocks(form: Format, exhaustive: bool) -> Iterator[Callable[[], Array]]:
    """The finite inputs, in blocks, each made when it is called for; infinities and NaN are left to the tests.

    A thread's block lasts until it makes the next.
    """
    if form.bits == 16 or (exhaustive and form.bits == 32):
        yield from _all(form)
    else:
        chosen = _sample(form)
        for start in range(0, len(chosen), BLOCK):
            yield partial(chosen[start : start + BLOCK].view, form.dtype)


def _all(form: Format) -> Iterator[Callable[[], Array]]:
    place = Scratch()
    first = np.arange(BLOCK, dtype=form.integers)

    def counted(start: int, size: int) -> Array:
        bits = place.like(first[:size], form.integers)
        return np.add(first[:size], form.integers.type(start), out=bits).view(form.dtype)

    for base in (0, 1 << (form.bits - 1)):
        for start in range(base, base + form.infinity, BLOCK):
            yield partial(counted, start, min(BLOCK, base + form.infinity - start))


class Scratch(local):
    """Memory of a thread that is written over again and again: fresh memory takes longer than computing does."""

    memory = np.empty(0, np.uint8)

    def like(self, x: Array, dtype: Any) -> Array:
        """Room for as many numbers of `dtype` as x has."""
        size = x.size * dtype.itemsize
        if len(self.memory) < size:
            self.memory = np.empty(size, np.uint8)
        return self.memory[:size].view(dtype)


def _sample(form: Format) -> Array:
    fraction = form.precision - 1
    binades = np.arange(form.infinity >> fraction, dtype=np.uint64) << np.uint64(fraction)
    if form.bits == 32:
        even = np.arange(0, form.infinity, STRIDE, dtype=np.uint64)
    else:
        steps = np.random.default_rng(0).integers(0, 1 << fraction, (len(binades), PER_BINADE), dtype=np.uint64)
        even = (binades[:, None] + steps).ravel()
    near = (binades[1:, None] + np.arange(-NEIGHBOURS, NEIGHBOURS + 1).astype(np.uint64)).ravel()
    positive = np.unique(np.concatenate([even, near, np.array([0, 1], dtype=np.uint64)]))
    sign = np.uint64(1 << (form.bits - 1))
    return np.concatenate([positive, positive | sign]).astype(form.integers)
