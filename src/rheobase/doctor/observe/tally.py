"""What one activation does, added up on the device: nothing is read back before the report."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch

from rheobase.doctor.nature import Nature
from rheobase.doctor.records import BINS, REACH, SiteStatistics

Tensor = torch.Tensor

#: Weight of a new observation in what is averaged over time: the last ten or so count.
_RECENT = 0.1
#: Elements of z that a histogram counts at a time.
_COUNTED = 4096


class Tally:
    """The sums of one site: what is exact (when a unit last fired) and what is averaged over recent passes."""

    def __init__(self, nature: Nature, axis: int) -> None:
        self.nature, self.axis = nature, axis
        self.samples, self.passes = 0, 0
        self.since = self.last_fired = torch.zeros(0)
        #: per unit: fired, active, flat, mean and mean square of f(z)
        self.units = torch.zeros(0)
        #: of the site: mean and mean square of z, mean square of its gradient
        self.whole = torch.zeros(0)
        self.largest = self.spoilt_at = self.histogram = torch.zeros(0)
        self.gradients: list[Tensor] = []
        self.now: dict[str, Tensor] = {}

    @torch.no_grad()
    def before(self, z: Tensor, step: int) -> None:
        """Take the input of the function, while it is there: what is computed in place overwrites it."""
        z = _rows(z, self.axis)
        if not self.passes:
            self._start(z)
        silent = self._flat(z)
        fired = (~silent).any(dim=1)
        any_fired = fired.any(dim=0)
        self.since = torch.where(any_fired, 0, self.since + len(z))
        self.last_fired = torch.where(any_fired, step, self.last_fired)
        flat = silent.float().mean(dim=(0, 1))
        self.now = {"fired": fired.float().mean(dim=0), "flat": flat}
        counted = _some(z)
        self.now["z"] = torch.stack([counted.mean(), counted.pow(2).mean()])
        largest = z.abs().amax()
        self.largest = torch.maximum(self.largest, largest)
        self.spoilt_at = torch.where((self.spoilt_at < 0) & ~torch.isfinite(largest), step, self.spoilt_at)
        bins = ((torch.asinh(counted) + REACH) * (BINS / (2 * REACH))).clamp(0, BINS - 1).nan_to_num(0.0).long()
        self.now["histogram"] = torch.bincount(bins, minlength=BINS)
        self.samples += len(z)

    def _start(self, z: Tensor) -> None:
        units = z.shape[-1]
        self.since = torch.zeros(units, dtype=torch.long, device=z.device)
        self.last_fired = torch.full((units,), -1, dtype=torch.long, device=z.device)
        self.largest = torch.zeros((), device=z.device)
        self.spoilt_at = torch.full((), -1, dtype=torch.long, device=z.device)
        self.histogram = torch.zeros(BINS, dtype=torch.long, device=z.device)

    def _flat(self, z: Tensor) -> Tensor:
        """Where z lies on a flat side of the function."""
        found = torch.zeros_like(z, dtype=torch.bool)
        for low, high in self.nature.flat:
            inside = z <= high if math.isinf(low) else z >= low if math.isinf(high) else (z >= low) & (z <= high)
            found = found.logical_or_(inside)
        return found

    @torch.no_grad()
    def after(self, h: Tensor) -> None:
        """Take the output, and close the pass."""
        h = _rows(h, self.axis)
        mean, square = h.mean(dim=(0, 1)), h.pow(2).mean(dim=(0, 1))
        units = torch.stack([self.now["fired"], 1 - self.now["flat"], self.now["flat"], mean, square])
        weight = max(_RECENT, 1 / (self.passes + 1))
        self.units = units if not self.passes else torch.lerp(self.units, units, weight)
        self.whole = self.now["z"] if not self.passes else torch.lerp(self.whole, self.now["z"], weight)
        self.histogram += self.now["histogram"]
        self.passes += 1

    @torch.no_grad()
    def gradient(self, delta: Tensor) -> None:
        """Take the gradient of the loss with respect to z."""
        self.gradients.append(delta.detach().float().pow(2).sum() / max(len(delta), 1))

    def moment(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """This pass alone: share of units that were silent, of places that were flat, gradient, histogram."""
        latest = self.gradients[-1] if self.gradients else torch.zeros(())
        return (self.now["fired"] == 0).float().mean(), self.now["flat"].mean(), latest.sqrt(), self.now["histogram"]

    def statistics(self, place: Mapping[str, object]) -> SiteStatistics:
        """The sums as plain numbers."""
        fired, active, flat, mean, square = self.units.cpu().double().numpy()
        z_mean, z_square = self.whole.cpu().double().numpy()
        recent = [g.item() for g in self.gradients[-10:]]
        return SiteStatistics(
            samples=self.samples,
            since=self.since.cpu().numpy(),
            last_fired=self.last_fired.cpu().numpy(),
            fired=fired,
            active=active,
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


def _rows(x: Tensor, axis: int) -> Tensor:
    """x as (samples, places, units), in float32 or float64; a vector is one sample."""
    x = x.detach()
    x = x if x.dtype in (torch.float32, torch.float64) else x.float()
    if x.dim() < 2:
        return x.reshape(1, 1, -1)
    return x.movedim(axis, -1).reshape(len(x), -1, x.shape[axis])


def _some(z: Tensor) -> Tensor:
    """Evenly spread elements of z."""
    flat = z.reshape(-1)
    # an odd stride meets every unit
    return flat[:: (flat.numel() // _COUNTED) | 1] if flat.numel() > 2 * _COUNTED else flat
