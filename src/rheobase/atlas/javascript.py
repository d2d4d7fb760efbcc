"""JavaScript as one more array library: its operations take pieces of code instead of arrays, and give pieces of code.

The text that `kernels.emit` writes for every library runs over this table once, and leaves behind the function it would
have computed.
"""

from __future__ import annotations

import inspect
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from rheobase.algebra.program import Program
from rheobase.kernels.build import build
from rheobase.kernels.elementary import ELEMENTARY, elementary, rowwise

#: A name or a number as it is written, or the place of a node in its trace.
Part = str | int


class Node(NamedTuple):
    """One operation: how it is written, with {0}, {1} … for its parts; `whole`: it takes whole rows, not elements."""

    template: str
    parts: tuple[Part, ...]
    whole: bool = False


class Trace:
    """The operations of one function in the order in which they are done, equal ones once."""

    def __init__(self, is_row: bool) -> None:
        self.is_row = is_row
        self.places: dict[Node, int] = {}

    def place(self, node: Node) -> int:
        """Where the node stands, put there if it is new."""
        return self.places.setdefault(node, len(self.places))

    def body(self, result: Part) -> str:
        """The function's statements; what is used once is written where it is used."""
        nodes = list(self.places)
        used = _needed(nodes, result)
        texts: dict[Part, str] = {}
        lines = []
        for place, node in enumerate(nodes):
            if not used[place]:
                continue
            text = self._written(node, [texts.get(part, str(part)) for part in node.parts])
            if used[place] > 1:
                lines.append(f"const t{place} = {text};")
                text = f"t{place}"
            texts[place] = text
        return " ".join([*lines, f"return {texts.get(result, str(result))};"])

    def _written(self, node: Node, parts: list[str]) -> str:
        if not self.is_row or node.whole:
            return node.template.format(*parts)
        names = "abc"[: len(parts)]
        return f"each(({', '.join(names)}) => {node.template.format(*names)}, {', '.join(parts)})"


def _needed(nodes: Sequence[Node], result: Part) -> Counter[Part]:
    """How often each node is used for the result."""
    used: Counter[Part] = Counter([result])
    for place in range(len(nodes) - 1, -1, -1):
        if used[place]:
            used.update(nodes[place].parts)
    return used


class Term:
    """A piece of JavaScript that Python's operators put together."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, trace: Trace, part: Part) -> None:
        self.trace, self.part = trace, part

    def __add__(self, other: Any) -> Term:
        return _node("({0} + {1})", self, other)

    def __radd__(self, other: Any) -> Term:
        return _node("({0} + {1})", other, self)

    def __sub__(self, other: Any) -> Term:
        return _node("({0} - {1})", self, other)

    def __rsub__(self, other: Any) -> Term:
        return _node("({0} - {1})", other, self)

    def __mul__(self, other: Any) -> Term:
        return _node("({0} * {1})", self, other)

    def __rmul__(self, other: Any) -> Term:
        return _node("({0} * {1})", other, self)

    def __truediv__(self, other: Any) -> Term:
        return _node("({0} / {1})", self, other)

    def __rtruediv__(self, other: Any) -> Term:
        return _node("({0} / {1})", other, self)

    def __neg__(self) -> Term:
        return _node("(-{0})", self)

    def __lt__(self, other: Any) -> Term:
        return _node("({0} < {1})", self, other)

    def __le__(self, other: Any) -> Term:
        return _node("({0} <= {1})", self, other)

    def __gt__(self, other: Any) -> Term:
        return _node("({0} > {1})", self, other)

    def __ge__(self, other: Any) -> Term:
        return _node("({0} >= {1})", self, other)

    def __eq__(self, other: Any) -> Term:  # type: ignore[override]
        return _node("({0} === {1})", self, other)

    def __ne__(self, other: Any) -> Term:  # type: ignore[override]
        return _node("({0} !== {1})", self, other)

    def __and__(self, other: Any) -> Term:
        return _node("({0} && {1})", self, other)

    def __or__(self, other: Any) -> Term:
        return _node("({0} || {1})", self, other)


def _node(template: str, *operands: Any, whole: bool = False) -> Term:
    trace = next(o.trace for o in operands if isinstance(o, Term))
    parts = tuple(o.part if isinstance(o, Term) else number(o) for o in operands)
    return Term(trace, trace.place(Node(template, parts, whole)))


def number(value: float) -> str:
    """A number as JavaScript writes it.

    >>> number(-math.inf), number(0.1)
    ('-Infinity', '0.1')
    """
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return "NaN" if math.isnan(value) else repr(float(value)).removesuffix(".0")


def _operation(template: str) -> Callable[..., Term]:
    return lambda *operands: _node(template, *operands)


def _along_row(name: str) -> Callable[..., Term]:
    # a row is all there is: the axis has no meaning
    return lambda x, axis: _node(f"{name}({{0}})", x, whole=True)


_OF_MATH = {
    name: name
    for name in ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "asinh", "atan", "tanh",
                 "abs")
}  # fmt: skip
#: 1.5·2⁵²: added to a number and taken off again, it leaves the nearest whole one, ties to even.
_ROUND = "6755399441055744"

BASIC: Mapping[str, Callable[..., Term]] = {
    **{name: _operation(f"Math.{theirs}({{0}})") for name, theirs in _OF_MATH.items()},
    "hypot": _operation("Math.hypot({0}, {1})"),
    "power": _operation("Math.pow({0}, {1})"),
    "where": _operation("({0} ? {1} : {2})"),
    "nearest": _operation(f"(({{0}} + {_ROUND}) - {_ROUND})"),
    "constant": lambda x, value: _node("{1}", x, value),
    **{name: _along_row(name) for name in ("sum", "max", "sort_down", "cumsum", "first_max")},
}

_NAMED: Mapping[str, Callable[..., Term]] = {
    name: _operation(f"{name}({', '.join(f'{{{k}}}' for k in range(len(inspect.signature(f).parameters)))})")
    for name, f in ELEMENTARY.items()
}
#: Functions that formulas name are called by their names, and written once per file by `elementary_functions`.
OPERATIONS: Mapping[str, Callable[..., Term]] = {**BASIC, **_NAMED, **rowwise(BASIC)}


def elementary_functions() -> list[str]:
    """What formulas are made of, as functions in JavaScript."""
    bound = elementary(BASIC)
    return [_elementary(name, bound[name]) for name in ELEMENTARY]


def _elementary(name: str, function: Callable[..., Any]) -> str:
    trace = Trace(is_row=False)
    names = list(inspect.signature(ELEMENTARY[name]).parameters)
    result = function(*[Term(trace, argument) for argument in names])
    return f"function {name}({', '.join(names)}) {{ {trace.body(result.part)} }}"


def arrow(program: Program, inputs: int, defaults: Mapping[str, float]) -> str:
    """`program` as an arrow function: its first `inputs` arguments by place, parameters by name in an object.

    >>> import rheobase as rb
    >>> from rheobase.algebra.formula import program
    >>> arrow(program(rb.leaky_relu.definition), 1, rb.leaky_relu.definition.defaults)
    '(x, {negative_slope = 0.01} = {}) => { return ((x > 0) ? x : (negative_slope * x)); }'
    """
    trace = Trace(program.is_row)
    names = [argument.name for argument in program.arguments]
    function = build(program, OPERATIONS, "javascript")
    result = function(*[Term(trace, name) for name in names], *([-1] if program.is_row else []))
    numbers = ", ".join(f"{name} = {number(defaults[name])}" for name in names[inputs:])
    by_name = [f"{{{numbers}}} = {{}}"] if numbers else []
    text = trace.body(result.part if isinstance(result, Term) else number(result))
    return f"({', '.join(names[:inputs] + by_name)}) => {{ {text} }}"
