"""What the study must reach, and what benchmarks/study/ says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from generated import Row, rows
from scipy.stats import binomtest

FOLDER = Path(__file__).parents[1] / "benchmarks" / "study"
#: Chance of a false winner, and of an interval that misses, at most.
ERROR = 0.05
#: Points of accuracy that a published number may be away.
BAND = 1.5

Rows = list[Row]


@dataclass(frozen=True)
class Goal:
    """A promise, the number to reach, what was measured, and whether that is enough."""

    promise: str
    aim: str
    measured: str
    reached: bool


def part(name: str) -> Rows:
    """A table of benchmarks/study/."""
    return rows(FOLDER / f"{name}.csv")


def percent(value: float) -> str:
    """A share as people write it."""
    return f"{100 * value:.1f} %"


def rate(row: Row, name: str) -> str:
    """A share with its interval."""
    share, low, high = (float(row[f"{name}_{end}"]) for end in ("share", "low", "high"))
    return f"{percent(share)} [{100 * low:.1f}, {100 * high:.1f}]"


def _share(found: Rows, name: str) -> float:
    return sum(int(r[name]) for r in found) / sum(int(r["studies"]) for r in found)


def _beyond(found: Rows, name: str, limit: float, side: str) -> bool:
    """Whether some setting is beyond the limit by more than chance explains, their number taken into account."""
    chances = [binomtest(int(r[name]), int(r["studies"]), limit, side).pvalue for r in found]
    return min(chances) * len(chances) < ERROR


def false_winners() -> Goal:
    """Of simulated studies: in all settings together, and in none clearly more."""
    found = part("null")
    most = max(found, key=lambda r: float(r["winners_share"]))
    reached = _share(found, "winners") <= ERROR and not _beyond(found, "winners", ERROR, "greater")
    return Goal(
        "A/A, simulated: a winner among functions that are all alike",
        f"≤ {percent(ERROR)}",
        f"{percent(_share(found, 'winners'))} of {sum(int(r['studies']) for r in found)} studies; most in a setting: "
        f"{rate(most, 'winners')} ({setting(most)})",
        reached,
    )


def setting(row: Row) -> str:
    """What was simulated, in words."""
    return f"{row['scores']}; {row['functions'] + ' functions, ' if 'functions' in row else ''}{row['seeds']} seeds"


def false_winners_of_real_studies() -> Goal:
    """ReLU against mirrored ReLU."""
    found = part("mirrored")
    winners, studies = (sum(int(r[name]) for r in found) for name in ("winners", "studies"))
    return Goal(
        "A/A, real: a winner of ReLU and mirrored ReLU",
        f"≤ {percent(ERROR)} of ≥ 20",
        f"{winners} of {studies} studies on {len(found)} tables",
        winners <= ERROR * studies and studies >= 20,
    )


def held(name: str, promise: str, of: Callable[[Row], str]) -> Goal:
    """Intervals that hold a known truth."""
    found = part(name)
    least = min(found, key=lambda r: float(r["covered_share"]))
    return Goal(
        promise,
        f"≥ {percent(1 - ERROR)}",
        f"{percent(_share(found, 'covered'))}; least in a setting: {rate(least, 'covered')} ({of(least)})",
        _share(found, "covered") >= 1 - ERROR and not _beyond(found, "covered", 1 - ERROR, "less"),
    )


def deep() -> Goal:
    """Sigmoid in sixteen layers: gradients before the training, offset after it."""
    found = {r["activation"]: r for r in part("deep")}
    sigmoid, relu = found.pop("sigmoid"), found["relu"]
    gone, offset = ([float(r[c]) for r in found.values()] for c in ("decades_untrained", "mean_shift"))
    own_gone, own_offset = float(sigmoid["decades_untrained"]), float(sigmoid["mean_shift"])
    return Goal(
        "sigmoid loses in a 16×64 network without normalisation, and health says why",
        "its interval below ReLU's; more gradient lost, more offset than with any other",
        f"accuracy {percent(float(sigmoid['mean']))} against {percent(float(relu['mean']))}; gradient lost before "
        f"training: {own_gone:.1f} decades, others at most {max(gone):.1f}; share of the signal that is offset after "
        f"it: {own_offset:.2f}, others at most {max(offset):.2f}",
        float(sigmoid["difference_high"]) < 0 and own_gone > max(gone) and own_offset > max(offset),
    )


def accuracy(name: str) -> Goal:
    """The best function against the best published one."""
    found = [r for r in part("published") if r["data"] == name]
    best = max(found, key=lambda r: float(r["mean"]))
    printed = [float(r["published"]) for r in found if r["published"]]
    away = 100 * (float(best["mean"]) - max(printed))
    return Goal(
        f"{name}: the best function is as good as published",
        f"within ±{BAND} points of {100 * max(printed):.2f} %",
        f"{best['activation']} {100 * float(best['mean']):.2f} %: {away:+.2f} points",
        abs(away) <= BAND,
    )


def unpublished() -> Goal:
    """Phoneme, for which the source has no number: against another implementation of the same network."""
    [other] = part("yardstick")
    found = {r["activation"]: r for r in part("published") if r["data"] == other["data"]}
    own, its = float(found["relu"]["mean"]), float(other["mean"])
    return Goal(
        f"{other['data']}: no published number in the source; ReLU against scikit-learn's MLPClassifier",
        f"within ±{BAND} points",
        f"{100 * own:.2f} % and {100 * its:.2f} %: {100 * (own - its):+.2f} points",
        abs(own - its) <= BAND / 100,
    )


def time_of(row: Row) -> Goal:
    """How long a study took."""
    took, limit = float(row["seconds"]), float(row["limit"])
    return Goal(
        f"`rheobase study {row['words']}`, {row['trainings']} trainings, on 2 cores",
        f"≤ {limit:.0f} s",
        f"{took:.0f} s",
        took <= limit,
    )


def goals() -> list[Goal]:
    """All, in the order of the page."""
    return [
        false_winners(),
        false_winners_of_real_studies(),
        held("effect", "simulated: the interval holds a difference of known size", setting),
        held("harmed", "real: the same, put into the studies of ReLU and mirrored ReLU", lambda r: f"harm {r['harm']}"),
        held("coverage", "real: the same on tables drawn anew, ReLU and tanh", lambda r: r["data"]),
        deep(),
        *map(accuracy, ("letter", "optdigits")),
        unpublished(),
    ]


def timings() -> list[Goal]:
    """Those that depend on what else the machine did."""
    return [time_of(row) for row in part("timed")]
