"""Replacing the activation functions of an existing model, and saying what could not be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import fx, nn
from torch.overrides import TorchFunctionMode

from rheobase import catalogue
from rheobase.definition import Definition
from rheobase.torch.modules import Activation, module


@dataclass(frozen=True, slots=True)
class Replaced:
    """One module that was replaced: its path in the model, and the functions before and after."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Unreached:
    """A call of a function to be replaced that is written in code, not held in a module."""

    path: str
    call: str
    old: str


@dataclass(frozen=True, slots=True)
class Swap:
    """What `swap` did: `replaced`, what it could not (`unreached`), and `untraced`: why it cannot
    tell about calls in code, empty if it can."""

    replaced: list[Replaced] = field(default_factory=list)
    unreached: list[Unreached] = field(default_factory=list)
    untraced: str = ""


def swap(model: nn.Module, functions: Mapping[str, str], example: tuple[Any, ...] | None = None) -> Swap:
    """Replace activation modules of `model` in place, ours and torch.nn's alike.

    `functions` maps names to names ({"relu": "silu"}). Calls such as torch.relu(x) in a forward
    method cannot be replaced; they are found by tracing (torch.fx, or by running the model on
    `example` inputs if given) and reported. A module used at several places stays shared.

    >>> import torch, rheobase.torch as rt
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    >>> rt.swap(net, {"relu": "silu"}).replaced
    [Replaced(path='1', old='relu', new='silu')]
    """
    wanted = {catalogue.canonical(old): catalogue.canonical(new) for old, new in functions.items()}
    replaced: list[Replaced] = []
    made: dict[int, nn.Module] = {}
    for path, old_module in list(model.named_modules(remove_duplicate=False)):
        old = name_of(old_module)
        if old in wanted and path:
            new = made.setdefault(id(old_module), module(wanted[old]).train(old_module.training))
            model.set_submodule(path, new)
            replaced.append(Replaced(path, old, wanted[old]))
    calls, untraced = _calls(model, example)
    unreached = [Unreached(path, call, old) for path, call, old in calls if old in wanted]
    return Swap(replaced, unreached, untraced)


def name_of(layer: nn.Module) -> str:
    """The canonical name of the function that a module of ours or of torch.nn computes; "" if none."""
    if isinstance(layer, Activation):
        return layer.definition.name
    if type(layer).__module__ != "torch.nn.modules.activation":
        return "identity" if type(layer) is nn.Identity else ""
    same = [d for d in _definitions() if d.torch.module == type(layer).__name__]
    fits = [d for d in same if all(getattr(layer, k, v) == v for k, v in d.torch.fixed.items())]
    return (fits or same)[0].name if same else ""


def _definitions() -> list[Definition]:
    return [catalogue.lookup(name) for name in catalogue.names()]


def _function_name(target: Any) -> str:
    """The canonical name behind a function of torch, its in-place form or a method; "" if none."""
    word = (target if isinstance(target, str) else getattr(target, "__name__", "")).removesuffix("_")
    for definition in _definitions():
        if word and word in (definition.torch.function, definition.torch.function.replace("_", "")):
            return definition.name
    return ""


def _calls(model: nn.Module, example: tuple[Any, ...] | None) -> tuple[list[tuple[str, str, str]], str]:
    if example is not None:
        return _calls_on(model, example), ""
    try:
        graph = _Tracer().trace(model)
    except Exception as error:
        reason = str(error).splitlines()[0]
        return [], f"torch.fx cannot trace the model ({reason}); pass example=(inputs,) to look by running it"
    found = []
    for node in graph.nodes:
        if node.op in ("call_function", "call_method") and _function_name(node.target):
            stack = list(node.meta.get("nn_module_stack", {"": None}))
            found.append((stack[-1], _spelt(node.target), _function_name(node.target)))
    return found, ""


class _Tracer(fx.Tracer):
    """Looks into every module but torch's own activation functions and ours."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return bool(name_of(m)) or super().is_leaf_module(m, module_qualified_name)


def _spelt(target: Any) -> str:
    return f"Tensor.{target}()" if isinstance(target, str) else f"{target.__name__}()"


def _calls_on(model: nn.Module, example: tuple[Any, ...]) -> list[tuple[str, str, str]]:
    """Calls seen while the model runs on `example`, outside activation modules."""
    seen: list[tuple[str, str, str]] = []
    inside: list[str] = []

    class Listen(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            path = inside[-1] if inside else ""
            if _function_name(func) and not name_of(model.get_submodule(path)):
                seen.append((path, _spelt(func), _function_name(func)))
            return func(*args, **(kwargs or {}))

    handles = []
    for path, layer in model.named_modules():
        handles.append(layer.register_forward_pre_hook(lambda *_, path=path: inside.append(path)))
        handles.append(layer.register_forward_hook(lambda *_: inside.pop() and None, always_call=True))
    try:
        with torch.no_grad(), Listen():
            model(*example)
    finally:
        for handle in handles:
            handle.remove()
    return list(dict.fromkeys(seen))
