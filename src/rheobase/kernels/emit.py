"""Programs as Python source over one table of operations: the same text for every array library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import sympy as sp
from sympy.printing.pycode import PythonCodePrinter

from rheobase.algebra.functions import cubic_sigmoid, gated_cubic_slope
from rheobase.algebra.program import Program
from rheobase.kernels.elementary import SETTLED, UNBOUNDED

_PLAIN = {sp.exp: "exp", sp.log: "log", sp.sin: "sin", sp.cos: "cos", sp.tan: "tan", sp.sinh: "sinh",
          sp.cosh: "cosh", sp.asinh: "asinh", sp.atan: "atan", sp.erf: "erf", sp.Abs: "abs"}  # fmt: skip
#: Functions that look along the axis, by the names of their classes.
_ROW = {
    **{name: name.removeprefix("row_") for name in ("row_sum", "row_total", "row_log_total", "row_max")},
    **{name: name for name in ("centred", "first_max", "simplex_threshold", "spread_nan")},
}
#: Small whole numbers whose reciprocals float64 has not got.
_DIVISORS = {q for q in range(3, 100) if q & (q - 1)}
#: Of a constant that is printed in two parts.
_DIGITS = 40
_COMPARE = {sp.StrictGreaterThan: ">", sp.GreaterThan: ">=", sp.StrictLessThan: "<", sp.LessThan: "<="}


class _Printer(PythonCodePrinter):
    """Prints an expression as calls of the operation table; `anchor` lends its shape to constants."""

    def __init__(self, anchor: str) -> None:
        super().__init__({"fully_qualified_modules": False, "allow_unknown_functions": True})
        self.anchor = anchor

    def _print_Function(self, node: Any) -> str:
        if node.is_number:
            return repr(float(node.doit()))
        name = type(node).__name__
        arguments = [self._print(a) for a in node.args] + (["axis"] if name in _ROW else [])
        return f"{_PLAIN.get(node.func) or _ROW.get(name, name)}({', '.join(arguments)})"

    def _print_tails(self, node: Any) -> str:
        core, x, *limits = node.args
        text, at = self._print(core), self._print(x)
        for side, limit in zip(("low_tail", "high_tail"), limits, strict=True):
            if limit is not sp.nan:
                room = UNBOUNDED if limit.is_infinite else SETTLED
                text = f"{side}({text}, {at}, {self._print(limit)}, {room})"
        return f"keep_nan({text}, {at})"

    def _print_cubic_sigmoid(self, node: Any) -> str:
        a, b, x = node.args
        return f"{type(node).__name__}({self._parts(a)}, {self._parts(b)}, {self._print(x)})"

    _print_gated_cubic_slope = _print_cubic_sigmoid

    def _parts(self, constant: Any) -> str:
        """A constant as two numbers: what one has no room for, the other holds."""
        if not constant.is_number:
            return f"{self._print(constant)}, 0.0"
        return f"{float(constant)!r}, {float(constant - sp.Rational(float(constant)))!r}"

    def _print_Piecewise(self, node: Any) -> str:
        *pieces, (last, _) = node.args
        text, constant = self._print(last), not last.free_symbols
        for value, condition in reversed(pieces):
            chosen = self._print(value)
            if constant and not value.free_symbols:
                chosen = f"constant({self.anchor}, {chosen})"
            text, constant = f"where({self._print(condition)}, {chosen}, {text})", False
        return text

    def _print_Relational(self, node: Any) -> str:
        return f"({self._print(node.lhs)} {_COMPARE[type(node)]} {self._print(node.rhs)})"

    def _print_And(self, node: Any) -> str:
        return "(" + " & ".join(self._print(a) for a in node.args) + ")"

    def _print_Or(self, node: Any) -> str:
        return "(" + " | ".join(self._print(a) for a in node.args) + ")"

    def _print_Pow(self, node: Any, **_: Any) -> str:
        base, power = node.args
        if node.is_number:
            return repr(float(node))
        if power == sp.Rational(1, 2):
            return f"sqrt({self._print(base)})"
        if power.is_Integer and power > 0:
            return "(" + "*".join([self._print_factor(base)] * int(power)) + ")"
        if power.is_number and power < 0:
            return f"(1/{self._print(sp.Pow(base, -power))})" if power != -1 else f"(1/({self._print(base)}))"
        return f"power({self._print(base)}, {self._print(power)})"

    def _print_factor(self, base: Any) -> str:
        return self._print(base) if base.is_Symbol else f"({self._print(base)})"

    def _print_Add(self, node: Any, order: Any = None) -> str:
        content, primitive = node.as_content_primitive()
        has_constant = bool(node.as_coeff_Add()[0])
        if content.q == 1 or not has_constant or not all(_is_whole(t) for t in primitive.args):
            return str(super()._print_Add(node, order))
        # (x + 3)/6 and not x/6 + 1/2: the sum is exact where it matters, near its zero
        return f"({self._print(content.p * primitive)})/{float(content.q)!r}"

    def _print_Rational(self, node: Any) -> str:
        return repr(float(node))

    def _print_Mul(self, node: Any) -> str:
        number, rest = node.as_coeff_Mul()
        above = [f for f in sp.Mul.make_args(rest) if not _divides(f)]
        below = [1 / f for f in sp.Mul.make_args(rest) if _divides(f)]
        constants = [f for f in above if not f.free_symbols]
        above = [f for f in above if f.free_symbols]
        if number.is_Rational and number.q in _DIVISORS and not constants:
            # a quotient is rounded once, the factor 1/6 and the product with it twice
            return f"{self._bracket(number.p * rest)}/{float(number.q)!r}"
        scale = float(number * sp.Mul(*constants))
        texts = [self._bracket(f) for f in above]
        texts = ([repr(scale)] if scale != 1 and (scale != -1 or not texts) else []) + texts
        text = ("-" if scale == -1 and above else "") + ("*".join(texts) or "1.0")
        return text + "".join(f"/({self._print(f)})" for f in below)

    def _bracket(self, factor: Any) -> str:
        text = self._print(factor)
        return f"({text})" if factor.is_Add or text.startswith("-") else text

    def _print_NumberSymbol(self, node: Any) -> str:
        return repr(float(node))

    def _print_Number(self, node: Any) -> str:
        return repr(float(node))

    _print_Integer = _print_Rational
    _print_Float = _print_Rational
    _print_Pi = _print_Exp1 = _print_NumberSymbol

    def _print_Infinity(self, node: Any) -> str:
        return "inf"

    def _print_NegativeInfinity(self, node: Any) -> str:
        return "(-inf)"


def _is_whole(term: Any) -> bool:
    return bool(abs(term.as_coeff_Mul()[0]) < 100 and term.as_coeff_Mul()[0].is_Integer)


def _divides(factor: Any) -> bool:
    return bool(factor.is_Pow and factor.args[1].is_number and factor.args[1] < 0 and factor.free_symbols)


def _with_digits(expression: Any) -> Any:
    """Constants that are printed in two parts as decimals: nothing is taken out of them as common to both."""
    return expression.replace(
        lambda node: isinstance(node, cubic_sigmoid | gated_cubic_slope),
        lambda node: node.func(*[a.n(_DIGITS) if a.is_number else a for a in node.args]),
    )


@cache
def source(program: Program, name: str = "function") -> str:
    """Python source of `program`: a function of its arguments and, for rows, of `axis`."""
    x = program.arguments[0].name
    printer = _Printer(x)
    # before comparisons get names: what is not so is said of a comparison by its opposite, and of a name by nothing
    expression = _with_digits(program.expression).replace(sp.ITE, lambda *choice: sp.ITE(*choice).to_nnf())
    steps, (result,) = sp.cse([expression], symbols=sp.numbered_symbols("t", real=True), order="none")
    lines = [f"    {symbol.name} = {printer.doprint(value)}" for symbol, value in steps]
    text = printer.doprint(result)
    if program.arguments[0] not in program.expression.free_symbols:
        # what does not depend on x still has its shape, and its NaNs
        text = f"keep_nan(constant({x}, 0.0) + {text}, {x})"
    signature = ", ".join([a.name for a in program.arguments] + (["axis"] if program.is_row else []))
    return "\n".join([f"def {name}({signature}):", *lines, f"    return {text}", ""])


def compiled(text: str, operations: Mapping[str, Any], filename: str) -> Callable[..., Any]:
    """The function that `source` wrote, over a table of operations."""
    namespace: dict[str, Any] = {**operations, "inf": float("inf")}
    exec(compile(text, filename, "exec"), namespace)
    function: Callable[..., Any] = namespace["function"]
    return function
