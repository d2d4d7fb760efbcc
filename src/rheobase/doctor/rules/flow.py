"""Gradients that do not arrive, updates that are too small or too large, numbers that are none."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from rheobase.doctor.records import Case, ParameterStatistics, Remedy, Severity, SiteStatistics
from rheobase.doctor.rules.beginning import DECADES, ORTHOGONAL, decades_lost, hidden, reached
from rheobase.doctor.rules.harm import STILL, moved, stuck, thrown_off
from rheobase.doctor.rules.rule import Rule, Sign
from rheobase.doctor.rules.units import HALF, dead

#: ‖Δw‖/‖w‖ per step above which weights are thrown about (about 10⁻³ is usual).
WILD = 0.1
#: Weights that start below this share of 1/√fan_in double at the first step, and may.
NEAR_ZERO = 0.05
#: Updates that decide nothing are too few.
_STEPS = 3


def _not_finite(case: Case) -> Iterator[Sign]:
    """The first number that was none: in time, and within a step in the order of computing."""
    found = [(s.spoilt_at, 0, s.name, f"Pre-activations at {s.name}") for s in case.sites if s.spoilt_at >= 0]
    found += [(c.step, 1, "output", "The model's output") for c in case.losses if not c.finite]
    found += [(c.step, 2, "loss", "The loss, of an output that is finite,") for c in case.losses
              if c.finite and not math.isfinite(c.value)]  # fmt: skip
    found += [(case.steps[int(i)], 3, p.layer, f"The gradient of {p.layer}") for p in case.parameters[::-1]
              for i in np.flatnonzero(~np.isfinite(p.gradients))[:1]]  # fmt: skip
    if case.inputs is not None and not case.inputs.finite:
        yield Sign("critical", "input", {"step": 0.0}, facts={"what": "The input itself"}, remedies=(_FILLED,))
    elif found:
        step, _, site, what = min(found, key=lambda each: each[:2])
        own = (_UNDEFINED,) if site == "loss" else ()
        yield Sign("critical", site, {"step": step}, facts={"what": what}, remedies=own)


def _detached(case: Case) -> Iterator[Sign]:
    for layer in case.layers:
        if not layer.registered:
            yield Sign("critical", layer.path, {"registered": 0.0}, explanation=_UNREGISTERED)
    wanted = [p for p in case.parameters if p.trained]
    if not any(p.used for p in wanted):
        return
    for p in wanted:
        if not p.used:
            held = case.optimised and p.optimised
            yield Sign("critical" if held else "warning" if _ran(case, p) else "info", p.layer, {"gradient": 0.0})
    yield from _left_out(wanted)


def _ran(case: Case, p: ParameterStatistics) -> bool:
    """Whether anything of its part of the model was seen: the generator is no part of a discriminator's pass."""
    part = p.path.partition(".")[0]
    seen = [layer.path for layer in case.layers] + [path for s in case.sites for path in (s.path, s.layer)]
    return any(path.partition(".")[0] == part for path in seen)


def _left_out(wanted: list[ParameterStatistics]) -> Iterator[Sign]:
    """Weights that get a gradient but are in no optimizer; a backbone left out from the start on is frozen."""
    out = [not p.optimised for p in wanted]
    backbone = out and out[0] and not any(out[out.index(False) :]) if False in out else True
    for p in wanted:
        if p.used and not p.optimised:
            yield Sign("info" if backbone else "warning", p.layer, {"optimised": 0.0}, explanation=_LEFT_OUT)


_UNREGISTERED = (
    "{site} uses weights that are no parameters of the model (layers in a plain list are not registered): no optimizer "
    "made from model.parameters() trains them, and state_dict leaves them out."
)
_LEFT_OUT = "The weights of {site} get a gradient, but the optimizer does not hold them: they stay as they were."


def _ratio(p: ParameterStatistics) -> float:
    """The typical update of a weight tensor over the later half of the observed steps; NaN for too few."""
    later = p.updates[len(p.updates) // 2 :]
    known = later[np.isfinite(later)]
    return float(np.median(known)) if len(known) >= _STEPS else math.nan


def _wild(case: Case) -> Iterator[Sign]:
    sized = [p for p in case.parameters if p.trained and p.optimised and p.scale * p.fan_in**0.5 > NEAR_ZERO]
    found = [(p, _thrown(p, stuck(case), thrown_off(case))) for p in sized]
    worst = max(found, key=lambda pair: pair[1], default=None)
    if worst is not None and worst[1] > 0:
        share = float(np.mean([r > 0 for _, r in found]))
        # one lively layer, often the small one at the output, does no harm; most of them do
        severity: Severity = "critical" if worst[1] > 1 else "warning" if share > HALF else "info"
        yield Sign(severity, worst[0].layer, {"update": worst[1], "layers": share})


def _thrown(p: ParameterStatistics, lost: bool, off: bool) -> float:
    """A step's update where it is wild: the typical one of the later half; where the loss has not fallen, also that of
    the first half; any above the weights' own size where it has not fallen or was thrown off, any at all where both."""
    known = p.updates[np.isfinite(p.updates)]
    peak = float(known.max(initial=0.0))
    typical = max((r for r in (_ratio(p), _early(p) if lost else 0.0) if r > WILD), default=0.0)
    least = WILD if lost and off else 1.0 if lost or off else math.inf
    return max(typical, peak if peak > least else 0.0)


def _starved(case: Case) -> Iterator[Sign]:
    meant = [p for p in case.parameters if p.trained and p.optimised and p.used]
    # where no gradient arrives at all, the learning rate is not to blame
    reached = [p for p in meant if np.median(p.gradients) > 0]
    # a layer that is dead as a whole lets none through, and is found by itself
    closed = any(len(dead(s)) == s.units for s in case.sites)
    if case.trained and meant and not closed and all((p.gradients == 0).all() for p in meant):
        yield Sign("critical", meant[0].layer, {"update": 0.0, "layers": 1.0}, explanation=_FLAT, remedies=(_STEP,))
    found = [(p, _early(p)) for p in reached]
    known = [(p, r) for p, r in found if not math.isnan(r)]
    still = [(p, r) for p, r in known if r < STILL]
    if still and len(known) > 0:
        p, ratio = min(still, key=lambda pair: pair[1])
        yield Sign("warning", p.layer, {"update": ratio, "layers": len(still) / len(known)})


def _early(p: ParameterStatistics) -> float:
    """The typical update over the first half: the end of a schedule, or of training, is slow by nature."""
    first = p.updates[: max(len(p.updates) // 2, _STEPS)]
    known = first[np.isfinite(first)]
    return float(np.median(known)) if len(known) >= _STEPS else math.nan


def _vanishing(case: Case) -> Iterator[Sign]:
    lost, met = decades_lost(case.sites), hidden(case.sites)
    if len(met) > 2 and lost > DECADES:
        evidence = {"decades": lost, "depth": len(met), "first": met[0].gradient, "last": met[-1].gradient}
        yield Sign("critical" if lost > 2 * DECADES else "warning", met[0].name, evidence,
                   facts={"function": met[0].function, "last_site": met[-1].name})  # fmt: skip
    yield from _through_time(case)


def _through_time(case: Case) -> Iterator[Sign]:
    """The gradient from the last use of a layer back to its first: short memory, harmful where the loss is stuck."""
    uses: dict[str, list[SiteStatistics]] = {}
    for s in reached(case.sites):
        uses.setdefault(s.layer, []).append(s)
    for layer, met in uses.items():
        lost = math.log10(met[-1].gradient / met[0].gradient)
        if layer and len(met) > 2 and lost > DECADES:
            evidence = {"decades": lost, "depth": len(met), "first": met[0].gradient, "last": met[-1].gradient}
            yield Sign("warning" if case.trained and moved(case) and stuck(case) else "info", met[0].name, evidence,
                       explanation=_FORGETS, remedies=_REMEMBER)  # fmt: skip


def _exploding(case: Case) -> Iterator[Sign]:
    gained, met = -decades_lost(case.sites), hidden(case.sites)
    if len(met) > 2 and gained > DECADES - 1:
        evidence = {"decades": gained, "depth": len(met), "first": met[0].gradient, "last": met[-1].gradient}
        yield Sign("critical" if gained > DECADES + 1 else "warning", met[0].name, evidence,
                   facts={"last_site": met[-1].name})  # fmt: skip


_FLAT = (
    "The gradient of every weight is exactly 0 at every observed step: the output, or something on the way from it to "
    "the loss, is constant or a step function (round, sign, argmax, a comparison, a clamp that cuts everything)."
)
_FORGETS = (
    "The gradient loses {decades:.1f} decades from the last to the first of {depth:.0f} uses of {site}: what came "
    "early in a sequence is hardly learned from."
)
_REMEMBER = (
    ORTHOGONAL,
    Remedy("", "Shorten the way: residual connections over time, attention, or shorter sequences."),
)
_STEP = Remedy("", "Take the step function out of training, or give it a straight-through gradient.")
_FILLED = Remedy("", "Fill or drop missing values before training.")
_UNDEFINED = Remedy("", "Look for log(0), sqrt at 0, a division by 0, or half precision's limit of 65504.")

CAUSES = (
    Rule(
        "detached-parameters",
        _detached,
        "The weights of {site} are to be trained, but no gradient ever reached them: something on the way to the loss "
        "cuts the graph (detach, no_grad, .data, .item, NumPy), or the layer is not used.",
        "A head for another task, or a part that is trained in another phase.",
        "gradient is None at every observed step",
        (Remedy("", "Remove what cuts the graph, or freeze the layer openly (requires_grad_(False))."),
         Remedy("", "Keep layers in nn.ModuleList, and give the optimizer model.parameters().")),
        causes=("starved-updates",),
    ),
    Rule(
        "wild-updates",
        _wild,
        "A step moves the weights of {site} by {update:.2g} of their size (so it is with {layers:.0%} of the weight "
        "tensors): training jumps about instead of descending.",
        "The first steps of a warm-up, or weights that start near 0.",
        "‖Δw‖/‖w‖ of most weights above 0.1 in the later half; in the first, or above 1 once, where the loss is stuck; "
        "above 1 once where it rose to three times its first value, above 0.1 where both; about 10⁻³ is usual",
        (Remedy("learning_rate", "Lower the learning rate tenfold.", {"factor": 0.1}),
         Remedy("clip", "Clip the gradient's norm to 1.", {"norm": 1.0})),
        causes=("dead-units", "saturated-units", "non-finite", "exploding-gradient", "vanishing-gradient",
                "constant-units", "linear-units", "dormant-units"),
    ),
    Rule(
        "non-finite",
        _not_finite,
        "{what} became infinite or NaN at step {step:.0f}.",
        "A step that GradScaler skips now and then, at the beginning.",
        "the first place in forward order",
        (Remedy("learning_rate", "Lower the learning rate tenfold.", {"factor": 0.1}),
         Remedy("clip", "Clip the gradient's norm to 1.", {"norm": 1.0}),
         _UNDEFINED),
        causes=("dead-units", "saturated-units", "constant-units"),
    ),
)  # fmt: skip

CONSEQUENCES = (
    Rule(
        "vanishing-gradient",
        _vanishing,
        "The gradient loses {decades:.1f} decades from {last_site} back to {site}, over {depth:.0f} activations: the "
        "first layers of this {function} network hardly learn.",
        "Residual branches that start at 0, or a network that has converged.",
        "gradient per sample at the sites, in the same units; three decades",
        (
            Remedy("swap", "Use relu, gelu or silu, with weights to match (rt.init_).", {"to": "gelu", "init": True}),
            Remedy("init", "Draw the weights by the function's gain (rt.init_).", {}),
            Remedy("normalise", "Normalise pre-activations.", {}),
            Remedy("", "Add residual connections."),
        ),
        causes=("starved-updates", "mean-shift", "dormant-units", "constant-units"),
    ),
    Rule(
        "exploding-gradient",
        _exploding,
        "The gradient grows by {decades:.1f} decades from {last_site} back to {site}, over {depth:.0f} activations.",
        "Clipping holds it, and the loss falls.",
        "gradient per sample at the sites, in the same units; two decades",
        (
            Remedy("init", "Draw the weights by the function's gain (rt.init_).", {}),
            Remedy("clip", "Clip the gradient's norm to 1.", {"norm": 1.0}),
            Remedy("learning_rate", "Lower the learning rate tenfold.", {"factor": 0.1}),
            Remedy("normalise", "Normalise pre-activations.", {}),
        ),
    ),
    Rule(
        "starved-updates",
        _starved,
        "A step moves the weights of {site} by {update:.2g} of their size ({layers:.0%} of the weight tensors by less "
        "than a millionth): they stand still.",
        "The last steps of a schedule, or a layer that has been trained before.",
        "‖Δw‖/‖w‖ below 10⁻⁶ over the first half of the observed steps; about 10⁻³ is usual",
        (Remedy("learning_rate", "Raise the learning rate tenfold or more.", {"factor": 100.0}),),
    ),
)
