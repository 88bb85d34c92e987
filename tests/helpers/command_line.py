"""The commands and options of a command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.cli.command_line import Commands

if TYPE_CHECKING:
    import click


def subcommands(parent: click.Command) -> dict[str, click.Command]:
    """Return the commands directly below a command."""
    if not isinstance(parent, Commands):
        return {}
    return {name: build() for name, build in parent.builders.items()}


def options(command: click.Command) -> set[str]:
    """Return the options of a command, with their dashes."""
    return {name for parameter in command.params for name in parameter.opts if name[0] == "-"}
