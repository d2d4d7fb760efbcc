"""The functions of the catalogue as one JavaScript file: values and derivatives at any parameters."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from rheobase.algebra.formula import program
from rheobase.algebra.program import Program
from rheobase.atlas.javascript import arrow, elementary_functions
from rheobase.definition import Definition, Parameter

#: What a slider spans where the domain has no end: this far to each side of a default of 0, else this many times it.
_REACH, _TIMES = 1.0, 2.0
#: An end that does not belong to the domain is kept away from by this share of the span.
_APART = 0.01


def slider(parameter: Parameter, whole: bool) -> dict[str, Any]:
    """The parameter and what a slider for it spans, inside its domain.

    >>> from rheobase.domain import Domain
    >>> slider(Parameter("beta", 1.0, Domain.parse("(0, inf)"), "b"), whole=False)
    {'name': 'beta', 'value': 1.0, 'low': 0.03, 'high': 3.0, 'whole': False}
    """
    domain, reach = parameter.domain, max(_REACH, _TIMES * abs(parameter.default))
    low = domain.low if math.isfinite(domain.low) else parameter.default - reach
    high = domain.high if math.isfinite(domain.high) else parameter.default + reach
    apart = _APART * (high - low)
    low += apart if low == domain.low and not domain.closed_low else 0.0
    high -= apart if high == domain.high and not domain.closed_high else 0.0
    return {"name": parameter.name, "value": parameter.default, "low": low, "high": high, "whole": whole}


def functions_script(definitions: Iterable[Definition]) -> dict[str, Any]:
    """What the template of the file is filled with: texts in JavaScript by kind and name of the function."""
    kinds: dict[str, dict[str, dict[str, str]]] = {"elementwise": {}, "gated": {}, "row": {}}
    for definition in definitions:
        head = {"name": json.dumps(definition.name), "parameters": json.dumps(sliders(definition))}
        kinds[definition.kind][definition.name] = {**head, **_ENTRIES[definition.kind](definition)}
    return {"elementary": elementary_functions(), "kinds": kinds}


def sliders(definition: Definition) -> list[dict[str, Any]]:
    """A slider for each parameter."""
    return [slider(p, p.name == definition.groups) for p in definition.parameters]


def _of_one_number(definition: Definition) -> Mapping[str, str]:
    value = program(definition, at_rest=True)
    slope = value.partial(0)
    towers = {"value": value, "slope": slope, "curvature": slope.partial(0)}
    return {name: arrow(tower, 1, definition.defaults) for name, tower in towers.items()}


def _of_two_halves(definition: Definition) -> Mapping[str, str]:
    value = program(definition)
    towers = {"value": value, "byValue": value.partial(0), "byGate": value.partial(1)}
    return {name: arrow(tower, 2, definition.defaults) for name, tower in towers.items()}


def _of_row(definition: Definition) -> Mapping[str, str]:
    output = program(definition)
    inputs = 1 if definition.noise is None else 2
    parts = output.jacobian()

    def along(expression: Any) -> str:
        return arrow(Program(output.arguments, expression), inputs, definition.defaults)

    outer = ", ".join(f"[{along(left)}, {along(right)}]" for left, right in parts.outer)
    texts = {"output": arrow(output, inputs, definition.defaults), "diagonal": along(parts.diagonal),
             "outer": f"[{outer}]"}  # fmt: skip
    if definition.noise is not None:
        texts["noise"] = arrow(program(definition.draw), 1, definition.defaults)
    if definition.groups:
        texts["groups"] = json.dumps(definition.groups)
    return texts


_ENTRIES = {"elementwise": _of_one_number, "gated": _of_two_halves, "row": _of_row}
