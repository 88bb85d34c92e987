"""The options of a command that shape its answers: instructions, parameters and presets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.cli.argument_types import number_between, whole_number_between
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    import argparse

MAX_STOPS: Final = 4
_MAX_ANSWERS: Final = 8


def add_answer_parameters(command: argparse.ArgumentParser) -> None:
    """Add the options that shape an answer to a command."""
    group = command.add_argument_group(tr("response parameters"))
    instructions = group.add_mutually_exclusive_group()
    instructions.add_argument("--instructions", metavar=tr("TEXT"), help=tr("custom instructions"))
    instructions.add_argument(
        "--system", metavar=tr("FILE"), help=tr("a file with custom instructions")
    )
    group.add_argument("--preset", metavar=tr("NAME"), help=tr("a preset, by name or ID"))
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
        metavar=tr("TEXT"),
        help=tr("end the response before this text (repeatable, up to {count})", count=MAX_STOPS),
    )
    group.add_argument(
        "--verbosity", choices=("low", "medium", "high"), help=tr("length of the response")
    )
    group.add_argument(
        "--n",
        type=whole_number_between(1, _MAX_ANSWERS),
        metavar="N",
        help=tr("number of responses, each billed"),
    )
    group.add_argument(
        "--allow-unpriced",
        action="store_true",
        help=tr("use a model of unknown price despite a monthly limit"),
    )
    group.add_argument(
        "--seed",
        type=whole_number_between(0, 2**53),
        metavar="N",
        help=tr("for repeatable sampling"),
    )
