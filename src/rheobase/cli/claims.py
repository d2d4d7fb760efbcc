"""The command that puts what textbooks say to the test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rheobase.claims.record import VERDICTS
from rheobase.errors import extra

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from rheobase.claims.files import Results
    from rheobase.claims.record import Claim, Outcome

NAMES = "Claims to test, or functions, of which all claims are tested; default: every claim."
SEED = "What all random numbers of an experiment follow from."
LIST = "Name the claims, and test none."
#: How verdicts look, and what the last line calls them.
STYLES = dict(zip(VERDICTS, ("green", "yellow", "red"), strict=True))
COUNTED = ("hold", "hold only under a condition", "do not hold")
OUT = "Folder for claims.html and claims.json."


def claims(
    names: Annotated[list[str] | None, typer.Argument(help=NAMES)] = None,
    out: Annotated[Path, typer.Option(help=OUT)] = Path("rheobase-claims"),
    seed: Annotated[int, typer.Option(help=SEED, min=0)] = 0,
    listed: Annotated[bool, typer.Option("--list", help=LIST)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Test what textbooks say about the functions: does it hold, and when?"""
    from rheobase.claims import chosen

    found = chosen(names or ())
    if listed:
        _list(found, as_json)
        return
    with extra("all"):
        from rheobase.claims.files import FILES, here, write
        from rheobase.claims.files import as_json as record
        from rheobase.claims.page import render
        from rheobase.folder import prepared

    with prepared(out, FILES):
        outcomes = _tested(found, seed, quiet=as_json)
        results = here([outcomes[claim.id] for claim in found])
        write(results, out, render(results))
    if as_json:
        print(record(results), end="")
    else:
        _end(results, out)


def _list(found: Sequence[Claim], as_json: bool) -> None:
    import json

    from rich.console import Console
    from rich.table import Column, Table

    if as_json:
        print(json.dumps([{"id": c.id, "functions": c.functions, "sentence": c.sentence} for c in found], indent=1))
        return
    table = Table(Column("claim", no_wrap=True), "says", box=None, header_style="bold")
    for claim in found:
        table.add_row(claim.id, claim.sentence)
    Console(highlight=False).print(table)


def _tested(found: Sequence[Claim], seed: int, quiet: bool) -> dict[str, Outcome]:
    """Outcomes by claim; each is printed as it comes."""
    from rich.console import Console

    from rheobase.claims.conduct import run
    from rheobase.cli.progress import counted

    console, outcomes = Console(highlight=False), {}
    with counted("testing", len(found)) as done:
        for outcome in run(found, seed):
            outcomes[outcome.id] = outcome
            if not quiet:
                _show(outcome, console)
            done()
    return outcomes


def _show(outcome: Outcome, console: Console) -> None:
    """A row of a table that grows as experiments end."""
    from rich.table import Table
    from rich.text import Text

    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_column(width=len(VERDICTS[1]), style=STYLES[outcome.verdict])
    row.add_column()
    condition = f"Only when {outcome.condition}. " if outcome.condition else ""
    row.add_row(
        outcome.verdict,
        Text.assemble((outcome.sentence, "bold"), "\n", condition, (outcome.words, "dim"), (f" [{outcome.id}]", "dim")),
    )
    console.print(row, "")


def _end(results: Results, out: Path) -> None:
    from collections import Counter

    from rich.console import Console

    from rheobase.claims.files import PAGE, RECORD

    console, counts = Console(highlight=False), Counter(outcome.verdict for outcome in results.outcomes)
    said = ", ".join(f"{counts[verdict]} {words}" for verdict, words in zip(VERDICTS, COUNTED, strict=True))
    console.print(f"Tested: {len(results.outcomes)}; {said}.", soft_wrap=True)
    console.print(f"Page: {out / PAGE}  Numbers: {out / RECORD}", markup=False, soft_wrap=True)
