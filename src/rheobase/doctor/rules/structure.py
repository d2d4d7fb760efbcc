"""Activations that are not there, or there twice."""

from __future__ import annotations

from collections.abc import Iterator

from rheobase import catalogue
from rheobase.doctor.records import Case, LayerUse, Remedy
from rheobase.doctor.rules.rule import Rule, Sign

_MAPS = ("linear", "conv")


def _missing(case: Case) -> Iterator[Sign]:
    by_path = {layer.path: layer for layer in case.layers}
    for layer in case.layers:
        before = by_path.get(layer.source)
        if before is None or before is layer or layer.source_kind not in _MAPS or layer.source_branches:
            continue
        if _collapses(before, layer):
            evidence = {"inputs": before.inputs, "between": before.outputs, "outputs": layer.outputs}
            yield Sign("warning", before.path, evidence, facts={"next": layer.path})


def _collapses(first: LayerUse, second: LayerUse) -> bool:
    """Whether the two together are no more than one layer: not where the middle is narrow, depthwise or a picture."""
    if "depthwise" in (first.kind, second.kind) or (first.kind, second.kind) == ("linear", "conv"):
        return False
    return first.outputs >= min(first.inputs, second.outputs)


def _double(case: Case) -> Iterator[Sign]:
    gates = {(s.name, s.function) for s in case.sites if s.role == "gate"}
    for path, inner, outer in case.doubled:
        # what lies under the output's softmax or sigmoid is the business of activation-on-logits
        output = outer == case.output and (outer == "sigmoid" or catalogue.lookup(outer).kind == "row")
        if (path, outer) in gates or output:
            continue
        again = inner == outer and inner in _IDEMPOTENT
        yield Sign("info" if again else "warning", path, facts={"inner": inner, "outer": outer})


#: Functions that change nothing when applied a second time.
_IDEMPOTENT = ("relu", "relu6", "hard_tanh", "hard_shrink", "threshold")

RULES = (
    Rule(
        "missing-activation",
        _missing,
        "{next} takes the output of {site} as it is: two linear maps in a row ({inputs:.0f} → {between:.0f} → "
        "{outputs:.0f}) are one linear map, and the depth between them is lost.",
        "The layers are meant as one map in two factors.",
        "W₂(W₁x) = (W₂W₁)x; not where a bottleneck between lowers the rank, or W₁x goes elsewhere as well",
        (Remedy("", "Put an activation between the two layers."),),
    ),
    Rule(
        "double-activation",
        _double,
        "{outer} is applied to the output of {inner} with no layer between: their ranges and flat sides add up.",
        "The pair is one activation function written in two parts.",
        "order of the calls in the forward pass",
        (Remedy("", "Leave one of the two out."),),
    ),
)
