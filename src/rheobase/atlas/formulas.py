"""Formulas as MathML, which browsers set and screen readers read without any help."""

from __future__ import annotations

import re
from dataclasses import dataclass

from latex2mathml.converter import convert

from rheobase.activation import Activation
from rheobase.algebra.typeset import partials, readable, typeset
from rheobase.plot import prime

#: Derivatives that a page shows.
ORDERS = (0, 1, 2)
#: How a gated unit and its slopes are called.
_GATED = ("f(v, g)", "∂f/∂v", "∂f/∂g")

#: What the converter leaves to be said: a name that is no operator, room before a function, a minus that is a sign.
_SPACING = (
    (re.compile(r"<mo>([a-z]{2,})</mo>"), r"<mi>\1</mi>"),
    (re.compile(r"(</m(?:i|n|sup|row|frac|sqrt)>)((?:<msup>)?<mi>[a-z]{2,}</mi>)"), r'\1<mspace width="0.167em" />\2'),
    (re.compile(r'(<mo(?: [^>]*form="prefix")?>[^<]+</mo>)<mo>(&#x02212;</mo>)'), r'\1<mo form="prefix">\2'),
)


@dataclass(frozen=True, slots=True)
class Formula:
    """One line of mathematics: what it defines, as MathML, and as text to copy."""

    name: str
    mathml: str
    text: str


def formulas(function: Activation) -> tuple[Formula, ...]:
    """The paper's formula; its derivatives, but for a function of a row."""
    definition = function.definition
    if definition.kind == "row":
        return (Formula("yᵢ", mathml(function.latex()), definition.formula),)
    if definition.kind == "gated":
        return _gated(function)
    texts = [definition.formula, *(readable(function.facts.derivative(order)) for order in ORDERS[1:])]
    return tuple(
        Formula(prime(order), mathml(function.latex(order)), text) for order, text in zip(ORDERS, texts, strict=True)
    )


def _gated(function: Activation) -> tuple[Formula, ...]:
    definition = function.definition
    slopes = partials(definition)
    latex = [function.latex(), *(typeset(definition, slope) for slope in slopes)]
    texts = [_short(text) for text in (definition.formula, *map(readable, slopes))]
    return tuple(Formula(name, mathml(line), text) for name, line, text in zip(_GATED, latex, texts, strict=True))


def _short(text: str) -> str:
    """v for value, g for gate."""
    return re.sub(r"\b(v)alue\b|\b(g)ate\b", r"\1\2", text)


def inline(latex: str) -> str:
    """LaTeX as MathML within a line."""
    return convert(latex)


def mathml(latex: str) -> str:
    """LaTeX as a block of MathML.

    >>> mathml("x^2")[:57]
    '<math xmlns="http://www.w3.org/1998/Math/MathML" display='
    """
    markup: str = convert(latex, display="block")
    for pattern, meant in _SPACING:
        markup = pattern.sub(meant, markup)
    return markup
