"""A count and what may be concluded from it."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import binomtest


@dataclass(frozen=True, slots=True)
class Rate:
    """A share, and its 95 % interval by Clopper and Pearson."""

    count: int
    of: int

    @property
    def share(self) -> float:
        """The share."""
        return self.count / self.of

    @property
    def interval(self) -> tuple[float, float]:
        """Its interval."""
        found = binomtest(self.count, self.of).proportion_ci(0.95, "exact")
        return float(found.low), float(found.high)

    def columns(self, name: str) -> dict[str, float | int]:
        """The columns of a table that tell of it."""
        low, high = self.interval
        return {name: self.count, f"{name}_share": self.share, f"{name}_low": low, f"{name}_high": high}
