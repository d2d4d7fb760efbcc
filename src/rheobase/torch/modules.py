"""The functions as modules: classes made from definitions, named and called as in torch.nn."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import torch
from torch import nn

from rheobase import catalogue
from rheobase.activation import Activation as Function
from rheobase.activation import of
from rheobase.call import options_of
from rheobase.definition import Definition
from rheobase.errors import DefinitionError, UnsupportedInput
from rheobase.torch.constrained import along_channels, attribute, from_raw, to_raw
from rheobase.torch.eager import over

Tensor = torch.Tensor


class Activation(nn.Module):
    """Base of all activation modules; `rheobase.torch.ELU` and the like are made from definitions.

    Args, besides the function's parameters under torch.nn's names:
        inplace: write the result into the input. Gradients stay right: what they need of the input is copied
            first. Nothing is copied for functions with two slopes, of which one bit per element is kept, nor
            where `rt.saves` lets the output be kept.
        learnable: True, or the names of parameters to train; they stay in their domain.
        num_parameters: 1, or the number of channels (dimension 1) with a value each.
        straight_through: for functions whose derivative is 0 everywhere (step): back-propagate the
            stated stand-in instead.

    Shape: any; the output has the input's shape (gated units: half of it along `dim`).

    >>> import torch, rheobase.torch as rt
    >>> rt.ELU(alpha=0.5)(torch.tensor([-1.0, 2.0]))
    tensor([-0.3161,  2.0000])
    """

    definition: Definition
    function: Function

    def __init__(self, definition: Definition, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.definition, self.function = definition, of(definition)
        self.inplace = bool(settings.get("inplace", False))
        self.learnable = _learnable(definition, settings.get("learnable"))
        self.num_parameters = _channels(definition, settings.get("num_parameters", 1), self.learnable)
        self.straight_through = _stand_in(definition, bool(settings.get("straight_through", False)))
        self.options = {k: settings[k] for k in ("axis", "hard") if k in settings}
        for parameter in definition.parameters:
            value = float(settings.get(parameter.name, parameter.default))
            parameter.domain.check(f"{definition.name}: {parameter.name}", value)
            self._store(parameter.name, value, settings)

    def _store(self, name: str, value: float, place: Mapping[str, Any]) -> None:
        if name not in self.learnable:
            setattr(self, name, value)
            return
        parameter = self.definition.parameter(name)
        raw = to_raw(parameter.domain, torch.full((self.num_parameters,), value, dtype=torch.float64))
        trained = raw.to(device=place.get("device"), dtype=place.get("dtype") or torch.get_default_dtype())
        self.register_parameter(attribute(parameter), nn.Parameter(trained))

    def parameter(self, name: str) -> Any:
        """The value of the function's parameter `name`: a number, or a tensor if it is trained."""
        if name not in self.learnable:
            return getattr(self, name)
        parameter = self.definition.parameter(name)
        return from_raw(parameter.domain, getattr(self, attribute(parameter)))

    @property
    def trained_by(self) -> Function:
        """The function whose slope back-propagation uses: its own, or its straight-through stand-in."""
        return self.straight_through or self.function

    def values(self, dimensions: int) -> dict[str, Any]:
        """All parameter values, shaped for an input of that many dimensions."""
        found = {p.name: self.parameter(p.name) for p in self.definition.parameters}
        return {k: along_channels(v, dimensions) if isinstance(v, Tensor) else v for k, v in found.items()}

    def _check_channels(self, x: Tensor) -> None:
        if self.num_parameters == 1:
            return
        channels = x.shape[1] if x.dim() > 1 else 1
        if self.num_parameters != channels:
            raise UnsupportedInput(
                f"{type(self).__name__}: num_parameters={self.num_parameters} but the input of shape "
                f"{tuple(x.shape)} has {channels} channel(s) (dimension 1)"
            )

    def forward(self, x: Tensor) -> Tensor:
        """The function at `x`."""
        self._check_channels(x)
        options = dict(self.options)
        if "training" in options_of(self.definition):
            options["training"] = self.training
        values = self.values(x.dim())
        # noise and stand-ins look at the input twice
        if self.inplace and not options and self.straight_through is None:
            written = over(self.function.key, x, tuple(values.values()))
            if written is not None:
                return written
        inside = x.clone() if self.inplace and torch.is_grad_enabled() else x
        result: Tensor = self.function(inside, **values, **options)
        if self.straight_through is not None:
            soft = self.straight_through(inside)
            result = result.detach() + (soft - soft.detach())
        return x.copy_(result) if self.inplace else result

    def extra_repr(self) -> str:
        """Parameters as torch.nn prints them."""
        shown = [f"{p.name}={self._shown(p.name)}" for p in self.definition.parameters]
        theirs = self.definition.torch.arguments
        shown += [f"{k}={v!r}" for k, v in self.definition.torch.fixed.items()]
        shown += [f"{theirs.get(k, k)}={v!r}" for k, v in self.options.items()]
        shown += ["inplace=True"] if self.inplace else []
        return ", ".join(shown)

    def _shown(self, name: str) -> str:
        if name not in self.learnable:
            return f"{getattr(self, name):g}"
        return "learnable" if self.num_parameters == 1 else f"learnable×{self.num_parameters}"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        # classes of a user's functions exist only once their definition is known; subclasses by their own name
        kind = type(self)
        made = kind is class_of(kind.definition)
        return _rebuild, (kind.definition if made else kind,), self.__dict__


def _rebuild(kind: Definition | type[Activation]) -> Activation:
    return Activation.__new__(class_of(kind) if isinstance(kind, Definition) else kind)


def _learnable(definition: Definition, asked: bool | str | Sequence[str] | None) -> tuple[str, ...]:
    if asked is None:
        return tuple(p.name for p in definition.parameters if p.learnable)
    if isinstance(asked, bool):
        return _trainable(definition) if asked else ()
    names = [definition.parameter(name).name for name in ((asked,) if isinstance(asked, str) else asked)]
    if definition.groups in names:
        raise DefinitionError(f"{definition.name}: {definition.groups} is a count and cannot be trained")
    return tuple(names)


def _trainable(definition: Definition) -> tuple[str, ...]:
    return tuple(p.name for p in definition.parameters if p.name != definition.groups)


def _channels(definition: Definition, asked: int, learnable: tuple[str, ...]) -> int:
    if asked != int(asked) or asked < 1:
        raise DefinitionError(f"{definition.name}: num_parameters must be 1, 2, 3, …, got {asked}")
    if asked > 1 and not learnable:
        raise DefinitionError(f"{definition.name}: num_parameters={asked} is for learnable parameters; it has none")
    return int(asked)


def _stand_in(definition: Definition, wanted: bool) -> Function | None:
    if not wanted:
        return None
    if not definition.straight_through:
        raise DefinitionError(f"{definition.name} has no straight-through stand-in; its own gradient trains it")
    return of(
        Definition(
            name=f"{definition.name}_stand_in",
            title=f"Stand-in for the gradient of {definition.name}",
            formula=definition.straight_through,
            reference=definition.reference,
        )
    )


def same_in_torch(module_name: str) -> list[Definition]:
    """The definitions that torch.nn has under one name, told apart by arguments: gelu and gelu_tanh."""
    return [d for d in catalogue.definitions() if d.torch.module == module_name]


def fits(definition: Definition, given: Mapping[str, Any]) -> bool:
    """Whether the arguments of torch's module ask for `definition`, or leave it open."""
    return all(given.get(k, v) == v for k, v in definition.torch.fixed.items())


def class_name(definition: Definition) -> str:
    """torch.nn's name where it has the function, else the title if it is one word (StarReLU), else ours."""
    if definition.torch.module and same_in_torch(definition.torch.module)[0] == definition:
        return definition.torch.module
    if definition.title.isalnum() and definition.title[0].isupper():
        return definition.title
    return "".join(word.capitalize() for word in definition.name.split("_"))


def signature(definition: Definition) -> inspect.Signature:
    """The constructor's arguments, in torch.nn's order and under its names."""
    theirs = definition.torch.arguments
    slots: dict[str, Any] = {}
    if any(p.learnable for p in definition.parameters):
        slots["num_parameters"] = 1
    if definition.kind != "elementwise":
        slots[theirs.get("axis", "axis")] = -1
    slots |= {theirs.get(p.name, p.name): p.default for p in definition.parameters}
    slots |= definition.torch.fixed
    if "hard" in options_of(definition):
        slots["hard"] = False
    if definition.kind == "elementwise":
        slots |= {"inplace": False, "learnable": None, "num_parameters": 1}
    elif definition.kind == "row" and _trainable(definition):
        slots["learnable"] = None
    if definition.straight_through:
        slots["straight_through"] = False
    if any(p.learnable for p in definition.parameters):
        slots |= {"device": None, "dtype": None}
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Signature([inspect.Parameter(name, kind, default=value) for name, value in slots.items()])


@cache
def class_of(definition: Definition) -> type[Activation]:
    """The module class of `definition`."""
    name = class_name(definition)

    def init(self: Activation, *args: Any, **kwargs: Any) -> None:
        given = _bound(definition, args, kwargs)
        chosen = _variant(definition, given)
        Activation.__init__(self, chosen, _settings(chosen, given))

    _, shared = inspect.cleandoc(Activation.__doc__ or "").split("\n\n", 1)
    doc = f"{of(definition).__doc__}\n\n{shared}"
    body = {"__init__": init, "__signature__": signature(definition), "__doc__": doc}
    return type(name, (Activation,), {**body, "__module__": "rheobase.torch", "definition": definition})


def _variant(definition: Definition, given: Mapping[str, Any]) -> Definition:
    """GELU(approximate="tanh") is another definition under the same name of torch's."""
    if not definition.torch.module:
        return definition
    fitting = [d for d in same_in_torch(definition.torch.module) if fits(d, given)]
    asked = [d for d in fitting if any(k in given for k in d.torch.fixed)]
    return asked[0] if asked and definition not in asked else definition


def _bound(definition: Definition, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return signature(definition).bind(*args, **kwargs).arguments
    except TypeError as error:
        raise DefinitionError(f"{class_name(definition)}: {error}; it takes {signature(definition)}") from None


def _settings(definition: Definition, given: Mapping[str, Any]) -> dict[str, Any]:
    for name, only in definition.torch.fixed.items():
        if given.get(name, only) != only:
            raise DefinitionError(f"{class_name(definition)}: {name} must be {only!r}: {definition.title} is exact")
    ours = {theirs: mine for mine, theirs in definition.torch.arguments.items()}
    return {ours.get(name, name): value for name, value in given.items() if name not in definition.torch.fixed}


def module(name: str, **settings: Any) -> Activation:
    """A module of the function called `name`; arguments as for its class.

    >>> import rheobase.torch as rt
    >>> rt.module("swish")
    SiLU()
    """
    return class_of(catalogue.lookup(name))(**settings)
