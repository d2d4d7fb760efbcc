"""The tested claims as one self-contained page."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from rheobase import catalogue
from rheobase.claims import chosen, pictures
from rheobase.claims.files import Results
from rheobase.claims.record import VERDICTS, Outcome
from rheobase.plot import svg


def render(results: Results) -> str:
    """The page as HTML; it needs no network and no other file."""
    environment = Environment(loader=PackageLoader("rheobase.claims"), autoescape=select_autoescape(["j2"]))
    counts = Counter(outcome.verdict for outcome in results.outcomes)
    return environment.get_template("claims.html.j2").render(
        sections=[_section(name, results) for name in dict.fromkeys(o.functions[0] for o in results.outcomes)],
        counts=[(verdict, counts[verdict]) for verdict in VERDICTS],
        total=len(results.outcomes),
        seeds=sorted({o.seed for o in results.outcomes}),
        machine=results.machine,
        versions=results.versions,
    )


def _section(name: str, results: Results) -> dict[str, Any]:
    """A function, and the claims that name it first."""
    return {
        "name": name,
        "definition": catalogue.lookup(name),
        "curve": svg(partial(pictures.curve, name)),
        "claims": [_card(o) for o in results.outcomes if o.functions[0] == name],
        "elsewhere": [o for o in results.outcomes if name in o.functions[1:]],
    }


def _card(outcome: Outcome) -> dict[str, Any]:
    picture = outcome.picture
    return {
        "o": outcome,
        "threshold": chosen([outcome.id])[0].threshold,
        "picture": None if picture is None else svg(partial(pictures.drawn, picture)),
    }
