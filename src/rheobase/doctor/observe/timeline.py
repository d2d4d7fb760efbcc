"""The sites as they change: one moment per observed step, thinned out when there are many."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from rheobase.doctor.observe.listener import Key
from rheobase.doctor.observe.tally import Tally
from rheobase.doctor.records import Moment

#: Moments that are kept.
_KEPT = 256


class Timeline:
    """Moments on the device, until they are asked for."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self._moments: list[tuple[int, list[tuple[torch.Tensor, ...]]]] = []

    def add(self, step: int, tallies: Mapping[Key, Tally]) -> None:
        """Note the pass that each tally has just seen."""
        self.steps.append(step)
        self._moments.append((step, [t.moment() for t in tallies.values() if t.passes]))
        if len(self._moments) > _KEPT:
            del self._moments[1::2]

    def moments(self) -> tuple[Moment, ...]:
        """All moments as plain numbers."""
        return tuple(_plain(step, found) for step, found in self._moments)


def _plain(step: int, found: list[tuple[torch.Tensor, ...]]) -> Moment:
    silent, flat, gradient = (np.array([float(each[i]) for each in found]) for i in range(3))
    histograms = [each[3].cpu().numpy() for each in found]
    return Moment(step, silent, flat, gradient, np.array(histograms))
