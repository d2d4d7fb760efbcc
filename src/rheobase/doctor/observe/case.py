"""Putting together what the parts observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rheobase.doctor.observe.listener import Key, Listener
from rheobase.doctor.observe.tally import Tally
from rheobase.doctor.observe.trail import Origin
from rheobase.doctor.records import LayerUse, SiteStatistics


def sites(listener: Listener, tallies: Mapping[Key, Tally] | None = None) -> tuple[SiteStatistics, ...]:
    """The elementwise sites as plain numbers, in the order of the forward pass: now, or in `tallies` of then."""
    found = listener.tallies if tallies is None else tallies
    return tuple(tally.statistics(_place(listener, key)) for key, tally in found.items() if tally.passes)


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
    return tuple(replace(use, source_branches=use.source in trail.branching) for use in trail.uses)
