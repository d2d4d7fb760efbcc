"""What can be said of a function without running a network: all derived, nothing typed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import sympy as sp

from rheobase.algebra.typeset import derivative
from rheobase.definition import Definition
from rheobase.facts.curve import Curve, curve
from rheobase.facts.fixed import fixed_points
from rheobase.facts.gaussian import Gaussian, gaussian
from rheobase.facts.kinks import Kink, continuity, kinks
from rheobase.facts.relatives import Relation, relatives
from rheobase.facts.saturation import Saturation, dead_zone, saturation
from rheobase.facts.shape import Interval, convex, image, lipschitz, monotonic, parity

__all__ = ["Facts", "Gaussian", "Interval", "Kink", "Relation", "Saturation", "facts"]


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about an elementwise function at given parameter values.

    range: of f where it is a number. limits: of f at -∞ and +∞, NaN where there is none.
    continuity: the number of continuous derivatives, -1 for a jump, None if smooth.
    kinks, dead_zone: within ±30 where the pieces never end. zero_centred: E f(z) = 0 for z ~ N(0, 1).
    dead_zone: intervals on which f' is exactly 0. lipschitz: the largest |f'|.
    """

    definition: Definition = field(repr=False)
    parameters: dict[str, float]
    range: Interval
    limits: tuple[float, float]
    continuity: int | None
    kinks: tuple[Kink, ...]
    monotonic: Literal["increasing", "decreasing", "constant"] | None
    convex: Literal["convex", "concave", "linear"] | None
    parity: Literal["odd", "even"] | None
    zero_centred: bool
    saturation: Saturation
    dead_zone: tuple[tuple[float, float], ...]
    lipschitz: float
    fixed_points: tuple[float | Interval, ...]
    gaussian: Gaussian
    relatives: tuple[Relation, ...]

    @property
    def name(self) -> str:
        """The function's name."""
        return self.definition.name

    def derivative(self, order: int = 1) -> sp.Expr:
        """The derivative of that order as a formula with the parameters as symbols, in the shortest form known.

        >>> import rheobase as rb
        >>> rb.tanh.facts.derivative(), rb.softplus.facts.derivative(2)
        (cosh(x)**(-2), beta/(4*cosh(beta*x/2)**2))
        """
        return derivative(self.definition, order)


def facts(definition: Definition, **parameters: float) -> Facts:
    """All facts about an elementwise function; parameters default to the definition's.

    Raises DefinitionError for functions of a row, gated units, and parameters outside their domain.

    >>> import rheobase as rb
    >>> str(rb.sigmoid.facts.range), rb.relu.facts.dead_zone
    ('(0, 1)', ((-inf, 0.0),))
    """
    return _facts(curve(definition, parameters))


@lru_cache(maxsize=256)
def _facts(at: Curve) -> Facts:
    averages = gaussian(at)
    return Facts(
        definition=at.definition,
        parameters=dict(at.values),
        range=image(at),
        limits=(at.limit(-1), at.limit(1)),
        continuity=continuity(at),
        kinks=kinks(at),
        monotonic=monotonic(at),
        convex=convex(at),
        parity=parity(at),
        zero_centred=abs(averages.mean) <= 1e-12 * averages.second_moment**0.5,
        saturation=saturation(at),
        dead_zone=dead_zone(at),
        lipschitz=lipschitz(at),
        fixed_points=fixed_points(at),
        gaussian=averages,
        relatives=relatives(at.definition.name),
    )
