"""What a user typed wrong, in one line: what is wrong, and what is allowed."""

from __future__ import annotations

from typing import Any

import typer

#: The parser's errors about a command line. Typer exports one leaf of that family; its parent is
#: the same class whether the installed version contains click or depends on it.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def explain(error: Any) -> str:
    """The parser's complaint and what it would have taken, as one line."""
    what = _plainly(" ".join(error.format_message().split()).rstrip("."))
    allowed = _allowed(error)
    return f"{what[:1].lower()}{what[1:]}" + (f"; {allowed}" if allowed else "")


def _plainly(what: str) -> str:
    where, colon, why = what.partition(": ")
    if "valid integer" in why:
        return f"{where}: a whole number is needed"
    return where + colon + why.removeprefix("Value error, ").replace("Input should be", "it must be")


def _allowed(error: Any) -> str:
    parameter, context = getattr(error, "param", None), error.ctx
    if parameter is not None:
        return f"{_shown(parameter)} is: {parameter.help.rstrip('.')}"
    if context is None:
        return ""
    commands = getattr(context.command, "commands", {})
    if commands:
        return f"the commands are {', '.join(commands)}"
    return f"{context.command.name} takes {', '.join([*map(_shown, context.command.params), '--help'])}"


def _shown(parameter: Any) -> str:
    name: str = parameter.opts[0]
    return name if name.startswith("-") else name.upper()
