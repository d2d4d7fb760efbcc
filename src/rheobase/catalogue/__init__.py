"""The declared functions, one file per family, and the look-up by name or alias."""

from __future__ import annotations

import difflib

from rheobase.catalogue import (
    exponential,
    gated,
    rectifiers,
    row,
    self_gated,
    shrinkage,
    sigmoidal,
    waves,
)
from rheobase.definition import Definition
from rheobase.errors import DefinitionError, UnknownFunction

FAMILIES: dict[str, tuple[Definition, ...]] = {
    "sigmoidal": sigmoidal.FAMILY,
    "rectifiers": rectifiers.FAMILY,
    "exponential": exponential.FAMILY,
    "self-gated": self_gated.FAMILY,
    "shrinkage": shrinkage.FAMILY,
    "waves": waves.FAMILY,
    "row": row.FAMILY,
    "gated": gated.FAMILY,
    "own": (),
}

#: The functions every textbook names.
TEXTBOOK = ("step", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "prelu", "softmax", "softplus")

_CANONICAL: dict[str, Definition] = {d.name: d for family in FAMILIES.values() for d in family}
_ALIASES: dict[str, str] = {a: d.name for d in _CANONICAL.values() for a in d.aliases}


def names() -> list[str]:
    """Every canonical name, family by family; the user's own last."""
    return list(_CANONICAL)


def canonical(name: str) -> str:
    """The canonical name behind `name` or one of its aliases; UnknownFunction lists the nearest."""
    known = _ALIASES.get(name, name)
    if known in _CANONICAL:
        return known
    near = difflib.get_close_matches(name, [*_CANONICAL, *_ALIASES], n=4, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else "rheobase.names() lists them all"
    raise UnknownFunction(f"no activation function is called {name!r}; {hint}")


def known(name: str) -> bool:
    """Whether a function has this name or alias."""
    return _ALIASES.get(name, name) in _CANONICAL


def is_shipped(name: str) -> bool:
    """Whether this name or alias is a function of the catalogue's own, and not a user's."""
    return known(name) and lookup(name) not in FAMILIES["own"]


def lookup(name: str) -> Definition:
    """The definition of the function called `name` (or one of its aliases)."""
    return _CANONICAL[canonical(name)]


def definitions() -> list[Definition]:
    """Every definition, in the order of `names`."""
    return list(_CANONICAL.values())


def family(name: str) -> str:
    """The family the function belongs to."""
    definition = lookup(name)
    return next(family for family, members in FAMILIES.items() if definition in members)


def add(definition: Definition) -> None:
    """Add a user's own function. A name or alias that is taken by a shipped one is refused."""
    for word in (definition.name, *definition.aliases):
        if is_shipped(word):
            raise DefinitionError(f"{word!r} already names {canonical(word)}; choose another name")
    remove_own(definition.name)
    FAMILIES["own"] = (*FAMILIES["own"], definition)
    _CANONICAL[definition.name] = definition
    _ALIASES.update(dict.fromkeys(definition.aliases, definition.name))


def remove_own(name: str) -> None:
    """Forget the user's function of that name, if there is one."""
    kept = tuple(d for d in FAMILIES["own"] if d.name != name)
    if len(kept) == len(FAMILIES["own"]):
        return
    FAMILIES["own"] = kept
    old = _CANONICAL.pop(name)
    for alias in old.aliases:
        del _ALIASES[alias]
