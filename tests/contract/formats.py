"""Floating-point formats: rounding inputs to them, and measuring errors in units in the last place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ml_dtypes
import mpmath as mp
import numpy as np


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: precision, smallest normal exponent, largest number."""

    name: str
    precision: int
    emin: int
    largest: float
    dtype: Any

    @property
    def tiniest(self) -> float:
        """The smallest subnormal."""
        return 2.0 ** (self.emin - self.precision + 1)

    @property
    def smallest_normal(self) -> float:
        """The smallest number with full precision."""
        return 2.0**self.emin

    def round(self, values: Any) -> Any:
        """`values` as an array of this format."""
        with np.errstate(over="ignore"):
            return np.asarray(values, dtype=np.float64).astype(self.dtype)

    def ulp(self, exact: mp.mpf) -> mp.mpf:
        """The spacing of the format's numbers at `exact`."""
        exponent = self.emin if exact == 0 else max(mp.frexp(exact)[1] - 1, self.emin)
        return mp.ldexp(mp.mpf(1), int(exponent) - self.precision + 1)

    def error(self, got: float, exact: mp.mpf) -> float:
        """|got - exact| in ULP; 0 for the same infinity or NaN, ∞ where only one of them is one."""
        if mp.isnan(exact) or np.isnan(got):
            return 0.0 if mp.isnan(exact) and np.isnan(got) else np.inf
        overflows = abs(exact) >= mp.mpf(self.largest) + self.ulp(mp.mpf(self.largest)) / 2
        if overflows or np.isinf(got):
            same = np.isinf(got) and mp.sign(exact) == np.sign(got)
            return 0.0 if same and abs(exact) > self.largest else np.inf
        return float(abs(mp.mpf(got) - exact) / self.ulp(exact))


FORMATS = {
    "float16": Format("float16", 11, -14, 65504.0, np.float16),
    "bfloat16": Format("bfloat16", 8, -126, float(ml_dtypes.finfo(ml_dtypes.bfloat16).max), ml_dtypes.bfloat16),
    "float32": Format("float32", 24, -126, float(np.finfo(np.float32).max), np.float32),
    "float64": Format("float64", 53, -1022, float(np.finfo(np.float64).max), np.float64),
}
