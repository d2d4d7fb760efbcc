"""Trainings with one fault each, and their twins without it: time, normalisation, attention, objectives, long lives."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import networks as net
import torch
from data import Data
from scenario import Scenario, case, training
from torch import nn

Tensor = torch.Tensor


def time() -> Iterator[Scenario]:
    family = "through time"
    for held, data, gain in (
        (False, "digits", 8.0),
        (False, "digits", 0.01),
        (True, "classification", 12.0),
        (True, "classification", 0.02),
    ):

        def recurrent(d: Data, f: bool, gain: float = gain) -> nn.Module:
            model = net.Recurrent("RNN", 32, d.outputs)
            nn.init.orthogonal_(model.cell.weight_hh_l0, gain if f else 1.0)
            return model

        yield case(
            f"recurrent weights of gain {gain:g}, {data}",
            family,
            f"bad-initialisation {'saturated-units exploding-gradient' if gain > 1 else 'vanishing-gradient'}",
            lambda f, data=data, recurrent=recurrent: training(data, lambda d: recurrent(d, f), steps=150),
            held=held,
        )


class Single(nn.Module):
    """Normalises over one number, which leaves the bias of the norm: the mistake of a dimension too many."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(1)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x[..., None])[..., 0]


def normalisation() -> Iterator[Scenario]:
    family = "normalisation"
    rules = "constant-units dead-units dormant-units bad-initialisation"

    def silenced(d: Data, f: bool) -> nn.Module:
        model = net.mlp(d.features, [64, 64], d.outputs, norm="batch")
        if f:
            nn.init.zeros_(model[1].weight)
        return model

    def narrow(d: Data, f: bool) -> nn.Module:
        norm = Single() if f else nn.LayerNorm(48)
        return nn.Sequential(
            nn.Linear(d.features, 48), norm, nn.GELU(), nn.Linear(48, 48), nn.GELU(), nn.Linear(48, d.outputs)
        )

    for held, data in ((False, "digits"), (True, "wine")):
        yield case(
            f"BatchNorm's gains 0 before ReLU, {data}",
            family,
            rules,
            lambda f, data=data: training(data, lambda d: silenced(d, f)),
            held=held,
        )
    for held, data in ((False, "friedman"), (True, "blobs")):
        yield case(
            f"LayerNorm over one number, {data}",
            family,
            rules,
            lambda f, data=data: training(data, lambda d: narrow(d, f)),
            held=held,
        )


def shift() -> Iterator[Scenario]:
    for held, data, act, layers in ((False, "digits", nn.Sigmoid, 5), (True, "classification", nn.Softplus, 8)):

        def deep(d: Data, f: bool, act: Callable[[], nn.Module] = act, layers: int = layers) -> nn.Module:
            return net.weights_for(net.mlp(d.features, [48] * layers, d.outputs, act if f else nn.Tanh), 1.0)

        yield case(
            f"{layers} layers of {act.__name__}, {data}, off centre",
            "mean shift",
            "mean-shift vanishing-gradient",
            lambda f, data=data, deep=deep: training(data, lambda d: deep(d, f), optimizer=torch.optim.SGD, rate=0.05),
            held=held,
        )


def attention() -> Iterator[Scenario]:
    for held, data, size in ((False, "regression", 60.0), (True, "friedman", 60.0)):

        def attentive(d: Data, f: bool, size: float = size) -> nn.Module:
            model = net.Attentive(d.features, 16, d.outputs)
            for layer in model.body.layers:
                queries_and_keys = layer.self_attn.in_proj_weight.data[: 2 * 16]
                queries_and_keys.mul_(size if f else 1.0)
            return model

        yield case(
            f"queries and keys {size:g} times too large, {data}",
            "attention",
            "attention-collapse bad-initialisation",
            lambda f, data=data, attentive=attentive: training(data, lambda d: attentive(d, f), steps=150),
            held=held,
        )


class Flipped(nn.Module):
    """The sign that turns a score into a loss is missing."""

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        return -self.loss(output, target)


def objectives() -> Iterator[Scenario]:
    family = "objective"

    def mlp(d: Data) -> nn.Module:
        return net.mlp(d.features, [64, 64], d.outputs)

    for held, data, loss in ((False, "blobs", nn.CrossEntropyLoss), (True, "friedman", nn.MSELoss)):
        yield case(
            f"sign of the loss flipped, {data}",
            family,
            "rising-loss",  # no rule of ours has this name: the doctor is to be measured on what it lacks, too
            lambda f, data=data, loss=loss: training(data, mlp, lambda d: Flipped(loss()) if f else loss()),
            held=held,
        )
    for held, data, loss in ((False, "digits", nn.CrossEntropyLoss), (True, "friedman", nn.MSELoss)):
        yield case(
            f"loss summed, not averaged, {data}",
            family,
            "wild-updates exploding-gradient non-finite dead-units",
            lambda f, data=data, loss=loss: training(
                data, mlp, lambda d: loss(reduction="sum" if f else "mean"), optimizer=torch.optim.SGD, rate=0.1
            ),
            held=held,
        )


class Squares(nn.Module):
    """x and x², in the given precision."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, x: Tensor) -> Tensor:
        x = x.to(self.dtype)
        both = torch.cat([x, x * x], dim=-1).float()
        return both / both.abs().amax(dim=0).clamp(min=1.0)


def half() -> Iterator[Scenario]:
    for held, data in ((False, "breast_cancer"), (True, "wine")):
        yield case(
            f"squares overflow in float16, {data}",
            "non-finite",
            "non-finite",
            lambda f, data=data: training(
                data,
                lambda d: nn.Sequential(
                    Squares(torch.float16 if f else torch.float32), net.mlp(2 * d.features, [32, 32], d.outputs)
                ),
                inputs=lambda d: d.raw,
            ),
            held=held,
        )


def _worn(d: Data, model: nn.Module) -> nn.Module:
    """Trained for long on another task: the same inputs with targets in disorder."""
    targets, optimizer = d.y[torch.randperm(len(d.y))], torch.optim.Adam(model.parameters(), lr=0.1)
    loss = nn.CrossEntropyLoss() if d.classes else nn.MSELoss()
    for _ in range(300):
        optimizer.zero_grad()
        loss(model(d.x), targets).backward()
        optimizer.step()
    return model


def plasticity() -> Iterator[Scenario]:
    for held, data, act in ((False, "digits", nn.ReLU), (True, "classification", nn.Tanh)):

        def used(d: Data, f: bool, act: Callable[[], nn.Module] = act) -> nn.Module:
            model = net.mlp(d.features, [48, 48, 48], d.outputs, act)
            return _worn(d, model) if f else model

        yield case(
            f"worn by another task, {act.__name__}, {data}",
            "plasticity",
            "dead-units dormant-units saturated-units starved-updates",
            lambda f, data=data, used=used: training(data, lambda d: used(d, f)),
            held=held,
        )


def narrow() -> Iterator[Scenario]:
    for held, data, layers in ((False, "moons", 16), (True, "circles", 20)):

        def deep(d: Data, f: bool, layers: int = layers) -> nn.Module:
            return net.weights_for(net.mlp(d.features, [3 if f else 32] * layers, d.outputs))

        yield case(
            f"{layers} ReLU layers of width 3, {data}",
            "dead units",
            "dead-units vanishing-gradient constant-units bad-initialisation",
            lambda f, data=data, deep=deep: training(data, lambda d: deep(d, f)),
            held=held,
        )


GROUPS = (time, normalisation, shift, attention, objectives, half, plasticity, narrow)
