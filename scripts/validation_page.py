"""Write docs/validation.md: what the study must reach, what was measured, and how.

Run:  python scripts/validation_page.py [--check]
"""

from __future__ import annotations

from math import comb

import numpy as np
import validation_published as of_others
from generated import notes, table, write_or_check
from validation_goals import FOLDER, Rows, goals, interval, part, percent, points, rate, timings

from rheobase.study.decision.statistics import estimate

TARGET = FOLDER.parents[1] / "docs" / "validation.md"

#: What is told of the machine.
MACHINE = ("processor", "python", "torch", "scikit-learn", "scipy")

TEXT = """# Is the study honest?

`make validate` puts `rheobase study` to studies whose answer is known, and writes what it finds into
`benchmarks/study/`; this page is made from that.

{goals}
Shares come with the 95 % interval of Clopper and Pearson. A promise is kept if the share over all settings reaches the
number, and no setting misses it by more than chance explains (exact binomial test, 5 %, Bonferroni over the settings).
Every decision was made by the code that decides a user's study.

## Simulated: all functions alike

{null}
Columns: functions × seeds; {studies} studies in each setting.

- **normal, seeds independent; heavy tails; one run in twenty diverges; accuracy on few rows**: what a study would see
  if each seed had a table of its own. Seeds share a table, and the study's intervals allow for that, so that here they
  are wider than they need be: next to nothing is found that is not there.
- **normal, splits overlap**: the scores of a function over all seeds have a part in common, just as large as the
  corrected variance assumes (Nadeau & Bengio 2003). With two functions the test is exact here: 5 % is its
  chance of a false winner by construction, and what is measured differs from that by the luck of the draw.
- **regressions**: what really happens to resampled splits. A small table is drawn for each study; each function sees
  columns of its own, fits least squares to the training rows of each seed and is scored on its test rows, shared by all
  functions. On one table one of the functions is better, by luck; over tables none is.

That a given function, such as the baseline, is called worse happens in {baseline} at most.

## Simulated: nine functions, some of them worse

The best is compared with eight others after it was found to be the best, and might have been any: the verdict corrects
for all pairs among the functions that are left ([how](study.md#from-scores-to-a-verdict)). Holm's correction for the
comparisons that are left, as if the best had been named beforehand, would find more and call one of the best worse in
up to {holm_wrongly} of these studies ({nine_studies} per setting). The share of the worse functions that are found,
by how much worse they are (in standard deviations of the paired difference between seeds), in brackets by the latter:

{nine}
Wrong: studies in which one of the best is called worse, whatever the size; the most over the three. With two functions
both corrections are the same. Lost are differences of a middle size: among nine, with ten seeds, one must be {larger}
times as large to be found.

## Simulated: a difference of known size

One of two functions is made worse by a known amount: scores of a law are shifted, and where scores count rows, each
right answer is made wrong with a fixed probability. The share of intervals that hold the amount
({with_effect} studies per setting):

{coverage}
The share of studies that name the better one as the winner, by the size of the difference in standard deviations of
the paired difference between seeds:

{power}
The worse one was named in {reversed} studies with a difference of one standard deviation or more. Where splits
overlap, more seeds help up to a point only: what is common to all splits of a table stays. One run in twenty
that diverges makes the spread so large that a difference of its size is more than all other noise.

## Real: ReLU against ReLU

The pairing gives all functions the same raw weights, so that ReLU under another name scores the same in every seed,
which proves nothing; it was checked on {tables} tables (`relu_again` below). Mirrored ReLU, max(−x, 0), defined by the
user, is with weights W the network that ReLU makes of −W. Weights are drawn from an even distribution, biases begin at
0, and the optimizer treats both signs alike: both functions have the same distribution of scores, from other weights,
and the true difference is 0. Each study is the whole protocol (7 learning rates × 3 seeds for each function apart, 10
fresh seeds) on seeds of its own, with a small network and few steps; generators give a new table each time.

{mirrored}
Spread: of the difference between the two in one seed, in accuracy or R². On a given table its seeds are independent of
each other in these studies, and no function can be better by luck on that table: for that, see the tables drawn anew.

Made worse after training by a known amount (a share `harm` of the right answers of the mirrored one made wrong, or
`harm` taken off its R²), so that the truth is known from the mean of all its studies on the table:

{harmed}
## Real: tables drawn anew

What an interval claims is about all tables that could have been drawn, not about one. ReLU and tanh were compared on
tables from scikit-learn's generators, each a study of the same protocol on one new table. The truth is the mean of the
differences that all studies of a generator found.

{drawn}
Between tables: standard deviation of the difference that a study finds. Claimed: what its interval says it is,
{careful} times that. The corrected variance errs on the careful side here; how far, so few tables say roughly.

## A network too deep for sigmoid

`rheobase study digits --hidden 64x16`: 16 layers of 64 units, nothing that normalises, rates chosen apart.

{deep}
Health as in results.json: the share of units that are dead; of places on the flat sides of functions that saturate;
of the signal that is offset; and the decades of gradient lost from the last hidden layer to the first. In the last
column the same of the networks before their first step. Sigmoid is rarely on its flat sides ({saturated} of the
places); it is the slope of 1/4 at most that takes the gradient away, layer by layer.

{of_others}
## How long it takes

{timed}
From the start of Python to the report. The number of cores busy with other programs in the minute before was {load}.

## By what

`python scripts/study_validation` (`--only` one part). {machine}.
"""


def of_goals() -> str:
    lines = [[g.promise, g.aim, g.measured, "yes" if g.reached else "**no**"] for g in [*goals(), *timings()]]
    return table(["promise", "to reach", "measured", "reached"], lines)


def crossed(found: Rows, column: list[str], cell: str) -> str:
    """A line per kind of scores, a column per value of `column`."""
    columns = list(dict.fromkeys(tuple(r[c] for c in column) for r in found))
    cells = {(r["scores"], tuple(r[c] for c in column)): r[f"{cell}_share"] for r in found}
    kinds = dict.fromkeys(r["scores"] for r in found)
    lines = [[kind, *(percent(float(cells[kind, c])) for c in columns)] for kind in kinds]
    return table(["scores", *(" × ".join(c) for c in columns)], lines)


def null() -> str:
    found = part("null")
    both = [f"A winner is named:\n\n{crossed(found, ['functions', 'seeds'], 'winners')}"]
    both.append(f"Some function is called worse than the best:\n\n{crossed(found, ['functions', 'seeds'], 'behind')}")
    return "\n".join(both)


def studies_of(found: Rows) -> str:
    return ", ".join(f"with {k} functions {n}" for k, n in {r["functions"]: r["studies"] for r in found}.items())


def nine() -> str:
    """A line per kind of scores, number of worse functions and seeds; in brackets by Holm's correction."""
    found, sizes = part("nine"), dict.fromkeys(r["effect"] for r in part("nine"))
    same = dict.fromkeys((r["scores"], r["worse"], r["seeds"]) for r in found)
    lines = []
    for kind in same:
        own = {r["effect"]: r for r in found if (r["scores"], r["worse"], r["seeds"]) == kind}
        wrong = [percent(max(float(r[f"{by}wrongly_share"]) for r in own.values())) for by in ("", "holm_")]
        found_of = [[percent(float(own[size][f"{by}rightly_share"])) for by in ("", "holm_")] for size in sizes]
        lines.append([*kind, *(f"{ours} ({holm})" for ours, holm in (wrong, *found_of))])
    return table(["scores", "worse", "seeds", "wrong", *(f"found, {size} sd" for size in sizes)], lines)


def larger() -> str:
    """By what the first interval of nine functions is wider than that of Holm's correction."""
    by_pairs, by_comparisons = (estimate(np.arange(10.0), comparisons=many).half for many in (comb(9, 2), 8))
    return f"{by_pairs / by_comparisons:.1f}"


def coverage() -> str:
    named = [{**r, "seeds": f"{r['seeds']} seeds", "effect": f"{r['effect']} sd"} for r in part("effect")]
    return crossed(named, ["seeds", "effect"], "covered")


def power() -> str:
    found = [r for r in part("effect") if r["effect"] != "0"]
    named = [{**r, "seeds": f"{r['seeds']} seeds", "effect": f"{r['effect']} sd"} for r in found]
    return crossed(named, ["seeds", "effect"], "found")


def wrong_way() -> str:
    found = [r for r in part("effect") if r["effect"] != "0"]
    return f"{sum(int(r['reversed']) for r in found)} of {sum(int(r['studies']) for r in found)}"


def mirrored() -> str:
    lines = [
        [r["second"], r["data"], r["studies"], r["winners"], percent(float(r["equal_scores"])), r["spread"]]
        for name in ("mirrored", "again")
        for r in part(name)
    ]
    return table(["against ReLU", "table", "studies", "winners", "seeds with equal scores", "spread"], lines)


def harmed() -> str:
    lines = [[r["harm"], r["studies"], *(rate(r, c) for c in ("covered", "found", "reversed"))] for r in part("harmed")]
    return table(["harm", "studies", "interval holds it", "ReLU wins", "mirrored ReLU wins"], lines)


def drawn() -> str:
    lines = [
        [r["data"], r["studies"], r["truth"], rate(r, "covered"), r["between_tables"], r["claimed"]]
        for r in part("coverage")
    ]
    return table(["generator", "studies", "tanh − ReLU", "interval holds it", "between tables", "claimed"], lines)


def careful() -> str:
    ratios = sorted(float(r["claimed"]) / float(r["between_tables"]) for r in part("coverage"))
    return f"{ratios[0]:.1f} to {ratios[-1]:.1f}"


def saturated() -> str:
    return percent(next(float(r["saturated"]) for r in part("deep") if r["activation"] == "sigmoid"))


def deep() -> str:
    health = ("dead", "saturated", "mean_shift", "gradient_decades", "decades_untrained")
    lines = [
        [
            r["activation"],
            points(r["mean"]),
            interval(r, "difference", "difference", 100, "+.2f"),
            r["failed"],
            *(f"{float(r[h]):.2f}" for h in health),
        ]
        for r in part("deep")
    ]
    return table(["function", "accuracy, %", "against ReLU, points", "failed runs", *health], lines)


def timed() -> str:
    lines = [
        [f"`{r['words']}`", r["trainings"], f"{float(r['seconds']):.0f}", f"{float(r['limit']):.0f}",
         points(r["best_mean"])]
        for r in part("timed")
    ]  # fmt: skip
    return table(["rheobase study …", "trainings", "seconds", "at most", "best accuracy, %"], lines)


def machine() -> str:
    said = {
        name: notes(FOLDER / f"{name}.csv")
        for name in ("null", "nine", "scores", "drawn", "deep", "published", "elu", "selu", "timed")
    }
    dates = sorted({about["date"] for about in said.values()})
    day = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    versions = ", ".join(f"{key} {said['null'][key]}" for key in MACHINE)
    return f"Measured {day}; {versions}"


def page() -> str:
    alike, worse = part("null"), part("nine")
    return TEXT.format(
        goals=of_goals(),
        null=null(),
        studies=studies_of(alike),
        with_effect=part("effect")[0]["studies"],
        baseline=percent(max(float(r["baseline_share"]) for r in alike)),
        holm_wrongly=percent(max(float(r["holm_wrongly_share"]) for r in worse)),
        nine_studies=worse[0]["studies"],
        nine=nine(),
        larger=larger(),
        coverage=coverage(),
        power=power(),
        reversed=wrong_way(),
        mirrored=mirrored(),
        tables=len(part("again")),
        harmed=harmed(),
        drawn=drawn(),
        careful=careful(),
        saturated=saturated(),
        deep=deep(),
        of_others=of_others.sections(),
        timed=timed(),
        load=notes(FOLDER / "timed.csv")["load before"],
        machine=machine(),
    )


def main() -> None:
    write_or_check(TARGET, page, __doc__)


if __name__ == "__main__":
    main()
