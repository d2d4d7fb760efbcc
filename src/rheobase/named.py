"""A user's function by its name: package.module:function."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from rheobase.errors import RheobaseError


def function_named(name: str) -> Callable[..., Any]:
    """The function that `name` names; modules are looked for from the current folder on.

    Raises RheobaseError if there is none.
    """
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        raise RheobaseError(f"{name!r} names no function; write package.module:function")
    # as `python -m` would: modules of the folder one is in can be named
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise RheobaseError(f"there is no module {error.name!r}; it is looked for from this folder on") from None
    if not callable(getattr(found, attribute, None)):
        names = [n for n, value in vars(found).items() if callable(value) and not n.startswith("_")]
        raise RheobaseError(f"{module} has no function {attribute!r}; it has {', '.join(names) or 'none'}")
    function: Callable[..., Any] = getattr(found, attribute)
    return function
