"""What the watch takes of the device: it never waits for it in a step, and little of its memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

import rheobase.torch as rt
from rheobase.torch.allocations import Allocations, now
from tests.doctor.networks import MODELS, batches, mlp

Tensor = torch.Tensor

#: What needs the device's numbers on the host, or the host's on the device: methods, and operations inside others.
METHODS = ("item", "tolist", "numpy", "cpu", "new_tensor", "nonzero", "__bool__", "__float__", "__int__", "__index__")
OPERATIONS = ("_local_scalar_dense", "is_nonzero", "nonzero", "bincount", "equal", "_unique2", "unique_dim",
              "masked_select", "lift_fresh")  # fmt: skip


class Waits(TorchDispatchMode):
    """Counts operations that wait for a device."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        index = args[1] if name == "index" else ()
        if name in OPERATIONS or any(i is not None and i.dtype == torch.bool for i in index):
            self.found[name] += 1
        return func(*args, **(kwargs or {}))


@contextmanager
def waits() -> Iterator[Counter[str]]:
    with pytest.MonkeyPatch.context() as patch, Waits() as mode:
        for name in METHODS:
            patch.setattr(Tensor, name, counting(name, getattr(Tensor, name), mode.found))
        yield mode.found


def counting(name: str, plain: Callable[..., Any], found: Counter[str]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        found[name] += 1
        return plain(*args, **kwargs)

    return call


def waited(model: nn.Module, watched: bool, budget: float, first: int) -> Counter[str]:
    """The waits in steps from number `first` on."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    w = rt.watch(model, optimizer=optimizer, loss=F.cross_entropy, budget=budget) if watched else nullcontext()
    total: Counter[str] = Counter()
    with w:
        for step, (x, y) in enumerate(batches(9)):
            with waits() as found:
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
                optimizer.zero_grad()
            total += found if step >= first else Counter()
        if watched:
            assert w.report().overhead.observed >= 4
    return total


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_steps_do_not_wait_for_the_device(name: str) -> None:
    # what a learnable parameter starts from is read in the first pass: it decides where the function is flat
    first = 1 if name == "our modules" else 0
    for budget in (1.0, 1e-6):
        assert waited(MODELS[name](), True, budget, first) == waited(MODELS[name](), False, budget, first)


def test_a_wait_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from rheobase.doctor.observe.tally import Tally

    after = Tally.after
    monkeypatch.setattr(Tally, "after", lambda self, h: (after(self, h), float(self.units.sum()))[0])
    found = waited(mlp(8, 16, 3), True, 1.0, 0)
    assert {"__float__", "_local_scalar_dense"} <= found.keys()


def pictures() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 16, 3), nn.GELU(), nn.MaxPool2d(4),
        nn.Flatten(), nn.Linear(784, 64), nn.Tanh(), nn.Linear(64, 10),
    )  # fmt: skip


def bytes_taken(watched: bool) -> tuple[int, int, int]:
    """By the activations, at the highest, and after the last step."""
    model, taken = pictures(), Allocations()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    w = rt.watch(model, optimizer=optimizer, budget=1.0) if watched else nullcontext()
    with w, taken.recorded():
        for _ in range(24):
            x, y = torch.randn(64, 3, 32, 32), torch.randint(10, (64,))
            optimizer.zero_grad()
            start = now()
            loss = F.cross_entropy(model(x), y)
            forward = now()
            loss.backward()
            optimizer.step()
            del x, y, loss
            end = now()
    return taken.at(forward) - taken.at(start), taken.highest(until=end), taken.at(end)


def test_observing_takes_less_than_a_hundredth_of_the_memory_of_the_activations() -> None:
    activations, peak, kept = bytes_taken(watched=False)
    _, watched_peak, watched_kept = bytes_taken(watched=True)
    assert watched_peak - peak < activations / 100
    assert 0 < watched_kept - kept < activations / 100
