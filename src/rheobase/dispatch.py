"""Which backend an input belongs to. No framework is imported that the caller has not imported."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from numbers import Real
from typing import TYPE_CHECKING, Any, Protocol

from rheobase.errors import UnsupportedInput

if TYPE_CHECKING:
    from rheobase.algebra.program import Program

Array = Any

DTYPES = ("float16", "bfloat16", "float32", "float64")


class Backend(Protocol):
    """What a layer offers to the functions."""

    #: How to convert an input to a dtype that is taken.
    CONVERT: str

    def dtype_name(self, x: Array) -> str: ...
    def evaluate(self, program: Program, arrays: Sequence[Array], axis: int | None = None) -> Array: ...
    def run(
        self,
        key: str,
        path: tuple[int, ...],
        at_rest: bool,
        arrays: Sequence[Array],
        axis: int | None,
        out: Array | None = None,
    ) -> Array: ...
    def store(self, result: Array, out: Array) -> Array: ...
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
    layer = _found(x)
    if layer is None:
        raise UnsupportedInput(
            f"{name} takes a NumPy array, PyTorch tensor, JAX array or float, not {type(x).__name__}"
        )
    dtype = layer.dtype_name(x)
    if dtype not in DTYPES:
        raise UnsupportedInput(f"{name} takes {', '.join(DTYPES)}, not {dtype}; convert first: {layer.CONVERT}")
    return layer


def is_array(value: Any) -> bool:
    """Whether `value` is an array of a library, and not a single number, NumPy's included."""
    layer = _found(value)
    return layer is not None and (layer is not _layer("numpy", "") or not isinstance(value, Real))


def check_company(what: str, value: Array, backend: Backend) -> None:
    """Raise UnsupportedInput if a parameter is an array of a library that x is not of: its gradient would be lost."""
    layer = _found(value)
    if layer not in (None, backend, _layer("numpy", "")):
        raise UnsupportedInput(f"{what} is of type {type(value).__name__}, and x is not; make x one too")


def _found(x: Array) -> Backend | None:
    return _layer_of(type(x))  # type: ignore[arg-type]


@cache
def _layer_of(kind: type) -> Backend | None:
    # a torch.nn.Parameter or a user's subclass of ndarray is found through its bases
    layers = (_layer(base.__module__.split(".")[0], base.__name__) for base in kind.__mro__)
    return next((layer for layer in layers if layer is not None), None)


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
