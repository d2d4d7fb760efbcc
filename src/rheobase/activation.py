"""The functions as users call them: one class, whatever the function and the array library."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any

from rheobase import catalogue
from rheobase.call import call, derivative
from rheobase.definition import Definition, register
from rheobase.errors import DefinitionError

if TYPE_CHECKING:
    import sympy as sp

    from rheobase.algebra.formula import Computed
    from rheobase.facts import Facts

Array = Any


class Activation:
    """An activation function: call it on arrays, differentiate it, ask it for its facts.

    `f(x, **parameters)` takes a NumPy array, PyTorch tensor, JAX array or float of dtype float16,
    bfloat16, float32 or float64, of any shape, and returns the same kind and dtype. Parameters may
    be numbers or arrays that broadcast against x. Functions of a row take `axis` (default -1),
    random ones `training` and `rng` (a numpy Generator, torch Generator or JAX key).

    Raises UnsupportedInput for other kinds and dtypes, DefinitionError for a parameter that does
    not exist or lies outside its domain.

    >>> import rheobase as rb
    >>> round(rb.elu(-1.0, alpha=0.5), 12)
    -0.316060279414
    >>> rb.elu.derivative(2.0)
    1.0
    """

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.key = register(definition)
        self.name = definition.name
        self.__name__ = definition.name
        self.__doc__ = describe(definition)

    def __repr__(self) -> str:
        return f"rheobase.{self.name}"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Definition]]:
        return of, (self.definition,)

    # --- values -----------------------------------------------------------------------------

    def __call__(self, x: Array, *args: Any, out: Array | None = None, **options: Any) -> Array:
        """The function at `x`, written into `out` if it is given; see the class for what it takes."""
        return call(self.key, x, args, options, out)

    def derivative(self, x: Array, order: int = 1, *, out: Array | None = None, **options: Any) -> Array:
        """The derivative of the given order with respect to `x`, written into `out` if it is given.

        Elementwise functions: any order, in the shape of x. Functions of a row: order 1, the
        Jacobian, with the row's axis replaced by two last axes (output, input). Gated units:
        order 1, the slopes by value and by gate in the places of value and gate. At a kink it is
        the slope that the definition chooses.

        Raises DefinitionError for an order that the function has not got, and what the call raises.

        >>> import numpy as np, rheobase as rb
        >>> rb.tanh.derivative(np.array([1.0, 2.0]), order=2).round(4)
        array([-0.6397, -0.1362])
        >>> rb.softmax.derivative(np.zeros((5, 3))).shape
        (5, 3, 3)
        """
        if not isinstance(order, Integral) or order < 0:
            raise DefinitionError(f"{self.name}: order must be 0, 1, 2, …, got {order!r}")
        if order == 0:
            return self(x, out=out, **options)
        if self.definition.kind != "elementwise" and order > 1:
            raise DefinitionError(f"{self.name} is a {self.definition.kind} function: order must be 0 or 1")
        return derivative(self.key, x, int(order), options, out)

    # --- what is derived --------------------------------------------------------------------

    @property
    def formula(self) -> sp.Expr:
        """The paper's formula as a SymPy expression.

        >>> import rheobase as rb
        >>> rb.sigmoid.formula
        1/(1 + exp(-x))
        """
        from rheobase.algebra.formula import paper

        return paper(self.definition)

    @property
    def computed(self) -> Computed:
        """The form the function is computed in, and the reason where it is not the paper's.

        >>> import rheobase as rb
        >>> rb.silu.computed.expression, rb.silu.computed.reason
        (x*sigmoid(x), 'exp overflows')
        """
        from rheobase.algebra.formula import computed

        return computed(self.definition)

    def latex(self, order: int = 0) -> str:
        """The formula (or its derivative, for elementwise functions) as LaTeX.

        >>> import rheobase as rb
        >>> print(rb.softplus.latex(1))
        \\frac{1}{1 + e^{- \\beta x}}
        """
        from rheobase.algebra.typeset import latex

        return latex(self.definition, order)

    @cached_property
    def facts(self) -> Facts:
        """Range, limits, kinks, saturation, Gaussian statistics and more, at the default parameters.

        >>> import rheobase as rb
        >>> str(rb.tanh.facts.range), rb.tanh.facts.monotonic, rb.tanh.facts.lipschitz
        ('(-1, 1)', 'increasing', 1.0)
        """
        return self.facts_at()

    def facts_at(self, **parameters: float) -> Facts:
        """The facts at other parameter values; DefinitionError for one that cannot be.

        >>> import rheobase as rb
        >>> str(rb.elu.facts_at(alpha=0.5).range)
        '(-0.5, inf)'
        """
        from rheobase.facts import facts

        return facts(self.definition, **parameters)

    def gain(self, **parameters: float) -> float:
        """1/√E[f(z)²] for z ~ N(0, 1): scales weights so that the second moment is kept.

        >>> import rheobase as rb
        >>> round(rb.relu.gain(), 4), round(rb.leaky_relu.gain(negative_slope=0.2), 4)
        (1.4142, 1.3868)
        """
        from rheobase.facts.gaussian import gain

        return gain(self.definition, **parameters)

    def plot(self, path: str | None = None, order: int = 1, **parameters: float) -> Any:
        """Draw f and its derivatives up to `order`, and save them to `path` (.png, .svg, .pdf) if given.

        Returns the Matplotlib figure. Raises DefinitionError for another ending, UnwritableFolder, and no
        half of a file, where it cannot be written.
        """
        from rheobase.plot import plot

        return plot(self, path, order, **parameters)


def describe(definition: Definition) -> str:
    """The docstring of a function, from its definition."""
    lines = [f"{definition.title}: {definition.formula}", ""]
    lines += [f"{p.name}: in {p.domain}, default {p.default:g}" for p in definition.parameters]
    lines += [f"Others: {note}" for note in definition.differs]
    return "\n".join([*lines, f"Source: {definition.reference}."])


_MADE: dict[str, Activation] = {}


def of(definition: Definition) -> Activation:
    """The function of a definition; the same object for the same definition."""
    made = _MADE.get(definition.name)
    if made is None or (made.definition is not definition and made.definition != definition):
        made = _MADE[definition.name] = Activation(definition)
    return made


def get(name: str) -> Activation:
    """The function called `name` or one of its aliases; UnknownFunction lists the nearest names.

    >>> get("swish")
    rheobase.silu
    """
    return of(catalogue.lookup(name))
