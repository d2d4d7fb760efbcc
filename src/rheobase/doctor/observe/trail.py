"""Where a tensor came from, as a forward pass runs: which layer, activation, norm or sum made it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.utils.weak import WeakIdKeyDictionary

from rheobase.doctor.records import LayerUse

Tensor = torch.Tensor

#: What hands its input on, as far as units go: names of torch's functions and methods.
_TRANSPARENT = frozenset(
    (
        "dropout",
        "feature_dropout",
        "alpha_dropout",
        "dropout1d",
        "dropout2d",
        "dropout3d",
        "flatten",
        "view",
        "reshape",
        "contiguous",
        "clone",
        "detach",
        "to",
        "float",
        "half",
        "bfloat16",
        "double",
        "squeeze",
        "unsqueeze",
        "permute",
        "transpose",
        "t",
        "movedim",
        "unflatten",
        "expand",
        "pad",
        "avg_pool1d",
        "avg_pool2d",
        "avg_pool3d",
        "adaptive_avg_pool1d",
        "adaptive_avg_pool2d",
        "adaptive_avg_pool3d",
        "mean",
        "sum",
        "__getitem__",
        "select",
        "interpolate",
        "chunk",
        "split",
        "unbind",
        "squeeze_",
        "unsqueeze_",
        "dropout_",
        "repeat",
    )
)
#: What hands on the output of an activation, and ends a chain of linear maps.
_POOLING = frozenset(
    (
        "max_pool1d",
        "max_pool2d",
        "max_pool3d",
        "adaptive_max_pool1d",
        "adaptive_max_pool2d",
        "adaptive_max_pool3d",
        "max",
        "amax",
    )
)
_LINEAR = frozenset(("linear", "bilinear"))
_CONVOLUTION = frozenset(
    (
        "conv1d",
        "conv2d",
        "conv3d",
        "conv_transpose1d",
        "conv_transpose2d",
        "conv_transpose3d",
        "convolution",
    )
)
_NORMS = frozenset(
    (
        "layer_norm",
        "group_norm",
        "instance_norm",
        "rms_norm",
        "local_response_norm",
        "normalize",
    )
)
_SUMS = frozenset(("add", "__add__", "__radd__", "add_", "__iadd__", "sub", "__sub__", "__rsub__"))
_PRODUCTS = frozenset(("mul", "__mul__", "__rmul__", "mul_", "__imul__", "multiply"))
_QUOTIENTS = frozenset(("div", "__truediv__", "true_divide", "div_"))


@dataclass(frozen=True, slots=True)
class Origin:
    """kind: "input", "linear", "conv", "norm", "sum", "activation", "recurrent" or "other".

    name: the layer's path or, for activations, the function; axis: the dimension that counts units, from the
    front for channels. normed: batch normalisation came between.
    """

    kind: str
    name: str = ""
    axis: int = -1
    normed: bool = False
    site: tuple[str, str, int] | None = None


def _use(path: str, kind: str, origin: Origin, weight: Tensor, registered: bool) -> LayerUse:
    depthwise = kind == "conv" and weight.shape[1] == 1 and weight.shape[0] > 1
    return LayerUse(
        path=path,
        kind="depthwise" if depthwise else kind,
        inputs=weight[0].numel(),
        outputs=weight.shape[0],
        source=origin.name,
        source_kind=origin.kind,
        source_branches=False,  # not known before the end of the pass
        normed=origin.normed,
        registered=registered or not (weight.requires_grad and weight.is_leaf),
    )


class Trail:
    """Origins of the tensors of one forward pass, and what became of the activations' outputs."""

    def __init__(self) -> None:
        self._origins: Any = WeakIdKeyDictionary()
        #: layers by their weight tensors
        self.layers: dict[int, tuple[str, nn.Module]] = {}
        self.uses: list[LayerUse] = []
        self.gates: set[tuple[str, str, int]] = set()
        self.feeding: set[tuple[str, str, int]] = set()
        self.doubled: list[tuple[str, str, str]] = []
        #: layers whose output goes into a sum, a product or beside others as well
        self.branching: set[str] = set()

    def know(self, model: nn.Module) -> None:
        """Note which layer a weight belongs to."""
        for path, layer in model.named_modules():
            for parameter in layer.parameters(recurse=False):
                self.layers[id(parameter)] = (path, layer)

    def of(self, tensor: Any) -> Origin | None:
        """The origin of a tensor, if it is known."""
        return self._origins.get(tensor) if isinstance(tensor, Tensor) else None

    def put(self, tensor: Any, origin: Origin) -> None:
        """Note the origin of a tensor."""
        if isinstance(tensor, Tensor):
            self._origins[tensor] = origin

    def follow(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any, path: str) -> None:
        """Note what a call of torch did to the origins."""
        word = getattr(func, "__name__", "")
        step = _STEPS.get(word)
        if step is None or (not args and not kwargs):
            return
        given = args[0] if args else next(iter(kwargs.values()))
        first = given[0] if isinstance(given, tuple | list) and given else given
        origin = step(self, word, first, (*args, *kwargs.values()), path)
        if origin is not None:
            for tensor in result if isinstance(result, tuple | list) else (result,):
                self.put(tensor, origin)

    # --- one method per sort of call: the origin of its result, None if it is not known -------------------

    def _transparent(self, word: str, x: Any, given: tuple[Any, ...], path: str) -> Origin | None:
        return self.of(x)

    def _pooling(self, word: str, x: Any, given: tuple[Any, ...], path: str) -> Origin | None:
        origin = self.of(x)
        return origin if origin is not None and origin.kind == "activation" else None

    def _layer(self, word: str, x: Any, given: tuple[Any, ...], path: str) -> Origin | None:
        return self._linear_map("conv" if word in _CONVOLUTION else "linear", x, given[1], path)

    def _matmul(self, word: str, x: Any, given: tuple[Any, ...], path: str) -> Origin | None:
        weights = [g for g in given[-2:] if id(g) in self.layers]
        return self._linear_map("linear", given[-2], weights[0], path) if weights else Origin("other")

    def _linear_map(self, kind: str, x: Any, weight: Tensor, path: str) -> Origin:
        origin = self.of(x) or Origin("other")
        name = self.layers.get(id(weight), (path, None))[0]
        self.uses.append(_use(name, kind, origin, weight, id(weight) in self.layers))
        if origin.site:
            self.feeding.add(origin.site)
        return Origin(kind, name, 1 if kind == "conv" else -1)

    def _batch_norm(self, word: str, x: Any, given: tuple[Any, ...], path: str) -> Origin | None:
        origin = self.of(x)
        return replace(origin, normed=True, axis=1, site=None) if origin else Origin("norm", path, 1)

    def _norm(self, word: str, x: Any, given: tuple[Any, ...], path: str) -> Origin | None:
        origin = self.of(x)
        axis = -1 if word in ("layer_norm", "rms_norm") else 1
        return Origin("norm", origin.name if origin else path, axis, normed=True)

    def _sum(self, word: str, x: Any, given: tuple[Any, ...], path: str) -> Origin | None:
        known = [o for o in map(self.of, given[:2]) if o is not None]
        self._branch(known)
        if not known or not all(isinstance(g, Tensor) for g in given[:2]):
            return known[0] if known else None
        return Origin("sum", known[0].name, known[0].axis)

    def _joined(self, word: str, x: Any, given: tuple[Any, ...], path: str) -> Origin | None:
        """Of tensors put side by side: their origin where it is one and the same, or all are activations."""
        known = [self.of(part) for part in given[0]]
        first = known[0]
        self._branch(known)
        if first is None or any(o is None or o.kind != first.kind for o in known):
            return Origin("sum", axis=first.axis if first else -1)
        return first if first.kind == "activation" or len(set(known)) == 1 else Origin("sum", axis=first.axis)

    def _product(self, word: str, x: Any, given: tuple[Any, ...], path: str) -> Origin | None:
        if not all(isinstance(g, Tensor) for g in given[:2]):
            origin = self.of(next((g for g in given[:2] if isinstance(g, Tensor)), None))
            # scaled, the output of an activation has another range
            return replace(origin, kind="other", site=None) if origin and origin.site else origin
        known = [self.of(g) for g in given[:2]]
        self._branch(known)
        for origin in known:
            if origin is not None and origin.site:
                self.gates.add(origin.site)
        return Origin("other")

    def _branch(self, origins: Iterable[Origin | None]) -> None:
        self.branching.update(o.name for o in origins if o is not None and o.kind in ("linear", "conv"))

    def _recurrent(self, word: str, x: Any, given: tuple[Any, ...], path: str) -> Origin | None:
        origin = self.of(x)
        if origin is not None and origin.site:
            self.feeding.add(origin.site)
        return Origin("recurrent", path)


_Step = Callable[[Trail, str, Any, tuple[Any, ...], str], "Origin | None"]
_STEPS: Mapping[str, _Step] = {
    **dict.fromkeys(_TRANSPARENT, Trail._transparent),
    **dict.fromkeys(_POOLING, Trail._pooling),
    **dict.fromkeys(_LINEAR | _CONVOLUTION, Trail._layer),
    **dict.fromkeys(_NORMS, Trail._norm),
    **dict.fromkeys(_SUMS, Trail._sum),
    **dict.fromkeys(("cat", "concat", "stack"), Trail._joined),
    **dict.fromkeys(_PRODUCTS | _QUOTIENTS, Trail._product),
    **dict.fromkeys(("matmul", "__matmul__", "mm", "addmm"), Trail._matmul),
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), Trail._recurrent),
    "batch_norm": Trail._batch_norm,
}
