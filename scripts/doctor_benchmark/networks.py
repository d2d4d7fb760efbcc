"""Networks in the styles that people write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import nn

import rheobase.torch as rt

Tensor = torch.Tensor
Act = Callable[[], nn.Module]


def weights_for(model: nn.Module, gain: float = 2**0.5) -> nn.Module:
    """He's rule, biases 0."""
    for layer in model.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.normal_(layer.weight, 0.0, gain / layer.weight[0].numel() ** 0.5)
            nn.init.zeros_(layer.bias)
    return model


def mlp(inputs: int, widths: Sequence[int], outputs: int, act: Act = nn.ReLU, norm: str = "") -> nn.Sequential:
    parts: list[nn.Module] = []
    for width in widths:
        parts += [nn.Linear(inputs, width)]
        parts += [{"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}[norm](width)] if norm else []
        parts += [act()]
        inputs = width
    return nn.Sequential(*parts, nn.Linear(inputs, outputs))


class Functional(nn.Module):
    """Layers in the constructor, functions in the forward method."""

    def __init__(self, inputs: int, width: int, outputs: int, style: str) -> None:
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(inputs, width), nn.Linear(width, width), nn.Linear(width, outputs)
        self.style = style

    def act(self, x: Tensor) -> Tensor:
        if self.style == "clamp":
            return x.clamp(min=0)
        return {"relu": F.relu, "relu_": torch.relu_, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "gelu": F.gelu}[
            self.style
        ](x)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc3(self.act(self.fc2(self.act(self.fc1(x)))))


class Convolutional(nn.Module):
    """For 8×8 pictures given as rows of 64 numbers."""

    def __init__(self, outputs: int, act: Act = nn.ReLU, norm: bool = False, channels: int = 16) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, channels, 3, padding=1), *([nn.BatchNorm2d(channels)] * norm), act())
        self.body = nn.Sequential(nn.Conv2d(channels, 2 * channels, 3, padding=1), act(), nn.MaxPool2d(2))
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(32 * channels, 32), act(), nn.Linear(32, outputs))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(self.stem(x.reshape(-1, 1, 8, 8))))


class Block(nn.Module):
    """x + W₂ f(W₁ norm(x))."""

    def __init__(self, width: int, act: Act, zero: bool) -> None:
        super().__init__()
        self.norm, self.up, self.act, self.down = (
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            act(),
            nn.Linear(2 * width, width),
        )
        if zero:
            nn.init.zeros_(self.down.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.down(self.act(self.up(self.norm(x))))


def residual(inputs: int, width: int, blocks: int, outputs: int, act: Act = nn.ReLU, zero: bool = False) -> nn.Module:
    middle = [Block(width, act, zero) for _ in range(blocks)]
    return nn.Sequential(nn.Linear(inputs, width), *middle, nn.LayerNorm(width), nn.Linear(width, outputs))


class Recurrent(nn.Module):
    """Reads a row of features as a sequence of pairs."""

    def __init__(self, kind: str, width: int, outputs: int) -> None:
        super().__init__()
        self.cell = getattr(nn, kind)(2, width, batch_first=True)
        self.out = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, : x.shape[1] // 2 * 2].reshape(len(x), -1, 2)
        return self.out(self.cell(x)[0][:, -1])


class Attentive(nn.Module):
    """A small transformer over the features."""

    def __init__(self, features: int, width: int, outputs: int, act: str = "relu") -> None:
        super().__init__()
        self.embed, self.place = nn.Linear(1, width), nn.Parameter(torch.randn(features, width) * 0.1)
        layer = nn.TransformerEncoderLayer(width, 2, 2 * width, 0.1, act, batch_first=True)
        self.body, self.out = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.body(self.embed(x[:, :, None]) + self.place).mean(dim=1))


class Gated(nn.Module):
    """Squeeze and gate: hidden features times sigmoid of others."""

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.value, self.gate, self.out = nn.Linear(inputs, width), nn.Linear(inputs, width), nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(F.silu(self.value(x)) * torch.sigmoid(self.gate(x)))


class Autoencoder(nn.Module):
    """A narrow linear code in the middle."""

    def __init__(self, inputs: int, width: int, code: int) -> None:
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, code))
        self.decode = nn.Sequential(nn.Linear(code, width), nn.ReLU(), nn.Linear(width, inputs))

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


class Reused(nn.Module):
    """One activation module at several sites, nested and tied layers."""

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.act = nn.ReLU(inplace=True)
        self.first, self.tied, self.last = nn.Linear(inputs, width), nn.Linear(width, width), nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.first(x))
        for _ in range(3):
            x = self.act(self.tied(x))
        return self.last(x)


class Sine(nn.Module):
    """SIREN: sin(30(Wx + b))."""

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(inputs, width), nn.Linear(width, width)])
        self.out = nn.Linear(width, outputs)
        nn.init.uniform_(self.layers[0].weight, -1 / inputs / 30, 1 / inputs / 30)
        nn.init.uniform_(self.layers[1].weight, -((6 / width) ** 0.5) / 30, (6 / width) ** 0.5 / 30)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.sin(30 * layer(x))
        return self.out(x)


def ours(name: str) -> Act:
    """A module of this library by name."""
    return lambda: rt.module(name)
