"""The promises of a definition, as functions that raise AssertionError where one is broken.

Plain functions, so that the sabotage test can show that each of them bites.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

import mpmath as mp
import numpy as np
import sympy as sp

from rheobase.activation import Activation
from rheobase.algebra import reference
from rheobase.algebra.formula import number, paper_at_rest, program
from rheobase.algebra.functions import plain
from rheobase.algebra.parse import symbol
from rheobase.definition import Definition
from rheobase.facts.curve import curve
from tests.contract.backends import LIBRARIES, Library
from tests.contract.formats import FORMATS, Format

X = symbol("x")

#: Inputs at which formulas overflow, underflow, cancel or meet; random ones follow.
HARD = (
    0.0,
    -0.0,
    1e-8,
    1e-4,
    0.3,
    0.5,
    1.0,
    1.7,
    3.0,
    5.5,
    9.0,
    13.0,
    17.5,
    26.0,
    38.0,
    52.5,
    88.7,
    90.0,
    104.0,
    425.0,
    720.0,
    745.0,
    1e4,
)

#: Derivatives add a few roundings to the value's.
DERIVATIVE_FACTOR = 4

#: No parameter but at its default.
DEFAULTS: Mapping[str, float] = {}


def inputs(definition: Definition, form: Format) -> list[float]:
    """Hard points, the neighbours of every joint, both ends of the format, and 24 random points."""
    points = [*HARD, form.tiniest, form.smallest_normal, form.largest]
    points += [-p for p in points]
    points += list(np.random.default_rng(0).normal(0.0, 3.0, 24))
    joints = curve(definition, {}).breakpoints
    rounded = [float(v) for v in form.round(points)]
    for joint in form.round(joints):
        rounded += [float(joint), *(float(np.nextafter(joint, form.dtype(s * 10))) for s in (-1, 1))]
    return sorted(dict.fromkeys(rounded), key=lambda p: (p, np.signbit(p)))


def exact(definition: Definition, x: float, order: int, parameters: Mapping[str, float] = DEFAULTS) -> mp.mpf:
    """The paper's formula (or its derivative) at `x`, to hundreds of digits; at an infinity its limit."""
    return _exact(definition, x, order, tuple(parameters.items()))


@cache
def _exact(definition: Definition, x: float, order: int, parameters: tuple[tuple[str, float], ...]) -> mp.mpf:
    if np.isnan(x):
        return mp.nan
    if np.isinf(x):
        return mp.mpf(curve(definition, dict(parameters)).limit(int(np.sign(x)), order))
    return evaluated(paper_at_rest(definition), definition, x, order, dict(parameters))


def evaluated(
    expression: sp.Expr, definition: Definition, x: float, order: int = 0, parameters: Mapping[str, float] = DEFAULTS
) -> mp.mpf:
    """An expression over x and the parameters of `definition` (or its derivative by x), to hundreds of digits."""
    arguments = (X, *(symbol(p.name) for p in definition.parameters))
    return reference.evaluate(expression, arguments, {"x": x, **definition.defaults, **parameters}, order)


def promised(definition: Definition, dtype: str, order: int) -> float:
    """The largest error in ULP that the definition allows."""
    return definition.accuracy[dtype] * (DERIVATIVE_FACTOR if order else 1)


def values(definition: Definition, library: Library, form: Format, points: list[float], order: int) -> list[float]:
    """What the library computes at `points`."""
    with np.errstate(all="ignore"):
        result = Activation(definition).derivative(library.make(points, form), order)
    return [float(v) for v in library.read(result)]


def errors(
    definition: Definition, library: Library, form: Format, order: int
) -> Iterator[tuple[float, float, mp.mpf, float]]:
    """(x, got, exact, error in ULP) at every input."""
    points = inputs(definition, form)
    if library.flushes:
        points = [p for p in points if p == 0 or abs(p) >= library.smallest(form)]
    for x, got in zip(points, values(definition, library, form, points, order), strict=True):
        want = exact(definition, x, order)
        if library.flushes and abs(want) <= form.smallest_normal and got == 0:
            continue
        yield x, got, want, form.error(got, want)


def is_near_zero_of(definition: Definition, x: float, order: int) -> bool:
    """Whether a derivative has a zero near `x`, where relative accuracy is lost: it changes sign within
    half a unit, or is twenty times smaller than on both sides. Never so in a tail."""
    if abs(x) > 1e3:
        return False
    left, here, right = (exact(definition, x + step, order) for step in (-0.5, 0.0, 0.5))
    return bool(left * right < 0 or abs(here) < min(abs(left), abs(right)) / 20)


def underflow(definition: Definition, x: float, order: int, library: Library, form: Format) -> float:
    """The error allowed because a number underflowed: the result, or a factor of it before it met x.

    Factors are of the format computed in; beyond 10⁴ no tail is left in which one could underflow.
    """
    smallest = library.smallest(library.work_format(form))
    product = smallest * max(1.0, abs(x)) ** (order + 1) if abs(x) <= 1e4 else 0.0
    return max(library.smallest(form), product)


def check_accuracy(definition: Definition, library: str, dtype: str, order: int) -> None:
    """The error stays below what the definition promises."""
    form = FORMATS[dtype]
    bound = promised(definition, dtype, order)
    floor = 2.0 ** (2 - form.precision) * bound / 4
    for x, got, want, error in errors(definition, LIBRARIES[library], form, order):
        if error <= bound:
            continue
        off = abs(float(got - want))
        near = order > 0 and off <= floor and is_near_zero_of(definition, x, order)
        assert near or off <= underflow(definition, x, order, LIBRARIES[library], form), (
            f"{definition.name}, {library} {dtype}, order {order}: at x = {x!r} got {got!r}, "
            f"exact {mp.nstr(want, 17)}: {error:.3g} ULP, promised {bound:g}"
        )


def check_infinities(definition: Definition, library: str, dtype: str, order: int) -> None:
    """At ±∞ the value is the limit (NaN where there is none); NaN stays NaN."""
    form = FORMATS[dtype]
    low, high, nan = values(definition, LIBRARIES[library], form, [-np.inf, np.inf, np.nan], order)
    assert np.isnan(nan), f"{definition.name}, {library} {dtype}, order {order}: NaN became {nan}"
    for got, sign in ((low, -1), (high, 1)):
        wanted = float(form.round(float(exact(definition, sign * np.inf, order))))
        assert got == wanted or (np.isnan(got) and np.isnan(wanted)), (
            f"{definition.name}, {library} {dtype}, order {order}: at {sign}·inf got {got}, the limit is {wanted}"
        )


def check_stable_form(definition: Definition) -> None:
    """The form computed with equals the paper's, to 30 digits."""
    computed = plain(program(definition, at_rest=True).expression)
    for x in (-20.0, -3.5, -1.0, -0.25, 0.125, 0.5, 2.0, 3.25, 7.0, 20.0):
        paper = exact(definition, x, 0)
        stable = evaluated(computed, definition, x)
        assert abs(paper - stable) <= mp.mpf(10) ** -30 * max(1, abs(paper)), (
            f"{definition.name}: the stable form gives {mp.nstr(stable, 20)} at {x}, the paper's {mp.nstr(paper, 20)}"
        )


def check_kinks(definition: Definition) -> None:
    """The declared slope at each kink is the one that the formula's comparison chooses; none is forgotten."""
    found = {k.at: k.chosen for k in Activation(definition).facts.kinks}
    declared = {number(definition, where): number(definition, slope) for where, slope in definition.kinks.items()}
    smooth = {at: float(Activation(definition).derivative(at)) for at in declared if at not in found}
    assert declared.keys() >= found.keys(), f"{definition.name}: kinks at {sorted(found)} are not all declared"
    for at, slope in declared.items():
        got = found.get(at, smooth.get(at))
        assert got is not None
        assert abs(got - slope) < 1e-12, (
            f"{definition.name}: the slope at {at} is declared {slope}, the formula's is {got}"
        )


def check_special(definition: Definition) -> None:
    """Declared special values are met."""
    for where, value in definition.special.items():
        wanted = number(definition, value)
        got = Activation(definition)(number(definition, where))
        assert abs(got - wanted) < 1e-12 or got == wanted, (
            f"{definition.name}({where}) is declared {wanted}, computed {got}"
        )


def check_signed_zero(definition: Definition, library: str, dtype: str) -> None:
    """An odd function keeps the sign of zero, unless it is flat there."""
    if Activation(definition).facts.parity != "odd" or exact(definition, 0.0, 1) == 0:
        return
    minus, plus = values(definition, LIBRARIES[library], FORMATS[dtype], [-0.0, 0.0], 0)
    assert (np.signbit(minus), np.signbit(plus)) == (True, False), (
        f"{definition.name}, {library} {dtype}: the sign of 0 is lost"
    )


def check_parameters_matter(definition: Definition) -> None:
    """Every parameter changes the function somewhere."""
    x = np.linspace(-8.0, 8.0, 4001)
    for parameter in definition.parameters:
        other = parameter.default * 1.5 + 0.3
        before, after = Activation(definition)(x), Activation(definition)(x, **{parameter.name: other})
        assert not np.array_equal(before, after), f"{definition.name}: {parameter.name} changes nothing"
