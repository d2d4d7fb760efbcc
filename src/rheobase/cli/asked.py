"""What was asked for on the command line of a study → its plan and its data."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rheobase.errors import RheobaseError, StudyError
from rheobase.study.data.reading import SOURCES

if TYPE_CHECKING:
    from rheobase.study import Dataset, Plan
    from rheobase.study.training.own import Own

#: Options that say where a study lies and what is shown of it, not what it is: a plan that is read takes them, too.
OUTSIDE = ("data", "plan", "out", "anew", "repair", "storage", "as_json")


def again(context: typer.Context, path: Path, source: str | None, checkpoints: Path) -> tuple[Plan, Dataset | Own]:
    """The study of an earlier plan.json; `source`: where its data lies now, if elsewhere than then.

    Raises StudyError if the data changed since, or an option says anew what the plan says.
    """
    from rheobase.study.order import read

    told = [_option(name) for name in context.params if name not in OUTSIDE and _typed(context, name)]
    if told:
        raise StudyError(f"--plan says what the study is; leave {', '.join(told)} out")
    order = read(path)
    source = source or order.source
    if not source:
        raise StudyError(f"{str(path)!r} does not say where its data lies; name it: rheobase study DATA --plan …")
    table = data_of(source, order.target, order.plan, checkpoints)
    if table.fingerprint != order.fingerprint:
        raise StudyError(f"{source!r} is not what {str(path)!r} was made with: it has changed since")
    if order.changed:
        print(order.changed, file=sys.stderr)
    return order.plan, table


def _typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def data_of(source: str | None, target: str | None, plan: Plan, checkpoints: Path) -> Dataset | Own:
    """The table, or the user's own training function."""
    from rheobase import study as studies
    from rheobase.study.training.own import is_own, own

    if source is None:
        raise StudyError(f"DATA is missing: {SOURCES}; or package.module:train; or --plan FILE")
    return own(source, checkpoints) if is_own(source) else studies.load(source, target, plan.metric)


def with_steps(plan: Plan, table: Dataset | Own) -> Plan:
    """The plan with as many steps as the table needs; a training function of the user's own takes its own."""
    from rheobase.study import Dataset
    from rheobase.study.plan import steps_for

    if not isinstance(table, Dataset):
        return plan
    return replace(plan, steps=steps_for(len(table.target), plan.batch))


def size(quick: bool, thorough: bool) -> str:
    """Which of the plan's sizes."""
    if quick and thorough:
        raise StudyError("a study is --quick or --thorough, not both")
    return "quick" if quick else "thorough" if thorough else "standard"


def widths(text: str) -> tuple[int, ...]:
    """128x3 is 128,128,128."""
    parts = [part.split("x") for part in text.split(",")]
    if not all(len(part) <= 2 and all(word.strip().isdigit() for word in part) for part in parts):
        raise StudyError(f"--hidden {text!r} names no widths; write 128x3, or 64,32")
    return tuple(int(part[0]) for part in parts for _ in range(int(part[1]) if len(part) == 2 else 1))


def ratio(text: str | None, source: str | None) -> float | None:
    """The number of --test-ratio; fixed is 0."""
    from rheobase.study.training.own import is_own

    if text is None:
        return None
    if source is None or not is_own(source):
        raise StudyError("--test-ratio is about a training function of your own; how a table is split is known")
    try:
        return 0.0 if text == "fixed" else float(text)
    except ValueError:
        raise StudyError(f"--test-ratio {text!r} is no number; write 0.25, or fixed") from None


def names(text: str | None) -> Sequence[str] | None:
    """The functions of --activations."""
    if text is None:
        return None
    found = [name.strip() for name in text.split(",")]
    if not all(found):
        raise RheobaseError(f"--activations {text!r} lacks a name; give names separated by commas, as in relu,gelu")
    return found
