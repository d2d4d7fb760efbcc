"""Replacing the activation functions of an existing model, and saying what could not be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from rheobase import catalogue
from rheobase.torch.calls import calls, calls_on, inside, names_held
from rheobase.torch.modules import Activation, module, signature
from rheobase.torch.names import name_of

#: What register_forward_hook and its like fill.
_HOOKS = (
    *("_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called", "_forward_pre_hooks"),
    *("_forward_pre_hooks_with_kwargs", "_backward_hooks", "_backward_pre_hooks", "_is_full_backward_hook"),
)


@dataclass(frozen=True, slots=True)
class Replaced:
    """One module (or function held as an attribute) that was replaced: its path, old and new function."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Unreached:
    """A use of a function to be replaced that could not be: written in code, or inside a module of torch.nn."""

    path: str
    call: str
    old: str


@dataclass(frozen=True, slots=True)
class Swap:
    """What `swap` did.

    `replaced`; what it could not (`unreached`); trained parameters that went with the old modules
    (`dropped`); and `untraced`: whose code it could not look into, and why, empty if it saw all.
    """

    replaced: list[Replaced] = field(default_factory=list)
    unreached: list[Unreached] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    untraced: str = ""


def swap(model: nn.Module, functions: Mapping[str, str], example: tuple[Any, ...] | None = None) -> Swap:
    """Replace activation modules of `model` in place, ours and torch.nn's alike.

    `functions` maps names to names ({"relu": "silu"}). The new module keeps mode, hooks, in-place
    flag, axis, device and dtype; one used at several places stays shared. An elementwise function
    held as an attribute (self.act = F.relu) becomes a module. Calls such as torch.relu(x) in a
    forward method cannot be replaced; they are found by tracing (torch.fx, or by running the model
    on `example` inputs if given) and reported, as is what torch.nn computes inside (nn.LSTM). Make
    the optimizer afterwards: parameters may have come and gone.

    Returns what was replaced and what was not reached. Raises UnknownFunction for a name that is none.

    >>> import torch, rheobase.torch as rt
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    >>> rt.swap(net, {"relu": "silu"}).replaced
    [Replaced(path='1', old='relu', new='silu')]
    """
    wanted = {catalogue.canonical(old): catalogue.canonical(new) for old, new in functions.items()}
    result = Swap()
    _replace_modules(model, wanted, result)
    _replace_held(model, wanted, result)
    written, untraced = calls(model) if example is None else (calls_on(model, example), "")
    found = [Unreached(path, call, old) for path, call, names in [*inside(model), *written] for old in names]
    result.unreached.extend(u for u in found if u.old in wanted)
    return Swap(result.replaced, result.unreached, result.dropped, untraced)


def _replace_modules(model: nn.Module, wanted: Mapping[str, str], result: Swap) -> None:
    made: dict[int, nn.Module] = {}
    for path, layer in list(model.named_modules(remove_duplicate=False)):
        old = name_of(layer)
        if old not in wanted or (isinstance(layer, Activation) and wanted[old] == old):
            continue
        # the model itself has no owner; without an axis torch guesses one from the input's dimensions
        if not path or getattr(layer, "dim", 0) is None:
            result.unreached.append(Unreached(path, repr(layer), old))
            continue
        if id(layer) not in made:
            made[id(layer)] = _successor(layer, old, wanted[old], _place(model, path, layer))
            result.dropped.extend(f"{path}.{n}" for n, _ in layer.named_parameters() if old != wanted[old])
        _put(model, path, made[id(layer)])
        result.replaced.append(Replaced(path, old, wanted[old]))


def _replace_held(model: nn.Module, wanted: Mapping[str, str], result: Swap) -> None:
    """Functions that modules hold as attributes become modules."""
    theirs = [(path, layer) for path, layer in model.named_modules() if not isinstance(layer, Activation)]
    for prefix, layer, name, value in [(p, m, *item) for p, m in theirs for item in vars(m).items()]:
        old = next((n for n in names_held(value) if n in wanted), "")
        if old and catalogue.lookup(old).kind == "elementwise":
            path = f"{prefix}.{name}".lstrip(".")
            new = module(wanted[old]).train(layer.training)
            _put(model, path, new.to(**_place(model, path, layer)))
            result.replaced.append(Replaced(path, old, wanted[old]))


def _successor(layer: nn.Module, old: str, name: str, place: Mapping[str, Any]) -> nn.Module:
    """A module of the function `name` that takes the place of `layer` in every other respect."""
    allowed = signature(catalogue.lookup(name)).parameters
    given = {k: getattr(layer, k) for k in allowed if old == name and hasattr(layer, k)}
    if "inplace" in allowed:
        given["inplace"] = getattr(layer, "inplace", False)
    axis = layer.options.get("axis") if isinstance(layer, Activation) else getattr(layer, "dim", None)
    given |= {k: axis for k in ("dim", "axis") if k in allowed and axis is not None}
    new = module(name, **given).to(**place).train(layer.training)
    with torch.no_grad():
        for key, value in new.named_parameters() if old == name else ():
            value.copy_(getattr(layer, key))
    # the very same tables, so that the handles which users keep still remove their hooks
    vars(new).update({k: vars(layer)[k] for k in _HOOKS})
    return new


def _place(model: nn.Module, path: str, layer: nn.Module) -> dict[str, Any]:
    """Device and dtype of the tensors of `layer`, or else of the nearest module around it."""
    words = path.split(".")
    around = [model.get_submodule(".".join(words[:n])) for n in range(len(words) - 1, -1, -1)]
    for owner in (layer, *around):
        for tensor in (*owner.parameters(), *owner.buffers()):
            if tensor.is_floating_point():
                return {"device": tensor.device, "dtype": tensor.dtype}
    return {}


def _put(model: nn.Module, path: str, new: nn.Module) -> None:
    prefix, _, name = path.rpartition(".")
    owner = model.get_submodule(prefix)
    setattr(owner, name, new)
    if isinstance(owner, nn.TransformerDecoderLayer):
        # its __setstate__ puts F.relu in place when it finds no plain attribute: copies would lose the module
        vars(owner)[name] = new
    if isinstance(owner, nn.TransformerEncoderLayer):
        _leave_fast_path(model, owner)


def _leave_fast_path(model: nn.Module, layer: nn.TransformerEncoderLayer) -> None:
    """In evaluation torch runs one fused kernel that knows only relu and gelu, whatever `activation` is."""
    layer.activation_relu_or_gelu = 0
    for encoder in model.modules():
        if isinstance(encoder, nn.TransformerEncoder) and layer in list(encoder.layers):
            encoder.use_nested_tensor = False
