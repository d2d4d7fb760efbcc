"""Initialisation: the second moment is kept through every kind of weighted layer."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

import rheobase as rb
import rheobase.torch as rt


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", ["relu", "gelu", "tanh", "silu", "elu"])
def test_the_second_moment_is_kept_through_many_layers(name: str) -> None:
    net = nn.Sequential(*[layer for _ in range(12) for layer in (nn.Linear(512, 512), rt.module(name))])
    assert len(rt.init_(net, name, generator=seeded(0))) == 12
    with torch.no_grad():
        out = net[:-1](torch.randn(256, 512, generator=seeded(1)))
    assert 0.4 < float(out.pow(2).mean()) < 2.5


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Conv2d(32, 64, 3, groups=4), (4, 32, 12, 12)),
        (nn.Conv1d(32, 64, 5), (16, 32, 40)),
        (nn.ConvTranspose1d(64, 8, 4), (16, 64, 40)),
        (nn.ConvTranspose2d(64, 8, 4, stride=2), (4, 64, 16, 16)),
        (nn.ConvTranspose2d(64, 128, 6, stride=3, groups=4), (4, 64, 16, 16)),
        (weight_norm(nn.Linear(256, 64)), (512, 256)),
    ],
    ids=lambda v: str(v).replace(" ", "")[:60],
)
def test_fan_in_counts_what_an_output_adds_up(layer: nn.Module, shape: tuple[int, ...]) -> None:
    rt.init_(layer, "relu", generator=seeded(0))
    with torch.no_grad():
        out = layer(torch.randn(shape, generator=seeded(1)))
    # away from the rim, where a transposed convolution adds up fewer inputs
    inner = out[(slice(None), slice(None), *[slice(6, -6) if n > 12 else slice(None) for n in out.shape[2:]])]
    assert float(inner.pow(2).mean()) == pytest.approx(1.0, rel=0.1)


class OutOfOrder(nn.Module):
    """Registers its layers in another order than it uses them."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.stem = nn.Linear(400, 400), nn.Linear(400, 400)


def test_the_first_layer_can_be_named() -> None:
    def deviations(first: str | None) -> list[float]:
        net = OutOfOrder()
        rt.init_(net, "relu", generator=seeded(0), first=first)
        return [round(float(layer.weight.detach().std()) * 20, 1) for layer in (net.stem, net.head)]

    assert deviations("stem") == [1.0, 1.4]
    assert deviations(None) == [1.4, 1.0]


@pytest.mark.parametrize(
    ("model", "first", "complaint"),
    [
        (nn.ReLU(), None, "no linear or convolutional layer to initialise"),
        (nn.Sequential(nn.Linear(2, 2)), "1", "is called '1'; there are: 0"),
        (nn.Sequential(nn.Linear(2, 2), nn.LazyLinear(3)), None, "layer '1' does not know its shape yet"),
    ],
)
def test_what_cannot_be_initialised_is_said_before_anything_changes(
    model: nn.Module, first: str | None, complaint: str
) -> None:
    before = [p.clone() for p in model.parameters() if not isinstance(p, nn.UninitializedParameter)]
    with pytest.raises(rb.DefinitionError, match=complaint):
        rt.init_(model, "relu", first=first)
    after = [p for p in model.parameters() if not isinstance(p, nn.UninitializedParameter)]
    assert all(map(torch.equal, before, after))
