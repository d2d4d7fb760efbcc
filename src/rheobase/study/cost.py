"""What a training step with rheobase's modules costs: time and kept memory, against a reference, interleaved."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from rheobase.study.data import Dataset
from rheobase.study.plan import COST_REFERENCE, Plan
from rheobase.study.train import loss_of, network, split

ROUNDS, STEPS = 15, 8
#: Rounds before those that are measured.
WARM_UP = 2


@dataclass(frozen=True, slots=True)
class Cost:
    """A training step against the reference's.

    time: the median over the rounds of the ratio to the reference in the same round. noise: the interquartile range
    of those ratios. memory: the ratio of the bytes kept for the backward pass.
    """

    time: float
    noise: float
    memory: float


def step_costs(data: Dataset, plan: Plan) -> dict[str, Cost]:
    """What a step of the plan's network costs with each function."""
    x, y = (part[: plan.batch] for part in split(data, 0).train)
    names = dict.fromkeys([COST_REFERENCE, *plan.activations])
    models = {name: network(plan, name, x.shape[1], data.outputs, 0) for name in names}
    loss = loss_of(data)
    took = _step_times({name: _steps(model, lambda out: loss(out, y), x) for name, model in models.items()})
    kept = {name: _kept(model, x) for name, model in models.items()}
    return {
        name: Cost(*compared(took[name], took[COST_REFERENCE]), kept[name] / kept[COST_REFERENCE])
        for name in plan.activations
    }


def compared(times: Sequence[float], reference: Sequence[float]) -> tuple[float, float]:
    """Median and interquartile range of the ratios, round by round."""
    low, middle, high = statistics.quantiles([own / its for own, its in zip(times, reference, strict=True)], n=4)
    return middle, high - low


def _steps(model: torch.nn.Module, loss: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> Callable[[], None]:
    optimizer = torch.optim.Adam(model.parameters())

    def steps() -> None:
        for _ in range(STEPS):
            optimizer.zero_grad()
            torch.autograd.backward(loss(model(x)))
            optimizer.step()

    return steps


def _step_times(work: Mapping[str, Callable[[], None]]) -> dict[str, list[float]]:
    """The time of each work in each round, on one thread; they take turns, and each round begins with another."""
    names, threads = list(work), torch.get_num_threads()
    times: dict[str, list[float]] = {name: [] for name in names}
    torch.set_num_threads(1)
    for turn in range(WARM_UP + ROUNDS):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            start = time.perf_counter()
            work[name]()
            times[name].append(time.perf_counter() - start)
    torch.set_num_threads(threads)
    return {name: found[WARM_UP:] for name, found in times.items()}


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
        # each output holds all that was kept before it: nothing is freed and lends its address to a later tensor
        model(x)
    return sum(seen.values())
