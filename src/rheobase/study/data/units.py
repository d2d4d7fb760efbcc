"""How scores are written: shares of rows in percent, others as they are, errors in the target's own units."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a metric: its name, the factor to it, the form of a number, and what a difference is counted in."""

    metric: str
    factor: float = 1.0
    form: str = ".3f"
    sign: str = ""
    difference: str = ""

    def plain(self, value: float) -> str:
        """A score without its unit."""
        return format(self.factor * value, self.form)

    def signed(self, value: float) -> str:
        """A difference with its sign, without its unit."""
        return format(self.factor * value, "+" + self.form)

    def score(self, value: float) -> str:
        """A score with its unit."""
        return self.plain(value) + self.sign


def unit(metric: str) -> Unit:
    """The unit of a metric, by its name."""
    if metric in ("accuracy", "balanced accuracy"):
        return Unit(metric, 100.0, ".2f", " %", " points")
    # a quantity may be of any size
    return Unit(metric, form=".4g") if metric == "RMSE" else Unit(metric)
