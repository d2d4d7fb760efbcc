"""Training by several processes, each of them watched."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn

import rheobase.torch as rt
from tests.doctor.networks import batches, mlp

pytestmark = pytest.mark.skipif(not dist.is_available(), reason="this build of torch has no torch.distributed")

RANKS, DEAD = 2, 3


def model() -> nn.Sequential:
    torch.manual_seed(0)
    made = mlp(8, 16, 16, 3)
    with torch.no_grad():
        made[0].bias[DEAD] = -100.0
    return made


def train(rank: int, order: str) -> dict[str, Any]:
    """In one of the processes: `order` tells what is watched, "" nothing."""
    inner = model()
    if order == "inner, then wrapped":
        w = rt.watch(inner, optimizer=(optimizer := torch.optim.SGD(inner.parameters(), lr=0.05)))
        wrapped = nn.parallel.DistributedDataParallel(inner)
    else:
        wrapped = nn.parallel.DistributedDataParallel(inner)
        optimizer = torch.optim.SGD(wrapped.parameters(), lr=0.05)
        w = rt.watch(wrapped, optimizer=optimizer) if order else None
    with w or nullcontext():
        for step, (x, y) in enumerate(batches(24, seed=rank)):
            # gradients of two batches are added up before they are exchanged
            with nullcontext() if step % 2 else wrapped.no_sync():
                F.cross_entropy(wrapped(x), y).backward()
            if step % 2:
                optimizer.step()
                optimizer.zero_grad()
    found: dict[str, Any] = {"weights": inner.state_dict()}
    if w is not None:
        report = w.report()
        found |= {
            "silent": [i for i, n in enumerate(report.sites[0].since) if n == report.sites[0].samples],
            "dead": [f.units for f in report.findings if f.rule == "dead-units"],
            "sites": [(s.name, s.samples) for s in report.sites],
            "z": report.sites[0].z_mean,
            "hooks": sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in inner.modules()),
        }
    return found


def process(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=RANKS)
    try:
        results = {order: train(rank, order) for order in ("", "wrapped", "inner, then wrapped")}
    finally:
        dist.destroy_process_group()
    torch.save(results, f"{folder}/{rank}.pt")


def test_each_process_of_a_distributed_training_may_watch(tmp_path: Path) -> None:
    torch.multiprocessing.spawn(process, (str(tmp_path),), nprocs=RANKS)
    found = [torch.load(tmp_path / f"{rank}.pt", weights_only=False) for rank in range(RANKS)]
    alone = found[0][""]["weights"]
    for of_rank in found:
        for order in ("wrapped", "inner, then wrapped"):
            seen = of_rank[order]
            assert all(torch.equal(value, alone[key]) for key, value in seen["weights"].items())
            assert (seen["silent"], seen["dead"], seen["hooks"]) == ([DEAD], [[DEAD]], 0)
            assert [name for name, _ in seen["sites"]] == ["1", "3"]
    # each sees its own batches
    assert found[0]["wrapped"]["z"] != found[1]["wrapped"]["z"]
