"""The commands and options of a command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from desktop_app.cli.command_line import Commands
from desktop_app.cli.registry import find

if TYPE_CHECKING:
    import click


_Row = TypeVar("_Row", str, tuple[str, *tuple[object, ...]])


def of_commands(*rows: _Row) -> list[_Row]:
    """Return the rows whose line begins with a command; other commands' features were deleted."""
    lines = [row if isinstance(row, str) else row[0] for row in rows]
    return [row for row, line in zip(rows, lines, strict=True) if not line or find(line.split()[0])]


def subcommands(parent: click.Command) -> dict[str, click.Command]:
    """Return the commands directly below a command."""
    if not isinstance(parent, Commands):
        return {}
    return {name: build() for name, build in parent.builders.items()}


def options(command: click.Command) -> set[str]:
    """Return the options of a command, with their dashes."""
    return {name for parameter in command.params for name in parameter.opts if name[0] == "-"}
