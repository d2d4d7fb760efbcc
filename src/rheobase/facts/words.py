"""Facts in words: what a terminal and a page say of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rheobase.facts.saturation import SHARE

if TYPE_CHECKING:
    from rheobase.facts import Facts, Kink

Lines = list[tuple[str, str]]

#: Fixed points that are printed.
MOST_POINTS = 5
EVERYWHERE = (-math.inf, math.inf)
PROOFS = {"symbolic": "proved symbolically", "numeric": "checked numerically"}


def fact_lines(facts: Facts) -> Lines:
    """The facts in words."""
    smooth = {None: "smooth", -1: "it jumps"}.get(facts.continuity, f"C{facts.continuity}")
    g = facts.gaussian
    edge = "none" if g.edge_of_chaos is None else "σ_w = {:.4f}, σ_b = {:.4f}".format(*g.edge_of_chaos)
    words = [str(w) for w in (facts.monotonic, facts.convex, facts.parity) if w]
    return [
        ("range", str(facts.range)),
        ("limits", f"{_limit(facts.limits[0])} at -∞, {_limit(facts.limits[1])} at +∞"),
        ("shape", ", ".join([*words, smooth]) + ("" if words else ", neither monotonic nor convex")),
        ("kinks", "; ".join(map(_kink, facts.kinks)) or "none"),
        ("largest slope", f"{facts.lipschitz:.6g}"),
        ("saturates", _saturated(facts)),
        ("f′ exactly 0", ", ".join(f"({a:g}, {b:g})" for a, b in facts.dead_zone) or "nowhere"),
        ("fixed points", _nearest(facts.fixed_points) or "none"),
        # + 0.0: a mean of -1e-17 is printed as 0
        ("for z ~ N(0,1)", f"mean {round(g.mean, 4) + 0.0:.4f}, gain {g.gain:.4f}, χ₁ {g.chi1:.4f}, "
                           f"variance slope {g.variance_slope:.4f}"),
        ("edge of chaos", edge),
        *listed("relatives", [f"{r.left} = {r.right}  ({PROOFS[r.proof]})" for r in facts.relatives]),
    ]  # fmt: skip


def _limit(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.6g}"


def _kink(kink: Kink) -> str:
    jumps = "jumps, " if kink.jump else ""
    return f"at {kink.at:g} ({jumps}{kink.left:.4g} | {kink.right:.4g}, f′ is {kink.chosen:.4g})"


def _nearest(points: Any) -> str:
    """The fixed points nearest to 0, intervals first."""
    ordered = sorted(points, key=lambda p: (isinstance(p, float), abs(p) if isinstance(p, float) else 0.0))
    return ", ".join([*map(_point, ordered[:MOST_POINTS]), *(["…"] if len(ordered) > MOST_POINTS else [])])


def _point(point: Any) -> str:
    return f"{point:.6g}" if isinstance(point, float) else str(point)


def _saturated(facts: Facts) -> str:
    if EVERYWHERE in facts.dead_zone:
        return "f′ is 0 everywhere"
    return _beyond(facts.saturation.left, facts.saturation.right)


def _beyond(left: float | None, right: float | None) -> str:
    sides = [f"x < {left:.4g}"] if left is not None else []
    sides += [f"x > {right:.4g}"] if right is not None else []
    return " and ".join(sides) + f" (|f′| below {SHARE:.0%} of its maximum)" if sides else "nowhere"


def listed(label: str, texts: Any) -> Lines:
    """`label` beside the first text alone."""
    return [("" if i else label, text) for i, text in enumerate(texts)]
