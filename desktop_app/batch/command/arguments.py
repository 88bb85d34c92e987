"""The options of `repartee batch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.cli import command_line as cli
from desktop_app.cli.answer_options import INSTRUCTIONS, answer_choice
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click


def batch_arguments() -> cli.Commands:
    return cli.Commands(
        tr("send a message with each of many files, at half price"),
        {
            "start": _batch_start,
            "status": _batch_status,
            "report": _batch_report,
            "cancel": lambda: cli.Command(
                tr("cancel a job and keep its responses"), [_id(), cli.json_flag()]
            ),
            "resume": lambda: cli.Command(
                tr("resume an unsent job"), [_id(), *_sending_options()], codes=_sending_codes()
            ),
            "again": lambda: cli.Command(
                tr("retry failed files in a new job"),
                [_id(), *_sending_options()],
                codes=_sending_codes(),
            ),
            "remove": lambda: cli.Command(tr("delete a job and its results"), [_id()]),
        },
        tr(
            "A batch job sends the same message with each of many files, at half price. Responses "
            "arrive within 24 hours. The window or “{command}” gets them.",
            command="repartee batch status",
        ),
        tr(
            "The cost is shown before anything is sent. Asks for confirmation unless --yes is "
            "given or there is no terminal. The provider’s monthly limit applies."
        ),
        codes={
            2: tr(
                "Invalid command line, or an option that the provider or the model doesn’t "
                "support. Nothing was sent."
            ),
            130: tr("Interrupted. Standard error names the command that continues."),
        },
    )


def _id() -> click.Argument:
    return cli.argument("id", "ID")


def _sending_options() -> list[click.Parameter]:
    return [
        cli.flag("--yes", tr("start without confirmation")),
        cli.flag("--wait", tr("wait for all responses")),
        *cli.progress_flags(),
        cli.json_flag(),
    ]


def _sending_codes() -> Mapping[int, str]:
    return {
        0: tr("The job was sent. With --wait: every file that was sent has a response."),
        1: tr("The job wasn’t sent. With --wait: some files have no response."),
        3: tr("With --wait: the model declined some files, or a content filter stopped them."),
        4: tr("With --wait: some responses don’t match the schema."),
    }


def _batch_start() -> cli.Command:
    return cli.Command(
        tr("start a job"),
        [
            cli.files("files"),
            *answer_choice(),
            # An empty task, as of an unset variable, would start a paid job with the usual one.
            cli.option("--task TEXT", tr("your own message for each file"), cli.required_text),
            cli.option(
                "--schema FILE", tr("JSON Schema (draft 2020-12) of each response"), cli.file_name
            ),
            *_sending_options(),
        ],
        tr(
            "A folder adds all files in it. Files that can’t be read are listed and skipped. "
            "If a file doesn’t exist, nothing is sent. Without --template or --task, the files "
            "are summarized. Prints the job’s ID."
        ),
        codes=_sending_codes(),
        exclusive=[INSTRUCTIONS],
        defaults={"has_preset_effort": False},
    )


def _batch_status() -> cli.Command:
    return cli.Command(
        tr("show job status"),
        [cli.argument("id", "ID", required=False), cli.json_flag()],
        tr(
            "Asks the providers about running jobs and gets the responses of finished ones. ID can "
            "be the beginning of an ID."
        ),
    )


def _batch_report() -> cli.Command:
    return cli.Command(
        tr("export results"),
        [
            _id(),
            cli.option("--format", tr("default: from PATH’s extension"), ("markdown", "csv")),
            cli.option("-o --to PATH", tr("default: standard output"), cli.file_name, default="-"),
        ],
        tr(
            "Exports name, status, response, error, tokens, and cost of each file. In CSV, "
            "responses with a schema have a column for each field, and no cell is a formula."
        ),
    )
