"""What textbooks claim about activation functions, as data, each put to the test by an experiment."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from rheobase import catalogue
from rheobase.claims import gates, outputs, rectifiers, saturated, sigmoidal, smooth
from rheobase.claims.record import Claim
from rheobase.errors import UnknownClaim

__all__ = ["CLAIMS", "chosen"]

_FAMILIES = (sigmoidal, saturated, rectifiers, smooth, outputs, gates)
CLAIMS: tuple[Claim, ...] = tuple(claim for family in _FAMILIES for claim in family.CLAIMS)


def chosen(names: Sequence[str] = ()) -> list[Claim]:
    """The claims that are called so, or about functions that are; all without names. UnknownClaim lists the nearest.

    >>> [claim.id for claim in chosen(["heaviside"])]
    ['step-threshold', 'step-no-backpropagation']
    """
    wanted = [_named(name) for name in names]
    return [claim for claim in CLAIMS if not wanted or any(claim in group for group in wanted)]


def _named(name: str) -> list[Claim]:
    function = catalogue.canonical(name) if catalogue.known(name) else name
    found = [claim for claim in CLAIMS if name == claim.id or function in claim.functions]
    if found:
        return found
    about = {function for claim in CLAIMS for function in claim.functions}
    near = difflib.get_close_matches(name, [*about, *(claim.id for claim in CLAIMS)], n=3)
    hint = f"did you mean {', '.join(near)}?" if near else "rheobase claims --list names them"
    raise UnknownClaim(f"no claim is called {name!r}, and none is about a function of that name; {hint}")
