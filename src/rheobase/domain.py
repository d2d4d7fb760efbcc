"""Where a parameter may lie: an interval, written "(0, inf)", that can check and say itself."""

from __future__ import annotations

import math
import numbers
import re
from dataclasses import dataclass

from rheobase.errors import DefinitionError

_NUMBER = r"([+-]?(?:inf|\d+(?:\.\d*)?(?:e[+-]?\d+)?))"
_INTERVAL = re.compile(rf"([\[(]){_NUMBER},{_NUMBER}([\])])")


@dataclass(frozen=True, slots=True)
class Domain:
    """An interval of the real line; its ends belong to it where `closed` says so."""

    low: float = -math.inf
    high: float = math.inf
    closed_low: bool = False
    closed_high: bool = False

    @classmethod
    def parse(cls, text: str) -> Domain:
        """Read "(0, inf)", "[0, 1]" and the like.

        >>> Domain.parse("[0, 1)").contains(1.0)
        False
        """
        shape = _INTERVAL.fullmatch(text.replace(" ", ""))
        if shape is None:
            raise DefinitionError(f"{text!r} is not a domain; write an interval such as (0, inf) or [0, 1]")
        left, low, high, right = shape.groups()
        return cls(float(low), float(high), left == "[", right == "]")

    def contains(self, value: float) -> bool:
        """Whether `value` lies inside; NaN never does."""
        above = value >= self.low if self.closed_low else value > self.low
        below = value <= self.high if self.closed_high else value < self.high
        return above and below

    def check(self, name: str, value: float) -> None:
        """Raise DefinitionError unless `value` is allowed for the parameter called `name`."""
        if not isinstance(value, numbers.Real):
            raise DefinitionError(f"{name} must be a number, got {value!r}")
        if not self.contains(float(value)):
            raise DefinitionError(f"{name} must lie in {self}, got {value}")

    def __str__(self) -> str:
        left, right = "[" if self.closed_low else "(", "]" if self.closed_high else ")"
        return f"{left}{self.low:g}, {self.high:g}{right}"


#: No restriction.
REALS = Domain()
