"""A network that solves u″ = −π² sin πx with u(0) = u(1) = 0, whose solution is sin πx, compared with that.

rheobase study poisson:train --activations relu,tanh,softplus --quick
"""

from __future__ import annotations

import math

import torch
from torch import nn

WIDTH, STEPS, PLACES = 24, 300, 64


def train(make_activation, learning_rate, seed, ctx):
    """Higher is better: how many decimal digits of the solution are right."""
    net = nn.Sequential(
        nn.Linear(1, WIDTH), make_activation(), nn.Linear(WIDTH, WIDTH), make_activation(), nn.Linear(WIDTH, 1)
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=learning_rate)
    draw = torch.Generator().manual_seed(seed)
    ends = torch.tensor([[0.0], [1.0]])
    for step in range(STEPS):
        x = torch.rand(PLACES, 1, generator=draw, requires_grad=True)
        optimizer.zero_grad()
        residual = second_derivative(net(x), x) + math.pi**2 * torch.sin(math.pi * x)
        loss = residual.square().mean() / math.pi**4 + net(ends).square().mean()
        loss.backward()
        optimizer.step()
        if step % 25 == 0:
            ctx.report(step, -loss.item())
    return digits(net)


def second_derivative(u, x):
    """Of every output by its own input; 0 for a network of straight pieces."""
    (slope,) = torch.autograd.grad(u.sum(), x, create_graph=True)
    (bend,) = torch.autograd.grad(slope.sum(), x, create_graph=True)
    return bend


@torch.no_grad()
def digits(net):
    """−log₁₀ of the error, relative to the solution: 0 for a network that says 0 everywhere."""
    x = torch.linspace(0, 1, 201).unsqueeze(1)
    solution = torch.sin(math.pi * x)
    return -math.log10(float((net(x) - solution).norm() / solution.norm()))
