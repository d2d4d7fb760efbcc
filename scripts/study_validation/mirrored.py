"""Real studies in which no function is better: ReLU against ReLU under another name, and mirrored.

The pairing gives every function the same raw weights, so that ReLU under another name scores the same in every seed,
whatever the decision. max(−x, 0) does not: with weights W it is the network that ReLU makes of −W. Weights are drawn
from a distribution that is even, biases begin at 0 and the optimizers treat both signs alike; so both functions have
the same distribution of scores in every seed, from other weights, and the true difference is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
from carried_out import study
from populations import Random
from rates import Rate
from real_data import BUNDLED, DRAWN, SMALL, table
from simulated import Outcome, Row, counted, lowered, outcome, stream

import rheobase as rb
from rheobase.study import Plan, make
from rheobase.study.training.train import one_row, split

MIRRORED, AGAIN = "mirrored_relu", "relu_again"
TABLES = (*BUNDLED, *DRAWN)
#: Studies per table, each with seeds of its own.
BLOCKS = 3
#: Shares of the second function's right answers that are made wrong, or of its R² that are taken off.
HARMS = (0.0, 0.01, 0.02, 0.05, 0.1)


def plan(block: int, name: str) -> Plan:
    """The default protocol for ReLU and the function called `name`, on seeds that no other block has."""
    rb.define(MIRRORED, "-x if x < 0 else 0")
    rb.define(AGAIN, "x if x > 0 else 0")
    usual = make([name], **SMALL)

    def of_block(seeds: Sequence[int]) -> tuple[int, ...]:
        return tuple(seed + block * len(seeds) for seed in seeds)

    return replace(usual, seeds=of_block(usual.seeds), tuning_seeds=of_block(usual.tuning_seeds))


def studies() -> list[tuple[str, int, str]]:
    """Table, block, the second function."""
    alike = [(name, block, MIRRORED) for block in range(BLOCKS) for name in TABLES]
    return [*alike, *((name, 0, AGAIN) for name in BUNDLED)]


def scores(name: str, block: int, second: str, root: Path) -> list[Row]:
    """The scores of a study, a row per seed, and what it says."""
    data = table(name, block)
    results = study(data, plan(block, second), root / f"{name}-{block}-{second}")
    found, said, row = {o.name: o for o in results.outcomes}, results.verdict, one_row(data)
    return [
        {
            "data": name, "study": block, "second": second, "seed": seed, "relu_score": a, "second_score": b,
            "rows": len(split(data, seed).test[1]) if row else 0, "row": row,
            "relu_rate": found["relu"].best_learning_rate, "second_rate": found[second].best_learning_rate,
            "verdict": said.kind, "top": " ".join(said.top),
        }
        for seed, a, b in zip(results.plan.seeds, found["relu"].scores, found[second].scores, strict=True)
    ]  # fmt: skip


def summary(rows: pd.DataFrame, second: str) -> list[Row]:
    """By table: how many studies against the function called `second` name a winner, and how the scores differ."""
    own = rows[rows.second == second]
    return [{"data": name, "second": second, **_counted(found)} for name, found in own.groupby("data", sort=False)]


def _counted(rows: pd.DataFrame) -> Row:
    said = rows.groupby("study").verdict.first()
    return {
        "studies": len(said),
        **Rate(int((said == "winner").sum()), len(said)).columns("winners"),
        "equal_scores": float((rows.relu_score == rows.second_score).mean()),
        "spread": float((rows.relu_score - rows.second_score).std()),
    }


def harmed(rows: pd.DataFrame) -> list[Row]:
    """What the studies would have found had the mirrored function been worse by a known amount.

    Each of its right answers is made wrong with the probability `harm`, so that it loses harm × its expected accuracy:
    the mean over all studies of the table, of both functions, as they have the same. From R² the harm itself is taken.
    """
    alike = rows[rows.second == MIRRORED]
    return [_harmed(alike, harm) for harm in HARMS]


def _harmed(rows: pd.DataFrame, harm: float) -> Row:
    found, random = [], stream("harmed", harm)
    for _, of_table in rows.groupby("data", sort=False):
        mean = float(of_table[["relu_score", "second_score"]].to_numpy().mean())
        loss = harm * mean if of_table.rows.iloc[0] else harm
        found += [_one(own, loss, mean, random) for _, own in of_table.groupby("study")]
    return {"harm": harm, **counted(found)}


def _one(rows: pd.DataFrame, loss: float, mean: float, random: Random) -> Outcome:
    row = float(rows.row.iloc[0])
    worse = lowered(rows.second_score.to_numpy(), loss, mean, rows.rows.to_numpy() if row else None, random)
    return outcome(rows.relu_score.to_numpy(), worse, loss, row)
