"""The pages of functions as plain data: everything that a template prints, derived from the definition."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp

from rheobase import catalogue
from rheobase.activation import Activation, of
from rheobase.algebra.typeset import readable
from rheobase.atlas import code, measurements
from rheobase.atlas.formulas import Formula, formulas, inline
from rheobase.atlas.functions import sliders
from rheobase.atlas.text import symbols
from rheobase.atlas.thumbnail import Thumbnail, thumbnail
from rheobase.atlas.words import EXPLANATIONS
from rheobase.definition import Definition
from rheobase.facts import Facts
from rheobase.facts.words import fact_lines

#: Facts that the index can be filtered by.
FACETS: Mapping[str, Callable[[Facts], bool]] = {
    "smooth": lambda f: f.continuity is None,
    "has a kink": lambda f: any(not kink.jump for kink in f.kinks),
    "jumps": lambda f: any(kink.jump for kink in f.kinks),
    "monotonic": lambda f: f.monotonic is not None,
    "bounded": lambda f: math.isfinite(f.range.low) and math.isfinite(f.range.high),
    "zero-centred": lambda f: f.zero_centred,
    "saturates": lambda f: f.saturation.sides != "none",
    "has a dead zone": lambda f: bool(f.dead_zone),
    "odd or even": lambda f: f.parity is not None,
    "convex": lambda f: f.convex in ("convex", "linear"),
}
#: And properties of the definition.
PROPERTIES: Mapping[str, Callable[[Definition], bool]] = {
    "has parameters": lambda d: bool(d.parameters),
    "learns a parameter": lambda d: any(p.learnable for p in d.parameters),
    "random": lambda d: d.noise is not None,
}
#: How the index can be sorted: what is shown, by the name of a number of an entry.
ORDERS: Mapping[str, str] = {"cost": "cost", "error": "accuracy", "gain": "gain"}

SPECIAL = (-math.inf, -0.0, 0.0, math.inf, math.nan)


@dataclass(frozen=True)
class Entry:
    """A function as the index lists it."""

    function: Activation

    @property
    def definition(self) -> Definition:
        """Its definition."""
        return self.function.definition

    @property
    def name(self) -> str:
        """Its name."""
        return self.function.name

    @property
    def page(self) -> str:
        """The file of its page."""
        return f"{self.name}.html"

    @property
    def family(self) -> str:
        """Its family."""
        return catalogue.family(self.name)

    @property
    def facts(self) -> Facts | None:
        """Its facts, if it is a function of one number."""
        return self.function.facts if self.definition.kind == "elementwise" else None

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """The facets that hold of it."""
        of_curve = [tag for tag, holds in FACETS.items() if self.facts is not None and holds(self.facts)]
        return (*of_curve, *(tag for tag, holds in PROPERTIES.items() if holds(self.definition)))

    @cached_property
    def libraries(self) -> tuple[str, ...]:
        """The libraries that have it."""
        return tuple(row.library for row in code.called(self.definition))

    @cached_property
    def thumbnail(self) -> Thumbnail:
        """Its picture."""
        return thumbnail(self.function)

    @property
    def cost(self) -> float | None:
        """Nanoseconds per element, forward and backward."""
        return measurements.cost(self.name)

    @property
    def error(self) -> float | None:
        """The largest error in float32, in ULP."""
        return measurements.error(self.name)

    @property
    def gain(self) -> float | None:
        """1/√E f²."""
        return None if self.facts is None else self.facts.gaussian.gain


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the facts."""

    label: str
    texts: tuple[str, ...]
    explanation: str


@dataclass(frozen=True, slots=True)
class Special:
    """Values at an input at which formulas break down: f, f′, f″."""

    x: float
    values: tuple[float, ...]


@dataclass(frozen=True)
class Page:
    """A function as its page shows it; `before` and `after` are its neighbours in the index."""

    entry: Entry
    before: Entry
    after: Entry
    claims: tuple[Mapping[str, Any], ...]

    @property
    def function(self) -> Activation:
        """The function."""
        return self.entry.function

    @property
    def definition(self) -> Definition:
        """Its definition."""
        return self.entry.definition

    @cached_property
    def formulas(self) -> tuple[Formula, ...]:
        """The formula and the derivatives."""
        return formulas(self.function)

    @property
    def sliders(self) -> list[dict[str, Any]]:
        """A slider for each parameter, with its symbol in the formula."""
        made = zip(sliders(self.definition), self.definition.parameters, strict=True)
        return [
            {
                **given,
                "symbol": inline(p.symbol) if p.symbol else "",
                "domain": symbols(str(p.domain)),
                "learnable": p.learnable,
            }
            for given, p in made
        ]

    @property
    def computed(self) -> str:
        """The form that is computed, as text; "" where it is an elementary function as it stands."""
        text = readable(self.function.computed.expression)
        return "" if text == f"{self.entry.name}(x)" else text

    @property
    def glossary(self) -> dict[str, str]:
        """What functions mean that the computed form names, and that have no page of their own."""
        named = {type(f) for f in self.function.computed.expression.atoms(sp.Function)} - {sp.exp, sp.log}
        meant = {f.__name__: str(f.__doc__).strip().split("\n")[0] for f in named if not catalogue.known(f.__name__)}
        return {name: meant[name] for name in sorted(meant) if re.search(rf"\b{name}\(", self.computed)}

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """The facts in words; none for functions of a row and gated units."""
        if self.entry.facts is None:
            return ()
        lines: dict[str, list[str]] = {}
        label = ""
        for given, text in fact_lines(self.entry.facts):
            label = given or label
            lines.setdefault(label, []).append(symbols(text))
        return tuple(Fact(label, tuple(texts), EXPLANATIONS[label]) for label, texts in lines.items())

    @cached_property
    def special(self) -> tuple[Special, ...]:
        """Values where formulas break down; for functions of one number."""
        if self.entry.facts is None:
            return ()
        points = np.array(SPECIAL)
        rows = np.stack([self.function.derivative(points, order) for order in range(3)], axis=-1)
        return tuple(Special(x, tuple(row)) for x, row in zip(SPECIAL, rows.tolist(), strict=True))

    @property
    def relatives(self) -> tuple[str, ...]:
        """Functions of one number that occur in an equation with this one, to compare it with."""
        texts = " ".join(text for fact in self.facts if fact.label == "relatives" for text in fact.texts)
        words = {word.removesuffix("_prime") for word in texts.replace("(", " ").replace("-", " ").split()}
        return tuple(name for name in catalogue.names() if name in words and name != self.entry.name)

    @property
    def siblings(self) -> tuple[str, ...]:
        """The other functions of one number in its family, to compare it with."""
        listed = catalogue.FAMILIES[self.entry.family]
        return tuple(d.name for d in listed if d.kind == "elementwise" and d.name != self.entry.name)

    @property
    def accuracy(self) -> measurements.Table | None:
        """What was certified."""
        return measurements.accuracy_table(self.entry.name)

    @property
    def beyond(self) -> bool:
        """Whether some computation has hardly a digit right somewhere."""
        return any(a.ulp > measurements.MOST for a in measurements.accuracy(self.entry.name))

    @property
    def speed(self) -> measurements.Table | None:
        """What was timed."""
        return measurements.speed_table(self.entry.name)

    @property
    def snippets(self) -> tuple[code.Snippet, ...]:
        """Code to copy."""
        return code.snippets(self.function)

    @property
    def called(self) -> tuple[code.Called, ...]:
        """What other libraries call it."""
        return code.called(self.definition)


def entries() -> list[Entry]:
    """Every function of the catalogue, family by family."""
    return [Entry(of(definition)) for definition in catalogue.definitions()]


def pages(listed: Sequence[Entry]) -> list[Page]:
    """A page for each entry; the last one is followed by the first."""
    claims = measurements.claims()["claims"]
    around = zip(listed, [*listed[-1:], *listed[:-1]], [*listed[1:], *listed[:1]], strict=True)
    return [
        Page(entry, before, after, tuple(c for c in claims if entry.name in c["functions"]))
        for entry, before, after in around
    ]
