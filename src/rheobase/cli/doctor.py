"""The command that checks a user's model before training."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rheobase.errors import RheobaseError, extra
from rheobase.named import function_named

if TYPE_CHECKING:
    from rheobase.doctor.report import Report

FUNCTION = "package.module:function; the function returns (model, (x, y), loss), or leaves the loss out."
LEVEL = "Exit with status 1 if a finding is as severe as this, or more."
#: The status that says the model was looked at and something was found.
FOUND = 1


def check(
    function: Annotated[str, typer.Argument(help=FUNCTION)],
    fail_on: Annotated[Literal["critical", "warning", "info"], typer.Option(help=LEVEL)] = "critical",
    suppress: Annotated[str, typer.Option(help="Names of rules to leave out, separated by commas.")] = "",
    html: Annotated[Path | None, typer.Option(help="Write the report to this page, too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Look for what is wrong with a model before it is trained: one pass over a batch, no step taken."""
    with extra("doctor"):
        from rheobase.doctor.check import check as look
        from rheobase.doctor.records import SEVERITIES

    left_out = [word.strip() for word in suppress.split(",") if word.strip()]
    with _failing(function):
        report = look(*_given(function_named(function)), suppress=left_out)
    if html is not None:
        report.html(html)
    _print(report, as_json)
    worst = report.worst()
    if worst is not None and SEVERITIES.index(worst) <= SEVERITIES.index(fail_on):
        raise typer.Exit(FOUND)


def _print(report: Report, as_json: bool) -> None:
    if as_json:
        print(json.dumps(report.to_dict(), indent=1))
    else:
        report.print()


@contextmanager
def _failing(function: str) -> Iterator[None]:
    """What is wrong in the user's own code is shown, and is not taken for a finding by the exit status."""
    try:
        yield
    except RheobaseError:
        raise
    except Exception as error:
        traceback.print_exc()
        raise RheobaseError(f"{function} could not be checked: {type(error).__name__}, as shown above") from None


def _given(function: Callable[[], Any]) -> tuple[Any, Any, Any]:
    given = function()
    if not isinstance(given, tuple) or len(given) not in (2, 3):
        raise RheobaseError(f"{function.__name__} must return (model, (x, y), loss) or (model, (x, y))")
    model, batch, *loss = given
    return model, batch, (loss or [None])[0]
