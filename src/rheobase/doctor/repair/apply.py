"""Carrying out a remedy on a fresh model, and on the steps of whatever optimizer trains it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from rheobase import catalogue
from rheobase.doctor.records import Remedy
from rheobase.doctor.repair.calibrate import calibrate
from rheobase.doctor.repair.parts import Standardised, normalised
from rheobase.doctor.repair.recycle import Recycling
from rheobase.doctor.watch import watch
from rheobase.errors import UnsupportedInput
from rheobase.torch.initialise import init_
from rheobase.torch.modules import module
from rheobase.torch.names import name_of
from rheobase.torch.swap import swap

Settings = Mapping[str, Any]


@contextmanager
def applied(remedy: Remedy, model: nn.Module, site: str) -> Iterator[nn.Module]:
    """The repaired model, to be trained inside; `site` is where the finding was.

    Raises UnsupportedInput for advice, and for what cannot be done to this model.
    """
    if remedy.action not in ACTIONS:
        allowed = ", ".join(sorted(ACTIONS))
        raise UnsupportedInput(f"{remedy.text!r} is advice for a person; carried out can be: {allowed}")
    with ExitStack() as during:
        yield ACTIONS[remedy.action](model, remedy.arguments, site, during)


# --- the model ----------------------------------------------------------------------------------------


def _activations(model: nn.Module) -> dict[str, str]:
    """Path → function of the elementwise activation modules."""
    found = {path: name_of(layer) for path, layer in model.named_modules()}
    return {p: n for p, n in found.items() if n and n != "identity" and catalogue.lookup(n).kind == "elementwise"}


def _usual(model: nn.Module, site: str) -> str:
    """The function at the site, or else the one that the model uses most."""
    found = _activations(model)
    if not found:
        raise UnsupportedInput("the model's activations are calls in its code; only modules can be replaced")
    return found.get(site) or max(found.values(), key=list(found.values()).count)


def _swap(model: nn.Module, settings: Settings, site: str, during: ExitStack) -> nn.Module:
    old, new = _usual(model, site), str(settings["to"])
    swap(model, {old: new})
    if settings.get("init"):
        init_(model, new)
    return model


def _init(model: nn.Module, settings: Settings, site: str, during: ExitStack) -> nn.Module:
    init_(model, str(settings.get("to") or _usual(model, site)))
    return model


def _last_activation(model: nn.Module) -> str:
    found = [path for path, layer in model.named_modules() if name_of(layer)]
    if not found:
        raise UnsupportedInput("the model has no activation module: its output is made in code")
    return found[-1]


def _put(model: nn.Module, path: str, new: nn.Module) -> nn.Module:
    prefix, _, name = path.rpartition(".")
    setattr(model.get_submodule(prefix), name, new)
    return model


def _drop_output(model: nn.Module, settings: Settings, site: str, during: ExitStack) -> nn.Module:
    return _put(model, _last_activation(model), nn.Identity())


def _end_in(model: nn.Module, settings: Settings, site: str, during: ExitStack) -> nn.Module:
    return _put(model, _last_activation(model), module(str(settings["to"])))


def _scale_input(model: nn.Module, settings: Settings, site: str, during: ExitStack) -> nn.Module:
    return Standardised(model)


def _normalise(model: nn.Module, settings: Settings, site: str, during: ExitStack) -> nn.Module:
    return normalised(model)


def _calibrate(model: nn.Module, settings: Settings, site: str, during: ExitStack) -> nn.Module:
    """At the first batch, before its pass."""

    def hook(model: nn.Module, inputs: tuple[Any, ...]) -> None:
        handle.remove()
        calibrate(model, inputs)

    handle = model.register_forward_pre_hook(hook)
    during.callback(handle.remove)
    return model


# --- the steps ----------------------------------------------------------------------------------------


def holds(optimizer: torch.optim.Optimizer, model: nn.Module) -> bool:
    """Whether the optimizer trains any weight of the model."""
    mine = {id(p) for p in model.parameters()}
    return any(id(p) in mine for group in optimizer.param_groups for p in group["params"])


def _learning_rate(model: nn.Module, settings: Settings, site: str, during: ExitStack) -> nn.Module:
    """Each step of the model's optimizers runs at a scaled rate: schedules go on as they were written."""
    factor: Any = settings["factor"]

    def scaled(by: float) -> Callable[..., None]:
        def hook(optimizer: torch.optim.Optimizer, *_: Any) -> None:
            for group in optimizer.param_groups if holds(optimizer, model) else ():
                group["lr"] *= by

        return hook

    during.callback(register_optimizer_step_pre_hook(scaled(factor)).remove)
    during.callback(register_optimizer_step_post_hook(scaled(1 / factor)).remove)
    return model


def _clip(model: nn.Module, settings: Settings, site: str, during: ExitStack) -> nn.Module:
    norm: Any = settings["norm"]

    def hook(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        if holds(optimizer, model):
            nn.utils.clip_grad_norm_(model.parameters(), norm)

    during.callback(register_optimizer_step_pre_hook(hook).remove)
    return model


def _recycle(model: nn.Module, settings: Settings, site: str, during: ExitStack) -> nn.Module:
    every: Any = settings["every"]
    recycling = Recycling(model, every, during.enter_context(watch(model, budget=1.0)))

    def hook(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        if holds(optimizer, model):
            recycling(optimizer)

    during.callback(register_optimizer_step_post_hook(hook).remove)
    return model


ACTIONS: Mapping[str, Callable[[nn.Module, Settings, str, ExitStack], nn.Module]] = {
    "swap": _swap,
    "init": _init,
    "drop_output": _drop_output,
    "end_in": _end_in,
    "scale_input": _scale_input,
    "normalise": _normalise,
    "calibrate": _calibrate,
    "learning_rate": _learning_rate,
    "clip": _clip,
    "recycle": _recycle,
}
