"""The door for a user's own formula: text, SymPy expression, or Python function on symbols."""

from __future__ import annotations

import inspect
import keyword
import pkgutil
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Union

from rheobase import catalogue
from rheobase.activation import Activation, get
from rheobase.definition import Definition, Parameter
from rheobase.domain import REALS, Domain
from rheobase.errors import DefinitionError

if TYPE_CHECKING:
    import sympy as sp

Formula = Union[str, "sp.Expr", Callable[..., "sp.Expr"]]


def define(
    name: str,
    formula: Formula,
    *,
    stable: str = "",
    reason: str = "",
    title: str = "",
    reference: str = "defined by the user",
    domains: dict[str, str] | None = None,
    **parameters: float,
) -> Activation:
    """Make your own formula a full citizen: backends, derivatives, facts, modules, study.

    `formula` is text in `x` and the parameters ("x*tanh(softplus(beta*x))"; pieces are written
    "a if x > 0 else b"), a SymPy expression in the symbol x, or a Python function of symbols.
    `domains` restricts parameters, e.g. {"beta": "(0, inf)"}; a module trains them when asked to
    (`rheobase.torch.module(name, learnable=True)`). Defining a name again replaces it;
    names of shipped functions are refused. Text is parsed, never executed.

    Raises DefinitionError, in one line, where the formula cannot be read.

    >>> import rheobase as rb
    >>> f = rb.define("doc_gate", "x*sigmoid(beta*x)", beta=1.0)
    >>> f(0.0), f.derivative(0.0)
    (0.0, 0.5)
    """
    domains = domains or {}
    _check_names(name, domains, parameters)
    text = formula if isinstance(formula, str) else as_text(formula, tuple(parameters))
    definition = Definition(
        name=name,
        title=title or name,
        formula=text,
        stable=stable,
        reason=reason,
        reference=reference,
        parameters=tuple(
            Parameter(p, value, Domain.parse(domains[p]) if p in domains else REALS) for p, value in parameters.items()
        ),
    )
    _check_formula(definition)
    catalogue.add(definition)
    return get(name)


def _check_names(name: str, domains: dict[str, str], parameters: dict[str, float]) -> None:
    # what is found first as an attribute of the package would hide the function
    package = sys.modules[__name__.partition(".")[0]]
    if keyword.iskeyword(name) or name in {*package.__all__, *(m.name for m in pkgutil.iter_modules(package.__path__))}:
        raise DefinitionError(f"{name!r} is a word of Python or rheobase; choose another name")
    unknown = ", ".join(repr(p) for p in domains if p not in parameters)
    if unknown:
        raise DefinitionError(
            f"{name}: domains names {unknown}, but the parameters are {', '.join(parameters) or 'none'}"
        )


def _check_formula(definition: Definition) -> None:
    import sympy as sp

    from rheobase.algebra.formula import program

    computed = program(definition)
    if computed.expression.has(sp.zoo, sp.nan):
        raise DefinitionError(f"the formula {definition.formula!r} divides by 0")
    if computed.is_row:
        raise DefinitionError(f"the formula {definition.formula!r} sums over a row; define makes elementwise functions")
    if "x" not in {s.name for s in computed.expression.free_symbols}:
        raise DefinitionError(f"the formula {definition.formula!r} does not depend on x")


def as_text(formula: sp.Expr | Callable[..., sp.Expr], parameters: tuple[str, ...]) -> str:
    """A SymPy expression or function on symbols, in the notation of formulas."""
    import sympy as sp

    from rheobase.algebra.parse import symbol
    from rheobase.algebra.typeset import notation

    if not isinstance(formula, sp.Basic):
        wanted = tuple(inspect.signature(formula).parameters)
        if wanted != ("x", *parameters):
            raise DefinitionError(f"the function takes {wanted}, but x and the parameters are {('x', *parameters)}")
        formula = _applied(formula, [symbol(n) for n in wanted])
    return notation(sp.sympify(formula))


def _applied(formula: Callable[..., sp.Expr], symbols: list[sp.Symbol]) -> sp.Expr:
    try:
        return formula(*symbols)
    except TypeError as error:
        what = str(error).splitlines()[0]
        raise DefinitionError(f"the function does not take symbols ({what}); use SymPy's functions, e.g. Max") from None
