"""Putting together what the parts observed."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from rheobase.doctor.observe.listener import Key, Listener
from rheobase.doctor.observe.trail import Origin
from rheobase.doctor.records import LayerUse, SiteStatistics


def sites(listener: Listener) -> tuple[SiteStatistics, ...]:
    """The elementwise sites as plain numbers, in the order of the forward pass."""
    found = [(key, tally) for key, tally in listener.tallies.items() if tally.passes]
    return tuple(tally.statistics(_place(listener, key)) for key, tally in found)


def _place(listener: Listener, key: Key) -> Mapping[str, object]:
    path, function, call = key
    place, trail = listener.places.get(key), listener.structure
    origin = place.origin if place else Origin("other")
    made_output = listener.output.site == key
    return {
        "path": path,
        "function": function,
        "call": call,
        "values": place.values if place else {},
        "layer": origin.name,
        "role": "output" if made_output else "gate" if key in trail.gates else "hidden",
        "normed": origin.normed,
        "feeds_layer": key in trail.feeding,
    }


def layers(listener: Listener) -> tuple[LayerUse, ...]:
    """The linear and convolutional layers in the order of the forward pass."""
    trail = listener.structure
    return tuple(_use(*use, id(use[3]) in trail.layers, use[2].name in trail.branching) for use in trail.uses)


def _use(path: str, kind: str, origin: Origin, weight: Tensor, registered: bool, branching: bool) -> LayerUse:
    depthwise = kind == "conv" and weight.shape[1] == 1 and weight.shape[0] > 1
    return LayerUse(
        path=path,
        kind="depthwise" if depthwise else kind,
        inputs=weight[0].numel(),
        outputs=weight.shape[0],
        source=origin.name,
        source_kind=origin.kind,
        source_branches=branching,
        normed=origin.normed,
        registered=registered or not (weight.requires_grad and weight.is_leaf),
    )
