"""Which backend an input belongs to. No framework is imported that the caller has not imported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from rheobase.errors import UnsupportedInput

if TYPE_CHECKING:
    from rheobase.algebra.program import Program

Array = Any


class Backend(Protocol):
    """What a layer offers to the functions."""

    def check(self, name: str, x: Array) -> None: ...
    def evaluate(self, program: Program, arrays: Sequence[Array], axis: int | None = None) -> Array: ...
    def run(
        self, key: str, path: tuple[int, ...], at_rest: bool, arrays: Sequence[Array], axis: int | None
    ) -> Array: ...
    def uniform(self, like: Array, rng: Any) -> Array: ...
    def split(self, x: Array, axis: int) -> Sequence[Array]: ...
    def join(self, parts: Sequence[Array], axis: int) -> Array: ...
    def move_last(self, x: Array, axis: int) -> Array: ...
    def move_back(self, x: Array, axis: int) -> Array: ...
    def broadcast(self, x: Array, like: Array) -> Array: ...
    def identity_matrix(self, size: int, like: Array) -> Array: ...
    def detach(self, x: Array) -> Array: ...


def backend_of(name: str, x: Array) -> Backend:
    """The layer for `x`, after checking that it takes the dtype of `x`."""
    # a torch.nn.Parameter or a user's subclass of ndarray is found through its bases
    for base in type(x).__mro__:
        layer = _layer(base.__module__.split(".")[0], base.__name__)
        if layer is not None:
            layer.check(name, x)
            return layer
    raise UnsupportedInput(f"{name} takes a NumPy array, PyTorch tensor, JAX array or float, not {type(x).__name__}")


def _layer(library: str, kind: str) -> Backend | None:
    # import statements, not importlib: a compiler that traces a call can follow them
    layer: Any = None
    if library in ("numpy", "ml_dtypes") or kind in ("float", "int"):
        import rheobase.numpy as layer
    elif library == "torch":
        import rheobase.torch.autograd as layer
    elif library in ("jax", "jaxlib"):
        import rheobase.jax as layer
    return layer
