"""The options of a command that shape its answers: model, instructions, parameters, presets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.cli.argument_types import (
    EFFORTS,
    VARIANTS,
    number_between,
    required_text,
    whole_number_between,
)
from desktop_app.cli.command_help import add_flag, add_repeatable
from desktop_app.domain.answering.answer_limits import MAX_CANDIDATES, MAX_STOP_SEQUENCES
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    import argparse


def add_answer_choice(command: argparse.ArgumentParser) -> None:
    """Add the options that choose a model and a prompt, and those that shape an answer."""
    command.add_argument("--variant", choices=VARIANTS, help=tr("model variant"))
    command.add_argument("--effort", choices=EFFORTS, help=tr("reasoning effort"))
    command.add_argument(
        "--provider",
        metavar=tr("NAME"),
        help=tr("{examples}, or your own", examples="on-device, openai, cometapi"),
    )
    command.add_argument(
        "--model", type=required_text, metavar="ID", help=tr("any model of the provider")
    )
    command.add_argument(
        "--template",
        type=required_text,
        metavar=tr("NAME"),
        help=tr("a prompt of the library, by title or ID"),
    )
    add_repeatable(
        command, "--set", tr("NAME=VALUE"), tr("fill in a field of the prompt (repeatable)")
    )
    add_answer_parameters(command)


def add_answer_parameters(command: argparse.ArgumentParser) -> None:
    """Add to a command the options that shape its answers."""
    group = command.add_argument_group(tr("response parameters"))
    instructions = group.add_mutually_exclusive_group()
    instructions.add_argument("--instructions", metavar=tr("TEXT"), help=tr("custom instructions"))
    instructions.add_argument(
        "--system", metavar=tr("FILE"), help=tr("a file with custom instructions")
    )
    group.add_argument("--preset", metavar=tr("NAME"), help=tr("a preset, by name or ID"))
    command.set_defaults(has_preset_effort=False)
    group.add_argument(
        "--temperature", type=number_between(0.0, 2.0), metavar="N", help=tr("0 to 2")
    )
    group.add_argument("--top-p", type=number_between(0.0, 1.0), metavar="N", help=tr("0 to 1"))
    group.add_argument(
        "--max-tokens",
        type=whole_number_between(1, 10_000_000),
        metavar="N",
        help=tr("maximum output tokens, including reasoning"),
    )
    group.add_argument(
        "--stop",
        action="append",
        type=required_text,
        metavar=tr("TEXT"),
        help=tr(
            "end the response before this text (repeatable, up to {count})",
            count=MAX_STOP_SEQUENCES,
        ),
    )
    group.add_argument(
        "--verbosity", choices=("low", "medium", "high"), help=tr("length of the response")
    )
    group.add_argument(
        "--n",
        type=whole_number_between(1, MAX_CANDIDATES),
        metavar="N",
        help=tr("number of responses, each billed"),
    )
    add_flag(group, "--allow-unpriced", tr("use a model of unknown price despite a monthly limit"))
    group.add_argument(
        "--seed",
        type=whole_number_between(0, 2**53),
        metavar="N",
        help=tr("for repeatable sampling"),
    )
