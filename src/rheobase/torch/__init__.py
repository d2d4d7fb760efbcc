"""PyTorch: activation modules by torch.nn's names, swapping them in a model, and initialisation.

Every function of the catalogue is a class here: `rheobase.torch.Hardswish`, `.StarReLU`, …
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rheobase.errors import extra
from rheobase.torch.initialise import init_
from rheobase.torch.kept import saves
from rheobase.torch.modules import Activation, class_name, class_of, module
from rheobase.torch.swap import Replaced, Swap, Unreached, swap

#: The doctor stands above this layer: its names are fetched when they are asked for.
_DOCTOR = ("check", "verify", "watch")

__all__ = [
    "Activation",
    "Replaced",
    "Swap",
    "Unreached",
    "check",
    "init_",
    "module",
    "saves",
    "swap",
    "verify",
    "watch",
]

if TYPE_CHECKING:

    def __getattr__(name: str) -> Any: ...

else:

    def __getattr__(name: str) -> Any:
        """The module class called `name`, or a function of the doctor."""
        if name in _DOCTOR:
            with extra("doctor"):
                return getattr(import_module(f"rheobase.doctor.{name}"), name)
        classes = _classes()
        if name not in classes:
            raise AttributeError(f"module 'rheobase.torch' has no attribute {name!r}; classes are {', '.join(classes)}")
        return classes[name]


def _classes() -> dict[str, type[Activation]]:
    from rheobase import catalogue

    return {class_name(d): class_of(d) for d in catalogue.definitions()}


def __dir__() -> list[str]:
    return [*__all__, *_classes()]
