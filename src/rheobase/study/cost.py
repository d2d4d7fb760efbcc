"""What a training step costs: time and kept memory per function, against ReLU, measured interleaved."""

from __future__ import annotations

import statistics
import time

import torch

from rheobase.study.data import Dataset
from rheobase.study.plan import Plan
from rheobase.study.train import loss_of, network, split

ROUNDS, STEPS = 15, 8


def step_costs(data: Dataset, plan: Plan, reference: str = "relu") -> dict[str, tuple[float, float]]:
    """(time ratio, memory ratio) per function: median step time, and bytes kept for the backward pass."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    names = list(dict.fromkeys([reference, *plan.activations]))
    x, y = split(data, 0).train
    x, y = x[: plan.batch], y[: plan.batch]
    models = {name: network(plan, name, x.shape[1], data.outputs, 0) for name in names}
    optimizers = {name: torch.optim.Adam(m.parameters()) for name, m in models.items()}
    loss = loss_of(data)
    times: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(ROUNDS + 2):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = time.perf_counter()
            for _ in range(STEPS):
                optimizers[name].zero_grad()
                torch.autograd.backward(loss(models[name](x), y))
                optimizers[name].step()
            times[name].append(time.perf_counter() - start)
    torch.set_num_threads(threads)
    median = {name: statistics.median(t[2:]) for name, t in times.items()}
    kept = {name: _kept(models[name], x) for name in names}
    return {name: (median[name] / median[reference], kept[name] / kept[reference]) for name in plan.activations}


def _kept(model: torch.nn.Module, x: torch.Tensor) -> int:
    """Bytes of the distinct tensors that autograd keeps for the backward pass, parameters apart."""
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    seen: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        out = model(x)
    return sum(seen.values()) + 0 * out.numel()
