"""The command line of `repartee`: its commands and their help."""

from __future__ import annotations

from functools import partial

import click

from desktop_app import __version__
from desktop_app.cli.command_line import Command, Commands, flag, json_flag, option
from desktop_app.cli.console import write_line
from desktop_app.cli.registry import commands, find
from desktop_app.features import imported
from desktop_app.i18n.translation import tr


def program(word: str = "") -> click.Command:
    """Return the command line, with only the command of this word if it is one."""
    names = (word,) if find(word) else commands()
    return Commands(
        tr(
            "Desktop assistant for GPT-5.2 and local models. Without a command, opens the window "
            "and attaches FILE."
        ),
        {name: partial(_declared, name) for name in names},
        tr(
            "To open a file that has the name of a command, include its folder: {example}",
            example="repartee ./ask",
        ),
        params=[
            click.Option(
                ("-V", "--version"),
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_show_version,
                help=tr("show program's version number and exit"),
            )
        ],
    )


def _show_version(context: click.Context, _parameter: click.Parameter, is_given: bool) -> None:
    if is_given and not context.resilient_parsing:
        write_line(f"repartee {__version__}")
        context.exit()


def doctor_arguments() -> Command:
    codes = {
        0: tr("The window, the library, and the local model work"),
        1: tr("One of them doesn’t work"),
    }
    options = [
        json_flag(),
        option("--report FILE", tr("show a report of a problem, and write it; - only prints it")),
        flag("--yes", tr("report: write it without confirmation")),
    ]
    return Command(tr("check the installation"), options, codes=codes)


def _declared(name: str) -> click.Command:
    places = find(name)
    assert places is not None
    declaration: click.Command = imported(places.arguments)()
    return declaration
