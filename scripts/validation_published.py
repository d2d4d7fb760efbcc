"""The tables of docs/validation.md about what others published."""

from __future__ import annotations

from generated import Row, table
from validation_goals import BAND, Rows, best_published, interval, part, points

TEXT = """## Against published accuracies

Klambauer et al. 2017, Self-Normalizing Neural Networks, table A11: one run each, on other splits, of networks whose
width, depth, dropout and learning rate were chosen from a grid. A plausibility band of ±{band} points, no more.
Phoneme is not in that table: it is compared with scikit-learn's MLPClassifier (ReLU) of the same widths, batches and
epochs, its default learning rate, on the same splits ({yardstick_seeds} seeds). Studied are the default's functions
and SELU, in a network twice as wide as the default's and for twice as many epochs, the same for all sets. The size was
chosen for its time, a quarter of an hour on two cores for three such studies, and after a look at validation rows of
letter; no test row had a say. The source's grid begins at twice this width, and trains for up to 100 epochs, which may
be what letter lacks here.

Within the band:

{landing}

{published}
The files: `benchmarks/study/data/`. Each line is the study that anybody can start:

{commands}
## Published findings done again

**ELU learns fastest.** Clevert et al. 2015 train eight layers of 128 units with SGD at one rate (0.01), batches of 64
and weights drawn as for ReLU, on MNIST: the training loss of ELU falls faster than that of ReLU and of leaky ReLU with
slope 0.1, and the mean outputs of its units stay nearer 0. The same on optdigits, {elu_seeds} paired seeds:

{speed}
**SELU needs weights of its own.** Klambauer et al. 2017 derive it for weights of variance 1/fan-in; those for ReLU
(He et al. 2015) are twice that. 32 layers of 64 units on optdigits, nothing that normalises, {selu_steps} steps of SGD,
the rate of each line chosen from seven on validation rows of another seed, {selu_seeds} seeds scored:

{weights}
Signal at the end: root mean square of the last hidden layer before the first step; that of the table's rows is 1. Lost:
against the same function with its own weights, on the same seeds and raw draws.
"""


def sections() -> str:
    """Both sections of the page."""
    fast, deep = part("elu"), part("selu")
    return TEXT.format(
        band=BAND,
        yardstick_seeds=part("yardstick")[0]["seeds"],
        landing=landing(),
        published=accuracies(),
        commands=commands(),
        elu_seeds=fast[0]["seeds"],
        speed=speed(),
        selu_steps=deep[0]["steps"],
        selu_seeds=deep[0]["seeds"],
        weights=weights(),
    )


def accuracies() -> str:
    """Every function of every set, beside the best published accuracy, and its own where it has one."""
    found = part("published")
    lines = [line(r, best_published(r["data"])) for r in found]
    headings = ["set", "function", "accuracy, %", "at the top", "to compare, %", "away, points", f"within ±{BAND}"]
    return table([*headings, "from its own, points"], lines)


def line(row: Row, printed: float) -> list[str]:
    mean, own = float(row["mean"]), row["published"]
    away = 100 * (mean - printed)
    return [
        row["data"], row["activation"], f"{points(row['mean'])} [{points(row['low'])}, {points(row['high'])}]",
        "yes" if row["top"] == "True" else "–", f"{100 * printed:.2f}", f"{away:+.2f}",
        "yes" if abs(away) <= BAND else "no", f"{100 * (mean - float(own)):+.2f}" if own else "–",
    ]  # fmt: skip


def landing() -> str:
    """Of each set: how many functions, and how many of those at the top, are within the band."""
    return "\n".join(_landing(name, of_set(name)) for name in dict.fromkeys(r["data"] for r in part("published")))


def of_set(name: str) -> Rows:
    return [r for r in part("published") if r["data"] == name]


def _landing(name: str, found: Rows) -> str:
    top = [r for r in found if r["top"] == "True"]
    away = {r["activation"]: 100 * (float(r["mean"]) - best_published(name)) for r in found}
    beyond = [f"{other} ({gap:+.2f})" for other, gap in away.items() if abs(gap) > BAND]
    within = sum(abs(away[r["activation"]]) <= BAND for r in top)
    rest = f"; beyond it: {', '.join(beyond)}" if beyond else ""
    return (
        f"- **{name}**: {within} of the {len(top)} at the top, {len(found) - len(beyond)} of {len(found)} in all{rest}."
    )


def commands() -> str:
    """The studies, as anybody can start them."""
    lines = "\n".join(dict.fromkeys(f"rheobase study {r['words']}" for r in part("published")))
    return f"```\n{lines}\n```\n"


def speed() -> str:
    """ELU's training loss, and how many times it the others' is."""
    found = part("elu")
    lines = [
        [r["activation"], r["epoch"], f"{float(r['loss']):.3g}",
         "–" if r["activation"] == "elu" else interval(r, "times_elu", "times", form=".2f"),
         f"{float(r['offset']):+.3f}"]
        for r in found
    ]  # fmt: skip
    return table(["function", "epochs", "training loss", "times ELU's", "mean of the middle unit"], lines)


def weights() -> str:
    """SELU and ReLU with their own weights, and with the other's."""
    lines = [
        [r["activation"], r["drawn_for"], f"{float(r['gain']):.3f}", f"{float(r['signal']):.2g}",
         f"{points(r['mean'])} [{points(r['low'])}, {points(r['high'])}]",
         "–" if r["activation"] == r["drawn_for"] else interval(r, "lost", "lost", 100, "+.2f"), r["learning_rate"]]
        for r in part("selu")
    ]  # fmt: skip
    headings = ["function", "weights of", "gain", "signal at the end", "accuracy, %", "lost, points", "rate"]
    return table(headings, lines)
