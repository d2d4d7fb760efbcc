"""The functions formulas are written in, each with a derivative that keeps its tails.

SymPy differentiates tanh to 1 - tanh², which is exactly 0 in floating point from |x| = 9 on. Here
each function's derivative is a product of positive terms, so that derivatives of any order keep
their relative accuracy wherever they are not near a zero of their own. `plain` is the textbook
expression: what the reference evaluates, and what the two are proven equal against.
"""

from __future__ import annotations

from typing import Any, ClassVar

import sympy as sp
from sympy import Expr


class Stable(sp.Function):
    """A function that knows its textbook expression (`plain`)."""

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        """The same function in SymPy's own vocabulary."""
        raise AssertionError(f"{cls.__name__} lacks its textbook expression")


class Gate(Stable):
    """A function g of its last argument u; for u·g, the slope g + u·g' is a function of its own: it cancels
    next to its zero, where a sum of two rounded terms would have no digits left."""

    gated_slope: ClassVar[type[GatedSlope]]


class GatedSlope(Stable):
    """The slope g + u·g' of the self-gated unit u·g(u)."""

    gate: ClassVar[type[Gate]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.gate.gated_slope = cls

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        *_, u = args
        g = cls.gate.plain(*args)
        held = sp.Dummy("u", real=True)
        return g + u * cls.gate.plain(*args[:-1], held).diff(held).subs(held, u)

    def fdiff(self, argindex: int = 1) -> Expr:
        held = [sp.Dummy(f"u{k}", real=True) for k in range(len(self.args))]
        g = self.gate(*held)
        slope = (g + held[-1] * g.diff(held[-1])).diff(held[argindex - 1])
        return slope.xreplace(dict(zip(held, self.args, strict=True)))


class sigmoid(Stable):
    """1/(1 + e⁻ˣ)."""

    nargs = 1

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        return 1 / (1 + sp.exp(-args[0]))

    def fdiff(self, argindex: int = 1) -> Expr:
        return sigmoid(self.args[0]) * sigmoid(-self.args[0])


class sigmoid_slope(Stable):
    """e⁻ˣ/(1 + e⁻ˣ)², the derivative of the sigmoid."""

    nargs = 1

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        return sp.exp(-args[0]) / (1 + sp.exp(-args[0])) ** 2

    def fdiff(self, argindex: int = 1) -> Expr:
        return -tanh(self.args[0] / 2) * self


class cubic_sigmoid(Gate):
    """cubic_sigmoid(a, b, x) = σ(a·x + b·x³); the cubic is never rounded, so the tails keep their digits."""

    nargs = 3

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        a, b, x = args
        return sigmoid.plain(a * x + b * x**3)

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b, x = self.args
        inner = {1: x, 2: x**3, 3: a + 3 * b * x**2}[argindex]
        return inner * self * cubic_sigmoid(a, b, -x)


class gated_cubic_slope(GatedSlope):
    """The slope of x·σ(a·x + b·x³)."""

    nargs = 3
    gate = cubic_sigmoid


class tanh_softplus(Gate):
    """tanh(log(1 + eˣ)), which takes one exponential."""

    nargs = 1

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        return sp.tanh(softplus.plain(args[0]))

    def fdiff(self, argindex: int = 1) -> Expr:
        return sech2(softplus(self.args[0])) * sigmoid(self.args[0])


class gated_tanh_softplus_slope(GatedSlope):
    """The slope of x·tanh(log(1 + eˣ))."""

    nargs = 1
    gate = tanh_softplus


class softplus(Stable):
    """log(1 + eˣ)."""

    nargs = 1

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        return sp.log(1 + sp.exp(args[0]))

    def fdiff(self, argindex: int = 1) -> Expr:
        return sigmoid(self.args[0])


class tanh(Stable):
    """(eˣ - e⁻ˣ)/(eˣ + e⁻ˣ)."""

    nargs = 1

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        return sp.tanh(args[0])

    def fdiff(self, argindex: int = 1) -> Expr:
        return sech2(self.args[0])


class sech2(Stable):
    """1/cosh² x, the derivative of tanh."""

    nargs = 1

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        return 1 / sp.cosh(args[0]) ** 2

    def fdiff(self, argindex: int = 1) -> Expr:
        return -2 * tanh(self.args[0]) * sech2(self.args[0])


class tanh_excess(Stable):
    """x - tanh x, accurate near 0, where it is x³/3."""

    nargs = 1

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        return args[0] - sp.tanh(args[0])

    def fdiff(self, argindex: int = 1) -> Expr:
        return tanh(self.args[0]) ** 2


class expm1(Stable):
    """eˣ - 1, accurate near 0."""

    nargs = 1

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        return sp.exp(args[0]) - 1

    def fdiff(self, argindex: int = 1) -> Expr:
        return sp.exp(self.args[0])


class log1p(Stable):
    """log(1 + x), accurate near 0."""

    nargs = 1

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        return sp.log(1 + args[0])

    def fdiff(self, argindex: int = 1) -> Expr:
        return 1 / (1 + self.args[0])


class bell(Stable):
    """bell(c, x) = e^(-c·x²); x² is never rounded, so the tail keeps its digits."""

    nargs = 2

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        return sp.exp(-args[0] * args[1] ** 2)

    def fdiff(self, argindex: int = 1) -> Expr:
        scale, x = self.args
        return (-(x**2) if argindex == 1 else -2 * scale * x) * self


class normal_cdf(Gate):
    """Φ(x), the standard normal distribution function."""

    nargs = 1

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        return sp.erfc(-args[0] / sp.sqrt(2)) / 2

    def fdiff(self, argindex: int = 1) -> Expr:
        return bell(sp.Rational(1, 2), self.args[0]) / sp.sqrt(2 * sp.pi)


class gated_normal_slope(GatedSlope):
    """The slope of x·Φ(x)."""

    nargs = 1
    gate = normal_cdf


class sin_plus_cos(Stable):
    """sin x + cos x = √2·sin(x + π/4), accurate near its zeros."""

    nargs = 1

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        return sp.sin(args[0]) + sp.cos(args[0])

    def fdiff(self, argindex: int = 1) -> Expr:
        return sin_plus_cos(-self.args[0])


class hypot(Stable):
    """√(x² + y²) without overflow."""

    nargs = 2

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        return sp.sqrt(args[0] ** 2 + args[1] ** 2)

    def fdiff(self, argindex: int = 1) -> Expr:
        x, y = self.args
        return slant(x, y) if argindex == 1 else slant(y, x)


class slant(Stable):
    """x/√(x² + y²), the slope of hypot; its own slope y²/√(x² + y²)³ does not cancel."""

    nargs = 2

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        return args[0] / sp.sqrt(args[0] ** 2 + args[1] ** 2)

    def fdiff(self, argindex: int = 1) -> Expr:
        x, y = self.args
        h = hypot(x, y)
        return (y / h) ** 2 / h if argindex == 1 else -(x / h) * (y / h) / h


class centred(Stable):
    """x less the largest of its row: 0 at the largest even where that is ∞, -∞ all along a row of -∞.

    Only for formulas that a shift of the whole row does not change; there the shift has no slope.
    """

    nargs = 1

    @classmethod
    def plain(cls, *args: Expr) -> Expr:
        return args[0]

    def fdiff(self, argindex: int = 1) -> Expr:
        return sp.Integer(1)


class Reduction(sp.Function):
    """A function of a whole row, the same for every element of it.

    `weight` says how the value moves with each element of its argument: d value = Σ weight·d arg.
    """

    nargs = 1

    @property
    def weight(self) -> Expr:
        """Weight of each element in the total differential."""
        return sp.Integer(0)


class row_sum(Reduction):
    """Σ over the row."""

    @property
    def weight(self) -> Expr:
        return sp.Integer(1)


class row_total(row_sum):
    """Σ over the row, or 1 where that is 0: what shares of nothing are divided by."""


class row_log_total(Reduction):
    """log Σ eᵘ of a centred row u, accurate where it is nearly 0."""

    @property
    def weight(self) -> Expr:
        return sp.exp(self.args[0]) / row_total(sp.exp(self.args[0]))


class row_max(Reduction):
    """Maximum of the row; ties share the derivative equally."""

    @property
    def weight(self) -> Expr:
        return _share(sp.Piecewise((1, self.args[0] >= self), (0, True)))


class first_max(Reduction):
    """1 at the first largest element of the row, 0 elsewhere."""


class simplex_threshold(Reduction):
    """τ for which Σ max(x - τ, 0) = 1 (Martins & Astudillo 2016)."""

    @property
    def weight(self) -> Expr:
        return _share(sp.Piecewise((1, self.args[0] > self), (0, True)))


def _share(selected: Expr) -> Expr:
    return selected / row_total(selected)


def plain(expression: Expr) -> Expr:
    """`expression` in SymPy's own vocabulary, with none of the functions above."""

    def is_stable(node: Any) -> bool:
        return isinstance(node, Stable)

    return expression.replace(is_stable, lambda node: node.plain(*node.args))
