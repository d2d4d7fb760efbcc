"""What one activation does, added up on the device: nothing is read back before the report."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Mapping

import torch

from rheobase.doctor.nature import Nature
from rheobase.doctor.observe.allowance import size
from rheobase.doctor.observe.sums import averages, distribution, rows, silence, squares
from rheobase.doctor.records import BINS, SiteStatistics

Tensor = torch.Tensor

#: Observations whose gradients are averaged, and the weight of a new one in other averages over time.
_LATEST, _RECENT = 10, 0.1


class Tally:
    """The sums of one site: what is exact (when a unit last fired) and what is averaged over recent passes."""

    def __init__(self, nature: Nature, axis: int) -> None:
        self.nature, self.axis = nature, axis
        #: bytes: of z, in the latest pass
        self.samples = self.passes = self.bytes = 0
        self.since = self.last_fired = torch.zeros(0)
        #: per unit: fired, flat, mean and mean square of f(z)
        self.units = torch.zeros(0)
        #: of the site: mean and mean square of z
        self.whole = torch.zeros(0)
        self.largest = self.spoilt_at = self.histogram = torch.zeros(0)
        #: mean squares, per sample
        self.gradients: deque[Tensor] = deque(maxlen=_LATEST)
        #: what `after` needs of `before`: by unit, shares of samples fired and of places flat; `whole` of this pass
        self._begun: tuple[Tensor, Tensor, Tensor]
        #: of the latest pass: shares of units silent and of places flat; histogram
        self._latest: tuple[Tensor, Tensor, Tensor]

    @torch.no_grad()
    def before(self, z: Tensor, step: int) -> None:
        """Take the input of the function, while it is there: what is computed in place overwrites it."""
        self.bytes = size(z)
        z = rows(z, self.axis)
        if not self.passes:
            self._start(z)
        samples, places, largest = silence(z, self.nature.flat)
        fired = samples < len(z)
        self.since = torch.where(fired, 0, self.since + len(z))
        self.last_fired = torch.where(fired, step, self.last_fired)
        self.largest = torch.maximum(self.largest, largest)
        self.spoilt_at = torch.where((self.spoilt_at < 0) & ~torch.isfinite(largest), step, self.spoilt_at)
        whole, histogram = distribution(z)
        flat = places / (z.shape[0] * z.shape[1])
        self._begun = 1 - samples / len(z), flat, whole
        self._latest = 1 - fired.float().mean(), flat.mean(), histogram
        self.histogram = self.histogram + histogram
        self.samples += len(z)

    def _start(self, z: Tensor) -> None:
        self.since = torch.zeros(z.shape[-1], dtype=torch.long, device=z.device)
        self.last_fired = torch.full((z.shape[-1],), -1, dtype=torch.int32, device=z.device)
        self.largest = torch.zeros((), device=z.device)
        self.spoilt_at = torch.full((), -1, dtype=torch.int32, device=z.device)
        self.histogram = torch.zeros(BINS, dtype=torch.long, device=z.device)

    @torch.no_grad()
    def after(self, h: Tensor) -> None:
        """Take the output, and close the pass."""
        fired, flat, whole = self._begun
        del self._begun
        units = torch.stack([fired, flat, *averages(rows(h, self.axis))])
        weight = max(_RECENT, 1 / (self.passes + 1))
        self.units = units if not self.passes else torch.lerp(self.units, units, weight)
        self.whole = whole if not self.passes else torch.lerp(self.whole, whole, weight)
        self.passes += 1

    @torch.no_grad()
    def gradient(self, delta: Tensor) -> None:
        """Take the gradient of the loss with respect to z."""
        self.gradients.append(squares(delta) / max(len(delta), 1))

    def moment(self) -> tuple[Tensor, Tensor]:
        """Of this pass alone: shares of units that were silent and of places that were flat, gradient; histogram."""
        silent, flat, histogram = self._latest
        gradient = self.gradients[-1].sqrt() if self.gradients else torch.zeros_like(silent)
        return torch.stack([silent, flat, gradient]), histogram

    def frozen(self) -> Tally:
        """As it is now; its tensors are never written into."""
        twin = copy.copy(self)
        twin.gradients = self.gradients.copy()
        return twin

    def statistics(self, place: Mapping[str, object]) -> SiteStatistics:
        """The sums as plain numbers."""
        fired, flat, mean, square = self.units.cpu().double().numpy()
        z_mean, z_square = self.whole.cpu().double().numpy()
        recent = [g.item() for g in self.gradients]
        return SiteStatistics(
            samples=self.samples,
            since=self.since.cpu().numpy(),
            last_fired=self.last_fired.cpu().long().numpy(),
            fired=fired,
            active=1 - flat,
            flat=flat,
            mean=mean,
            deviation=(square - mean**2).clip(0) ** 0.5,
            z_mean=float(z_mean),
            z_deviation=max(float(z_square - z_mean**2), 0.0) ** 0.5,
            largest=float(self.largest),
            gradient=(sum(recent) / len(recent)) ** 0.5 if recent else 0.0,
            spoilt_at=int(self.spoilt_at),
            histogram=self.histogram.cpu().numpy(),
            nature=self.nature,
            **place,  # type: ignore[arg-type]
        )
