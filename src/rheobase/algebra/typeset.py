"""Formulas for people: LaTeX, and the text notation that `parse` reads."""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from rheobase.algebra.formula import paper_at_rest, program
from rheobase.algebra.functions import plain
from rheobase.algebra.parse import parse, symbol
from rheobase.definition import Definition
from rheobase.errors import DefinitionError

#: Denominators up to this are printed as fractions, others as decimals of so many digits.
_LONGEST, _DIGITS = 12, 17
#: Operations in what is simplified: with more it takes up to seconds, and saves little. Nor is anything saved on a form
#: of so few characters, or of pieces.
_SIMPLIFIED, _SHORT = 16, 16
#: What stands on the left of a comparison.
_FIRST = (symbol("x"), symbol("gate"))


class _Latex(LatexPrinter):
    """SymPy's printer, with reductions written over the row's index."""

    def _print_row_sum(self, node: Any) -> str:
        return rf"\sum_j {self._over_j(node)}"

    def _print_row_max(self, node: Any) -> str:
        return rf"\max_j {self._over_j(node)}"

    def _print_first_max(self, node: Any) -> str:
        where = rf"\text{{for}}\: i = \text{{arg}}\,\max_j {self._over_j(node)}"
        return rf"\begin{{cases}} 1 & {where} \\0 & \text{{otherwise}} \end{{cases}}"

    def _print_simplex_threshold(self, node: Any) -> str:
        return rf"\tau\left({self._print(node.args[0].xreplace({symbol('x'): sp.Symbol('x')}))}\right)"

    def _print_Relational(self, node: Any) -> str:
        return super()._print_Relational(_x_first(node))

    def _print_Or(self, node: Any) -> str:
        leftmost = sorted(node.args, key=lambda c: isinstance(_x_first(c), (sp.Gt, sp.Ge)))
        return r"\:\text{or}\: ".join(map(self._print, leftmost))

    def _over_j(self, node: Any) -> str:
        names = {symbol("x"): sp.Symbol("x_j"), symbol("noise"): sp.Symbol("g_j")}
        return self._print(node.args[0].xreplace(names))


def latex(definition: Definition, order: int = 0) -> str:
    """The formula of `definition`, or its derivative of the given order, as LaTeX.

    >>> import rheobase as rb
    >>> rb.softplus.latex(1)
    '\\\\frac{1}{1 + e^{- \\\\beta x}}'
    """
    expression = plain(paper_at_rest(definition))
    if order and definition.kind != "elementwise":
        raise DefinitionError(f"{definition.name} is a {definition.kind} function: only its formula is set in LaTeX")
    return typeset(definition, derivative(definition, order) if order else expression)


@cache
def derivative(definition: Definition, order: int) -> sp.Expr:
    """The shortest form of the derivative: the paper's, as it comes or simplified, or the computed one's."""
    tower = program(definition, at_rest=True)
    for _ in range(order):
        tower = tower.partial(0)
    papers = _derived(plain(paper_at_rest(definition)), "x", order)
    shortest = min(plain(tower.expression), papers, key=_length)
    if _length(shortest) <= _SHORT or shortest.has(sp.Piecewise) or papers.count_ops() > _SIMPLIFIED:
        return shortest
    return min(shortest, sp.simplify(papers), key=_length)


@cache
def partials(definition: Definition) -> tuple[sp.Expr, ...]:
    """The derivatives of a gated unit by its value and by its gate: the paper's or, if shorter, the computed form's."""
    papers, computed = plain(paper_at_rest(definition)), program(definition)
    return tuple(
        min(_derived(papers, name), plain(computed.partial(k).expression), key=_length)
        for k, name in enumerate(definition.inputs)
    )


def _derived(formula: sp.Expr, name: str, order: int = 1) -> sp.Expr:
    # long fractions as letters: from numbers SymPy would take their denominators out, and print 5e-11*(26829*x**2 …)
    numbers = sorted((n for n in formula.atoms(sp.Rational) if n.q > _LONGEST), key=str)
    letters = {n: sp.Dummy(positive=True) for n in numbers}
    slope = formula.xreplace(letters).diff(symbol(name), order)
    return slope.xreplace({letter: n for n, letter in letters.items()})


def _length(form: sp.Expr) -> int:
    return len(str(_legible(form)))


def typeset(definition: Definition, expression: sp.Expr) -> str:
    """An expression in the arguments of `definition` as LaTeX, with its parameters' symbols."""
    names: dict[Any, str] = {symbol(p.name): p.symbol or _lettered(p.name) for p in definition.parameters}
    if definition.kind == "row":
        names |= {symbol("x"): "x_i", symbol("noise"): "g_i"}
    if definition.kind == "gated":
        names |= {symbol("value"): "v", symbol("gate"): "g"}
    return str(_Latex({"symbol_names": names, "fold_short_frac": False}).doprint(_legible(expression)))


def _lettered(name: str) -> str:
    """A Greek letter by its name, one or two letters as they are, words upright: LaTeX knows one subscript alone."""
    letter = str(sp.latex(sp.Symbol(name)))
    return letter if letter.startswith("\\") or len(name) < 3 else rf"\text{{{name.replace('_', ' ')}}}"


def _x_first(condition: Any) -> Any:
    """x < -a rather than a < -x; and so for a gate."""
    turned = condition if condition.lhs.has(*_FIRST) else condition.reversed
    return turned.reversedsign if -turned.lhs in _FIRST else turned


def _legible(expression: sp.Expr) -> sp.Expr:
    """Pieces in one list, |x| as such, and decimals where a fraction would be long."""
    whole = expression.replace(sp.Piecewise, lambda *pieces: _absolute(pieces) or sp.Piecewise(*pieces))
    if isinstance(whole, sp.Piecewise):
        whole = sp.piecewise_fold(whole)
    return whole.replace(lambda n: n.is_Rational and n.q > _LONGEST, lambda n: sp.Float(n, _DIGITS))


def _absolute(pieces: tuple[Any, ...]) -> sp.Expr | None:
    (first, condition), *rest = pieces
    return sp.Abs(first) if condition == (first >= 0) and rest == [(-first, sp.true)] else None


class _Notation(StrPrinter):
    """Prints what `parse` reads back."""

    def _print_Piecewise(self, node: Any) -> str:
        *pieces, (last, always) = node.args
        if always != sp.true:
            raise DefinitionError("the last piece of a Piecewise needs the condition True")
        parts = [f"{self._piece(e)} if {self._print(c)} else " for e, c in pieces]
        return f"({''.join(parts)}{self._piece(last)})"

    def _piece(self, node: Any) -> str:
        text = self._print(node)
        return text if isinstance(node, sp.Piecewise) or not node.args or not node.is_Piecewise else f"({text})"

    def _print_Relational(self, node: Any) -> str:
        return super()._print_Relational(_x_first(node))

    def _print_Or(self, node: Any) -> str:
        return " or ".join(self._print(a) for a in node.args)

    def _print_Float(self, node: Any) -> str:
        return repr(float(node))

    def _print_Max(self, node: Any) -> str:
        return f"max({', '.join(self._print(a) for a in node.args)})"

    def _print_Min(self, node: Any) -> str:
        return f"min({', '.join(self._print(a) for a in node.args)})"

    def _print_Heaviside(self, node: Any) -> str:
        return f"(1 if {self._print(node.args[0])} >= 0 else 0)"

    def _print_Abs(self, node: Any) -> str:
        return f"abs({self._print(node.args[0])})"

    def _print_Exp1(self, node: Any) -> str:
        return "e"


def notation(expression: sp.Expr) -> str:
    """`expression` in the notation of formulas; it is read back to make sure it means the same."""
    text = _Notation().doprint(expression)
    parse(text, [s.name for s in expression.free_symbols])
    return text


def readable(expression: sp.Expr) -> str:
    """`expression` as text for people: the notation of formulas, not necessarily one that can be read back."""
    text = _Notation().doprint(_legible(expression))
    return text[1:-1] if isinstance(_legible(expression), sp.Piecewise) else text
