"""The options of `repartee repeat`."""

from __future__ import annotations

from click import Choice

from desktop_app.cli.answer_options import model_choice
from desktop_app.cli.command_line import Command, Commands, argument, option, required_text
from desktop_app.i18n.translation import tr
from desktop_app.repeat.repeat import Every


def repeat_arguments() -> Commands:
    return Commands(
        tr("ask a prompt again every day, weekday, week, or month"),
        {
            "list": lambda: Command(tr("list the prompts that repeat"), []),
            "add": _add,
            "remove": lambda: Command(tr("ask a prompt no longer"), [argument("id", "ID")]),
            "run": lambda: Command(
                tr("ask the prompts that are due"), [], tr("Missed times count once.")
            ),
            "timer": lambda: Command(
                tr("ask them while Repartee is closed, too"),
                [argument("switch", "[on|off]", type=Choice(["on", "off"]), required=False)],
                tr("Has systemd run “{command}”.", command="repartee repeat run"),
            ),
        },
        tr(
            "The running program asks the prompts, each time in a new conversation. Monthly limits "
            "apply, and tools that need permission don’t run."
        ),
    )


def _add() -> Command:
    return Command(
        tr("add a prompt; prints its ID"),
        [
            argument("prompt", "TEXT", required=True, type=required_text),
            option("--every", tr("how often"), [each.value for each in Every], required=True),
            option(
                "--at TIME",
                tr("such as {example}; with a date, the first time", example="08:00"),
                required_text,
                required=True,
            ),
            *model_choice(),
        ],
        tr(
            "A date such as {example} also says on which day of the week or the month.",
            example="2026-11-30T08:00",
        ),
        defaults={"preset": None},
    )
