"""The verdict: its kind, its numbers, its advice."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from rheobase.study.data.splits import OVERLAP
from rheobase.study.data.units import unit
from rheobase.study.decision.statistics import Scores, estimate, pairs_left, seeds_needed
from rheobase.study.decision.verdict import Verdict, decide, recommended
from rheobase.study.training.cost import Cost, compared

COST = {
    name: Cost(time, noise, 1.0)
    for name, time, noise in zip("abcd", (1.0, 1.3, 2.0, 2.0), (0.0, 0.1, 0.1, 0.1), strict=True)
}
NONE = dict.fromkeys(COST, 0)
PERCENT = unit("accuracy")
RNG = np.random.default_rng(0)
BASE: Scores = 0.8 + RNG.normal(0, 0.01, 10)


def verdict(seeds: int = 10, failed: Mapping[str, int] = NONE, **scores: Scores) -> Verdict:
    return decide({n: s[:seeds] for n, s in scores.items()}, "a", COST, failed, PERCENT)


def shifted(by: float, spread: float, seeds: int = 10) -> Scores:
    noise = RNG.normal(0, 1, seeds)
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    return BASE[:seeds] + by + spread * noise


def test_a_winner_is_told_with_its_lead() -> None:
    v = verdict(a=BASE, b=shifted(0.1, 0.001), c=BASE - 0.1)
    assert (v.kind, v.top) == ("winner", ("b",))
    assert f"b wins with accuracy {100 * (BASE.mean() + 0.1):.2f} %, +10.00 ±0.15 points against a" in v.sentence


def test_a_tie_is_called_a_tie_and_the_incumbent_stays() -> None:
    v = verdict(a=BASE, b=shifted(0.001, 0.02), c=BASE - 0.3)
    assert v.kind == "tied"
    assert "A tie at the top: b and a cannot be told apart (largest difference +0.10 ±" in v.sentence
    assert v.sentence.endswith("Keep a: no other of them costs clearly less per step (1.00× relu). Behind: c.")
    behind = verdict(a=BASE - 0.3, b=BASE, c=shifted(0.001, 0.02), d=BASE - 0.2)
    assert "Take b: of these, it costs least per step (1.30× relu). Behind: d and a (-30.10 ±" in behind.sentence


def test_equivalent_names_the_region() -> None:
    v = verdict(a=BASE, b=shifted(0.0001, 1e-4), c=shifted(0.0, 1e-4))
    assert v.kind == "equivalent"
    assert f"all are within {50 * BASE.std(ddof=1):.2f} points" in v.sentence
    assert "Keep a" in v.sentence


def test_undecided_says_what_it_would_take() -> None:
    b = shifted(0.02, 0.009, 5)
    v = verdict(5, a=BASE, b=b, c=BASE)
    needed = seeds_needed(b - BASE[:5], comparisons=3)
    assert v.kind == "undecided"
    assert needed is not None
    assert f"+2.00 ±2.60 points against a. About {needed - 5} more seeds" in v.sentence
    assert v.sentence.endswith("So far a is not shown to be worse.")
    hopeless = verdict(a=BASE, b=shifted(0.001, 0.05))
    assert "More seeds would not settle so small a difference" in hopeless.sentence
    assert "+0.10 ±" in hopeless.sentence


def test_the_intervals_that_are_told_are_those_that_decide() -> None:
    """Of nine functions one may be significant by itself, and not among the 36 pairs it was found in."""
    scores = {"b": shifted(0.02, 0.01)} | {f"f{k}": shifted(0.01, 0.03) for k in range(7)} | {"a": BASE}
    cost = dict.fromkeys(scores, Cost(1.0, 0.0, 1.0))
    v = decide(scores, "a", cost, dict.fromkeys(scores, 0), PERCENT)
    alone, told = estimate(scores["b"] - BASE), v.behind["a"]
    assert alone.ci[0] > 0 > told.ci[0]
    assert (v.kind, told.mean) == ("undecided", alone.mean)
    assert f"{PERCENT.signed(told.mean)} ±{PERCENT.plain(told.half)} points against a" in v.sentence
    far = decide({**scores, "f0": BASE - 0.3}, "a", cost, dict.fromkeys(scores, 0), PERCENT)
    assert set(far.top) == set(scores) - {"f0"}
    for name, gap in far.behind.items():
        assert (gap.ci[0] > 0) == (name not in far.top)


def test_failures_are_told() -> None:
    assert verdict(a=BASE, b=BASE, failed={"a": 10, "b": 10}).kind == "failed"
    v = verdict(a=BASE, b=BASE - 0.5, failed={**NONE, "b": 10})
    assert (v.kind, v.top) == ("winner", ("a",))
    assert v.sentence.endswith("In no seed did b learn more than guessing.")


def test_few_seeds_are_a_screening() -> None:
    assert verdict(5, a=BASE, b=BASE).sentence.startswith("Screening with 5 seeds.")
    assert "Screening" not in verdict(a=BASE, b=BASE).sentence


@pytest.mark.parametrize(
    ("a", "b", "noise", "best"),
    [(1.04, 1.0, 0, "a"), (1.2, 1.0, 0, "b"), (1.0, 0.97, 0, "a"), (1.2, 1.0, 0.21, "a"), (1.2, 1.0, 0.19, "b")],
)
def test_advice_is_the_cheapest_if_clearly_so_else_the_incumbent(a: float, b: float, noise: float, best: str) -> None:
    for own, other in ((noise, 0.0), (0.0, noise)):
        cost = {"a": Cost(a, own, 1.0), "b": Cost(b, other, 1.0), "c": Cost(0.1, 0.0, 1.0)}
        assert recommended(["b", "a"], "a", cost) == best
    # without the incumbent, its place is the best mean's
    assert recommended(["a", "b"], "c", cost) == best


def test_cost_is_the_median_ratio_of_a_round_and_its_noise_the_middle_half() -> None:
    rounds = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    assert compared([3 * t for t in rounds], rounds) == (3.0, 0.0)
    # one slow round moves neither; the middle half of these ratios lies from 1.0 to 1.4
    ratios = [0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 50.0]
    assert compared([r * t for r, t in zip(ratios, rounds, strict=True)], rounds) == pytest.approx((1.2, 0.4))


def test_a_row_of_difference_in_every_seed_is_no_win() -> None:
    for seeds in (5, 9):
        scores = {"a": np.full(seeds, 0.95), "b": np.full(seeds, 0.95) - 1 / 1124}
        v = decide(scores, "a", COST, NONE, PERCENT, row=1 / 1124)
        assert (v.kind, v.top) == ("undecided", ("a", "b"))
        assert "+0.09 ±0.00" not in v.sentence
        assert "more than chance" not in v.sentence
    clear = decide({**scores, "b": np.full(9, 0.9)}, "a", COST, NONE, PERCENT, row=1 / 1124)
    assert (clear.kind, clear.top) == ("winner", ("a",))
    unmeasured = decide({"a": np.full(5, 0.5), "b": np.full(5, 0.4)}, "a", COST, NONE, unit("R²"))
    assert unmeasured.kind == "undecided"


@pytest.mark.parametrize("seeds", [2, 3, 4])
def test_a_few_seeds_decide_nothing(seeds: int) -> None:
    for b in (BASE + 0.1, BASE - 0.1, BASE, shifted(0.0001, 1e-4)):
        v = verdict(seeds, a=BASE, b=b)
        assert v.kind == "undecided"
        assert f"Undecided: {seeds} seeds are too few for a verdict; take 5 or more." in v.sentence
        assert set(v.top) == {"a", "b"}
    assert verdict(5, a=BASE, b=shifted(0.1, 0.001, 5)).kind == "winner"
    assert verdict(5, a=BASE, b=BASE).kind == "equivalent"
    alone = verdict(seeds, a=BASE, b=BASE, failed={"a": 0, "b": seeds})
    assert (alone.kind, alone.top) == ("undecided", ("a",))
    assert "Only a learnt more than guessing. In no seed did b" in alone.sentence
    assert verdict(seeds, a=BASE, b=BASE, failed={"a": seeds, "b": seeds}).kind == "failed"


def test_what_more_seeds_would_show_is_foretold_from_ten_on() -> None:
    few = verdict(5, a=BASE, b=shifted(0.001, 0.05, 5))
    assert "Too few seeds to say how many would settle it; 10 or more would tell more." in few.sentence
    assert "would not settle" not in few.sentence
    equal = verdict(a=np.array([0.5, 0.75] * 5), b=np.array([0.75, 0.5] * 5))
    assert "For a and b the means are equal (+0.00 ±" in equal.sentence
    assert "settle" not in equal.sentence


def test_pairs_are_counted_among_those_that_are_left() -> None:
    """Against a search for the largest set that still differs: from all functions down, the last to leave first."""
    for p in RNG.beta(0.3, 8, (200, 8)):
        named, left = {f"f{k}": float(value) for k, value in enumerate(p)}, 9
        for value in sorted(p):
            if value * left * (left - 1) / 2 >= 0.05:
                break
            left -= 1
        counted = pairs_left(named)
        assert sum(counted[name] * value < 0.05 for name, value in named.items()) == 9 - left
        assert min(counted.values()) == max(left * (left - 1) // 2, 1)


@pytest.mark.parametrize("comparisons", [1, 7])
def test_seeds_needed_gives_the_power_it_promises(comparisons: int) -> None:
    from scipy import stats

    sample = shifted(0.02, 0.009) - BASE
    n = seeds_needed(sample, comparisons)
    assert n is not None

    def power(n: int) -> float:
        # of the corrected t test, simulated with the variance it assumes
        rng = np.random.default_rng(1)
        means = 0.02 + 0.009 * (1 / n + OVERLAP) ** 0.5 * rng.normal(size=40_000)
        spreads = 0.009 * (rng.chisquare(n - 1, 40_000) / (n - 1)) ** 0.5
        limit = stats.t.isf(0.025 / comparisons, n - 1) * spreads * (1 / n + OVERLAP) ** 0.5
        return float(np.mean(np.abs(means) > limit))

    assert power(n) == pytest.approx(0.8, abs=0.06)
    assert power(max(n // 2, 2)) < 0.7
    assert seeds_needed(shifted(0.001, 0.02) - BASE, comparisons) is None


def judged(stated: float, **scores: Scores) -> Verdict:
    return decide(scores, "a", COST, dict.fromkeys(scores, 0), PERCENT, stated=stated)


def test_what_the_user_says_does_not_matter_decides() -> None:
    """b is surely better than a by 0.30 ±0.03 points, and than c by 10."""
    b, c = shifted(0.003, 0.0002), BASE - 0.1
    assert verdict(a=BASE, b=b, c=c).top == ("b",)
    small = judged(0.005, a=BASE, b=b, c=c)
    assert (small.kind, small.top) == ("tied", ("b", "a"))
    assert "b and a cannot be told apart, or differ by less than your threshold of 0.50 points" in small.sentence
    assert "Keep a" in small.sentence
    alike = judged(0.005, a=BASE, b=b)
    assert (alike.kind, alike.top) == ("equivalent", ("b", "a"))
    assert "all are within your threshold of 0.50 points. Keep a" in alike.sentence
    large = judged(0.001, a=BASE, b=b, c=c)
    assert (large.kind, large.top) == ("winner", ("b",))
    assert large.sentence.endswith("more than chance explains, and more than your threshold of 0.10 points.")
    unsure = judged(0.003, a=BASE, b=b, c=c)
    assert unsure.kind == "winner"
    assert unsure.sentence.endswith("more than chance explains, and perhaps less than your threshold of 0.30 points.")


def test_a_difference_beyond_the_stated_one_is_no_equivalence() -> None:
    noisy = shifted(0.0001, 0.02)
    assert judged(0.001, a=BASE, b=noisy).kind == "undecided"
    assert judged(0.05, a=BASE, b=noisy).kind == "equivalent"
