"""The report's table in a terminal, kept up to date while the network trains."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live as Display
from rich.text import Text

from rheobase.doctor.report.terminal import cost, table

if TYPE_CHECKING:
    from rheobase.doctor.report import Report

#: Seconds between two pictures: nobody reads faster.
PERIOD = 1.0


class Live:
    """Draws reports as they are made; off a terminal it draws nothing.

    share: of the time that drawing may take, the making of the report with it.
    """

    def __init__(self, share: float, console: Console | None = None) -> None:
        self.share = share
        self.display = Display(console=console or Console(stderr=True, highlight=False), auto_refresh=False)
        self._next = 0.0

    def start(self) -> None:
        """Take a place in the terminal."""
        if self.display.console.is_terminal:
            self.display.start()

    def stop(self) -> None:
        """Leave the last picture there."""
        self.display.stop()

    def update(self, make: Callable[[], Report]) -> None:
        """Draw what `make` makes, if it is time for another picture."""
        start = perf_counter()
        if start < self._next or not self.display.console.is_terminal:
            return
        report = make()
        self.display.update(Group(table(report), Text(cost(report), style="dim")), refresh=True)
        end = perf_counter()
        self._next = end + max(PERIOD, (end - start) / self.share)
