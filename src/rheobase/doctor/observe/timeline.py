"""The sites as they change: one moment per observed step, thinned out when they take much memory."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from rheobase.doctor.observe.allowance import allowance, size
from rheobase.doctor.observe.listener import Listener
from rheobase.doctor.records import Moment

#: Moments that are kept at most, and bytes of them that may be kept of any network.
_KEPT, _FLOOR = 256, 1 << 16


@dataclass(frozen=True, slots=True)
class Noted:
    """A moment on the device: by site, shares and gradient, and the histogram."""

    step: int
    numbers: torch.Tensor
    histograms: torch.Tensor

    def bytes(self) -> int:
        return size(self.numbers) + size(self.histograms)

    def plain(self) -> Moment:
        silent, flat, gradient = self.numbers.cpu().double().numpy().T
        return Moment(self.step, silent, flat, gradient, self.histograms.cpu().long().numpy())


class Timeline:
    """Moments on the device, until they are asked for."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self._moments: list[Noted] = []

    def add(self, step: int, listener: Listener) -> None:
        """Note the pass that has just been listened to."""
        self.steps.append(step)
        seen = [t.moment() for t in listener.tallies.values() if t.passes]
        if not seen:
            return
        device = seen[0][0].device
        numbers, histograms = (torch.stack([part.to(device) for part in each]) for each in zip(*seen, strict=True))
        self._moments.append(Noted(step, numbers, histograms))
        if len(self._moments) > _KEPT or self.bytes() > allowance(listener.activations(), _FLOOR):
            del self._moments[1::2]

    def bytes(self) -> int:
        """What is kept takes so much."""
        return sum(m.bytes() for m in self._moments)

    def moments(self) -> tuple[Moment, ...]:
        """All moments as plain numbers."""
        return tuple(m.plain() for m in self._moments)
