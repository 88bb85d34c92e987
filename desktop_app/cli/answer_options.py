"""Options that several commands share: the model, its parameters, instructions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.cli.command_line import (
    EFFORTS,
    VARIANTS,
    flag,
    number,
    option,
    repeatable,
    required_text,
    whole_number,
)
from desktop_app.domain.answering.generation import MAX_CANDIDATES, MAX_STOP_SEQUENCES
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    import click


def model_choice() -> list[click.Parameter]:
    """Return the options that choose a model and a project."""
    return [
        option("--variant", tr("model variant"), VARIANTS),
        option("--effort", tr("reasoning effort"), EFFORTS),
        option(
            "--provider NAME", tr("{examples}, or your own", examples="on-device, openai, cometapi")
        ),
        option("-m --model ID", tr("any model of the provider"), required_text),
        option(
            "--project NAME",
            tr("ask in a project: with its instructions, model, files, and notes"),
            former="--folder",
        ),
    ]


def answer_choice() -> list[click.Parameter]:
    """Return the options that choose a model and a prompt, and those that shape an answer."""
    return [
        *model_choice(),
        option("-t --template NAME", tr("a prompt of the library, by title or ID"), required_text),
        repeatable("--set NAME=VALUE", tr("fill in a field of the prompt (repeatable)")),
        *answer_parameters(),
    ]


def answer_parameters() -> list[click.Parameter]:
    """Return the options that shape the answers of a command."""
    most = {"count": MAX_STOP_SEQUENCES}
    return [
        option("--instructions TEXT", tr("custom instructions")),
        option("-s --system FILE", tr("a file with custom instructions")),
        option("--preset NAME", tr("a preset, by name or ID")),
        option("--temperature N", tr("0 to 2"), number(0, 2)),
        option("--top-p N", tr("0 to 1"), number(0, 1)),
        option(
            "--max-tokens N",
            tr("maximum output tokens, including reasoning"),
            whole_number(1, 10_000_000),
        ),
        repeatable(
            "--stop TEXT",
            tr("end the response before this text (repeatable, up to {count})", **most),
            required_text,
        ),
        option("--verbosity", tr("length of the response"), ("low", "medium", "high")),
        option("--n N", tr("number of responses, each billed"), whole_number(1, MAX_CANDIDATES)),
        flag("--allow-unpriced", tr("use a model of unknown price despite a monthly limit")),
        option("--seed N", tr("for repeatable sampling"), whole_number(0, 2**53)),
    ]


INSTRUCTIONS: Final = ("instructions", "system")
