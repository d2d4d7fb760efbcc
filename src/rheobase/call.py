"""One call of a function: its parameters, axis and noise sorted out, and its program run by the array library."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple

from rheobase import catalogue
from rheobase.definition import DRAWS, REGISTERED, Definition, register
from rheobase.dispatch import Backend, backend_of, check_company, is_array
from rheobase.errors import DefinitionError, UnsupportedInput

if TYPE_CHECKING:
    import sympy as sp

Array = Any

_ALONG_LAST = {"axis": -1}
_HARDMAX = register(catalogue.lookup("hardmax"))


def call(key: str, x: Array, args: tuple[Any, ...], options: Mapping[str, Any], out: Array | None = None) -> Array:
    """The registered function `key` at `x`, written into `out` if it is given."""
    plain = _plain(key)
    # most calls are this simple, and on small arrays every microsecond shows
    if plain is not None and (plain.axis is None or _has_row(x)):
        if plain.axis is not None and options == _ALONG_LAST:
            options = {}
        numbers = _numbers(key, args, options) if args or options else plain.defaults
        if numbers is not None:
            return backend_of(REGISTERED[key].name, x).run(key, (), False, [x, *numbers], plain.axis, out)
    made = _Call(key, x, args, options)
    if made.is_empty:
        return x
    if made.definition.groups:
        return made.stored(made.backend.move_back(made.run()[..., 0], made.outer_axis), out)
    if options.get("hard", False):
        return made.stored(made.one_hot(made.run()), out)
    return made.run(out=out)


def derivative(key: str, x: Array, order: int, options: Mapping[str, Any], out: Array | None = None) -> Array:
    """The derivative by `x`, written into `out` if it is given; see `Activation.derivative` for its shape."""
    made = _Call(key, x, (), options)
    if made.definition.kind == "row":
        return made.stored(made.jacobian(), out)
    if made.definition.kind == "gated":
        return made.stored(made.backend.join([made.run((0,)), made.run((1,))], made.outer_axis), out)
    return made.run((0,) * order, out)


class _Plain(NamedTuple):
    """What completes a call that gives x alone."""

    defaults: tuple[float, ...]
    axis: int | None


@cache
def _plain(key: str) -> _Plain | None:
    """For a function whose x goes into its program as it is; None for the others."""
    definition = REGISTERED[key]
    if definition.kind == "gated" or definition.noise or definition.groups:
        return None
    return _Plain(tuple(definition.defaults.values()), -1 if definition.kind == "row" else None)


def _numbers(key: str, args: tuple[Any, ...], options: Mapping[str, Any]) -> tuple[float, ...] | None:
    """The parameters of a call that gives numbers for them and nothing else; None for another call."""
    are_numbers = all(type(value) is float for value in (*args, *options.values()))
    if not are_numbers or not options_of(REGISTERED[key]).isdisjoint(options):
        return None
    return _bound_numbers(key, args, tuple(options.items()))


@lru_cache(maxsize=4096)
def _bound_numbers(key: str, args: tuple[float, ...], options: tuple[tuple[str, float], ...]) -> tuple[float, ...]:
    return tuple(bind(REGISTERED[key], args, dict(options)).values())


def _has_row(x: Array) -> bool:
    return bool(getattr(x, "shape", ())) and x.shape[-1] > 0


class _Call:
    """One call, taken apart: backend, axis, and the arrays in the program's order."""

    def __init__(self, key: str, x: Array, args: tuple[Any, ...], options: Mapping[str, Any]) -> None:
        self.key, self.definition = key, REGISTERED[key]
        self.backend: Backend = backend_of(self.definition.name, x)
        self.at_rest = self.definition.rests and not options.get("training", False)
        self.outer_axis = options.get("axis", -1)
        values = bind(self.definition, args, options)
        for name, value in values.items():
            if not isinstance(value, int | float):
                check_company(f"{self.definition.name}: {name}", value, self.backend)
        self.axis = None if self.definition.kind == "elementwise" else _axis(self.definition, x, self.outer_axis)
        inputs = self._inputs(x, values)
        if self.definition.groups:
            self.axis = -1
        numbers = [value for name, value in values.items() if name != self.definition.groups]
        self.arrays = [*inputs, *self._noise(x, numbers, options.get("rng")), *numbers]

    def run(self, path: tuple[int, ...] = (), out: Array | None = None) -> Array:
        """The program, differentiated along `path`, on the arrays of the call."""
        return self.backend.run(self.key, path, self.at_rest, self.arrays, self.axis, out)

    def stored(self, result: Array, out: Array | None) -> Array:
        """`result`, in `out` if that is given."""
        return result if out is None else self.backend.store(result, out)

    @property
    def is_empty(self) -> bool:
        """Whether the row's axis has no entry, of which there is no maximum."""
        return self.axis is not None and self.arrays[0].shape[self.axis] == 0

    def _inputs(self, x: Array, values: Mapping[str, Any]) -> tuple[Array, ...]:
        if self.definition.groups:
            return (self._grouped(x, int(values[self.definition.groups])),)
        return (x,)

    def _grouped(self, x: Array, size: int) -> Array:
        last = self.backend.move_last(x, self.outer_axis)
        if last.shape[-1] % size:
            raise UnsupportedInput(
                f"{self.definition.name}: axis {self.outer_axis} has {last.shape[-1]} entries, "
                f"not a multiple of {self.definition.groups}={size}"
            )
        return last.reshape(*last.shape[:-1], last.shape[-1] // size, size)

    def _noise(self, x: Array, numbers: list[Any], rng: Any) -> list[Array]:
        if self.definition.noise is None or self.at_rest:
            return []
        uniform = self.backend.uniform(x, rng)
        return [self.backend.run(DRAWS[self.key], (), False, [uniform, *numbers], None)]

    def one_hot(self, soft: Array) -> Array:
        """The one-hot of `soft` in value, `soft` in gradient."""
        hard = self.backend.run(_HARDMAX, (), False, [soft], self.axis)
        return self.backend.detach(hard - soft) + soft

    def jacobian(self) -> Array:
        """∂yᵢ/∂xⱼ from the diagonal and the outer products that the formula yields."""
        from rheobase.algebra.formula import derived
        from rheobase.algebra.program import Program

        if self.is_empty:
            last = self.backend.move_last(self.arrays[0], self.outer_axis)
            return last[..., :, None] * last[..., None, :]
        program = derived(self.key, (), self.at_rest)
        parts = program.jacobian()
        assert self.axis is not None
        axis = self.axis

        def along_row(expression: sp.Expr) -> Array:
            values = self.backend.evaluate(Program(program.arguments, expression), self.arrays, axis)
            return self.backend.move_last(self.backend.broadcast(values, self.arrays[0]), axis)

        diagonal = along_row(parts.diagonal)
        total = diagonal[..., :, None] * self.backend.identity_matrix(diagonal.shape[-1], diagonal)
        for left, right in parts.outer:
            total = total + along_row(left)[..., :, None] * along_row(right)[..., None, :]
        return total


def bind(definition: Definition, args: tuple[Any, ...], options: Mapping[str, Any]) -> dict[str, Any]:
    """Parameter values of a call, in declared order, checked against their domains."""
    if len(args) > len(definition.parameters):
        raise DefinitionError(f"{definition.name} takes {len(definition.parameters)} parameter(s), got {len(args)}")
    by_place = dict(zip((p.name for p in definition.parameters), args, strict=False))
    by_name = {k: v for k, v in options.items() if k not in options_of(definition)}
    for twice in by_place.keys() & by_name.keys():
        raise DefinitionError(f"{definition.name}: {twice} is given twice")
    given = {name: _checked(definition, name, value) for name, value in {**by_place, **by_name}.items()}
    return {**definition.defaults, **given}


def _checked(definition: Definition, name: str, value: Any) -> Any:
    """A parameter's value: numbers are checked against the domain, arrays are taken as they are."""
    parameter, what = definition.parameter(name), f"{definition.name}: {name}"
    # numbers first: they are common, and a compiler that traces the call need look no further
    if not isinstance(value, int | float) and is_array(value):
        return value
    parameter.domain.check(what, value)
    if name == definition.groups and value != int(value):
        raise DefinitionError(f"{what} must be a whole number, got {value}")
    return float(value)


@cache
def options_of(definition: Definition) -> frozenset[str]:
    """Keywords of a call that are not parameters of the formula."""
    row = {"axis"} if definition.kind != "elementwise" else set()
    random = {"rng"} if definition.noise else set()
    training = {"training"} if definition.rests else set()
    hard = {"hard"} if definition.noise and definition.kind == "row" else set()
    return frozenset(row | random | training | hard)


def _axis(definition: Definition, x: Array, axis: int) -> int:
    if not isinstance(axis, Integral):
        raise UnsupportedInput(f"{definition.name}: axis must be one whole number, got {axis!r}")
    dimensions = len(x.shape) if hasattr(x, "shape") else 0
    if not -dimensions <= axis < dimensions:
        raise UnsupportedInput(f"{definition.name}: axis {axis} does not exist in an input of {dimensions} dimensions")
    if definition.kind == "gated" and x.shape[axis] % 2:
        raise UnsupportedInput(
            f"{definition.name}: axis {axis} has {x.shape[axis]} entries; halves need an even number"
        )
    return axis
