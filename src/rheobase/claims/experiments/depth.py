"""What a chain of layers leaves of the gradient."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

import rheobase as rb
from rheobase.claims.experiments.networks import CLASSES, digits, network
from rheobase.claims.record import Measured, Picture
from rheobase.doctor.health import health
from rheobase.facts.curve import curve
from rheobase.facts.gaussian import edge_of_chaos

DEPTHS, WIDTH, ROWS = (2, 4, 8, 12, 16), 128, 256
#: Variances of pre-activations among which one is sought that a network can keep, together with its gradient.
VARIANCES = 2.0 ** np.arange(12)

Weights = str


def lost_with_depth(name: str, against: tuple[str, ...] = (), seed: int = 0, seeds: int = 3) -> Measured:
    """Decades of gradient lost per layer, from the last to the first, in networks of 2 to 16 layers on digits.

    Weights: torch's default, Xavier's, those drawn for the function (`rt.init_`), and the edge of chaos.
    """
    lines, numbers = {}, {}
    cases = [(name, "torch's default"), (name, "Xavier"), (name, "drawn for it"), (name, "edge of chaos")]
    for function, weights in [*cases, *((other, "drawn for it") for other in against)]:
        lost = [np.mean([_lost(function, weights, depth, seed + s) for s in range(seeds)]) for depth in DEPTHS]
        label = weights if function == name else function
        lines[label if function == name else f"{function}, {weights}"] = (list(DEPTHS), list(map(float, lost)))
        numbers[f"decades per layer, {label}"] = float(np.polyfit(DEPTHS, lost, 1)[0])
    usual = [numbers[f"decades per layer, {weights}"] for _, weights in cases[:-1]]
    numbers["least of the usual weights"], numbers["deviation of the weights at the edge"] = min(usual), _edge(name)[1]
    return Measured(numbers, Picture("layers", "decades of gradient lost", lines))


def _lost(name: str, weights: Weights, depth: int, seed: int) -> float:
    x, y = (part[:ROWS] for part in digits())
    torch.manual_seed(seed)
    model = network(name, (WIDTH,) * depth, seed)
    for layer in (m for m in model if isinstance(m, nn.Linear)):
        _draw(layer, weights, name)
    return health(model, x, y, nn.functional.cross_entropy).gradient_decades


@torch.no_grad()
def _draw(layer: nn.Linear, weights: Weights, name: str) -> None:
    if weights == "torch's default":
        layer.reset_parameters()
    elif weights == "Xavier":
        nn.init.xavier_normal_(layer.weight)
        nn.init.zeros_(layer.bias)
    elif weights == "edge of chaos":
        variance, deviation, bias = _edge(name)
        scale = variance**0.5 if layer.in_features != WIDTH else deviation
        nn.init.normal_(layer.weight, 0, (scale if layer.out_features != CLASSES else 1) / layer.in_features**0.5)
        nn.init.normal_(layer.bias, 0, bias if layer.in_features == WIDTH else 0)


def _edge(name: str) -> tuple[float, float, float]:
    """The least variance that can be kept with the gradient, and the deviations of weights and biases for it."""
    at = curve(rb.get(name).definition, {})
    return next((v, *edge) for v in VARIANCES.tolist() if (edge := edge_of_chaos(at, v)) is not None)
