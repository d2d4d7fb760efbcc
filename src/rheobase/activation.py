"""The functions as users call them: one class, whatever the function and the array library."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rheobase import catalogue
from rheobase.definition import Definition, register
from rheobase.dispatch import Backend, backend_of
from rheobase.errors import DefinitionError, UnsupportedInput

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

    def __call__(self, x: Array, *args: Any, **options: Any) -> Array:
        """The function at `x`; see the class for what it takes."""
        call = _Call(self, x, args, options)
        if call.is_empty:
            return x
        result = call.run()
        if self.definition.groups:
            return call.backend.move_back(result[..., 0], call.outer_axis)
        return call.straight_through(result)

    def derivative(self, x: Array, order: int = 1, **options: Any) -> Array:
        """The derivative of the given order with respect to `x`.

        Elementwise functions: any order, in the shape of x. Functions of a row: order 1, the
        Jacobian, with the row's axis replaced by two last axes (output, input). Gated units:
        order 1, the slopes by value and by gate in the places of value and gate.
        """
        if order < 0 or order != int(order):
            raise DefinitionError(f"{self.name}: order must be 0, 1, 2, …, got {order}")
        if order == 0:
            return self(x, **options)
        if self.definition.kind != "elementwise" and order > 1:
            raise DefinitionError(f"{self.name} is a {self.definition.kind} function: order must be 0 or 1")
        call = _Call(self, x, (), options)
        if self.definition.kind == "row":
            return _jacobian(call)
        if self.definition.kind == "gated":
            return call.backend.join([call.run((0,)), call.run((1,))], call.outer_axis)
        return call.run((0,) * int(order))

    # --- what is derived --------------------------------------------------------------------

    @property
    def formula(self) -> sp.Expr:
        """The paper's formula as a SymPy expression."""
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
        """The formula (or its derivative, for elementwise functions) as LaTeX."""
        from rheobase.algebra.typeset import latex

        return latex(self.definition, order)

    @cached_property
    def facts(self) -> Facts:
        """Range, limits, kinks, saturation, Gaussian statistics and more, at the default parameters."""
        return self.facts_at()

    def facts_at(self, **parameters: float) -> Facts:
        """The facts at other parameter values."""
        from rheobase.facts import facts

        return facts(self.definition, **parameters)

    def gain(self, **parameters: float) -> float:
        """1/√E[f(z)²] for z ~ N(0, 1): scales weights so that the second moment is kept."""
        from rheobase.facts.gaussian import gain

        return gain(self.definition, **parameters)

    def plot(self, path: str | None = None, order: int = 1, **parameters: float) -> Any:
        """Draw f and its derivatives up to `order`; saves to `path` (.png, .svg, .pdf) if given."""
        from rheobase.plot import plot

        return plot(self, path, order, **parameters)


class _Call:
    """One call, taken apart: backend, arrays in the program's order, and the axis."""

    def __init__(self, function: Activation, x: Array, args: tuple[Any, ...], options: dict[str, Any]):
        definition = function.definition
        self.definition, self.key = definition, function.key
        self.backend: Backend = backend_of(definition.name, x)
        self.values = bind(definition, args, options)
        self.at_rest = _is_at_rest(definition, options)
        self.outer_axis = int(options.get("axis", -1))
        self.axis = None if definition.kind == "elementwise" else _axis(definition, x, self.outer_axis)
        self.hard = bool(options.get("hard", False))
        self.arrays = [*self._inputs(x), *self._noise(x, options), *self.values.values()]

    def run(self, path: tuple[int, ...] = ()) -> Array:
        """The program, differentiated along `path`, on the arrays of the call."""
        return self.backend.run(self.key, path, self.at_rest, self.arrays, self.axis)

    @property
    def is_empty(self) -> bool:
        """Whether the row's axis has no entry, of which there is no maximum."""
        return self.axis is not None and self.arrays[0].shape[self.axis] == 0

    def _inputs(self, x: Array) -> tuple[Array, ...]:
        if self.definition.kind == "gated":
            return tuple(self.backend.split(x, self.outer_axis))
        if self.definition.groups:
            return (self._grouped(x),)
        return (x,)

    def _grouped(self, x: Array) -> Array:
        size = int(self.values.pop(self.definition.groups))
        last = self.backend.move_last(x, self.outer_axis)
        if last.shape[-1] % size:
            raise UnsupportedInput(
                f"{self.definition.name}: axis {self.outer_axis} has {last.shape[-1]} entries, "
                f"not a multiple of {self.definition.groups}={size}"
            )
        self.axis = -1
        return last.reshape(*last.shape[:-1], last.shape[-1] // size, size)

    def _noise(self, x: Array, options: dict[str, Any]) -> list[Array]:
        noise = self.definition.noise
        if noise is None or self.at_rest:
            return []
        drawn = self.backend.uniform(x, options.get("rng"))
        if noise.bounds is None:
            return [self.backend.run(_GUMBEL.key, (), False, [drawn], None)]
        low, high = (self.values[name] for name in noise.bounds)
        return [low + (high - low) * drawn]

    def straight_through(self, soft: Array) -> Array:
        """With hard=True: the one-hot of `soft` in value, `soft` in gradient."""
        if not self.hard:
            return soft
        onehot = self.backend.run(get("hardmax").key, (), False, [soft], self.axis)
        return self.backend.detach(onehot - soft) + soft


def _is_at_rest(definition: Definition, options: dict[str, Any]) -> bool:
    noise = definition.noise
    return noise is not None and noise.at_rest is not None and not options.get("training", False)


def bind(definition: Definition, args: tuple[Any, ...], options: dict[str, Any]) -> dict[str, Any]:
    """Parameter values of a call, in declared order, checked against their domains."""
    named = dict(zip((p.name for p in definition.parameters), args, strict=False))
    if len(args) > len(definition.parameters):
        raise DefinitionError(f"{definition.name} takes {len(definition.parameters)} parameter(s), got {len(args)}")
    allowed = options_of(definition)
    named |= {k: v for k, v in options.items() if k not in allowed}
    values = dict(definition.defaults)
    for name, value in named.items():
        parameter = definition.parameter(name)
        if isinstance(value, int | float):
            parameter.domain.check(f"{definition.name}: {name}", value)
            value = float(value)
        values[name] = value
    return values


def options_of(definition: Definition) -> frozenset[str]:
    """Keywords of a call that are not parameters of the formula."""
    row = {"axis"} if definition.kind != "elementwise" else set()
    random = {"rng"} if definition.noise else set()
    training = {"training"} if definition.noise and definition.noise.at_rest is not None else set()
    hard = {"hard"} if definition.noise and definition.kind == "row" else set()
    return frozenset(row | random | training | hard)


def _axis(definition: Definition, x: Array, axis: int) -> int:
    dimensions = len(x.shape) if hasattr(x, "shape") else 0
    if not -dimensions <= axis < dimensions:
        raise UnsupportedInput(f"{definition.name}: axis {axis} does not exist in an input of {dimensions} dimensions")
    if definition.kind == "gated" and x.shape[axis] % 2:
        raise UnsupportedInput(
            f"{definition.name}: axis {axis} has {x.shape[axis]} entries; halves need an even number"
        )
    return axis


def _jacobian(call: _Call) -> Array:
    """∂yᵢ/∂xⱼ from the diagonal and the outer products that the formula yields."""
    from rheobase.algebra.formula import derived
    from rheobase.algebra.program import Program

    program = derived(call.key, (), call.at_rest)
    jacobian = program.jacobian()
    axis = -1 if call.axis is None else call.axis

    def along_row(expression: sp.Expr) -> Array:
        values = call.backend.evaluate(Program(program.arguments, expression), call.arrays, call.axis)
        return call.backend.move_last(call.backend.broadcast(values, call.arrays[0]), axis)

    diagonal = along_row(jacobian.diagonal)
    total = diagonal[..., :, None] * call.backend.identity_matrix(diagonal.shape[-1], diagonal)
    for left, right in jacobian.outer:
        total = total + along_row(left)[..., :, None] * along_row(right)[..., None, :]
    return total


def describe(definition: Definition) -> str:
    """The docstring of a function, from its definition."""
    lines = [f"{definition.title}: {definition.formula}", ""]
    lines += [f"{p.name}: in {p.domain}, default {p.default:g}" for p in definition.parameters]
    lines += [f"Others: {note}" for note in definition.differs]
    return "\n".join([*lines, f"Source: {definition.reference}."])


#: Turns a uniform number into a standard Gumbel one.
_GUMBEL = Activation(
    Definition(
        name="gumbel_quantile",
        title="Quantile of the Gumbel law",
        formula="-log(-log(x))",
        reference="Gumbel, Statistics of extremes, 1958",
    )
)

_MADE: dict[str, Activation] = {}


def of(definition: Definition) -> Activation:
    """The function of a definition; the same object for the same definition."""
    made = _MADE.get(definition.name)
    if made is None or made.definition != definition:
        made = _MADE[definition.name] = Activation(definition)
    return made


def get(name: str) -> Activation:
    """The function called `name` or one of its aliases; UnknownFunction lists the nearest names.

    >>> get("swish")
    rheobase.silu
    """
    return of(catalogue.lookup(name))
