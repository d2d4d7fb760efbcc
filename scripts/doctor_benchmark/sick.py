"""Trainings with one fault each, and their twins without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import further
import networks as net
import torch
import torch.nn.functional as F
from data import Data
from scenario import Scenario, Setup, case, training
from scores import alone, likelihood
from torch import nn

Tensor = torch.Tensor


class Column(nn.Module):
    """Two classes with one output: targets become floats of the output's shape."""

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        return self.loss(output, target.float().reshape(output.shape))


def _ending(model: nn.Module, end: nn.Module, faulty: bool) -> nn.Module:
    return nn.Sequential(model, end) if faulty else model


def pairs() -> Iterator[Scenario]:
    family = "output and loss"
    for held, data, width in (
        (False, "digits", 64),
        (False, "wine", 24),
        (True, "blobs", 48),
        (True, "classification", 80),
    ):

        def mlp(d: Data, data: str = data, width: int = width) -> nn.Module:
            return net.mlp(d.features, [width, width], d.outputs, nn.Tanh if data in ("wine", "blobs") else nn.ReLU)

        yield case(
            f"softmax into cross-entropy, {data}",
            family,
            "softmax-into-cross-entropy",
            lambda f, data=data, mlp=mlp: training(data, lambda d: _ending(mlp(d), nn.Softmax(dim=-1), f)),
            "output",
            held,
            likelihood,
        )
        yield case(
            f"softmax over the batch, {data}",
            family,
            "softmax-over-batch",
            lambda f, data=data, mlp=mlp: training(
                data,
                lambda d: _ending(mlp(d), nn.LogSoftmax(dim=0), f),
                lambda d: nn.NLLLoss() if f else nn.CrossEntropyLoss(),
            ),
            "output",
            held,
            alone,
        )
        yield case(
            f"probabilities into NLL, {data}",
            family,
            "probabilities-into-nll",
            lambda f, data=data, mlp=mlp: training(
                data,
                lambda d: nn.Sequential(mlp(d), nn.Softmax(-1) if f else nn.LogSoftmax(-1)),
                lambda d: nn.NLLLoss(),
            ),
            "output",
            held,
            likelihood,
        )
        end = {"digits": nn.ReLU, "wine": nn.Sigmoid, "blobs": nn.Sigmoid, "classification": nn.Tanh}[data]
        yield case(
            f"{end.__name__} on logits, {data}",
            family,
            "activation-on-logits",
            lambda f, data=data, mlp=mlp, end=end: training(data, lambda d: _ending(mlp(d), end(), f)),
            "output",
            held,
            likelihood,
        )
    for held, data in ((False, "breast_cancer"), (True, "moons")):

        def one(d: Data) -> nn.Module:
            return net.Functional(d.features, 32, 1, "relu")

        yield case(
            f"sigmoid into BCE with logits, {data}",
            family,
            "sigmoid-into-bce-with-logits",
            lambda f, data=data, one=one: training(
                data, lambda d: _ending(one(d), nn.Sigmoid(), f), lambda d: Column(nn.BCEWithLogitsLoss())
            ),
            "output",
            held,
            likelihood,
        )
        yield case(
            f"softmax over one unit, {data}",
            family,
            "single-unit-softmax",
            lambda f, data=data, one=one: training(
                data,
                lambda d: nn.Sequential(one(d), nn.Softmax(-1) if f else nn.Sigmoid()),
                lambda d: Column(nn.BCELoss()),
            ),
            "output",
            held,
        )
    for held, data, end in (
        (False, "friedman", nn.Tanh),
        (False, "diabetes", nn.ReLU),
        (True, "regression", nn.Sigmoid),
        (True, "diabetes", nn.Softplus),
    ):
        yield case(
            f"{end.__name__} on a quantity, {data}",
            family,
            "output-range",
            lambda f, data=data, end=end: training(data, lambda d: _ending(net.mlp(d.features, [40, 40], 1), end(), f)),
            "output",
            held,
        )


def structure() -> Iterator[Scenario]:
    family = "missing or doubled activation"
    for held, data, depth in ((False, "moons", 2), (False, "circles", 3), (True, "friedman", 3), (True, "circles", 4)):
        yield case(
            f"no activation, {data}, {depth} layers",
            family,
            "missing-activation",
            lambda f, data=data, depth=depth: training(
                data, lambda d: net.mlp(d.features, [32] * depth, d.outputs, nn.Identity if f else nn.ReLU)
            ),
            " ".join(str(2 * k) for k in range(depth + 1)),
            held,
        )
    for held, data, pair in (
        (False, "digits", (nn.Sigmoid, nn.Sigmoid)),
        (True, "classification", (nn.ReLU, nn.Sigmoid)),
    ):

        def twice(d: Data, f: bool, pair: tuple[type, type] = pair) -> nn.Module:
            def act() -> nn.Module:
                return nn.Sequential(pair[0](), pair[1]()) if f else nn.ReLU()

            return net.mlp(d.features, [48] * 4, d.outputs, act)

        yield case(
            f"{pair[0].__name__} then {pair[1].__name__}, {data}",
            family,
            "double-activation",
            lambda f, data=data, twice=twice: training(data, lambda d: twice(d, f)),
            " ".join(f"{k}.1" for k in (1, 3, 5, 7)),
            held,
        )


def initialisation() -> Iterator[Scenario]:
    family = "initialisation"

    def set_all(model: nn.Module, draw: Callable[[Tensor], object]) -> nn.Module:
        for p in model.parameters():
            if p.dim() > 1:
                draw(p.data)
        return model

    for held, data, value in (
        (False, "digits", 0.05),
        (False, "wine", 0.0),
        (True, "classification", 0.1),
        (True, "blobs", 0.01),
    ):
        yield case(
            f"constant weights {value}, {data}",
            family,
            "symmetric-units",
            lambda f, data=data, value=value: training(
                data,
                lambda d: set_all(net.mlp(d.features, [64, 64], d.outputs), lambda w: w.fill_(value) if f else None),
            ),
            "0 2",
            held,
        )
    for held, data, act, scale, depth in (
        (False, "digits", nn.Tanh, 1e-3, 4),
        (False, "friedman", nn.GELU, 3e-3, 5),
        (True, "classification", nn.SiLU, 1e-3, 4),
        (True, "digits", nn.ReLU, 2e-3, 6),
    ):
        yield case(
            f"weights {scale:g} small, {act.__name__}, {data}",
            family,
            "bad-initialisation vanishing-gradient",
            lambda f, data=data, act=act, scale=scale, depth=depth: training(
                data,
                # the twin's weights are large enough for the depth, which torch's are not
                lambda d: set_all(
                    net.weights_for(net.mlp(d.features, [64] * depth, d.outputs, act), 1.2),
                    lambda w: w.normal_(0, scale) if f else None,
                ),
                optimizer=torch.optim.SGD,
                rate=0.1,
            ),
            held=held,
        )
    for held, data, act, scale in (
        (False, "digits", nn.Tanh, 1.0),
        (False, "breast_cancer", nn.Sigmoid, 3.0),
        (True, "friedman", nn.Tanh, 2.0),
        (True, "digits", nn.Hardtanh, 1.0),
    ):
        yield case(
            f"weights {scale:g} large, {act.__name__}, {data}",
            family,
            "bad-initialisation saturated-units",
            lambda f, data=data, act=act, scale=scale: training(
                data,
                lambda d: set_all(
                    net.mlp(d.features, [96] * 3, d.outputs, act), lambda w: w.normal_(0, scale) if f else None
                ),
            ),
            held=held,
        )
    for held, data, depth in ((False, "digits", 16), (True, "classification", 20)):

        def deep(d: Data, f: bool, depth: int = depth) -> nn.Module:
            model = net.mlp(d.features, [64] * depth, d.outputs)
            return model if f else net.weights_for(model)

        yield case(
            f"torch's default weights, {depth} ReLU layers, {data}",
            family,
            "bad-initialisation vanishing-gradient",
            lambda f, data=data, deep=deep: training(data, lambda d: deep(d, f), optimizer=torch.optim.SGD, rate=0.05),
            held=held,
        )


def dead() -> Iterator[Scenario]:
    family = "dead units"

    def biased(model: nn.Module, path: str, value: float, f: bool) -> nn.Module:
        if f:
            nn.init.constant_(model.get_submodule(path).bias, value)
        return model

    for held, data, path, site, value in (
        (False, "digits", "2", "3", -8.0),
        (False, "classification", "0", "1", -20.0),
        (True, "wine", "4", "5", -6.0),
        (True, "friedman", "0", "1", -15.0),
    ):
        yield case(
            f"bias {value:g}, {data}",
            family,
            "dead-units",
            lambda f, data=data, path=path, value=value: training(
                data, lambda d: biased(net.mlp(d.features, [64] * 3, d.outputs), path, value, f)
            ),
            site,
            held,
        )
    for held, style, path in ((False, "relu", "fc2"), (True, "clamp", "fc1"), (True, "relu_", "fc2")):
        yield case(
            f"bias -10, functional {style}",
            family,
            "dead-units",
            lambda f, style=style, path=path: training(
                "digits", lambda d: biased(net.Functional(64, 64, 10, style), path, -10.0, f)
            ),
            path,
            held,
        )
    for held, norm in ((False, False), (True, True)):
        yield case(
            f"bias -10 in a convolution{', normed' * norm}",
            family,
            "dead-units",
            lambda f, norm=norm: training(
                "digits", lambda d: biased(net.Convolutional(10, norm=norm), "body.0", -10.0, f), batch=64, steps=150
            ),
            "body.1",
            held,
        )
    for held, data, peak in ((False, "digits", 0.5), (True, "classification", 1.0)):

        def spiked(f: bool, data: str = data, peak: float = peak) -> Setup:
            setup = training(data, lambda d: net.weights_for(net.mlp(d.features, [64] * 3, d.outputs)))

            def rate(step: int) -> None:
                setup.optimizer.param_groups[0]["lr"] = peak if f and 20 <= step < 24 else 1e-3

            setup.before = rate
            return setup

        yield case(
            f"learning rate {peak:g} for four steps, {data}", family, "dead-units wild-updates", spiked, held=held
        )


def saturation() -> Iterator[Scenario]:
    family = "saturation"
    for held, data, act in (
        (False, "breast_cancer", nn.Tanh),
        (False, "wine", nn.Sigmoid),
        (True, "wine", nn.Tanh),
        (True, "breast_cancer", nn.Softsign),
    ):
        yield case(
            f"raw inputs, {act.__name__}, {data}",
            family,
            "unscaled-input saturated-units",
            lambda f, data=data, act=act: training(
                data, lambda d: net.mlp(d.features, [32, 32], d.outputs, act), inputs=lambda d: d.raw if f else d.x
            ),
            held=held,
        )

    class Stretched(nn.Module):
        def __init__(self, act: nn.Module, factor: float) -> None:
            super().__init__()
            self.act, self.factor = act, factor

        def forward(self, x: Tensor) -> Tensor:
            return self.act(self.factor * x)

    for held, data, factor in ((False, "digits", 60.0), (True, "classification", 80.0)):
        yield case(
            f"tanh({factor:g} z), {data}",
            family,
            "saturated-units bad-initialisation",
            lambda f, data=data, factor=factor: training(
                data,
                lambda d: net.mlp(d.features, [48] * 3, d.outputs, lambda: Stretched(nn.Tanh(), factor if f else 1.0)),
            ),
            held=held,
        )


def depth() -> Iterator[Scenario]:
    family = "vanishing or exploding"
    for held, data, act, layers in (
        (False, "digits", nn.Sigmoid, 8),
        (False, "wine", nn.Softplus, 16),
        (True, "classification", nn.Sigmoid, 10),
        (True, "friedman", nn.Hardsigmoid, 8),
    ):

        def deep(d: Data, f: bool, act: type = act, layers: int = layers) -> nn.Module:
            model = net.mlp(d.features, [48] * layers, d.outputs, act if f else nn.ReLU)
            return net.weights_for(model, 1.0 if f else 2**0.5)

        yield case(
            f"{layers} layers of {act.__name__}, {data}",
            family,
            "vanishing-gradient",
            lambda f, data=data, deep=deep: training(data, lambda d: deep(d, f), optimizer=torch.optim.SGD, rate=0.05),
            held=held,
        )
    for held, data, act, gain in ((False, "digits", nn.ReLU, 6.0), (True, "classification", nn.GELU, 5.0)):
        yield case(
            f"gain {gain:g}, 8 layers of {act.__name__}, {data}",
            family,
            "bad-initialisation exploding-gradient",
            lambda f, data=data, act=act, gain=gain: training(
                data, lambda d: net.weights_for(net.mlp(d.features, [64] * 8, d.outputs, act), gain if f else 1.45)
            ),
            held=held,
        )


def scales() -> Iterator[Scenario]:
    family = "inputs and targets"
    for held, data in ((False, "breast_cancer"), (False, "wine"), (True, "diabetes")):
        yield case(
            f"raw inputs, relu, {data}",
            family,
            "unscaled-input",
            lambda f, data=data: training(
                data, lambda d: net.mlp(d.features, [64, 64], d.outputs), inputs=lambda d: d.raw if f else d.x
            ),
            "input",
            held,
        )
    for held, data, scale, shift in (
        (False, "friedman", 100.0, 500.0),
        (False, "diabetes", 77.0, 152.0),
        (True, "regression", 200.0, 0.0),
    ):
        yield case(
            f"targets {shift:g} ± {scale:g}, {data}",
            family,
            "unscaled-target",
            lambda f, data=data, scale=scale, shift=shift: training(
                data, lambda d: net.mlp(d.features, [64, 64], 1), targets=lambda d: d.y * scale + shift if f else d.y
            ),
            "target",
            held,
        )


def rates() -> Iterator[Scenario]:
    family = "learning rate"
    for held, data, act, rate in (
        (False, "digits", nn.Tanh, 1.0),
        (False, "friedman", nn.GELU, 3.0),
        (True, "classification", nn.ReLU, 2.0),
        (True, "digits", nn.SiLU, 1.0),
    ):
        yield case(
            f"Adam at {rate:g}, {data}, {act.__name__}",
            family,
            "wild-updates dead-units",
            lambda f, data=data, act=act, rate=rate: training(
                data, lambda d: net.mlp(d.features, [64, 64], d.outputs, act), rate=rate if f else 1e-3
            ),
            held=held,
        )
    for held, data, rate in ((False, "digits", 1e-6), (True, "friedman", 1e-7)):
        yield case(
            f"SGD at {rate:g}, {data}",
            family,
            "starved-updates",
            lambda f, data=data, rate=rate: training(
                data,
                lambda d: net.mlp(d.features, [64, 64], d.outputs),
                optimizer=torch.optim.SGD,
                rate=rate if f else 0.1,
            ),
            held=held,
        )


class Listed(nn.Module):
    """Layers in a plain list: not registered."""

    def __init__(self, d: Data, f: bool) -> None:
        super().__init__()
        layers = [nn.Linear(d.features, 48), nn.Linear(48, 48)]
        self.hidden = layers if f else nn.ModuleList(layers)
        self.out = nn.Linear(48, d.outputs)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.hidden:
            x = F.relu(layer(x))
        return self.out(x)


class Cut(nn.Module):
    """The graph is cut after some layer."""

    def __init__(self, d: Data, f: bool, how: str) -> None:
        super().__init__()
        self.low, self.high, self.out = nn.Linear(d.features, 48), nn.Linear(48, 48), nn.Linear(48, d.outputs)
        self.how = how if f else ""

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.low(x))
        x = {"detach": x.detach(), "numpy": torch.from_numpy(x.detach().numpy().copy()), "": x}[self.how]
        return self.out(F.relu(self.high(x)))


def detached() -> Iterator[Scenario]:
    family = "detached parameters"
    for held, data in ((False, "digits"), (True, "classification")):
        yield case(
            f"layers in a list, {data}",
            family,
            "detached-parameters",
            lambda f, data=data: training(data, lambda d: Listed(d, f)),
            held=held,
        )
    for held, data, how in ((False, "moons", "detach"), (True, "classification", "numpy")):
        yield case(
            f"cut by {how}, {data}",
            family,
            "detached-parameters",
            lambda f, data=data, how=how: training(data, lambda d: Cut(d, f, how)),
            "low",
            held,
        )
    for held, data in ((False, "circles"), (True, "moons")):
        yield case(
            f"hidden layer not in the optimizer, {data}",
            family,
            "detached-parameters",
            lambda f, data=data: training(
                data,
                lambda d: net.mlp(d.features, [24, 24], d.outputs),
                parameters=lambda m: [*m[0].parameters(), *m[4].parameters()] if f else list(m.parameters()),
            ),
            "2",
            held,
        )


def not_finite() -> Iterator[Scenario]:
    family = "non-finite"

    class Norm(nn.Module):
        def forward(self, output: Tensor, target: Tensor) -> Tensor:
            return torch.sqrt(((output - target) * (target > 100)).pow(2).sum() * 1.0) + F.mse_loss(output, target)

    class Log(nn.Module):
        def forward(self, output: Tensor, target: Tensor) -> Tensor:
            return -(torch.log(F.softmax(50 * output, -1)) * F.one_hot(target, output.shape[-1])).sum(-1).mean()

    def spoilt(d: Data, f: bool) -> Tensor:
        x = d.x.clone()
        x[::50, 0] = float("nan") if f else 0.0
        return x

    yield case(
        "sqrt at 0 in the loss",
        family,
        "non-finite",
        lambda f: training(
            "friedman", lambda d: net.mlp(d.features, [32, 32], 1), lambda d: Norm() if f else nn.MSELoss()
        ),
    )
    yield case(
        "log of 0 in the loss",
        family,
        "non-finite",
        lambda f: training(
            "digits",
            lambda d: net.mlp(d.features, [32, 32], 10),
            lambda d: Log() if f else nn.CrossEntropyLoss(),
            rate=1e-2,
        ),
        held=True,
    )
    for held, data in ((False, "wine"), (True, "classification")):
        yield case(
            f"missing values, {data}",
            family,
            "non-finite",
            lambda f, data=data: training(
                data, lambda d: net.mlp(d.features, [32, 32], d.outputs), inputs=lambda d: spoilt(d, f)
            ),
            held=held,
        )


ALL = tuple(
    s
    for group in (
        *(pairs, structure, initialisation, dead, saturation, depth, scales, rates, detached, not_finite),
        *further.GROUPS,
    )
    for s in group()
)
