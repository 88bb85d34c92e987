"""The options of `repartee repeat`."""

from __future__ import annotations

import click

from desktop_app.cli.answer_options import model_choice
from desktop_app.cli.command_line import Command, Commands, argument, option, required_text
from desktop_app.cli.exit_code import ExitCode
from desktop_app.i18n.translation import tr
from desktop_app.repeat.repeat import Every


def repeat_arguments() -> Commands:
    return Commands(
        tr("ask a prompt again every day, weekday, week, or month"),
        {
            "list": lambda: Command(
                tr("list the prompts that repeat, or the last times of one"),
                [argument("id", "[ID]", required=False)],
            ),
            "add": _add,
            "edit": _edit,
            "pause": lambda: Command(tr("don’t ask a prompt until it is resumed"), [_id()]),
            "resume": lambda: Command(tr("ask a paused prompt again"), [_id()]),
            "remove": lambda: Command(tr("ask a prompt no longer"), [_id()]),
            "run": lambda: Command(
                tr("ask the prompts that are due, or one of them now"),
                [argument("id", "[ID]", required=False)],
                tr(
                    "Missed times count once. If the provider can’t be reached, the next run asks "
                    "again."
                ),
                codes={int(ExitCode.UNREACHED): tr("The provider can’t be reached")},
            ),
            "timer": lambda: Command(
                tr("ask them while Repartee is closed, too"),
                [argument("switch", "[on|off]", type=click.Choice(["on", "off"]), required=False)],
                tr("Has systemd run “{command}”.", command="repartee repeat run"),
            ),
        },
        tr(
            "The running program asks the prompts, each time in a new conversation. Monthly limits "
            "apply, and tools that need permission don’t run."
        ),
    )


def _id() -> click.Argument:
    return argument("id", "ID", required=True, type=required_text)


def _prompt_text(text: str) -> str:
    if not text.strip():
        raise click.BadParameter(tr("the prompt is empty"))
    return text


def _add() -> Command:
    return Command(
        tr("add a prompt; prints its ID"),
        [argument("prompt", "TEXT", required=True, type=_prompt_text), *_times(required=True)],
        _day_note(),
        defaults={"preset": None},
    )


def _edit() -> Command:
    return Command(
        tr("change a prompt, its times, or its model"),
        [_id(), option("--prompt TEXT", tr("the new prompt"), _prompt_text), *_times()],
        _day_note(),
        defaults={"preset": None},
    )


def _times(*, required: bool = False) -> list[click.Parameter]:
    """Return the options that say when and by which model a prompt is asked."""
    return [
        option("--every", tr("how often"), [each.value for each in Every], required=required),
        option(
            "--at TIME",
            tr("such as {example}; with a date, the first time", example="08:00"),
            required_text,
            required=required,
        ),
        *model_choice(),
    ]


def _day_note() -> str:
    return tr(
        "A date such as {example} also says on which day of the week or the month.",
        example="2026-11-30T08:00",
    )
