"""Trainings with nothing wrong, many of which naive rules call sick."""

from __future__ import annotations

from collections.abc import Callable

import networks as net
import torch
import torch.nn.functional as F
from data import Data
from scenario import Scenario, Setup, training
from sick import Column
from torch import nn

Tensor = torch.Tensor


def _healthy(name: str, make: Callable[[], Setup], held: bool = False) -> Scenario:
    def seeded(seed: int, faulty: bool) -> Setup:
        torch.manual_seed(seed)
        return make()

    return Scenario(name, "healthy", seeded, held_out=held)


class Sparse(nn.Module):
    """A reconstruction with an L1 penalty on wide ReLU features."""

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self.size: Tensor = torch.zeros(())
        features.register_forward_hook(self._note)

    def _note(self, layer: nn.Module, inputs: object, output: Tensor) -> None:
        self.size = output.abs().sum(dim=-1).mean()

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(output, target) + 3e-3 * self.size


class TopK(nn.Module):
    """Keeps the k largest features of a row, and no negative one."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k

    def forward(self, x: Tensor) -> Tensor:
        least = x.topk(self.k, dim=-1).values[:, -1:]
        return F.relu(torch.where(x >= least, x, 0.0))


def _rare(d: Data) -> nn.Module:
    """Wide, with biases so low that a unit fires for few rows."""
    model = net.weights_for(net.mlp(d.features, [512], d.outputs))
    nn.init.constant_(model[0].bias, -2.0)
    return model


def _frozen(d: Data) -> nn.Module:
    model = net.mlp(d.features, [96, 64], d.outputs)
    model[0].requires_grad_(False)
    return model


def _scheduled(make: Callable[[], Setup], total: int) -> Setup:
    setup = make()
    plan = torch.optim.lr_scheduler.OneCycleLR(setup.optimizer, 3e-3, total_steps=total + 2)
    setup.before = lambda step: plan.step() if step else None
    return setup


def _clipped(make: Callable[[], Setup]) -> Setup:
    setup = make()
    setup.after = lambda: torch.nn.utils.clip_grad_norm_(setup.model.parameters(), 1.0)
    return setup


def _few(make: Callable[[], Setup], count: int) -> Setup:
    setup = make()
    setup.x, setup.y = setup.x[:count], setup.y[:count]
    return setup


def _all() -> list[Scenario]:
    t, mlp = training, net.mlp
    named = {
        "wide ReLU, digits": lambda: t("digits", lambda d: mlp(64, [512, 256], 10)),
        "narrow ReLU, wine": lambda: t("wine", lambda d: mlp(13, [16, 16], 3)),
        "three tanh layers, classification": lambda: t("classification", lambda d: mlp(20, [64] * 3, 3, nn.Tanh)),
        "two sigmoid layers, digits": lambda: t("digits", lambda d: mlp(64, [64, 64], 10, nn.Sigmoid), rate=3e-3),
        "GELU with LayerNorm, blobs": lambda: t("blobs", lambda d: mlp(8, [64] * 4, 4, nn.GELU, "layer")),
        "BatchNorm ReLU, weight decay, digits": lambda: t(
            "digits",
            lambda d: mlp(64, [128] * 3, 10, nn.ReLU, "batch"),
            optimizer=lambda p, lr: torch.optim.AdamW(p, lr=lr, weight_decay=0.1),
        ),
        "deep residual, zero-init branches": lambda: t("digits", lambda d: net.residual(64, 48, 8, 10, nn.ReLU, True)),
        "deep residual GELU": lambda: t("friedman", lambda d: net.residual(10, 32, 6, 1, nn.GELU)),
        "conv in place ReLU": lambda: t(
            "digits", lambda d: net.Convolutional(10, lambda: nn.ReLU(inplace=True)), batch=64, steps=150
        ),
        "conv BatchNorm Hardswish": lambda: t(
            "digits", lambda d: net.Convolutional(10, nn.Hardswish, True), batch=64, steps=150
        ),
        "functional relu, SGD": lambda: t(
            "digits", lambda d: net.Functional(64, 64, 10, "relu"), optimizer=torch.optim.SGD, rate=0.1
        ),
        "functional relu_": lambda: t("classification", lambda d: net.Functional(20, 64, 3, "relu_")),
        "functional clamp": lambda: t("friedman", lambda d: net.Functional(10, 64, 1, "clamp")),
        "functional tanh": lambda: t("moons", lambda d: net.Functional(2, 64, 2, "tanh"), rate=3e-3),
        "one module at four sites, tied": lambda: t("digits", lambda d: net.Reused(64, 48, 10)),
        "LSTM": lambda: t("digits", lambda d: net.Recurrent("LSTM", 32, 10), steps=150),
        "GRU": lambda: t("digits", lambda d: net.Recurrent("GRU", 32, 10), steps=150),
        "tanh RNN": lambda: t("wine", lambda d: net.Recurrent("RNN", 24, 3), steps=200),
        "transformer ReLU": lambda: t("wine", lambda d: net.Attentive(13, 16, 3), steps=150),
        "transformer GELU": lambda: t("friedman", lambda d: net.Attentive(10, 16, 1, "gelu"), steps=150),
        "gated units": lambda: t("classification", lambda d: net.Gated(20, 48, 3)),
        "autoencoder with a linear code": lambda: t(
            "digits", lambda d: net.Autoencoder(64, 64, 8), lambda d: nn.MSELoss(), targets=lambda d: d.x
        ),
        "sparse autoencoder": lambda: _sparse(),
        "SIREN": lambda: t("friedman", lambda d: net.Sine(10, 64, 1), rate=1e-4),
        "sigmoid output, BCE, separable": lambda: t(
            "breast_cancer",
            lambda d: nn.Sequential(mlp(30, [32, 32], 1), nn.Sigmoid()),
            lambda d: Column(nn.BCELoss()),
            rate=3e-3,
            steps=500,
        ),
        "log_softmax into cross-entropy": lambda: t(
            "blobs", lambda d: nn.Sequential(mlp(8, [64, 64], 4), nn.LogSoftmax(-1))
        ),
        "log_softmax and NLL": lambda: t(
            "wine", lambda d: nn.Sequential(mlp(13, [64, 64], 3), nn.LogSoftmax(-1)), lambda d: nn.NLLLoss()
        ),
        "tiny batch overfitted": lambda: _few(
            lambda: t("digits", lambda d: mlp(64, [128, 128], 10), batch=32, steps=500), 32
        ),
        "tanh head on bounded targets": lambda: t(
            "friedman",
            lambda d: nn.Sequential(mlp(10, [64, 64], 1), nn.Tanh()),
            targets=lambda d: (d.y / d.y.abs().max()).clamp(-1, 1),
        ),
        "softplus head on positive targets": lambda: t(
            "diabetes",
            lambda d: nn.Sequential(mlp(10, [64, 64], 1), nn.Softplus()),
            targets=lambda d: d.y - d.y.min() + 0.1,
        ),
        "ReLU6": lambda: t("digits", lambda d: mlp(64, [96, 96], 10, nn.ReLU6)),
        "dropout": lambda: t(
            "digits",
            lambda d: nn.Sequential(
                nn.Linear(64, 128),
                nn.ReLU(),
                nn.Dropout(0.5),
                nn.Linear(128, 64),
                nn.ReLU(),
                nn.Dropout(0.5),
                nn.Linear(64, 10),
            ),
        ),
        "frozen first layer": lambda: t("digits", _frozen),
        "one-cycle schedule": lambda: _scheduled(lambda: t("digits", lambda d: mlp(64, [96, 96], 10)), 300),
        "clipped gradients": lambda: _clipped(lambda: t("classification", lambda d: mlp(20, [96, 96], 3))),
        "accumulation": lambda: t("digits", lambda d: mlp(64, [96, 96], 10), accumulate=4, batch=32, steps=200),
        "validation in between": lambda: t(
            "classification", lambda d: mlp(20, [96, 96], 3, nn.ReLU, "batch"), validate=True
        ),
        "autocast bfloat16": lambda: t("digits", lambda d: mlp(64, [96, 96], 10), autocast=True, steps=150),
        "compiled": lambda: t("digits", lambda d: mlp(64, [64, 64], 10), compiled=True, steps=150),
        "our PReLU": lambda: t("classification", lambda d: mlp(20, [64, 64], 3, net.ours("prelu"))),
        "our Mish": lambda: t("digits", lambda d: mlp(64, [64, 64], 10, net.ours("mish"))),
        "SELU, deep": lambda: t("classification", lambda d: net.weights_for(mlp(20, [48] * 8, 3, nn.SELU), 1.0)),
        "ReLU, eight layers, He": lambda: t("digits", lambda d: net.weights_for(mlp(64, [96] * 8, 10))),
        "ELU, regression": lambda: t("regression", lambda d: mlp(12, [64, 64], 1, nn.ELU)),
        "Adam at 0.01": lambda: t("digits", lambda d: mlp(64, [64, 64], 10, nn.ReLU), rate=1e-2),
        "momentum": lambda: t(
            "breast_cancer",
            lambda d: mlp(30, [64, 64], 2),
            optimizer=lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9),
            rate=0.03,
        ),
        "pixels from 0 to 16": lambda: t("digits", lambda d: mlp(64, [96, 96], 10), inputs=lambda d: d.raw),
        "logistic regression": lambda: t("digits", lambda d: nn.Linear(64, 10), rate=1e-2),
        "hard sigmoid gate": lambda: t("digits", lambda d: mlp(64, [64, 64], 10, nn.Hardsigmoid), rate=3e-3),
        "imbalanced classes": lambda: t(
            "breast_cancer", lambda d: mlp(30, [48, 48], 2), targets=lambda d: (d.x[:, 0] > 2).long()
        ),
        "rarely firing ReLU": lambda: t("digits", _rare),
        "rarely firing ReLU, classification": lambda: t("classification", _rare),
        "top-k features": lambda: t(
            "digits",
            lambda d: nn.Sequential(nn.Linear(64, 256), TopK(16), nn.Linear(256, 64)),
            lambda d: nn.MSELoss(),
            targets=lambda d: d.x,
        ),
    }
    return [_healthy(name, make, held=bool(k % 2)) for k, (name, make) in enumerate(named.items())]


def _sparse() -> Setup:
    setup = training("digits", lambda d: net.Autoencoder(64, 256, 32), lambda d: nn.MSELoss(), targets=lambda d: d.x)
    setup.loss = Sparse(setup.model.get_submodule("encode.1"))
    return setup


ALL = tuple(_all())
