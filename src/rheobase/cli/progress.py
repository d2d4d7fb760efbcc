"""A progress bar on a terminal, nothing off one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


@contextmanager
def counted(what: str, total: int) -> Iterator[Callable[[], None]]:
    """What to call after each of `total` steps."""
    with _bar() as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


@contextmanager
def reported(what: str) -> Iterator[Callable[[int, int], None]]:
    """What to call with the steps that are done, and with all there are."""
    with _bar() as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("left"), TimeRemainingColumn()
    )  # fmt: skip
    # steps end in bursts: a long memory keeps the estimate steady
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True,
                    speed_estimate_period=600)  # fmt: skip
