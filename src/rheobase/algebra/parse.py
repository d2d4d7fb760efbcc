"""Formulas as text, read into SymPy without evaluating any code.

The notation is Python's arithmetic, with `a if condition else b` for pieces and the functions in
`FUNCTIONS`. Nothing is executed: the text is parsed to a syntax tree and each node is looked up.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from itertools import pairwise

import sympy as sp
from sympy import Expr

from rheobase.algebra import functions as F
from rheobase.errors import DefinitionError


def _abs(u: Expr) -> Expr:
    return sp.Piecewise((u, u >= 0), (-u, True))


def _greatest(*terms: Expr) -> Expr:
    if len(terms) == 1:
        return F.row_max(terms[0])
    head, *rest = terms
    return head if not rest else _pick(head, _greatest(*rest) if len(rest) > 1 else rest[0], sp.Gt)


def _least(*terms: Expr) -> Expr:
    head, *rest = terms
    return head if not rest else _pick(head, _least(*rest), sp.Lt)


def _pick(a: Expr, b: Expr, better: Callable[[Expr, Expr], Expr]) -> Expr:
    # where the two meet, the constant's slope holds: max(x, 0) and max(0, x) are both relu
    first, last = (a, b) if b.is_number else (b, a)
    return sp.Piecewise((first, better(first, last)), (last, True))


def _sign(u: Expr) -> Expr:
    return sp.Piecewise((1, u > 0), (-1, u < 0), (0, True))


def _erfc(u: Expr) -> Expr:
    return 2 * F.normal_cdf(-sp.sqrt(2) * u)


#: Every function a formula may call, with what it means.
FUNCTIONS: Mapping[str, Callable[..., Expr]] = {
    "exp": sp.exp, "log": sp.log, "sqrt": sp.sqrt, "sin": sp.sin, "cos": sp.cos, "tan": sp.tan,
    "sinh": sp.sinh, "cosh": sp.cosh, "asinh": sp.asinh, "atan": sp.atan, "erf": sp.erf, "erfc": _erfc,
    "sech": lambda u: 1 / sp.cosh(u), "sign": _sign,
    "tanh": F.tanh, "expm1": F.expm1, "log1p": F.log1p, "hypot": F.hypot, "bell": F.bell,
    "cubic_sigmoid": F.cubic_sigmoid, "tanh_softplus": F.tanh_softplus,
    "sigmoid": F.sigmoid, "softplus": F.softplus, "normal_cdf": F.normal_cdf,
    "abs": _abs, "max": _greatest, "min": _least,
    "sum": F.row_sum, "total": F.row_total, "log_total": F.row_log_total,
    "centred": F.centred, "first_max": F.first_max,
    "simplex_threshold": F.simplex_threshold, "tanh_excess": F.tanh_excess,
}  # fmt: skip

CONSTANTS: Mapping[str, Expr] = {"pi": sp.pi, "e": sp.E, "inf": sp.oo}

_BINARY: Mapping[type[ast.operator], Callable[[Expr, Expr], Expr]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[Expr, Expr], Expr]] = {
    ast.Gt: sp.Gt,
    ast.GtE: sp.Ge,
    ast.Lt: sp.Lt,
    ast.LtE: sp.Le,
}

_CONNECT: Mapping[type[ast.boolop], Callable[..., Expr]] = {ast.And: sp.And, ast.Or: sp.Or}

Lookup = Callable[[str], "Callable[..., Expr] | None"]


def symbol(name: str) -> sp.Symbol:
    """The symbol that stands for an input or parameter: always a real number."""
    return sp.Symbol(name, real=True)


def parse(text: str, names: Collection[str], lookup: Lookup = lambda name: None) -> Expr:
    """The expression that `text` means, over the symbols `names`.

    `lookup` may supply further functions of one argument by name. Raises DefinitionError, in one
    line, at anything that is not arithmetic on these.

    >>> parse("x*sigmoid(beta*x)", ["x", "beta"])
    x*sigmoid(beta*x)
    """
    # SymPy makes |x| of √(x²), and knows no slope for it that could be computed
    return _Reader(text.strip(), names, lookup).read(_tree(text).body).replace(sp.Abs, _abs)


def _tree(text: str) -> ast.Expression:
    try:
        return ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        what = error.msg.split(".")[0]
        raise DefinitionError(f"cannot read the formula {text!r}: {what}; products are written with *") from None


class _Reader:
    """Walks the syntax tree of one formula."""

    def __init__(self, text: str, names: Collection[str], lookup: Lookup) -> None:
        self.text, self.names, self.lookup = text, names, lookup

    def fail(self, what: str) -> DefinitionError:
        return DefinitionError(f"in the formula {self.text!r}: {what}")

    def read(self, node: ast.expr) -> Expr:
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                # the digits as written: a float would keep only sixteen of them
                return sp.Rational(ast.get_source_segment(self.text, node))
            case ast.Name(id=name):
                return self.name(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.read(operand)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.read(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return _BINARY[type(op)](self.read(left), self.read(right))
            case ast.BinOp(op=ast.BitXor()):
                raise self.fail(f"{ast.unparse(node)!r} is not allowed; powers are written with **")
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return sp.Piecewise((self.read(body), self.condition(test)), (self.read(orelse), True))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self.call(name, [self.read(arg) for arg in args])
        raise self.fail(f"{ast.unparse(node)!r} is not allowed; only arithmetic, pieces and functions are")

    def name(self, name: str) -> Expr:
        if name in self.names:
            return symbol(name)
        if name in CONSTANTS:
            return CONSTANTS[name]
        known = ", ".join([*self.names, *CONSTANTS])
        raise self.fail(f"unknown name {name!r}; known are {known}")

    def condition(self, node: ast.expr) -> Expr:
        match node:
            case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _COMPARE for op in ops):
                sides = [self.read(side) for side in (left, *others)]
                pairs = zip(ops, pairwise(sides), strict=True)
                return sp.And(*[_COMPARE[type(op)](*pair) for op, pair in pairs])
            case ast.BoolOp(op=op, values=values):
                return _CONNECT[type(op)](*[self.condition(value) for value in values])
        raise self.fail(f"{ast.unparse(node)!r} is not a condition; write comparisons with < <= > >=, and, or")

    def call(self, name: str, args: list[Expr]) -> Expr:
        function = FUNCTIONS.get(name) or self.lookup(name)
        if function is None:
            raise self.fail(f"unknown function {name!r}; known are {', '.join(sorted(FUNCTIONS))}")
        try:
            return function(*args)
        except TypeError:
            raise self.fail(f"{name} does not take {len(args)} argument(s)") from None
