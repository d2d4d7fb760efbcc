"""The threshold gate, and no non-linearity at all."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

import rheobase as rb
import rheobase.torch as rt
from rheobase.claims.experiments.networks import CLASSES, digits, interval, mlp, network, train
from rheobase.claims.experiments.shape import GRID
from rheobase.claims.record import Measured

WIDTHS, STEPS = (32, 32), 400


def switches(name: str, seed: int = 0) -> Measured:
    """The values it takes, and where they change."""
    y = rb.get(name)(GRID)
    changes = np.flatnonzero(np.diff(y))
    return Measured({
        "different values": float(len(np.unique(y))),
        "smallest value": float(y.min()),
        "largest value": float(y.max()),
        "changes": float(len(changes)),
        "change ends at x": float(GRID[changes[0] + 1]),
    })  # fmt: skip


def by_backpropagation(name: str, seed: int = 0, seeds: int = 3) -> Measured:
    """Training through the function as it is, and with a stand-in for its slope: do the weights before it move?"""
    plain = [_trained(name, s, {}) for s in range(seed, seed + seeds)]
    stand_in = [_trained(name, s, {"straight_through": True}) for s in range(seed, seed + seeds)]
    return Measured({
        "movement of weights before the gate": max(moved for moved, _ in plain),
        "accuracy": float(np.mean([share for _, share in plain])),
        "movement, straight-through": float(np.mean([moved for moved, _ in stand_in])),
        "accuracy, straight-through": float(np.mean([share for _, share in stand_in])),
    })  # fmt: skip


def _trained(name: str, seed: int, settings: dict[str, bool]) -> tuple[float, float]:
    """How far the weights before the last gate moved, as a share of their size, and the accuracy on training data."""
    torch.manual_seed(seed)
    x, y = digits()
    model = mlp(lambda: rt.module(name, **settings), WIDTHS, x.shape[1], CLASSES)
    before = [p.detach().clone() for p in model[:-1].parameters()]
    train(model, torch.optim.Adam(model.parameters(), lr=0.01), STEPS, seed)
    pairs = zip(model[:-1].parameters(), before, strict=True)
    moved = max(float((p.detach() - old).norm() / old.norm()) for p, old in pairs)
    return moved, float((model(x).argmax(1) == y).float().mean())


def collapse(name: str, against: str, depth: int = 6, seed: int = 0, seeds: int = 3) -> Measured:
    """A trained deep network against the one matrix that its layers multiply to, on two moons, and against ReLU's."""
    from sklearn.datasets import make_moons

    points, labels = make_moons(1000, noise=0.1, random_state=seed)
    x, y = torch.tensor(points, dtype=torch.float32), torch.tensor(labels)
    deep, one, other = [], [], []
    for s in range(seed, seed + seeds):
        models = {key: network(n, w, s, 2, 2) for key, n, w in
                  (("deep", name, (16,) * depth), ("one", name, ()), ("other", against, (16,) * depth))}  # fmt: skip
        for model in models.values():
            train(model, torch.optim.Adam(model.parameters(), lr=0.01), STEPS, s, (x, y))
        shares = {key: float((m(x).argmax(1) == y).float().mean()) for key, m in models.items()}
        deep.append((_apart(models["deep"], x), shares["deep"]))
        one.append(shares["one"])
        other.append(shares["other"])
    return Measured({
        "largest difference to one matrix": max(apart for apart, _ in deep),
        "accuracy": float(np.mean([share for _, share in deep])),
        "accuracy of a single layer": float(np.mean(one)),
        f"accuracy with {against}": float(np.mean(other)),
        "layers": float(depth + 1),
        "gain over a single layer at most": interval(np.array([share for _, share in deep]) - one)[2],
    })  # fmt: skip


@torch.no_grad()
def _apart(model: nn.Sequential, x: torch.Tensor) -> float:
    """How far the network is from x → A x + b, which it has at 0 and at the unit vectors; as a share of its output."""
    model, x = model.double(), x.double()
    offset = model(torch.zeros(1, x.shape[1], dtype=x.dtype))
    matrix = model(torch.eye(x.shape[1], dtype=x.dtype)) - offset
    difference = (model(x) - (x @ matrix + offset)).abs().max() / model(x).abs().max()
    model.float()
    return float(difference)
