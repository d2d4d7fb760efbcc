"""What the doctor says: as an object, in the terminal, as a page, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rheobase.doctor.records import SEVERITIES, Case, Finding, Overhead, Severity, SiteStatistics
from rheobase.doctor.report import plain
from rheobase.errors import UnsupportedInput
from rheobase.folder import put


class Report:
    """Findings, the worst first, and the numbers they rest on.

    >>> import torch, rheobase.torch as rt
    >>> net = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    >>> report = rt.check(net, (torch.randn(64, 4), torch.randn(64, 1)), loss=torch.nn.MSELoss())
    >>> report.findings, report.sites[0].name, report.sites[0].units
    ([], '1', 16)
    """

    def __init__(self, case: Case, findings: Sequence[Finding]) -> None:
        self.case, self.findings = case, list(findings)

    @property
    def sites(self) -> tuple[SiteStatistics, ...]:
        """The activations of the network in the order of its forward pass."""
        return self.case.sites

    @property
    def overhead(self) -> Overhead:
        """What observing cost, measured."""
        return self.case.overhead

    def worst(self) -> Severity | None:
        """The severity of the worst finding; None if there is none."""
        return min((f.severity for f in self.findings), key=SEVERITIES.index, default=None)

    def print(self) -> None:
        """Print a row per activation and a paragraph per finding."""
        from rich.console import Console

        from rheobase.doctor.report.terminal import show

        show(self, Console(highlight=False))

    def html(self, path: str | Path) -> None:
        """Write a page that needs no other file: findings, pictures, numbers."""
        from rheobase.doctor.report.page import render

        if not Path(path).parent.is_dir():
            raise UnsupportedInput(f"cannot write {str(path)!r}: there is no folder {str(Path(path).parent)!r}")
        put(Path(path), render(self))

    def tensorboard(self, folder: str | Path) -> None:
        """Write what changed with the steps, histograms of pre-activations and curves for TensorBoard to read.

        Series: silent (share of units), flat (share of places), gradient by site; gradients and updates ‖Δw‖/‖w‖ by
        weight. It needs tensorboard: pip install 'rheobase[tensorboard]'; MissingExtra is raised without it.
        """
        from rheobase.doctor.report.tensorboard import write

        write(self, Path(folder))

    def to_dict(self) -> dict[str, Any]:
        """Plain data that json.dumps takes."""
        return plain.of_report(self.case, self.findings)
