"""Finding the functions that a model calls in code, or that torch.nn computes inside its own modules."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import fx, nn
from torch.overrides import TorchFunctionMode

from rheobase.activation import Activation as Function
from rheobase.torch.names import name_of, names_of

#: Modules of torch.nn that compute activation functions where nothing outside can reach them.
_INSIDE: Mapping[type[nn.Module], tuple[str, ...]] = {
    **dict.fromkeys((nn.LSTM, nn.GRU, nn.LSTMCell, nn.GRUCell), ("sigmoid", "tanh")),
    nn.MultiheadAttention: ("softmax",),
    nn.Softmax2d: ("softmax",),
    nn.AdaptiveLogSoftmaxWithLoss: ("log_softmax",),
}
#: Their attribute `activation` is a function as often as a module.
_TRANSFORMER = (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)


def names_held(value: Any) -> tuple[str, ...]:
    """The functions that an attribute which is no module holds: F.relu, partial(F.gelu, …), rb.relu."""
    if isinstance(value, partial):
        return names_of(value.func, kwargs=value.keywords)
    return names_of(value) if callable(value) and not isinstance(value, type | nn.Module) else ()


def _spelt(target: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None) -> str:
    plain = [repr(a) for a in args[1:] if isinstance(a, int | float | str)]
    plain += [f"{k}={v!r}" for k, v in (kwargs or {}).items() if isinstance(v, int | float | str) and v is not False]
    word = f"Tensor.{target}" if isinstance(target, str) else getattr(target, "__name__", "")
    return f"{'rheobase.' * isinstance(target, Function)}{word}({', '.join(plain)})"


#: Where, how it is spelt, and the canonical names of the functions.
Call = tuple[str, str, tuple[str, ...]]


def inside(model: nn.Module) -> list[Call]:
    """What modules of torch.nn compute where nothing outside can reach it."""
    chosen = {p: (m.nonlinearity,) for p, m in model.named_modules() if isinstance(m, nn.RNN | nn.RNNCell)}
    found = {p: _INSIDE[type(m)] for p, m in model.named_modules() if type(m) in _INSIDE}
    return [(p, type(model.get_submodule(p)).__name__, names) for p, names in (found | chosen).items()]


def calls(model: nn.Module) -> tuple[list[Call], str]:
    """Calls that torch.fx sees, and what it could not trace."""
    found: list[Call] = []
    failed: list[str] = []
    _trace(model, "", found, failed)
    for path, layer in model.named_modules():
        if isinstance(layer, _TRANSFORMER):
            _trace(vars(layer).get("activation"), f"{path}.activation".lstrip("."), found, failed)
    return found, f"torch.fx cannot trace {', '.join(failed)}; pass example=(inputs,) to run it" if failed else ""


def _trace(code: Any, path: str, found: list[Call], failed: list[str]) -> None:
    """Calls in `code`, a module or function; where it cannot be traced, those in its parts."""
    if code is None or (isinstance(code, nn.Module) and _Tracer().is_leaf_module(code, path)):
        return
    if names := names_held(code):
        found.append((path, _spelt(getattr(code, "func", code)), names))
    elif getattr(type(code), "forward", None) is not nn.Module.forward:
        try:
            found.extend(_traced(code, path))
        except Exception as error:  # a user's forward method may raise anything when run on stand-ins
            reason = (str(error) or type(error).__name__).splitlines()[0]
            failed.append(f"{path or 'the model'} ({type(code).__name__}: {reason})")
        else:
            return
    for name, child in code.named_children() if isinstance(code, nn.Module) else ():
        _trace(child, f"{path}.{name}".lstrip("."), found, failed)


def _traced(code: Any, path: str) -> list[Call]:
    def record(plain: Callable[..., Any], function: Function, x: Any, *args: Any, **options: Any) -> Any:
        if not isinstance(x, fx.Proxy):
            return plain(function, x, *args, **options)
        return x.tracer.create_proxy("call_function", function, (x, *args), options)

    with our_calls_go_to(record):
        graph = _Tracer().trace(code)
    return [
        (".".join(filter(None, (path, *owners[-1:]))), _spelt(*call), names_of(*call))
        for node in graph.nodes
        if node.op in ("call_function", "call_method")
        for call, owners in [((node.target, node.args, node.kwargs), [*node.meta.get("nn_module_stack", ())])]
    ]


class _Tracer(fx.Tracer):
    """Looks into every module but activation functions and what is torch's through and through."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        known = (name_of(part) or type(part).__module__.startswith("torch.nn") for part in m.modules())
        return bool(name_of(m)) or (super().is_leaf_module(m, module_qualified_name) and all(known))


@contextmanager
def our_calls_go_to(hear: Callable[..., Any]) -> Iterator[None]:
    """Inside, f(x, …) of a function of ours is hear(f's plain call, f, x, …)."""
    plain = Function.__call__

    def call(self: Function, x: Any, *args: Any, **options: Any) -> Any:
        return hear(plain, self, x, *args, **options)

    Function.__call__ = call  # type: ignore[method-assign]
    try:
        yield
    finally:
        Function.__call__ = plain  # type: ignore[method-assign]


def calls_on(model: nn.Module, example: tuple[Any, ...]) -> list[Call]:
    """Calls seen while a copy of the model runs on `example`, outside activation modules."""
    # a run moves the statistics of batch normalisation: not those of the user's model
    twin, listener = copy.deepcopy(model), _Listener()
    for path, layer in twin.named_modules():
        layer.register_forward_pre_hook(partial(listener.enter, path))
        layer.register_forward_hook(listener.leave, always_call=True)
    with torch.random.fork_rng(), torch.no_grad(), our_calls_go_to(listener.ours), listener:
        twin(*example)
    return list(dict.fromkeys(listener.seen))


class _Listener(TorchFunctionMode):
    """Notes calls of functions, and in which module, while a model runs."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Call] = []
        #: paths of the modules being run, innermost last; None: an activation of its own right
        self.running: list[str | None] = [""]

    def enter(self, path: str, layer: nn.Module, inputs: Any) -> None:
        self.running.append(None if name_of(layer) else path)

    def leave(self, *_: Any) -> None:
        self.running.pop()

    def note(self, target: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        if self.running[-1] is not None:
            self.seen.append((self.running[-1], _spelt(target, args, kwargs), names_of(target, args, kwargs)))

    def ours(self, plain: Callable[..., Any], function: Function, *args: Any, **options: Any) -> Any:
        self.note(function, args, options)
        self.running.append(None)
        result = plain(function, *args, **options)
        self.running.pop()
        return result

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.note(func, args, kwargs or {})
        return func(*args, **(kwargs or {}))
