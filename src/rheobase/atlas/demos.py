"""The demonstrations a reader can play with: small networks that are trained in the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rheobase.facts.saturation import SHARE

#: What all demonstrations are made of, in the order in which a page loads it.
_PARTS = ("network", "random", "meanfield", "controls", "plane", "runner")


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A page of the atlas: `question` in one sentence, `settings` shared by its text and its scripts.

    `template` is its page under `templates/`, `scripts` are under `static/`, in the order in which they load.

    >>> DEMONSTRATIONS[0].template, DEMONSTRATIONS[0].scripts[-1]
    ('demos/depth.html.j2', 'demos/depth.js')
    """

    slug: str
    title: str
    question: str
    own_scripts: tuple[str, ...] = ()
    settings: Mapping[str, float] = field(default_factory=dict)

    @property
    def template(self) -> str:
        """The page's template."""
        return f"demos/{self.slug}.html.j2"

    @property
    def scripts(self) -> tuple[str, ...]:
        """The parts of demonstrations, and its own."""
        return tuple(f"demos/{name}.js" for name in (*_PARTS, *(self.own_scripts or (self.slug,))))


DEMONSTRATIONS = (
    Demonstration(
        slug="depth",
        title="Gradient through depth",
        question="How much of the gradient reaches the first layer of a deep network?",
    ),
    Demonstration(
        slug="dead",
        title="Dead unit",
        question="Which functions let a unit come back that has fallen silent?",
        settings={"saturated": SHARE, "pushed": -10.0},
    ),
    Demonstration(
        slug="centred",
        title="Zero-centred",
        question="Why do inputs that all share a sign slow a unit's learning down?",
        own_scripts=("unit", "centred", "means"),
        settings={"goal": 0.2},
    ),
)
