"""How scores are written: accuracy in percent, R² as it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a metric: its name, the factor to it, decimals, and what a difference is counted in."""

    metric: str
    factor: float = 1.0
    digits: int = 3
    sign: str = ""
    difference: str = ""

    def plain(self, value: float) -> str:
        """A score without its unit."""
        return f"{self.factor * value:.{self.digits}f}"

    def signed(self, value: float) -> str:
        """A difference with its sign, without its unit."""
        return f"{self.factor * value:+.{self.digits}f}"

    def score(self, value: float) -> str:
        """A score with its unit."""
        return self.plain(value) + self.sign


def unit(metric: str) -> Unit:
    """The unit of accuracy or R²."""
    return Unit(metric, 100.0, 2, " %", " points") if metric == "accuracy" else Unit(metric)
