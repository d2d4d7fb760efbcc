"""From the formula a paper writes to one that can be computed: rules that end overflow and cancellation.

The rules know nothing of particular activation functions, so a user's formula is treated like a
shipped one. Each is stated as text (`left` becomes `right`, for the `reason`), and the tests read
those texts: the two sides are equal to 60 digits, and the rule does turn the one into the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy import Expr

from rheobase.algebra import functions as F
from rheobase.algebra.parse import symbol

_STEEPEST = 4

Rewrite = Callable[[Any], "Expr | None"]


@dataclass(frozen=True, slots=True)
class Rule:
    """`left` is computed as `right`, for the `reason`; `rewrite` does so to a node, None where it does not fit."""

    left: str
    right: str
    reason: str
    rewrite: Rewrite


def stabilise(expression: Expr) -> tuple[Expr, tuple[Rule, ...]]:
    """`expression` by the rules, and the rules that were used, in order."""
    used: dict[str, Rule] = {}
    result = _inside_out(expression, used)
    return result, tuple(used.values())


def _inside_out(node: Any, used: dict[str, Rule]) -> Any:
    if not node.args or isinstance(node, sp.core.relational.Relational):
        return node
    arguments = [_inside_out(argument, used) for argument in node.args]
    return _settle(node if arguments == list(node.args) else node.func(*arguments), used)


def _settle(node: Any, used: dict[str, Rule]) -> Any:
    for rule in RULES:
        better = rule.rewrite(node)
        if better is not None:
            used[rule.left] = rule
            return _settle(better, used)
    return node


# --- what the rules look for ------------------------------------------------------------------


def _exponent_beside_one(node: Any) -> Expr | None:
    """u of 1 + eᵘ."""
    if not node.is_Add or len(node.args) != 2 or node.args[0] != 1:
        return None
    return node.args[1].args[0] if isinstance(node.args[1], sp.exp) else None


def _beside_its_own_factor(node: Any, kind: Any) -> Iterator[tuple[Expr, int, Any, Expr]]:
    """(c, sign, g, rest) of every c + sign·c·g + rest with g of the given kind."""
    terms = node.args if node.is_Add else ()
    for term in terms:
        for g in (factor for factor in sp.Mul.make_args(term) if isinstance(factor, kind)):
            for sign in (1, -1):
                c = sign * term / g
                if c in terms:
                    yield c, sign, g, node - term - c


def _over_row_sum(node: Any) -> Expr | None:
    """u of a row's log Σ eᵘ or of its Σ eᵘ."""
    inner = node.args[0] if isinstance(node, sp.log) else node
    if type(inner) is F.row_sum and isinstance(inner.args[0], sp.exp):
        return inner.args[0].args[0]
    return None


# --- the rules ----------------------------------------------------------------------------------


def _sigmoid(node: Any) -> Expr | None:
    if not (node.is_Pow and node.args[1].is_Integer and node.args[1] < 0):
        return None
    u = _exponent_beside_one(node.args[0])
    return None if u is None else F.sigmoid(-u) ** (-node.args[1])


def _rising_sigmoid(node: Any) -> Expr | None:
    factors = node.args if node.is_Mul else ()
    for e in factors:
        if isinstance(e, sp.exp) and F.sigmoid(-e.args[0]) in factors:
            return node / e / F.sigmoid(-e.args[0]) * F.sigmoid(e.args[0])
    return None


def _mirrored_sigmoid(node: Any) -> Expr | None:
    for c, sign, g, rest in _beside_its_own_factor(node, F.sigmoid):
        if sign < 0:
            return c * F.sigmoid(-g.args[0]) + rest
    return None


def _tanh_as_sigmoid(node: Any) -> Expr | None:
    for c, sign, g, rest in _beside_its_own_factor(node, F.tanh):
        return 2 * c * F.sigmoid(sign * 2 * g.args[0]) + rest
    return None


def _tanh(node: Any) -> Expr | None:
    """(eᵃ - eᵇ)/(eᵃ + eᵇ), whichever way round."""
    factors = node.args if node.is_Mul else ()
    for below in (f for f in factors if f.is_Pow and f.args[1] == -1 and f.args[0].is_Add):
        pair = below.args[0].args
        if len(pair) == 2 and all(isinstance(e, sp.exp) for e in pair):
            a, b = pair
            for sign in (1, -1):
                if sign * (a - b) in factors:
                    return node / (sign * (a - b)) / below * sign * F.tanh((a.args[0] - b.args[0]) / 2)
    return None


def _tanh_of_expm1(node: Any) -> Expr | None:
    factors = node.args if node.is_Mul else ()
    for e in factors:
        if isinstance(e, F.expm1) and F.sigmoid(-e.args[0]) in factors:
            return node / e / F.sigmoid(-e.args[0]) * F.tanh(e.args[0] / 2)
    return None


def _softplus(node: Any) -> Expr | None:
    u = _exponent_beside_one(node.args[0]) if isinstance(node, sp.log) else None
    return None if u is None else F.softplus(u)


def _log_of_sigmoid(node: Any) -> Expr | None:
    if isinstance(node, sp.log) and isinstance(node.args[0], F.sigmoid):
        return -F.softplus(-node.args[0].args[0])
    return None


def _cubic_sigmoid(node: Any) -> Expr | None:
    for g in (factor for factor in sp.Mul.make_args(node) if isinstance(factor, F.sigmoid)):
        for u in sorted(g.free_symbols, key=lambda s: (s != symbol("x"), str(s))):
            inner = g.args[0].as_poly(u)
            if inner is not None and inner.monoms() == [(3,), (1,)]:
                return node / g * F.cubic_sigmoid(inner.coeff_monomial(u), inner.coeff_monomial(u**3), u)
    return None


def _tanh_softplus(node: Any) -> Expr | None:
    if isinstance(node, F.tanh) and isinstance(node.args[0], F.softplus):
        return F.tanh_softplus(node.args[0].args[0])
    return None


def _log1p(node: Any) -> Expr | None:
    if isinstance(node, sp.log) and node.args[0].is_Add and 1 in node.args[0].args:
        return F.log1p(node.args[0] - 1)
    return None


def _expm1(node: Any) -> Expr | None:
    for c, sign, g, rest in _beside_its_own_factor(node, sp.exp):
        if sign < 0:
            return -c * F.expm1(g.args[0]) + rest
    return None


def _normal_cdf(node: Any) -> Expr | None:
    for c, sign, g, rest in _beside_its_own_factor(node, sp.erf):
        return 2 * c * F.normal_cdf(sign * sp.sqrt(2) * g.args[0]) + rest
    return None


def _tanh_excess(node: Any) -> Expr | None:
    terms = node.args if node.is_Add else ()
    for term in terms:
        for g in (f for f in sp.Mul.make_args(term) if isinstance(f, F.tanh)):
            c = -term / g
            if c * g.args[0] in terms:
                return c * F.tanh_excess(g.args[0]) + node - term - c * g.args[0]
    return None


def _hypot(node: Any) -> Expr | None:
    if not (node.is_Pow and abs(node.args[1]) == sp.Rational(1, 2) and len(sp.Add.make_args(node.args[0])) == 2):
        return None
    terms = sorted(node.args[0].args, key=lambda term: not term.has(symbol("x")))
    for square, other in (terms, terms[::-1]):
        scale, u = square.as_independent(*[f for f in sp.Mul.make_args(square) if f.is_Pow and f.args[1] == 2])
        if u.is_Pow and u.args[1] == 2 and other.is_nonnegative and scale.is_nonnegative:
            return F.hypot(_side(scale) * u.args[0], _side(other)) ** (2 * node.args[1])
    return None


def _side(square: Expr) -> Expr:
    """A side of a hypotenuse, whose sign does not matter."""
    return sp.sqrt(square).replace(sp.Abs, lambda u: u)


def _conjugate(node: Any) -> Expr | None:
    terms = node.args if node.is_Add else ()
    for term in terms:
        for h in (f for f in sp.Mul.make_args(term) if isinstance(f, F.hypot)):
            c, (u, s) = term / h, h.args
            if c * u in terms:
                # c and the halves stay inside: x/2 + h/2 reaches further than (x + h)/2
                left, right = (c * s**2 / 2) / (h / 2 - u / 2), c * u + c * h
                return sp.Piecewise((left, u < 0), (right, True)) + node - term - c * u
    return None


def _bell(node: Any) -> Expr | None:
    if not isinstance(node, sp.exp):
        return None
    scale, u = node.args[0].as_coeff_Mul()
    # steeper bells are over before their digits are lost
    if -_STEEPEST <= scale < 0 and u.is_Pow and u.args[1] == 2:
        return F.bell(-scale, u.args[0])
    return None


def _softmax(node: Any) -> Expr | None:
    factors = node.args if node.is_Mul else ()
    for below in (f for f in factors if f.is_Pow and f.args[1] == -1):
        u = _over_row_sum(below.args[0])
        if u is not None and sp.exp(u) in factors:
            weight = sp.exp(F.centred(u))
            return node / below / sp.exp(u) * weight / F.row_total(weight)
    return None


def _log_softmax(node: Any) -> Expr | None:
    for term in node.args if node.is_Add else ():
        u = _over_row_sum(-term) if isinstance(-term, sp.log) else None
        if u is not None and node - term == u:
            return F.centred(u) - F.row_log_total(F.centred(u))
    return None


RULES = (
    Rule("1/(1 + exp(-u))", "sigmoid(u)", "exp overflows", _sigmoid),
    Rule("exp(u)*sigmoid(-u)", "sigmoid(u)", "exp overflows", _rising_sigmoid),
    Rule("1 - sigmoid(u)", "sigmoid(-u)", "1 - sigmoid cancels in the right tail", _mirrored_sigmoid),
    Rule("1 + tanh(u)", "2*sigmoid(2*u)", "1 + tanh cancels in the left tail", _tanh_as_sigmoid),
    Rule("(exp(u) - exp(-u))/(exp(u) + exp(-u))", "tanh(u)", "exp overflows, and the difference cancels near 0", _tanh),
    Rule("expm1(u)*sigmoid(-u)", "tanh(u/2)", "exp overflows", _tanh_of_expm1),
    Rule("log(1 + exp(u))", "softplus(u)", "exp overflows, and 1 + exp loses it in the left tail", _softplus),
    Rule("log(sigmoid(u))", "-softplus(-u)", "the sigmoid underflows to 0 or rounds to 1", _log_of_sigmoid),
    Rule(
        "sigmoid(3*u + 2*u**3)", "cubic_sigmoid(3, 2, u)", "rounding the cubic costs the tails digits", _cubic_sigmoid
    ),
    Rule("tanh(softplus(u))", "tanh_softplus(u)", "one exponential does for two functions", _tanh_softplus),
    Rule("log(1 + u)", "log1p(u)", "1 + u loses small u", _log1p),
    Rule("exp(u) - 1", "expm1(u)", "exp - 1 cancels near 0", _expm1),
    Rule("1 + erf(u)", "2*normal_cdf(sqrt(2)*u)", "1 + erf cancels in the left tail", _normal_cdf),
    Rule("u - tanh(u)", "tanh_excess(u)", "the difference cancels near 0, where it is a cube", _tanh_excess),
    Rule("sqrt(u**2 + 3)", "hypot(u, sqrt(3))", "the square overflows", _hypot),
    Rule(
        "u + hypot(u, sqrt(3))",
        "3/2/(hypot(u, sqrt(3))/2 - u/2) if u < 0 else u + hypot(u, sqrt(3))",
        "the sum cancels in the left tail",
        _conjugate,
    ),
    Rule("exp(-3*u**2)", "bell(3, u)", "rounding the square costs the tail its digits", _bell),
    Rule(
        "exp(u)/sum(exp(u))",
        "exp(centred(u))/total(exp(centred(u)))",
        "exp overflows; a shift of the whole row changes nothing",
        _softmax,
    ),
    Rule(
        "u - log(sum(exp(u)))",
        "centred(u) - log_total(centred(u))",
        "exp overflows, and the logarithm loses a sum of nearly 1",
        _log_softmax,
    ),
)
