"""What the doctor measured, and what it concludes: plain records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rheobase.doctor.nature import Nature

Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]

#: Histograms count asinh(z): even steps near 0, even ratios far out, both signs.
BINS, REACH = 200, 10.0
EDGES = np.sinh(np.linspace(-REACH, REACH, BINS + 1))


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing to try.

    action: what `rheobase.torch.verify` can carry out with `arguments`; "" for advice that takes a person.
    """

    action: str
    text: str
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or may be.

    site: a module path, "input", "target", "output" or "loss". units: those concerned, None if it is the
    site as a whole. evidence: the measured numbers. fine_if: when it is no fault. source: of the thresholds.
    """

    rule: str
    severity: Severity
    site: str
    units: list[int] | None
    evidence: dict[str, float]
    explanation: str
    remedies: list[Remedy]
    fine_if: str
    source: str


@dataclass(frozen=True, slots=True)
class SiteStatistics:
    """One use of an activation function: the module that calls it, the function, the number of the call in a pass.

    layer: path of the layer whose output it acts on; role: "hidden", "gate" (its output multiplies something) or
    "output". samples: how many were seen. A unit is a feature of dense layers, a channel of convolutions.
    Per unit: since, samples since it last left its flat side (`samples` if never); last_fired, the step of that
    (-1: never); fired, active share of samples, and of places; flat, share of places on a flat side;
    mean, deviation: of f(z). Of the site: z_mean, z_deviation, largest |z|; gradient: root mean square of
    ∂loss/∂z, times the square root of the numbers in a sample; spoilt_at: the
    first step at which z was not finite, -1 if it always was.
    """

    path: str
    function: str
    call: int
    values: Mapping[str, float]
    layer: str
    role: str
    normed: bool
    feeds_layer: bool
    samples: int
    since: Counts
    last_fired: Counts
    fired: Numbers
    active: Numbers
    flat: Numbers
    mean: Numbers
    deviation: Numbers
    z_mean: float
    z_deviation: float
    largest: float
    gradient: float
    spoilt_at: int
    histogram: Counts
    nature: Nature

    @property
    def name(self) -> str:
        """Where it is: the module's path, or the layer it follows for calls in the model's own forward method."""
        return self.path or self.layer or self.function

    @property
    def units(self) -> int:
        """How many units it has."""
        return len(self.since)


@dataclass(frozen=True, slots=True)
class ParameterStatistics:
    """One weight tensor (two dimensions or more) over the observed steps.

    fan_in, scale: root mean square of the weights; twins: share of rows equal to another row. gradients: root
    mean square at each observed step, -1 where there was none. updates: ‖Δw‖/‖w‖ at each observed step.
    """

    path: str
    layer: str
    fan_in: float
    scale: float
    twins: float
    trained: bool
    optimised: bool
    used: bool
    gradients: Numbers
    updates: Numbers


@dataclass(frozen=True, slots=True)
class LayerUse:
    """A linear or convolutional layer as data flows through: what its input comes from.

    kind: "linear", "conv" or "depthwise". source_branches: the source's output goes into a sum or product as well.
    normed: normalised on the way. registered: its weight is a parameter of the model.
    """

    path: str
    kind: str
    inputs: int
    outputs: int
    source: str
    source_kind: str
    source_branches: bool
    normed: bool
    registered: bool


@dataclass(frozen=True, slots=True)
class LossCall:
    """How the loss was called, at one observed step: statistics of prediction and target.

    kind: torch's name of the loss, "" if it is none of them. rows, columns: how far sums of shares along the
    second and the first dimension are from 1, at most; shares are the prediction, or its exponential where it is a
    logarithm. low, high: the range of the prediction; target_*: of the target. classes: the target numbers classes.
    direct: the prediction is the model's output, with nothing in between.
    """

    step: int
    kind: str
    value: float
    shape: tuple[int, ...]
    low: float
    high: float
    rows: float
    columns: float
    target_low: float
    target_high: float
    target_mean: float
    target_deviation: float
    classes: bool
    finite: bool
    direct: bool


@dataclass(frozen=True, slots=True)
class AttentionStatistics:
    """Attention in the latest pass: by head, entropy of the weights over the largest possible; largest |logit|."""

    path: str
    entropy: Numbers
    largest: float


@dataclass(frozen=True, slots=True)
class Inputs:
    """The model's input: root mean square of all of it, of its widest and of its median feature."""

    size: float
    widest: float
    median: float
    features: int
    largest: float
    finite: bool


@dataclass(frozen=True, slots=True)
class Overhead:
    """What watching cost: seconds spent, share of the time that passed, how many steps of all were observed."""

    seconds: float
    share: float
    observed: int
    steps: int
    set_up: float


@dataclass(frozen=True, slots=True)
class Moment:
    """Sites at one observed step: shares of units silent and of places flat, gradients, histograms of z."""

    step: int
    silent: Numbers
    flat: Numbers
    gradient: Numbers
    histograms: Counts


@dataclass(frozen=True, slots=True)
class Case:
    """All that was measured, before (`first`) and after training; what the rules look at.

    output: the function that made the model's output, "" if none; output_site: its place. sites: in the order of
    the forward pass; first: the same at the first observed step. steps: those at which weights were
    observed.
    """

    sites: tuple[SiteStatistics, ...]
    first: tuple[SiteStatistics, ...]
    parameters: tuple[ParameterStatistics, ...]
    layers: tuple[LayerUse, ...]
    doubled: tuple[tuple[str, str, str], ...]
    losses: tuple[LossCall, ...]
    inputs: Inputs | None
    output: str
    output_kind: str
    moments: tuple[Moment, ...]
    steps: tuple[int, ...]
    overhead: Overhead
    trained: bool
    optimised: bool
    attention: tuple[AttentionStatistics, ...]
