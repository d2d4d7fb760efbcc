"""Do intervals of real studies hold the truth over tables? Studies of tables drawn anew, each a whole protocol.

The question that an interval answers is not about one table but about all that could have been drawn; the splits of
all seeds share the rows of one, and err together. So ReLU and tanh are compared on many tables from one generator; the
truth is the mean of the differences that all these studies found, which has many times the rows of one.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from carried_out import study
from rates import Rate
from real_data import DRAWN, SMALL, table
from scipy import stats
from simulated import Row

from rheobase.study import Plan, make
from rheobase.study.decision.statistics import CONFIDENCE
from rheobase.study.plan import SIZES

OTHER = "tanh"
#: Tables from each generator; their numbers begin where no other study has one.
TABLES, FIRST = 10, 1000


def plan() -> Plan:
    """The default protocol."""
    return make([OTHER], **SMALL)


def jobs() -> list[tuple[str, int]]:
    """Generator and number of the table."""
    return [(name, FIRST + k) for k in range(TABLES) for name in DRAWN]


def difference(name: str, number: int, root: Path) -> Row:
    """What one study finds of tanh against ReLU."""
    results = study(table(name, number), plan(), root / f"{name}-{number}")
    found = next(o for o in results.outcomes if o.name == OTHER)
    low, high = found.difference.ci
    return {"data": name, "number": number, "difference": found.difference.mean, "low": low, "high": high,
            "verdict": results.verdict.kind, "top": " ".join(results.verdict.top)}  # fmt: skip


def coverage(rows: pd.DataFrame) -> list[Row]:
    """By generator: how often intervals hold the truth, and how far they are from it, against what they claim."""
    return [{"data": name, **_coverage(own)} for name, own in rows.groupby("data", sort=False)]


def _coverage(rows: pd.DataFrame) -> Row:
    truth = float(rows.difference.mean())
    held = (rows.low <= truth) & (truth <= rows.high)
    reach = stats.t.ppf((1 + CONFIDENCE) / 2, SIZES["standard"].seeds - 1)
    claimed = (rows.high - rows.low) / 2 / reach
    return {
        "studies": len(rows),
        "truth": truth,
        "between_tables": float(rows.difference.std()),
        "claimed": float(np.sqrt((claimed**2).mean())),
        **Rate(int(held.sum()), len(rows)).columns("covered"),
    }
