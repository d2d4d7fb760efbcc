"""Which rows a seed tests, and that intervals know of the rows that seeds share."""

from __future__ import annotations

import numpy as np
import pytest

from rheobase.study.data.splits import FOLDS, OVERLAP, SMALL, parts, policy, smallest_test
from rheobase.study.decision import statistics
from rheobase.study.decision.statistics import estimate, p_value, superiority_ci


@pytest.mark.parametrize("rows", [20, 127, 500, SMALL - 1])
@pytest.mark.parametrize("classes", [None, 4])
def test_five_seeds_test_every_row_of_a_small_table_once(rows: int, classes: int | None) -> None:
    strata = None if classes is None else np.arange(rows) % classes
    for first in (0, FOLDS, 1000):
        found = [parts(rows, strata, seed) for seed in range(first, first + FOLDS)]
        assert sorted(np.concatenate([p.test for p in found])) == list(range(rows))
        for p in found:
            together = np.concatenate(p)
            assert len(set(together)) == len(together) >= rows - 1, "no row is in two parts, and one is spared at most"
            assert len(p.test) >= smallest_test(rows)
        assert len({len(p.train) for p in found}) == len({len(p.validation) for p in found}) == 1
    assert not np.array_equal(np.sort(parts(rows, strata, 0).test), np.sort(parts(rows, strata, FOLDS).test))


def test_a_large_table_is_drawn_from_anew_and_a_seed_always_finds_its_rows() -> None:
    assert (policy(SMALL - 1), policy(SMALL)) == ("folds", "random")
    strata = np.r_[np.zeros(SMALL - 10, int), np.ones(10, int)]
    first, second = parts(SMALL, strata, 0), parts(SMALL, strata, 1)
    assert all(np.array_equal(a, b) for a, b in zip(first, parts(SMALL, strata, 0), strict=True))
    assert 0 < len(np.intersect1d(first.test, second.test)) < len(first.test)
    assert [int(strata[rows].sum()) for rows in first] == [6, 2, 2], "rare classes are in every part"


def differences(rows: int, seeds: int, rng: np.random.Generator, half: int = 10) -> np.ndarray:
    """Of two learners that are exactly as good: each sees one half of the features, and the halves are alike."""
    x = rng.normal(size=(rows, 2 * half))
    y = x.sum(1) + 3 * rng.normal(size=rows)

    def error(columns: slice, train: np.ndarray, test: np.ndarray) -> float:
        weights = np.linalg.lstsq(x[train, columns], y[train], rcond=None)[0]
        return float(np.mean((y[test] - x[test, columns] @ weights) ** 2))

    found = [parts(rows, None, seed) for seed in range(seeds)]
    return np.array([error(slice(half), p.train, p.test) - error(slice(half, None), p.train, p.test) for p in found])


@pytest.mark.parametrize(("rows", "seeds"), [(200, 10), (SMALL, 10)])
def test_the_interval_covers_the_truth_over_tables_and_the_usual_one_does_not(
    rows: int, seeds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folds and redrawn splits alike; by s²/n, more than one in ten of such studies would name a winner."""
    rng = np.random.default_rng(0)
    tables = [differences(rows, seeds, rng) for _ in range(200)]

    def missed() -> float:
        return float(np.mean([estimate(d).ci[0] > 0 or estimate(d).ci[1] < 0 for d in tables]))

    assert missed() <= 0.05
    assert np.mean([p_value(d) < 0.05 for d in tables]) == missed()
    monkeypatch.setattr(statistics, "OVERLAP", 0.0)
    assert missed() > 0.1


def test_the_overlap_is_what_the_parts_are() -> None:
    for rows in (1000, 10_000):
        p = parts(rows, None, 3)
        assert len(p.test) / len(p.train) == pytest.approx(OVERLAP)


def test_the_interval_of_superiority_is_exact_for_independent_seeds() -> None:
    from scipy.stats import binom, binomtest

    for n in (5, 10, 30):
        found = [superiority_ci(np.r_[np.ones(k), -np.ones(n - k)], np.zeros(n)) for k in range(n + 1)]
        for k, ci in enumerate(found):
            assert ci == pytest.approx(tuple(binomtest(k, n).proportion_ci(0.95, "exact")))
        for p in np.linspace(0, 1, 41):
            covering = [low <= p <= high for low, high in found]
            assert binom.pmf(np.flatnonzero(covering), n, p).sum() >= 0.95 - 1e-9
    half = superiority_ci(np.zeros(8), np.zeros(8))
    assert half == pytest.approx((1 - half[1], half[1])), "ties are half won: the interval lies around one half"
