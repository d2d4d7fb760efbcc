"""Write docs/which.md from the studies in benchmarks/which.csv and the claims that were put to the test.

Run:  python scripts/which_page.py [--check]
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from generated import Row, read_about, table, write_or_check

from rheobase import measured
from rheobase.study.plan import DEFAULT, SIZES, Plan

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "which.md"
STUDIES = ROOT / "benchmarks" / "which.csv"
USUAL = "64-64-64"

#: Advice, and the claims that it rests on.
ADVICE: Sequence[tuple[str, str, Sequence[str]]] = (
    (
        "You have a network that works",
        "Keep its function, unless [a study of your own data](choose.md) shows another to be better.",
        ("leaky-relu-not-always-better", "prelu-not-always-better", "elu-not-always-better"),
    ),
    (
        "A new network",
        "ReLU, with weights drawn for it (`rt.init_`): it is cheap, and as good a start as any above. Where pretrained "
        "weights exist: the function they were trained with.",
        ("relu-cheap-forward", "relu-cheap-backward", "relu-no-saturation"),
    ),
    (
        "Units die",
        "First the learning rate and the biases, which kill them; then a function without a flat side.",
        (
            "relu-units-die-with-learning-rate",
            "relu-units-die-with-bias",
            "leaky-relu-no-dead-units",
            "elu-no-dead-units",
        ),
    ),
    (
        "Many layers without normalisation or residual connections",
        "No sigmoid. What matters more than the function is that the weights are drawn for it.",
        (
            "sigmoid-chain-loses-gradient",
            "sigmoid-slower-than-tanh",
            "off-centre-slows-tanh",
            "centring-speeds-sigmoid",
        ),
    ),
    (
        "The function must be smooth (its derivatives are part of the loss)",
        "tanh, softplus, GELU or SiLU. ReLU's second derivative is 0 wherever it exists.",
        ("softplus-smooth-relu", "relu-kink", "prelu-linear-for-negative"),
    ),
    (
        "An output of probabilities",
        "Softmax for classes, sigmoid for two classes or for labels that do not exclude each other, inside the loss. "
        "They are not calibrated by that.",
        ("softmax-distribution", "sigmoid-outputs-are-not-probabilities", "softmax-overflow-safe"),
    ),
    (
        "A switch that is on or off",
        "The step gate cannot be trained by back-propagation; a stand-in for its slope can.",
        ("step-no-backpropagation",),
    ),
    (
        "Inputs or activations far from 0, in float32",
        "A saturated unit is not dead by its formula, only by how its slope is computed.",
        ("saturated-tanh-stuck-sgd", "saturated-tanh-stuck-adam", "saturated-sigmoid-stuck-sgd"),
    ),
)

HEAD = """# Which activation function should I use?

**Mostly the one you have.** {summary}

This page is made of files that commands of this project wrote (`python scripts/which_page.py`): studies of
scikit-learn's bundled tables ([benchmarks/which.csv](../benchmarks/which.csv), by `python scripts/which_studies.py`)
and textbook claims put to the test ([src/rheobase/measured/claims.json](../src/rheobase/measured/claims.json), by
`rheobase claims`). Small networks on small tables: large ones may differ, and your data does.

## What the studies say

Each is a screening: {seeds} paired seeds, {rates} learning rates per function or more, {steps} steps of Adam, the same
splits, batches and raw weights for every function. *Undecided* is not *equal*: the intervals below say how large a
difference these seeds leave open.
"""


def studies(rows: list[Row]) -> list[list[Row]]:
    """The rows of each study."""
    return [list(group) for _, group in groupby(rows, key=lambda r: (r["data"], r["network"]))]


def worse(study: list[Row]) -> list[str]:
    return [r["function"] for r in study if r["at_the_top"] == "False"]


def summary(rows: list[Row]) -> str:
    """How often it mattered, in the usual network."""
    usual = [s for s in studies(rows) if s[0]["network"] == USUAL]
    kinds = Counter(s[0]["kind"] for s in usual)
    relu = sum("relu" not in worse(s) for s in usual)
    behind = Counter(name for s in usual for name in worse(s))
    often = [f"{name} ({n} of {len(usual)})" for name, n in behind.most_common()]
    return (
        f"Of {len(usual)} studies (screenings) of {len(DEFAULT)} functions on small public tables, {_kinds(kinds)}; "
        f"ReLU was at the top, or could not be told from it, in {relu}. "
        f"Shown to be worse: {', '.join(often) or 'none'}.{''.join(map(_other, studies(rows)))}"
    )


def _other(study: list[Row]) -> str:
    """Where it mattered in another network."""
    first, last = study[0], study[-1]
    behind = worse(study)
    if first["network"] == USUAL or not behind:
        return ""
    verb = "is" if len(behind) == 1 else "are"
    return (
        f" With {first['network']} on {first['data']} it matters: {' and '.join(behind)} {verb} worse, "
        f"{last['function']} with {_score(last['mean'])} against {first['function']}'s {_score(first['mean'])}."
    )


def _kinds(kinds: Counter[str]) -> str:
    words = {
        "winner": "found one winner",
        "tied": "ended in a tie of several at the top",
        "equivalent": "found all functions equivalent",
        "undecided": "could not tell any of them apart",
        "failed": "failed",
    }
    return ", ".join(f"{n} {words[kind]}" for kind, n in kinds.most_common())


def results(rows: list[Row]) -> str:
    """A row per study."""
    lines = []
    for study in studies(rows):
        first, last = study[0], study[-1]
        lines.append([
            first["data"], first["network"], first["metric"], first["kind"],
            f"{first['function']} {_score(first['mean'])}", f"{last['function']} {_score(last['mean'])}",
            ", ".join(worse(study)) or "–",
        ])  # fmt: skip
    headings = [
        "data",
        "hidden layers",
        "score",
        "verdict",
        "best mean",
        "last mean",
        "shown to be worse than the best",
    ]
    return "\n" + table(headings, lines) + "\nIn the studies' own words:\n\n" + "".join(map(_words, studies(rows)))


def _score(text: str) -> str:
    return f"{float(text):.3f}"


def _words(study: list[Row]) -> str:
    return f"- **{study[0]['data']}**, {study[0]['network']}: {study[0]['sentence']}\n"


def differences(rows: list[Row]) -> str:
    """Paired differences to ReLU, function by function."""
    chosen = studies(rows)
    names = [n for n in DEFAULT if n != Plan.baseline]
    cells = {(r["data"], r["network"], r["function"]): r for r in rows}
    lines = [[name, *(_difference(cells[s[0]["data"], s[0]["network"], name]) for s in chosen)] for name in names]
    headings = ["function", *(f"{s[0]['data']}, {s[0]['network']}" for s in chosen)]
    return (
        f"\n**Paired difference to {Plan.baseline}**, with its 95 % interval; bold where that excludes 0 (one "
        f"comparison in twenty does so by chance).\n\n{table(headings, lines)}"
    )


def _difference(row: Row) -> str:
    mean, low, high = (float(row[k]) for k in ("difference", "low", "high"))
    text = f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"
    return f"**{text}**" if low > 0 or high < 0 else text


def advice(claims: dict[str, dict[str, Any]]) -> str:
    """What to do, and the evidence."""
    text = "\n## By your situation\n"
    for situation, words, rests_on in ADVICE:
        text += f"\n**{situation}.** {words}\n\n" + "".join(_claim(claims[name]) for name in rests_on)
    return text


def _claim(claim: dict[str, Any]) -> str:
    condition = f" {claim['condition']}" if claim["condition"] else ""
    return f"- *{claim['sentence']}* **{claim['verdict'].capitalize()}**{condition}. {claim['words']}\n"


def render() -> str:
    about, found = read_about(STUDIES)
    rows: list[Row] = list(found)
    record = json.loads(measured.text("claims.json"))
    claims = {claim["id"]: claim for claim in record["claims"]}
    size = SIZES["quick"]
    head = HEAD.format(summary=summary(rows), seeds=size.seeds, rates=len(Plan.learning_rates), steps=Plan.steps)
    return (
        head
        + results(rows)
        + differences(rows)
        + f"\nMeasured: {about}.\n"
        + advice(claims)
        + "\n## Then ask your data\n\n"
        "```sh\nrheobase study digits --activations relu,gelu,tanh --quick\n```\n\n[How to read the answer](choose.md#"
        "read-the-answer), [how it is reached](study.md).\n"
    )


def main() -> None:
    """Write the page, or with --check fail if it is not what the files say."""
    write_or_check(TARGET, render, __doc__)


if __name__ == "__main__":
    main()
