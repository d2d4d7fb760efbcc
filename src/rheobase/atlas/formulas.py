"""Formulas as MathML, which browsers set and screen readers read without any help."""

from __future__ import annotations

from dataclasses import dataclass

from latex2mathml.converter import convert

from rheobase.activation import Activation
from rheobase.algebra.typeset import readable
from rheobase.plot import prime

#: Derivatives that a page shows.
ORDERS = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Formula:
    """One line of mathematics: what it defines, as MathML, and as text to copy."""

    name: str
    mathml: str
    text: str


def formulas(function: Activation) -> tuple[Formula, ...]:
    """The paper's formula and, for a function of one number, its derivatives."""
    definition = function.definition
    if definition.kind != "elementwise":
        name = "yᵢ" if definition.kind == "row" else "f(v, g)"
        return (Formula(name, mathml(function.latex()), definition.formula),)
    texts = [definition.formula, *(readable(function.facts.derivative(order)) for order in ORDERS[1:])]
    return tuple(
        Formula(prime(order), mathml(function.latex(order)), text) for order, text in zip(ORDERS, texts, strict=True)
    )


def inline(latex: str) -> str:
    """LaTeX as MathML within a line."""
    return convert(latex)


def mathml(latex: str) -> str:
    """LaTeX as a block of MathML.

    >>> mathml("x^2")[:57]
    '<math xmlns="http://www.w3.org/1998/Math/MathML" display='
    """
    return convert(latex, display="block")
