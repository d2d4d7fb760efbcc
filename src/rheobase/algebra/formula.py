"""From a definition to expressions: the paper's formula, and the program that computes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import sympy as sp

from rheobase import catalogue
from rheobase.algebra.parse import parse, symbol
from rheobase.algebra.program import Program
from rheobase.algebra.stabilise import stabilise
from rheobase.definition import REGISTERED, Definition


def from_catalogue(name: str) -> Callable[[sp.Expr], sp.Expr] | None:
    """A catalogue function of one number, at its defaults, as a function on expressions.

    A trailing "_prime" means the derivative.
    """
    base = name.removesuffix("_prime")
    if not catalogue.known(base) or catalogue.lookup(base).kind != "elementwise":
        return None
    whole = at_defaults(catalogue.lookup(base))
    body = whole.partial(0).expression if name != base else whole.expression
    return lambda u: body.subs(symbol("x"), u)


def argument_names(definition: Definition) -> tuple[str, ...]:
    """Inputs, then the noise if there is any, then the parameters that the formula contains."""
    noise = (definition.noise.name,) if definition.noise else ()
    parameters = (p.name for p in definition.parameters if p.name != definition.groups)
    return (*definition.inputs, *noise, *parameters)


@cache
def read(definition: Definition, text: str) -> sp.Expr:
    """`text` over the inputs, parameters and constants of `definition`."""
    expression = parse(text, [*argument_names(definition), *definition.constants], from_catalogue)
    return expression.subs({symbol(name): sp.Rational(digits) for name, digits in definition.constants.items()})


def number(definition: Definition, text: str) -> float:
    """`text` over the parameters and constants of `definition`, at the defaults."""
    return float(read(definition, text).subs({symbol(name): value for name, value in definition.defaults.items()}))


def paper(definition: Definition) -> sp.Expr:
    """The formula as the paper writes it."""
    return read(definition, definition.formula)


@dataclass(frozen=True, slots=True)
class Computed:
    """The form a function is computed in, and why it is not the paper's; no reason: it is the paper's."""

    expression: sp.Expr
    reason: str


@cache
def computed(definition: Definition) -> Computed:
    """The declared stable form if there is one, else what the rules of `stabilise` make of the paper's."""
    if definition.stable:
        return Computed(read(definition, definition.stable), definition.reason)
    # some rules hold for numbers that are not negative, which only the domain of a parameter can tell
    signed = {symbol(p.name): sp.Symbol(p.name, nonnegative=True) for p in definition.parameters if p.domain.low >= 0}
    expression, rules = stabilise(paper(definition).xreplace(signed))
    back = {known: unknown for unknown, known in signed.items()}
    return Computed(expression.xreplace(back), "; ".join(dict.fromkeys(rule.reason for rule in rules)))


@cache
def program(definition: Definition, at_rest: bool = False) -> Program:
    """The form to compute with, over all its arguments; `at_rest`: without the noise, where it can rest."""
    arguments = tuple(symbol(name) for name in argument_names(definition))
    expression = computed(definition).expression
    if not (at_rest and definition.rests):
        return Program(arguments, expression)
    noise, value = _rest(definition)
    return Program(tuple(a for a in arguments if a != noise), expression.subs(noise, value))


def _rest(definition: Definition) -> tuple[sp.Symbol, sp.Expr]:
    assert definition.noise is not None
    return symbol(definition.noise.name), read(definition, definition.noise.at_rest)


@cache
def derived(key: str, path: tuple[int, ...] = (), at_rest: bool = False) -> Program:
    """The program of a registered definition, differentiated by the arguments numbered in `path`."""
    result = program(REGISTERED[key], at_rest)
    for index in path:
        result = result.partial(index)
    return result


@cache
def paper_at_rest(definition: Definition) -> sp.Expr:
    """The paper's formula without the noise, where it can rest."""
    return paper(definition).subs(*_rest(definition)) if definition.rests else paper(definition)


@cache
def at_defaults(definition: Definition) -> Program:
    """The program of the inputs alone, with every parameter at its default and noise at rest."""
    values = {symbol(p.name): sp.Rational(p.meant) for p in definition.parameters}
    whole = program(definition, at_rest=True).expression
    return Program(tuple(symbol(name) for name in definition.inputs), whole.subs(values))
