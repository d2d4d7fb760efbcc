"""Products that are cut into pieces are the products, however the factors lie."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from rheobase.study.training import products
from rheobase.study.training.products import FEW, LEAST_ROWS, SMALL, pieces, product, row_sums


@pytest.fixture(params=[True, False], ids=["small kernels", "none"])
def has_small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    """As on a processor with kernels for small products, and as on one without."""
    monkeypatch.setattr(products, "has_small", lambda: request.param)
    pieces.cache_clear()
    yield request.param
    pieces.cache_clear()


SHAPES = [(64, 64, 64), (128, 128, 64), (256, 256, 64), (128, 64, 128), (256, 64, 256), (127, 128, 64), (10, 128, 64)]


@pytest.mark.parametrize(("rows", "inner", "columns"), SHAPES)
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True)])
def test_a_product_in_pieces_is_the_product(
    rows: int, inner: int, columns: int, turned: tuple[bool, bool], has_small: bool
) -> None:
    draw = torch.Generator().manual_seed(rows)
    shapes = ((rows, inner), (inner, columns))
    left, right = (
        torch.randn(3, *(shape[::-1] if turn else shape), generator=draw, dtype=torch.float64)
        for shape, turn in zip(shapes, turned, strict=True)
    )
    left, right = (t.mT if turn else t for t, turn in zip((left, right), turned, strict=True))
    expected, into = torch.einsum("mij,mjk->mik", left, right), torch.zeros(3, rows, columns, dtype=torch.float64)
    torch.testing.assert_close(product(left, right), expected)
    assert product(left, right, into) is into
    torch.testing.assert_close(into, expected)
    count = pieces(rows, inner, columns)
    if has_small and rows % 2 == 0 and inner * columns <= FEW:
        assert rows * inner * columns <= count * SMALL
        assert rows // count >= LEAST_ROWS
    elif not has_small:
        assert count == 1


@pytest.mark.usefixtures("has_small")
def test_no_member_sees_the_numbers_of_another() -> None:
    left, right = torch.ones(2, 128, 128), torch.ones(2, 128, 64)
    right[0] = torch.inf
    left[0, 0] = 0
    found = product(left, right)
    assert found[0].isnan().sum() == 64
    assert found[1].eq(128).all()


@pytest.mark.parametrize("turned", [False, True])
def test_sums_are_those_of_each_row(turned: bool) -> None:
    x = torch.randn(3, 5, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x[1, 2, 3] = torch.inf
    x, found = x.mT if turned else x, torch.empty(3, 5, dtype=torch.float64)
    row_sums(x, found)
    torch.testing.assert_close(found, x.sum(2))
