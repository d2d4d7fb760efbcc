"""Sums over parts of a large tensor are those over all of it, and what is dead is exact."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import rheobase.torch as rt
from rheobase.doctor.observe.blocks import ELEMENTS, blocks, few, spread
from rheobase.doctor.observe.sums import averages, distribution, rows, silence, squares
from tests.doctor.networks import Sequence, batches

#: Shapes that are cut along samples, along places, along both, and not at all.
SHAPES = [(700, 100), (3, 7, 90, 80), (2, 30000, 3), (1, 6, 300, 200), (5, 4)]
SIDES = ((-math.inf, 0.0), (2.0, math.inf))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_parts_add_up_to_the_whole(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    x = torch.randn(shape).to(dtype)
    z = rows(x, 1 if x.dim() == 4 else -1)
    # two units that are silent but for one place of one sample, and one that is always
    z[..., :3] = -1
    z[-1, -1, 0] = z[0, 0, 1] = 1
    cut = [block for samples in blocks(z) for block in samples]
    assert sum(block.numel() for block in cut) == z.numel()
    assert max(block.numel() for block in cut) <= max(ELEMENTS, z.numel() / 64)
    on = (z <= 0) | (z >= 2)
    samples, places, largest = silence(z, SIDES)
    assert torch.equal(samples.long(), on.all(dim=1).sum(dim=0))
    assert torch.equal(places.long(), on.sum(dim=(0, 1)))
    assert [int(n) for n in len(z) - samples[:3]] == [1, 1, 0]
    assert float(largest) == float(z.abs().max())
    mean, square = averages(z)
    torch.testing.assert_close(mean, z.double().mean(dim=(0, 1)).float())
    torch.testing.assert_close(square, z.double().pow(2).mean(dim=(0, 1)).float())
    torch.testing.assert_close(squares(x), x.double().pow(2).sum().float())


@pytest.mark.parametrize("shape", SHAPES)
def test_spread_elements_meet_every_unit_and_are_counted_once(shape: tuple[int, ...]) -> None:
    z = torch.arange(math.prod(shape), dtype=torch.float64).reshape(len(torch.empty(shape)), -1, shape[-1])
    found = spread(z, 4096)
    assert len(found.unique()) == len(found) <= 8192
    assert len((found % shape[-1]).unique()) == shape[-1]
    _, histogram = distribution(z)
    assert int(histogram.sum()) == len(found)


def test_a_number_that_is_none_is_seen_in_any_part() -> None:
    z = torch.zeros(1000, 1, 100)
    z[777, 0, 5] = math.nan
    assert math.isnan(silence(z, SIDES)[2])
    assert few(z, 0).numel() <= ELEMENTS


def test_the_entropy_of_attention_does_not_depend_on_how_many_queries_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(0)
    model, (x, y) = Sequence("Transformer"), batches(1)[0]
    (few_looks,) = rt.check(model, (x, y), loss=F.cross_entropy).case.attention
    monkeypatch.setattr("rheobase.doctor.observe.blocks.ELEMENTS", 64)
    (all_looks,) = rt.check(model, (x, y), loss=F.cross_entropy).case.attention
    np.testing.assert_allclose(few_looks.entropy, all_looks.entropy, rtol=0.02)


def test_causal_logits_keep_their_mask_when_queries_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from rheobase.doctor.observe.attention import LOGITS

    q, k = torch.randn(2, 3, 40, 8), torch.randn(2, 3, 40, 8)
    hear = LOGITS[F.scaled_dot_product_attention]
    whole = hear((q, k), {"is_causal": True})
    monkeypatch.setattr("rheobase.doctor.observe.blocks.ELEMENTS", 1200)
    some = hear((q, k), {"is_causal": True})
    assert whole is not None
    assert some is not None
    every = math.ceil(40 / some.shape[2])
    torch.testing.assert_close(some, whole[: len(some), :, ::every])
    assert some.numel() < whole.numel() / 4
