"""Simulated studies, decided by the code that decides real ones: with no difference, and with one that is known."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from populations import POPULATIONS, Array, Random
from rates import Rate

from rheobase.study.data.units import unit
from rheobase.study.decision.best import best_of
from rheobase.study.decision.statistics import CONFIDENCE, estimate, holm, p_value
from rheobase.study.decision.verdict import Verdict, decide
from rheobase.study.training.cost import Cost

SEEDS = (5, 10, 30)
#: Studies per setting, by the number of functions: with two the test is exact where splits overlap as it assumes, and
#: its chance of a false winner then is the very one that is allowed.
STUDIES = {2: 6000, 9: 2000}
#: Studies per setting with an effect.
WITH_EFFECT = 2000
#: Effects, in standard deviations of the paired difference.
EFFECTS = (0.0, 1.0, 2.0)
#: Where nine functions are compared and some are worse: their number, by how much in the same unit, the kinds of
#: scores, and studies per setting.
WORSE, BY, AMONG_NINE = (3, 8), (1.5, 3.0, 6.0), (4, 5)
OF_NINE = 1000
#: Draws that the mean and the spread of a population are taken from.
KNOWN = 20_000

Row = dict[str, Any]


def verdict(scores: Array, row: float) -> Verdict:
    """What the study would say; functions are called f0, f1, … and the first is the baseline."""
    named = {f"f{k}": own for k, own in enumerate(scores)}
    cost, failed = dict.fromkeys(named, Cost(1.0, 0.0, 1.0)), dict.fromkeys(named, 0)
    return decide(named, "f0", cost, failed, unit("accuracy"), row)


def stream(*what: object) -> Random:
    """Random numbers of a setting, the same in every run."""
    return np.random.default_rng(zlib.crc32(repr(what).encode()))


def null_settings() -> list[tuple[int, int, int]]:
    """Number of the population, functions, seeds."""
    return [(k, functions, seeds) for k in range(len(POPULATIONS)) for functions in STUDIES for seeds in SEEDS]


def null(number: int, functions: int, seeds: int, studies: int | None = None) -> Row:
    """How often studies of functions that are all alike name a winner, and how often they call one worse.

    behind: any function; baseline: the one that the study is about.
    """
    population, studies = POPULATIONS[number], studies or STUDIES[functions]
    random = stream("null", population.name, functions, seeds)
    found = [verdict(population.draw(random, functions, seeds), population.row) for _ in range(studies)]
    winners = Rate(sum(v.kind == "winner" for v in found), studies)
    behind = Rate(sum(len(v.top) < functions for v in found), studies)
    baseline = Rate(sum("f0" not in v.top for v in found), studies)
    setting = {"scores": population.name, "functions": functions, "seeds": seeds, "studies": studies}
    return {**setting, **winners.columns("winners"), **behind.columns("behind"), **baseline.columns("baseline")}


def effect_settings() -> list[tuple[int, int, float]]:
    """Number of the population, seeds, effect."""
    return [(k, seeds, effect) for k in range(len(POPULATIONS)) for seeds in SEEDS for effect in EFFECTS]


def effect(number: int, seeds: int, size: float, studies: int = WITH_EFFECT) -> Row:
    """How often the interval holds a difference that was put in, how often it is found, and the wrong way round."""
    population = POPULATIONS[number]
    random = stream("effect", population.name, seeds, size)
    mean, spread = known(number)
    found = []
    for _ in range(studies):
        first, second = population.draw(random, 2, seeds)
        worse = lowered(second, size * spread, mean, population.rows, random)
        found.append(outcome(first, worse, size * spread, population.row))
    return {"scores": population.name, "seeds": seeds, "effect": size, **counted(found)}


def nine_settings() -> list[tuple[int, int, int, float]]:
    """Number of the population, seeds, how many functions are worse, by how much."""
    return [(k, seeds, worse, size) for k in AMONG_NINE for seeds in SEEDS for worse in WORSE for size in BY]


def nine(number: int, seeds: int, worse: int, size: float, studies: int = OF_NINE) -> Row:
    """Nine functions, the last ones worse: how often a good one is called behind, and how many worse ones are.

    holm: the same if the comparisons with the best were corrected for their number only, as if it had been named
    beforehand.
    """
    population, functions = POPULATIONS[number], max(STUDIES)
    random = stream("nine", population.name, seeds, worse, size)
    mean, spread = known(number)
    good = {f"f{k}" for k in range(functions - worse)}
    ours, plain = [], []
    for _ in range(studies):
        scores = population.draw(random, functions, seeds)
        for k in range(functions - worse, functions):
            scores[k] = lowered(scores[k], size * spread, mean, population.rows, random)
        ours.append({f"f{k}" for k in range(functions)} - set(verdict(scores, population.row).top))
        plain.append(_by_holm(scores, population.row))
    setting = {"scores": population.name, "seeds": seeds, "worse": worse, "effect": size, "studies": studies}
    return setting | _called(ours, good, worse, "") | _called(plain, good, worse, "holm_")


def _by_holm(scores: Array, row: float) -> set[str]:
    named = {f"f{k}": own for k, own in enumerate(scores)}
    best = named.pop(best_of(named, "f0"))
    return {name for name, p in holm({n: p_value(best - own, row) for n, own in named.items()}).items()
            if p < 1 - CONFIDENCE}  # fmt: skip


def _called(behind: Sequence[set[str]], good: set[str], worse: int, by: str) -> Row:
    wrongly = Rate(sum(bool(names & good) for names in behind), len(behind))
    rightly = Rate(sum(len(names - good) for names in behind), len(behind) * worse)
    return {**wrongly.columns(f"{by}wrongly"), **rightly.columns(f"{by}rightly")}


class Outcome(NamedTuple):
    """Whether the interval holds the true difference; whether the better function wins; whether the worse one does."""

    covered: bool
    found: bool
    reversed: bool


def outcome(first: Array, second: Array, difference: float, row: float) -> Outcome:
    """What a study says of two functions, of which the first is better by `difference`."""
    low, high = estimate(first - second, row).ci
    said = verdict(np.array([first, second]), row)
    winner = said.top[0] if said.kind == "winner" else None
    return Outcome(low <= difference <= high, winner == "f0", winner == "f1")


def counted(found: Sequence[Outcome]) -> Row:
    """How often, as columns."""
    columns: Row = {"studies": len(found)}
    for name, happened in zip(Outcome._fields, zip(*found, strict=True), strict=True):
        columns |= Rate(sum(happened), len(found)).columns(name)
    return columns


@cache
def known(number: int) -> tuple[float, float]:
    """The mean score of a population, and the spread over seeds of the paired difference between two functions."""
    population = POPULATIONS[number]
    random = stream("known", population.name)
    draws = np.array([population.draw(random, 2, 2) for _ in range(KNOWN)])
    difference = draws[:, 0] - draws[:, 1]
    return float(draws.mean()), float(np.sqrt(difference.var(1, ddof=1).mean()))


def lowered(scores: Array, by: float, mean: float, rows: Any, random: Random) -> Array:
    """Scores made worse by a known amount on average.

    Where scores count rows (`rows` of them, one number or one per seed), each right answer is made wrong with the
    probability by/mean, which no function learns to avoid: the expected loss is the probability times the expected
    score. Others are shifted.
    """
    if rows is None:
        return scores - by
    right = np.rint(scores * rows).astype(int)
    return random.binomial(right, 1 - by / mean) / rows
