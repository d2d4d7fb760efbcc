"""Hearing every activation of a forward pass: modules by hooks, calls by a mode of torch's dispatcher."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from rheobase import catalogue
from rheobase.activation import Activation as Function
from rheobase.definition import Definition
from rheobase.doctor.nature import nature
from rheobase.doctor.observe.attention import LOGITS, Attention
from rheobase.doctor.observe.ear import Ear
from rheobase.doctor.observe.output import first_tensor
from rheobase.doctor.observe.tally import Tally
from rheobase.doctor.observe.trail import Origin, Trail
from rheobase.torch.calls import our_calls_go_to
from rheobase.torch.modules import Activation
from rheobase.torch.names import may_compute, name_of, names_of, values_given, values_of

Tensor = torch.Tensor
Key = tuple[str, str, int]
#: The values of a function's parameters, read where they are new: learnable ones lie on the device.
Values = Callable[[], Mapping[str, float]]

#: Our own arithmetic in a hook goes past the mode.
_no_mode = torch._C.DisableTorchFunction

#: Functions that are applied in code for other reasons than to activate.
_ARITHMETIC = frozenset(("exponential", "identity"))
#: Functions that are used as often on distances and variances as on the outputs of layers.
_CUTS = frozenset(("clamp", "clip", "clamp_min", "clamp_max"))
_RECURRENT = {"rnn_tanh": "tanh", "rnn_relu": "relu"}


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a site since the first pass: its function's values, its layer, what it feeds."""

    values: Mapping[str, float]
    origin: Origin


class Listener(TorchFunctionMode):
    """Tallies the activations of a model while it runs; hooks are there between `attach` and `detach`.

    heard: called with each loss function of torch that is called while the mode is on.
    """

    def __init__(self, model: nn.Module, heard: Callable[[Any, tuple[Any, ...], Mapping[str, Any]], None]) -> None:
        super().__init__()
        self.model, self.heard = model, heard
        self.tallies: dict[Key, Tally] = {}
        self.places: dict[Key, Place] = {}
        #: the origins of the first pass; its structure is that of all
        self.structure = Trail()
        self.trail: Trail | None = self.structure
        self.attention = Attention()
        self.step, self.passes = 0, 0
        #: seconds spent on listening
        self.spent = 0.0
        self.output = Origin("other")
        #: paths of the modules being run, innermost last; None: an activation of its own right
        self._running: list[str | None] = []
        self._calls: Counter[tuple[str, str]] = Counter()
        #: calls that cut off what no layer has made
        self._arithmetic: set[tuple[str, int]] = set()
        self._pending: list[tuple[Key | None, Tensor | None]] = []
        self._handles: list[Any] = []

    # --- hooks ----------------------------------------------------------------------------------------

    def attach(self) -> None:
        """Put hooks on every module of the model but the outermost."""
        for path, layer in self.model.named_modules():
            if path:
                self._handles.append(layer.register_forward_pre_hook(Ear(partial(self._enter, path))))
                self._handles.append(layer.register_forward_hook(Ear(self._leave), always_call=True))

    def detach(self) -> None:
        """Take the hooks away."""
        while self._handles:
            self._handles.pop().remove()

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Hooks are there inside."""
        self.attach()
        try:
            yield
        finally:
            self.detach()

    def begin(self, inputs: tuple[Any, ...]) -> ExitStack:
        """Start to listen to a forward pass of the model; closing what is returned stops it."""
        self._running, self._pending = [""], []
        self._calls.clear()
        if self.passes == 0:
            self.structure.know(self.model)
            for x in inputs:
                self.structure.put(x, Origin("input"))
        else:
            self.trail = None
        stack = ExitStack()
        stack.enter_context(our_calls_go_to(self._ours))
        stack.enter_context(self)
        return stack

    def activations(self) -> int:
        """Bytes of the inputs of the activations in the latest pass: what the network's activations take at least."""
        return sum(tally.bytes for tally in self.tallies.values())

    def end(self, output: Any) -> None:
        """Note what made the output of the pass."""
        self.passes += 1
        self._running = []
        if self.trail is not None:
            self.output = self.trail.of(first_tensor(output)) or Origin("other")

    def _enter(self, path: str, layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        start = perf_counter()
        with _no_mode():
            self._entered(path, layer, inputs)
        self.spent += perf_counter() - start

    def _entered(self, path: str, layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        if not self._running:
            return  # a recomputation for backward, or another use of a part of the model
        inside = self._running[-1] is None
        name = "" if inside else name_of(layer)
        key: Key | None = None
        if name and inputs and isinstance(inputs[0], Tensor):
            key = self._before(path, *_function_of(layer, name), partial(values_of, layer), inputs[0])
        self._pending.append((key, inputs[0] if inputs and name else None))
        self._running.append(None if inside or (name and name != "identity") else path)

    def _leave(self, layer: nn.Module, inputs: Any, output: Any) -> None:
        start = perf_counter()
        with _no_mode():
            self._left(output)
        self.spent += perf_counter() - start

    def _left(self, output: Any) -> None:
        if not self._pending:
            return
        self._running.pop()
        key, x = self._pending.pop()
        if key is not None:
            self._after(key, output)
        elif x is not None and self.trail is not None and (origin := self.trail.of(x)):
            self.trail.put(output, origin)  # an identity

    # --- calls ----------------------------------------------------------------------------------------

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        start, run = perf_counter(), _Timed(func)
        result = self._called(func, run, args, kwargs or {})
        self.spent += perf_counter() - start - run.seconds
        return result

    def _called(self, func: Any, run: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]) -> Any:
        if not self._running:
            self.heard(func, args, kwargs)
            return run(*args, **kwargs)
        path = self._running[-1]
        if path is None:
            return run(*args, **kwargs)
        if func in LOGITS:
            self._attends(func, path, args, kwargs)
        names = names_of(func, args, kwargs) if may_compute(func) and func not in LOGITS else ()
        if (
            names
            and args
            and isinstance(args[0], Tensor)
            and names[-1] not in _ARITHMETIC
            and self._activates(func, path, args[0])
        ):
            # the last name is the narrowest: hard_tanh from 0 to 6 is relu6
            definition = catalogue.lookup(names[-1])
            return self._around(definition, partial(values_given, definition, args, kwargs), path, run, args, kwargs)
        result = run(*args, **kwargs)
        if self.trail is not None:
            self.trail.follow(func, args, kwargs, result, path)
        word = getattr(func, "__name__", "")
        if word in _RECURRENT:
            self._recurrent(catalogue.lookup(_RECURRENT[word]), path, result[0])
        return result

    def _activates(self, func: Any, path: str, z: Tensor) -> bool:
        """Whether a call is an activation: one that only cuts off is arithmetic, unless it follows a layer."""
        if getattr(func, "__name__", "").rstrip("_") not in _CUTS:
            return True
        place = (path, self._calls[path, "cut"])
        self._calls[path, "cut"] += 1
        if self.trail is not None and (self.trail.of(z) or Origin("other")).kind == "other":
            self._arithmetic.add(place)
        return place not in self._arithmetic

    def _attends(self, func: Any, path: str, args: Any, kwargs: Mapping[str, Any]) -> None:
        self.attention.heard(func, path, self._calls[path, "attention"], args, kwargs)
        self._calls[path, "attention"] += 1

    def _ours(self, plain: Callable[..., Any], function: Function, x: Any, *args: Any, **options: Any) -> Any:
        path = self._running[-1] if self._running else None
        if path is None or not isinstance(x, Tensor):
            return plain(function, x, *args, **options)
        start, run = perf_counter(), _Timed(partial(plain, function))
        values = partial(values_given, function.definition, (x, *args), options)
        result = self._around(function.definition, values, path, run, (x, *args), options)
        self.spent += perf_counter() - start - run.seconds
        return result

    def _around(self, definition: Definition, values: Values, path: str,
                func: Any, args: Any, kwargs: Any) -> Any:  # fmt: skip
        key = self._before(path, definition.name, definition, values, args[0])
        self._running.append(None)
        result = func(*args, **kwargs)
        self._running.pop()
        self._after(key, result)
        return result

    # --- one activation -------------------------------------------------------------------------------

    def _before(self, path: str, name: str, trained: Definition, values: Values, z: Tensor) -> Key | None:
        """Note the input; None for what is no activation of its own (identity)."""
        if name in _ARITHMETIC:
            return None
        key = (path, name, self._calls[path, name])
        self._calls[path, name] += 1
        if self.trail is not None:
            self._found(key, values(), z)
        if trained.kind == "elementwise" and z.numel():
            self._tally(key, trained, values, z)
        return key

    def _found(self, key: Key, values: Mapping[str, float], z: Tensor) -> None:
        assert self.trail is not None
        origin = self.trail.of(z) or Origin("other", axis=1 if z.dim() == 4 else -1)
        self.places[key] = Place(values, origin)
        if origin.site:
            self.trail.doubled.append((key[0] or origin.name, origin.site[1], key[1]))

    def _tally(self, key: Key, trained: Definition, values: Values, z: Tensor) -> None:
        if key not in self.tallies:
            axis = self.places[key].origin.axis if key in self.places else -1
            self.tallies[key] = Tally(nature(trained, values() if trained.parameters else {}), axis)
        tally = self.tallies[key]
        tally.before(z, self.step)
        if z.requires_grad:
            z.register_hook(partial(self._gradient, tally))  # type: ignore[no-untyped-call]

    def _after(self, key: Key | None, output: Any) -> None:
        if key is None or not isinstance(output, Tensor):
            return
        if key in self.tallies and output.numel():
            self.tallies[key].after(output)
        if self.trail is not None:
            place = self.places[key].origin
            self.trail.put(output, Origin("activation", place.name, place.axis, place.normed, key))

    def _gradient(self, tally: Tally, delta: Tensor) -> None:
        start = perf_counter()
        tally.gradient(delta)
        self.spent += perf_counter() - start

    def _recurrent(self, definition: Definition, path: str, states: Tensor) -> None:
        """The states of nn.RNN are outputs of its function, from which the inputs follow."""
        z = torch.atanh(states.detach().clamp(-1 + 1e-7, 1 - 1e-7)) if definition.name == "tanh" else states.detach()
        key = self._before(path, definition.name, definition, dict, z)
        if key is not None:
            self.tallies[key].after(states)


class _Timed:
    """A function that tells how long it ran, so that its time is not counted as the listener's."""

    def __init__(self, func: Callable[..., Any]) -> None:
        self.func, self.seconds = func, 0.0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        start = perf_counter()
        result = self.func(*args, **kwargs)
        self.seconds = perf_counter() - start
        return result


def _function_of(layer: nn.Module, name: str) -> tuple[str, Definition]:
    """The name of a module's function, and the definition whose slope trains it."""
    return name, layer.trained_by.definition if isinstance(layer, Activation) else catalogue.lookup(name)
