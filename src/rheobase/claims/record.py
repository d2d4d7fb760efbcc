"""A claim, what an experiment measured, and what follows from the two: plain records."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from inspect import signature
from string import Formatter
from typing import Any, Literal

import numpy as np

Verdict = Literal["holds", "holds only when", "does not hold"]
VERDICTS: tuple[Verdict, ...] = ("holds", "holds only when", "does not hold")

#: 10⁻⁶ is read more easily than e-06.
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
#: Equal means: to this share, or to this difference from 0.
SAME, NOTHING = 1e-6, 1e-9
RELATIONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "≤": operator.le,
    "=": lambda a, b: math.isclose(a, b, rel_tol=SAME, abs_tol=NOTHING),
    "≥": operator.ge,
    ">": operator.gt,
}


@dataclass(frozen=True, slots=True)
class Bound:
    """A threshold for one of the numbers that an experiment measures.

    >>> Bound("largest slope", "≤", 0.25).met({"largest slope": 0.3})
    False
    """

    label: str
    relation: str
    limit: float

    def met(self, numbers: Mapping[str, float]) -> bool:
        """Whether the measured number keeps to it; NaN keeps to nothing."""
        return RELATIONS[self.relation](numbers[self.label], self.limit)

    def __str__(self) -> str:
        return f"{self.label} {self.relation} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Picture:
    """What to draw: (x, y) by label.

    kind: lines; points, which are not joined; or intervals, of which x holds the ends and, between them, the mean.
    log: the axes that are logarithmic, "", "x", "y" or "xy".
    """

    x_label: str
    y_label: str
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]
    log: str = ""
    kind: Literal["lines", "points", "intervals"] = "lines"


@dataclass(frozen=True, slots=True)
class Measured:
    """What an experiment gives: numbers by label, and a picture where it tells more."""

    numbers: Mapping[str, float]
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What textbooks say, and how it is put to the test.

    experiment: module:function in `rheobase.claims.experiments`, called with `arguments` and a seed. The claim holds
    if all of `always` are met; if not, but all of `then`, it holds only when `condition`. `words` and `condition`
    say what was measured, with its numbers, and the experiment's settings, by label in braces. timed: the numbers are
    times, which no seed repeats.
    """

    id: str
    functions: tuple[str, ...]
    sentence: str
    experiment: str
    arguments: Mapping[str, Any]
    always: tuple[Bound, ...]
    words: str
    condition: str = ""
    then: tuple[Bound, ...] = ()
    timed: bool = False

    @property
    def module(self) -> str:
        """Where the experiment is."""
        return f"{EXPERIMENTS}.{self.experiment.partition(':')[0]}"

    @property
    def function(self) -> Callable[..., Measured]:
        """The experiment itself."""
        name = self.experiment.partition(":")[2]
        found: Callable[..., Measured] = getattr(import_module(self.module), name)
        return found

    @property
    def settings(self) -> dict[str, Any]:
        """What the experiment was done with, for words to quote: constants of its module, and its defaults.

        Of constants that are several numbers: "first of NAME", "last of NAME", "number of NAME".
        """
        constants = {name: value for name, value in vars(import_module(self.module)).items() if name.isupper()}
        defaults = {p.name: p.default for p in signature(self.function).parameters.values()}
        return defaults | constants | _ends(constants)

    @property
    def threshold(self) -> str:
        """What has to be measured for it to hold, and for it to hold under its condition."""
        always = " and ".join(map(str, self.always))
        return f"{always}; under the condition: {' and '.join(map(str, self.then))}" if self.then else always


def _ends(constants: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in constants.items():
        if np.ndim(value) == 1:
            found |= {f"first of {name}": value[0], f"last of {name}": value[-1], f"number of {name}": len(value)}
    return found


EXPERIMENTS = f"{__package__}.experiments"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A claim that was tested, as claims.json has it; seconds: of a processor."""

    id: str
    functions: tuple[str, ...]
    sentence: str
    verdict: Verdict
    condition: str | None
    words: str
    numbers: Mapping[str, float]
    seed: int
    experiment: str
    seconds: float
    picture: Picture | None = field(default=None, compare=False)


def judged(claim: Claim, measured: Measured, seed: int, seconds: float) -> Outcome:
    """The claim with the verdict that the numbers give it."""
    numbers = {label: _short(value) for label, value in measured.numbers.items()}
    known = {**claim.settings, **numbers}
    verdict: Verdict = "does not hold"
    if all(bound.met(numbers) for bound in claim.always):
        verdict = "holds"
    elif claim.then and all(bound.met(numbers) for bound in claim.then):
        verdict = "holds only when"
    return Outcome(
        id=claim.id,
        functions=claim.functions,
        sentence=claim.sentence,
        verdict=verdict,
        condition=_told(claim.condition, known) if verdict == "holds only when" else None,
        words=_told(claim.words, known),
        numbers=numbers,
        seed=seed,
        experiment=f"{EXPERIMENTS}.{claim.experiment}",
        seconds=_short(seconds),
        picture=measured.picture,
    )


class _Words(Formatter):
    """Labels hold any letters, also those that `str.format` takes apart."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, str]:
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        text = str(super().format_field(value, format_spec))
        # what is rounded to 0 has no sign
        text = text if text.strip("-0.%") else text.lstrip("-")
        digits, _, power = text.replace("-", "−").partition("e")
        return f"{digits}·10{str(int(power.replace('−', '-'))).translate(SUPERSCRIPTS)}" if power else digits


def _told(words: str, numbers: Mapping[str, Any]) -> str:
    return _Words().vformat(words, (), numbers)


def as_dict(outcome: Outcome) -> dict[str, Any]:
    """The outcome as JSON can hold it, without its picture."""
    found = asdict(outcome)
    del found["picture"]
    return {**found, "functions": list(outcome.functions)}


def from_dict(row: Mapping[str, Any]) -> Outcome:
    """The outcome that `as_dict` made this of."""
    return Outcome(**{**row, "functions": tuple(row["functions"])})


def _short(value: float) -> float:
    """Six digits: no experiment measures more."""
    return float(f"{value:.6g}")
