"""Which function of the catalogue a module or a call of torch's is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.parametrize import type_before_parametrizations

from rheobase import catalogue
from rheobase.activation import Activation as Function
from rheobase.definition import Definition
from rheobase.torch.modules import Activation, fits, same_in_torch

_AT_BOUNDS: Mapping[tuple[Any, ...], str] = {(0, None): "relu", (0, 6): "relu6", (-1, 1): "hard_tanh"}
#: Functions that cut off: the names of their two arguments, and what they are at certain values of them.
_CUTS = {
    **dict.fromkeys(("clamp", "clip", "clampmin"), (("min", "max"), _AT_BOUNDS)),
    "hardtanh": (("min_val", "max_val"), _AT_BOUNDS),
    "threshold": (("threshold", "value"), {(0, 0): "relu"}),
}
#: Functions that apply another on the way.
_WITHIN = {"scaleddotproductattention": "softmax"}


def name_of(layer: nn.Module) -> str:
    """The canonical name of the function that a module of ours or of torch.nn computes; "" if none."""
    if isinstance(layer, Activation):
        return layer.definition.name
    kind = type_before_parametrizations(layer)
    if kind is not nn.Identity and kind.__module__ != "torch.nn.modules.activation":
        return ""
    same = same_in_torch(kind.__name__)
    return _first_fit(same, {k: getattr(layer, k) for d in same for k in d.torch.fixed})


def _first_fit(same: list[Definition], given: Mapping[str, Any]) -> str:
    """Of definitions under one name of torch's, the one that the arguments ask for."""
    fitting = [d for d in same if fits(d, given)]
    return next((d.name for d in fitting or same), "")


def names_of(target: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """The canonical names of a function of torch (its in-place form, a method) or of ours; () if none."""
    if isinstance(target, Function):
        return (target.name,)
    word = (target if isinstance(target, str) else getattr(target, "__name__", "")).replace("_", "")
    same = [d for d in catalogue.definitions() if word and d.torch.function.replace("_", "") == word]
    names = [_first_fit(same, kwargs or {}), _cut(word, args, kwargs or {}), _WITHIN.get(word, "")]
    return tuple(n for n in dict.fromkeys(names) if n)


@cache
def may_compute(target: Any) -> bool:
    """Whether a function of torch may be one of the catalogue, whatever its arguments."""
    word = getattr(target, "__name__", "").replace("_", "")
    return bool(word) and (
        word in _CUTS or any(d.torch.function.replace("_", "") == word for d in catalogue.definitions())
    )


def values_of(layer: nn.Module) -> dict[str, float]:
    """Parameter values of the function that a module computes; the mean of those that differ by channel."""
    definition = catalogue.lookup(name_of(layer))
    if isinstance(layer, Activation):
        held = {p.name: layer.parameter(p.name) for p in definition.parameters}
    else:
        theirs = definition.torch.arguments
        held = {p.name: getattr(layer, theirs.get(p.name, p.name), p.default) for p in definition.parameters}
    return {k: _number(v) for k, v in held.items()}


def values_given(definition: Definition, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, float]:
    """Parameter values in a call of torch's function: by place after the input, or by name."""
    found: dict[str, float] = {}
    for place, p in enumerate(definition.parameters, 1):
        given = kwargs.get(p.name, args[place] if len(args) > place else p.default)
        found[p.name] = _number(given if isinstance(given, int | float | Tensor) else p.default)
    return found


def _number(value: Any) -> float:
    return float(value.detach().float().mean()) if isinstance(value, Tensor) else float(value)


def _cut(word: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """What clamp, hardtanh or threshold is at its bounds: x.clamp(min=0) is relu."""
    keys, at_bounds = _CUTS.get(word, ((), {}))
    pair = tuple(kwargs.get(k, args[i] if len(args) > i else None) for i, k in enumerate(keys, 1))
    return at_bounds.get(pair, "") if all(isinstance(v, int | float | None) for v in pair) else ""
