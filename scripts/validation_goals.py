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


def interval(row: Row, middle: str, ends: str, factor: float = 1, form: str = ".3g") -> str:
    """A number with its interval."""
    value, low, high = (format(factor * float(row[c]), form) for c in (middle, f"{ends}_low", f"{ends}_high"))
    return f"{value} [{low}, {high}]"


def points(share: str) -> str:
    """A share in percent, without the sign."""
    return f"{100 * float(share):.2f}"


def _share(found: Rows, name: str) -> float:
    return sum(int(r[name]) for r in found) / sum(int(r["studies"]) for r in found)


def _beyond(found: Rows, name: str, limit: float, side: str) -> bool:
    """Whether some setting is beyond the limit by more than chance explains, their number taken into account."""
    chances = [binomtest(int(r[name]), int(r["studies"]), limit, side).pvalue for r in found]
    return min(chances) * len(chances) < ERROR


def _rarely(promise: str, found: Rows, name: str) -> Goal:
    """What happens in the share `ERROR` of simulated studies at most: in all, and in no setting clearly more."""
    most = max(found, key=lambda r: float(r[f"{name}_share"]))
    return Goal(
        promise,
        f"≤ {percent(ERROR)}",
        f"{percent(_share(found, name))} of {sum(int(r['studies']) for r in found)} studies; most in a setting: "
        f"{rate(most, name)} ({setting(most)})",
        _share(found, name) <= ERROR and not _beyond(found, name, ERROR, "greater"),
    )


def false_winners() -> Goal:
    """A winner, where none can be."""
    return _rarely("A/A, simulated: a winner among functions that are all alike", part("null"), "winners")


def falsely_behind() -> Goal:
    """A function shown to be worse, where none is."""
    nine = [r for r in part("null") if int(r["functions"]) > 2]
    return _rarely("A/A, simulated: any of nine functions called behind though all are alike", nine, "behind")


def falsely_behind_among_worse() -> Goal:
    """One of the best shown to be worse, where others are."""
    return _rarely("simulated, some of nine really worse: any of the best called behind", part("nine"), "wrongly")


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


def best_published(name: str) -> float:
    """The best number there is to compare with: the source's, or that of another implementation."""
    printed = [float(r["published"]) for r in part("published") if r["data"] == name and r["published"]]
    return max(printed) if printed else next(float(r["mean"]) for r in part("yardstick") if r["data"] == name)


def accuracy(name: str) -> Goal:
    """The best function against the best published number, and how many of those at the top are as near."""
    found = [r for r in part("published") if r["data"] == name]
    printed = best_published(name)
    away = {r["activation"]: 100 * (float(r["mean"]) - printed) for r in found}
    top = [r["activation"] for r in found if r["top"] == "True"]
    best = max(found, key=lambda r: float(r["mean"]))
    return Goal(
        f"{name}: the best of {len(found)} functions is as good as published",
        f"within ±{BAND} points of {100 * printed:.2f} %",
        f"{best['activation']} {points(best['mean'])} %: {away[best['activation']]:+.2f} points; as near are "
        f"{sum(abs(away[one]) <= BAND for one in top)} of the {len(top)} at the top",
        abs(away[best["activation"]]) <= BAND,
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


def elu() -> Goal:
    """Clevert et al. 2015: the training loss of ELU falls fastest, by steps at one rate."""
    others = [r for r in part("elu") if r["activation"] != "elu"]
    ratios = [float(r["times_elu"]) for r in others]
    least = min(others, key=lambda r: float(r["times_low"]))
    return Goal(
        "ELU learns faster than ReLU and leaky ReLU in eight layers (Clevert et al. 2015)",
        "their training loss above its own, intervals too, at every time",
        f"{min(ratios):.2f} to {max(ratios):.2f} times it; least "
        f"{interval(least, 'times_elu', 'times', form='.2f')} ({least['activation']}, {least['epoch']} epochs)",
        float(least["times_low"]) > 1,
    )


def selu() -> Goal:
    """Klambauer et al. 2017: SELU's weights are not ReLU's."""
    other = next(r for r in part("selu") if r["activation"] == "selu" and r["drawn_for"] != "selu")
    return Goal(
        "SELU in 32 layers needs weights of its own, not ReLU's (Klambauer et al. 2017)",
        "worse with ReLU's, interval too",
        f"{interval(other, 'lost', 'lost', 100, '+.2f')} points lost",
        float(other["lost_low"]) > 0,
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
        falsely_behind(),
        falsely_behind_among_worse(),
        false_winners_of_real_studies(),
        held("effect", "simulated: the interval holds a difference of known size", setting),
        held("harmed", "real: the same, put into the studies of ReLU and mirrored ReLU", lambda r: f"harm {r['harm']}"),
        held("coverage", "real: the same on tables drawn anew, ReLU and tanh", lambda r: r["data"]),
        deep(),
        *map(accuracy, ("letter", "optdigits")),
        unpublished(),
        elu(),
        selu(),
    ]


def timings() -> list[Goal]:
    """Those that depend on what else the machine did."""
    return [time_of(row) for row in part("timed")]
