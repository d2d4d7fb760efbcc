"""Units that are dead, stuck or idle. Sparse is not sick: a unit that fires for few samples works for those."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rheobase.doctor.certify import CONFIDENCE, required, upper_bound
from rheobase.doctor.records import Case, Counts, Remedy, Severity, SiteStatistics
from rheobase.doctor.rules.harm import moved, stuck
from rheobase.doctor.rules.rule import Rule, Sign
from rheobase.facts.saturation import dead_zone

#: Share of dead units from which they are an alarm.
MOST = 0.9
#: Share from which they are worth a repair: where the loss is stuck, where it falls, and before training, when half of
#: the units of a deep layer may be silent by the draw of the signs.
STUCK_LOSS, FALLING_LOSS, UNTRAINED = 0.4, 0.6, 0.75
#: A unit is saturated where this share of its places is; a site, where this share of its units is.
STUCK, HALF = 0.9, 0.5
#: A unit is constant whose deviation over samples is below this share of its size.
CONSTANT = 1e-5
#: Sokar et al.: activity below this share of the layer's mean.
DORMANT = 0.025
#: A function whose Gaussian mean shift is above this adds an offset to every layer (sigmoid 0.85, softplus 0.71).
OFFSET = 0.6


def dead(site: SiteStatistics) -> Counts:
    """The units that have not left their flat side for as many samples as `certify.required` asks for."""
    if not site.nature.flat:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(site.since >= required(site.samples, site.units))


def saturated(site: SiteStatistics) -> Counts:
    """The units that spend nearly all samples on the flat sides of a function that is not meant to be silent."""
    return np.zeros(0, dtype=np.int64) if site.nature.rectifies else np.flatnonzero(site.flat > STUCK)


def _dead_units(case: Case) -> Iterator[Sign]:
    found = [(s, dead(s)) for s in case.sites if s.nature.rectifies and (s.feeds_layer or _silences(s))]
    for site, units in sorted(found, key=lambda pair: -len(pair[1]) / pair[0].units):
        share = len(units) / site.units
        if not len(units):
            continue
        silent = int(site.since[units].min())
        many = UNTRAINED if not moved(case) else STUCK_LOSS if stuck(case) else FALLING_LOSS
        severity: Severity = "critical" if share >= MOST else "warning" if share >= many else "info"
        evidence = {"dead": share, "count": len(units), "of": site.units, "samples": silent,
                    "bound": upper_bound(silent, site.units), "died_at_step": float(site.last_fired[units].max()),
                    "born_dead": float((site.last_fired[units] < 0).mean()), "call": float(site.call)}  # fmt: skip
        born = evidence["born_dead"] >= HALF
        redraw = Remedy("init", "Draw weights by He's rule with biases 0 (rt.init_).", {"to": site.function})
        remedies = (redraw, *_ALIVE, _SLOWER) if born else (_SLOWER, *_ALIVE, redraw)
        words = {"when": _when(site, units), "layer": _after(site), "sure": f"{CONFIDENCE:.0%}"}
        yield Sign(severity, site.name, evidence, units.tolist(), words, remedies=remedies)


def _silences(site: SiteStatistics) -> bool:
    """Whether its flat side passes no gradient at all: a smooth function at the end (a positive head) is only small."""
    return bool(dead_zone(site.nature.curve))


def _when(site: SiteStatistics, units: Counts) -> str:
    steps = site.last_fired[units]
    never = float((steps < 0).mean())
    if never >= HALF:
        return "They never fired at all" if never == 1 else f"{never:.0%} of them never fired at all"
    return f"Half of them were silent after step {int(np.median(steps))}"


def _after(site: SiteStatistics) -> str:
    return f" (after {site.layer})" if site.layer and site.layer != site.name else ""


def _saturated(case: Case) -> Iterator[Sign]:
    sites = [s for s in case.sites if s.role == "hidden" and not s.nature.rectifies]
    for site in sorted(sites, key=lambda s: -len(saturated(s)) / s.units):
        units, flat = saturated(site), float(site.flat.mean())
        share = len(units) / site.units
        if share > HALF or flat > STUCK - 0.15:
            edges = [e for zone in site.nature.flat for e in zone if np.isfinite(e)]
            evidence = {
                "saturated": share,
                "flat": flat,
                "z_deviation": site.z_deviation,
                "at_rest": site.nature.at_rest,
            }
            words = {"function": site.function, "layer": _after(site), "edges": ", ".join(f"{e:.3g}" for e in edges)}
            yield Sign(
                "critical" if share >= MOST else "warning", site.name, evidence, units.tolist(), words,
                remedies=_calmer(case, site),
            )  # fmt: skip


def _calmer(case: Case, site: SiteStatistics) -> tuple[Remedy, ...]:
    """Smaller weights where they are too large; else what comes in is, or what the code does to it: by what arrives."""
    large = any(p.layer == site.layer and p.scale * p.fan_in**0.5 > 3 * site.nature.gain for p in case.parameters)
    rescale = Remedy("init", "Scale the weights to the function's gain (rt.init_).", {"to": site.function})
    norm = Remedy("normalise", "Normalise pre-activations (LayerNorm or BatchNorm before the function).", {})
    return (rescale, norm, *_CALMER) if large else (_CALIBRATE, norm, *_CALMER, rescale)


def _constant(case: Case) -> Iterator[Sign]:
    for site in case.sites:
        if site.spoilt_at >= 0:
            return
        moving = site.deviation > CONSTANT * np.sqrt(site.mean**2 + site.deviation**2)
        known = np.union1d(dead(site), saturated(site))
        units = np.setdiff1d(np.flatnonzero(~moving), known)
        share = len(units) / site.units
        if site.role == "hidden" and share > HALF and site.samples > 1:
            yield Sign("critical" if share >= MOST else "warning", site.name, {"constant": share}, units.tolist())
            return  # what is constant stays so in all that follows


def _dormant(case: Case) -> Iterator[Sign]:
    for site in case.sites:
        size = np.sqrt(site.mean**2 + site.deviation**2)
        units = np.setdiff1d(np.flatnonzero(size <= DORMANT * size.mean()), dead(site))
        if site.role == "hidden" and len(units) >= 0.1 * site.units:
            yield Sign("info", site.name, {"dormant": len(units) / site.units}, units.tolist())


def _linear(case: Case) -> Iterator[Sign]:
    for site in case.sites:
        units = np.flatnonzero(site.active > 0.999)
        share = len(units) / site.units
        if site.role == "hidden" and site.nature.at_rest >= HALF and share > 0.8 and site.samples >= 32:
            yield Sign("warning", site.name, {"linear": share}, units.tolist(), {"function": site.function})


def _mean_shift(case: Case) -> Iterator[Sign]:
    hidden = [s for s in case.sites if s.role == "hidden" and s.feeds_layer and not s.normed]
    shifted = [s for s in hidden if s.nature.mean_shift > OFFSET and shift(s) > OFFSET]
    if len(shifted) >= 4:
        site = max(shifted, key=shift)
        evidence = {"mean_shift": shift(site), "of_gaussian": site.nature.mean_shift, "layers": len(shifted)}
        harmful = stuck(case) if case.trained else len(shifted) >= 6
        yield Sign("warning" if harmful else "info", site.name, evidence, facts={"function": site.function})


def shift(site: SiteStatistics) -> float:
    """(E f)²/E f²: the share of the signal that is offset."""
    square = float((site.mean**2 + site.deviation**2).mean())
    return float(site.mean.mean()) ** 2 / square if square else 0.0


_CALIBRATE = Remedy(
    "calibrate",
    "Divide what each layer hands its function by its deviation on a batch, or take a factor out of the code.",
)
_CALMER = (
    Remedy("scale_input", "Standardise the inputs."),
    Remedy("learning_rate", "Lower the learning rate.", {"factor": 0.2}),
    Remedy("swap", "Use a function with one open side: relu, gelu or silu.", {"to": "gelu"}),
)

CONSEQUENCES = (
    Rule(
        "constant-units",
        _constant,
        "{constant:.0%} of the units give the same number for every sample: the layers above learn nothing from them.",
        "The units act as biases, or the batch holds one sample many times.",
        "deviation over samples below a hundred-thousandth of the unit's size",
        (Remedy("init", "Draw the weights anew by the function's gain.", {}),
         Remedy("learning_rate", "Lower the learning rate.", {"factor": 0.2})),
    ),
    Rule(
        "mean-shift",
        _mean_shift,
        "{layers:.0f} layers of {function} without normalisation: {mean_shift:.0%} of the signal is a constant offset "
        "(of a standard normal z {of_gaussian:.0%}), which every layer hands to the next.",
        "The network is trained at a small learning rate and has time.",
        "(E f)²/E f², Clevert et al. 2016; functions above 60%, four layers or more; a warning "
        "where the loss is stuck, and before training from six layers on",
        (Remedy("swap", "Use a function centred on 0: tanh, elu, gelu or silu.", {"to": "tanh"}),
         Remedy("normalise", "Normalise pre-activations.", {})),
    ),
    Rule(
        "dormant-units",
        _dormant,
        "{dormant:.0%} of the units have less than 2.5% of the layer's typical activity.",
        "Rare features; it matters in continual and reinforcement learning, where it grows.",
        "Sokar et al. 2023, τ = 0.025",
        (Remedy("", "Draw their incoming weights anew (ReDo)."),),
    ),
)  # fmt: skip

#: What died on the way was moved too far; what never fired was drawn wrong.
_SLOWER = Remedy("learning_rate", "Lower the learning rate (a third to a tenth) and train anew.", {"factor": 0.2})
_ALIVE = (
    Remedy("swap", "Use a function with no dead side: leaky_relu, elu, gelu or silu.", {"to": "leaky_relu"}),
    Remedy("scale_input", "Standardise the inputs."),
    Remedy(
        "recycle",
        "Draw the dead units' incoming weights anew during training, with bias and optimizer state at 0 (ReDo).",
        {"every": 20},
    ),
)

RULES = (
    Rule(
        "dead-units",
        _dead_units,
        "{count:.0f} of {of:.0f} units{layer} never left the flat side of their function in the last {samples:.0f} "
        "samples (p < {bound:.2%}, {sure} confidence): no gradient reaches their weights. {when}.",
        "The layer is wider than the task needs and the loss falls all the same; or weight decay prunes it.",
        "Clopper-Pearson bound for 0 firings; worth a repair from 60% of the units, from 40% where "
        "the loss is stuck, from 75% before training (sparse is not dead)",
        (_SLOWER, *_ALIVE),
        causes=("constant-units", "dormant-units", "starved-updates", "vanishing-gradient", "exploding-gradient"),
    ),
    Rule(
        "saturated-units",
        _saturated,
        "{saturated:.0%} of the units{layer} lie on the flat sides of {function} (z beyond {edges}, where the slope is "
        "below 5% of its maximum) for more than nine samples of ten; a standard normal z would for {at_rest:.2%}. "
        "Pre-activations have a deviation of {z_deviation:.3g}; little gradient passes.",
        "The units are switches or codes that are meant to be 0 or 1.",
        "slope below 5% of its maximum, from the function's facts; Glorot & Bengio 2010",
        _CALMER,
        causes=("constant-units", "vanishing-gradient", "exploding-gradient", "mean-shift"),
    ),
    Rule(
        "linear-units",
        _linear,
        "{linear:.0%} of the units are on the open side of {function} for every sample: there it is a straight line, "
        "and the layer is linear.",
        "The function only guards against rare negatives.",
        "active on more than 99.9% of places (Lyle et al. 2024: linearised units)",
        (Remedy("init", "Set biases to 0 and draw weights by He's rule (rt.init_).", {}),
         Remedy("normalise", "Normalise pre-activations.", {})),
    ),
)  # fmt: skip
