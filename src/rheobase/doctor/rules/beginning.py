"""Weights that do not suit the functions, seen at the first pass."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from rheobase.activation import of
from rheobase.doctor.records import EDGES, Case, Remedy, SiteStatistics
from rheobase.doctor.rules.rule import Rule, Sign
from rheobase.doctor.rules.units import HALF

#: Decades of gradient over the depth that training does not make up for.
DECADES = 3.0
#: Where the right weights still halve the gradient's variance per layer (sigmoid 0.15, softplus 0.32), no weights help.
ORDERED = 0.5
#: What a time step may make of the gradient: below, nothing is left after three steps; above, it explodes over ten.
FORGETS, GROWS = 0.1, 2.0
#: What torch calls the weights from one state to the next.
_RECURRENT = "weight_hh"
#: Activations that vary this little, and pre-activations this far beyond the size 1 that the gain aims at.
TINY, HUGE = 0.01, 20.0
#: How many times the loss of a constant answer the first loss may be.
WORSE = 3.0


def hidden(sites: Sequence[SiteStatistics]) -> list[SiteStatistics]:
    """The sites between layers through which a gradient came, from input to output.

    A layer that is used at many calls (a recurrent cell) gets the sum of their gradients: its strongest use counts.
    """
    strongest: dict[tuple[str, int], SiteStatistics] = {}
    for s in reached(sites):
        key = (s.layer, 0) if s.layer else (s.path, s.call)
        strongest[key] = max(strongest.get(key, s), s, key=lambda each: each.gradient)
    return list(strongest.values())


def reached(sites: Sequence[SiteStatistics]) -> list[SiteStatistics]:
    """All hidden uses through which a gradient came."""
    return [s for s in sites if s.role == "hidden" and s.gradient > 0 and math.isfinite(s.gradient)]


def decades_lost(sites: Sequence[SiteStatistics]) -> float:
    """log₁₀ of the gradient at the last site over that at the first; 0 for fewer than two."""
    met = hidden(sites)
    return math.log10(met[-1].gradient / met[0].gradient) if len(met) > 1 else 0.0


def size(site: SiteStatistics) -> float:
    """Root mean square of the pre-activations."""
    return math.hypot(site.z_mean, site.z_deviation)


def signal(site: SiteStatistics) -> float:
    """Root mean square, over units, of what the activations vary by from sample to sample."""
    return float((site.deviation**2).mean() ** 0.5)


def fits(case: Case, sites: Sequence[SiteStatistics]) -> dict[str, float]:
    """By layer, its weights' deviation times √fan_in over what the function before it asks for."""
    weights = {p.layer: p for p in case.parameters}
    found, gain = {}, 1.0
    for site in sites:
        if site.layer in weights and weights[site.layer].scale > 0 and not site.normed:
            found[site.layer] = weights[site.layer].scale * weights[site.layer].fan_in ** 0.5 / gain
        gain = site.nature.gain
    return found


def _symmetric(case: Case) -> Iterator[Sign]:
    feeding = {s.layer for s in case.first if s.role == "hidden"}
    for p in case.parameters:
        if p.trained and p.layer in feeding and p.twins > HALF:
            yield Sign("critical", p.layer, {"twins": p.twins, "scale": p.scale})


def _initialisation(case: Case) -> Iterator[Sign]:
    sites = [s for s in case.first if s.role != "gate" and not s.normed]
    known = fits(case, sites)
    bad = _forward(case, sites, known) or _backward(case, sites, known)
    if bad is not None:
        yield bad
    yield from _through_time(case)


def _through_time(case: Case) -> Iterator[Sign]:
    """Weights of torch's recurrent layers that forget, or amplify, from one time step to the next."""
    found = {s.path: s for s in case.first}
    for p in case.parameters:
        site = found.get(p.layer)
        if site is None or _RECURRENT not in p.path:
            continue
        step = p.scale * p.fan_in**0.5 * _slope(site)
        if step < FORGETS or step > GROWS:
            words = {"much": "large" if step > 1 else "small", "function": site.function}
            evidence = {"per_step": step, "size": size(site), "fit": p.scale * p.fan_in**0.5}
            yield Sign("warning", p.layer, evidence, facts=words, explanation=_TIME, remedies=(ORTHOGONAL,))


def _slope(site: SiteStatistics) -> float:
    """Root mean square of f' over the pre-activations that were counted."""
    middle = (EDGES[1:] + EDGES[:-1]) / 2
    slopes = of(site.nature.definition).derivative(middle, 1, **dict(site.nature.values))
    return float(np.average(slopes**2, weights=site.histogram) ** 0.5)


def _forward(case: Case, sites: list[SiteStatistics], known: dict[str, float]) -> Sign | None:
    """The first layer whose outputs are far too small or large, through its weights and not through its input."""
    for site in sites:
        fit, z = known.get(site.layer, 1.0), size(site)
        stuck = not site.nature.rectifies and float(site.flat.mean()) > HALF and site.role == "hidden"
        if (signal(site) < TINY and fit < 0.1) or (fit > 3 and (z > HUGE or stuck)):
            return _sign("critical" if signal(site) < TINY / 10 or z > HUGE else "warning", site, fit, case)
    worst = max((s for s in sites if s.layer in known), key=lambda s: known[s.layer], default=None)
    if worst is None or _first_loss(case) < WORSE:
        return None
    if known[worst.layer] > 3 or math.prod(known.values()) > 10:
        return _sign("warning", worst, known[worst.layer], case)
    return None


def _first_loss(case: Case) -> float:
    """The first loss over that of the best constant answer, as a size (not a square); 0 where that is not known."""
    for call in case.losses:
        if call.kind in ("cross_entropy", "nll_loss") and len(call.shape) > 1 and call.shape[1] > 1:
            return call.value / math.log(call.shape[1])
        # a negative one was made something else of: its sign was turned, or another was taken off
        if call.kind == "mse_loss" and call.target_deviation > 0 and call.value >= 0 and not call.classes:
            return math.sqrt(call.value) / math.hypot(call.target_mean, call.target_deviation)
    return 0.0


def _backward(case: Case, sites: list[SiteStatistics], known: dict[str, float]) -> Sign | None:
    """Gradient lost or gained over the depth, where it is the weights' fault and not the functions'."""
    lost, drift = decades_lost(sites), sum(map(math.log10, known.values()))
    ordered = sum(s.nature.chi1 < ORDERED for s in hidden(sites)) > len(hidden(sites)) / 2
    if len(hidden(sites)) < 3 or abs(lost) < DECADES or abs(drift) < abs(lost) / 3 or lost * drift > 0 or ordered:
        return None
    worst = max((s for s in sites if s.layer in known), key=lambda s: abs(math.log10(known[s.layer])))
    return _sign("critical" if abs(lost) > 2 * DECADES else "warning", worst, known[worst.layer], case)


def _sign(severity: str, site: SiteStatistics, fit: float, case: Case) -> Sign:
    evidence = {"fit": fit, "size": size(site), "gradient_decades": decades_lost(case.first)}
    words = {"function": site.function, "much": "large" if fit > 1 else "small"}
    return Sign(severity, site.layer or site.name, evidence, facts=words,  # type: ignore[arg-type]
                remedies=(Remedy("init", _INIT, {"to": site.function}), *_OTHERS))  # fmt: skip


_TIME = (
    "The recurrent weights of {site} are too {much}: from one time step to the one before, {function} included, the "
    "gradient is multiplied by {per_step:.2g}."
)
ORTHOGONAL = Remedy("", "Use a gated cell (LSTM, GRU), or draw the recurrent weights orthogonal (nn.init.orthogonal_).")
_INIT = "Draw the weights for the function that is used: rt.init_(model, name)."
_OTHERS = (
    Remedy("normalise", "Or normalise pre-activations (BatchNorm, LayerNorm).", {}),
    Remedy("", "Or add residual connections."),
)


RULES = (
    Rule(
        "symmetric-units",
        _symmetric,
        "{twins:.0%} of the units of {site} start with the same weights as another: they get the same gradient and "
        "stay the same unit for ever.",
        "The rows are tied on purpose.",
        "equal rows of the weight matrix",
        (Remedy("init", "Draw the weights at random (rt.init_).", {}),),
        causes=("constant-units", "dead-units", "starved-updates", "vanishing-gradient", "exploding-gradient",
                "saturated-units", "bad-initialisation", "dormant-units", "linear-units"),
    ),
    Rule(
        "bad-initialisation",
        _initialisation,
        "The weights of {site} are {fit:.3g} times what keeps the signal's size before {function}, too {much}: "
        "pre-activations have size {size:.3g} where 1 is meant, and {gradient_decades:.1f} decades of gradient are "
        "lost from the last activation to the first.",
        "A branch that starts at 0 on purpose (ReZero, Fixup), or normalisation follows.",
        "gain 1/√E f(z)² of the function; three decades over the depth; through time a tenth, or twice, per step",
        (Remedy("init", _INIT, {}), *_OTHERS),
        causes=("saturated-units", "dead-units", "vanishing-gradient", "exploding-gradient", "constant-units",
                "linear-units", "dormant-units", "mean-shift", "starved-updates", "non-finite", "wild-updates"),
    ),
)  # fmt: skip
