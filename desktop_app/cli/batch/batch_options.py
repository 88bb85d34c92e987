"""The command line of `repartee batch`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Final

from desktop_app.cli.answers.parameter_options import add_answer_choice
from desktop_app.cli.argument_types import required_text
from desktop_app.cli.command_help import add_flag, add_group, add_json, add_progress, epilog
from desktop_app.i18n.translation import tr

_JOB_FIELDS: Final = (
    "id, title, status (preparing, ready, uploading, validating, in_progress, finalizing, "
    "completed, failed, expired, cancelling, cancelled), provider, model, variant, effort, files, "
    "answered, refused, failed, unanswered, left_out, waiting, input_tokens, output_tokens, "
    "cost_usd, estimate_usd, error, notices (of start), created_at, started_at, ended_at, batch_ids"
)
_ITEM_FIELDS: Final = (
    "items (name, status (unread, read, left_out, sent, answered, refused, failed, unanswered), "
    "answered_by, answer, parsed, error, usage, cost_usd)"
)


def add_batch(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> list[argparse.ArgumentParser]:
    """Add the command and its subcommands."""
    batch, command = add_group(
        commands,
        name="batch",
        help_=tr("send a message with each of many files, at half price"),
        actions="start,status,report,cancel,resume,again,remove",
        closing=_epilog_of_batch(),
    )
    start = command("start", tr("start a job"), tr("FILE ... [option ...]"), _epilog_of_start())
    start.add_argument("files", nargs="+", metavar=tr("FILE"))
    start.set_defaults(more="files")
    add_answer_choice(start)
    # An empty task, as of an unset variable, would start a paid job with the usual one.
    start.add_argument(
        "--task", type=required_text, metavar=tr("TEXT"), help=tr("your own message for each file")
    )
    start.add_argument(
        "--schema", metavar=tr("FILE"), help=tr("JSON Schema (draft 2020-12) of each response")
    )
    status = command("status", tr("show job status"), "[ID] [--json]", _epilog_of_status())
    status.add_argument("id", nargs="?", metavar="ID")
    report = command(
        "report", tr("export results"), tr("ID [--format FORMAT] [--to PATH]"), _epilog_of_report()
    )
    report.add_argument("id", metavar="ID")
    report.add_argument(
        "--format", choices=("markdown", "csv"), help=tr("default: from PATH’s extension")
    )
    report.add_argument(
        "--to", default="-", metavar=tr("PATH"), help=tr("default: standard output")
    )
    cancel = command(
        "cancel", tr("cancel a job and keep its responses"), "ID [--json]", epilog(_json_of_job())
    )
    sending = epilog(_json_of_job(), codes=_sending_codes())
    resume = command("resume", tr("resume an unsent job"), tr("ID [option ...]"), sending)
    again = command("again", tr("retry failed files in a new job"), tr("ID [option ...]"), sending)
    remove = command("remove", tr("delete a job and its results"), "ID")
    for subcommand in (cancel, resume, again, remove):
        subcommand.add_argument("id", metavar="ID")
    for subcommand in (start, resume, again):
        add_flag(subcommand, "--yes", tr("start without confirmation"))
        add_flag(subcommand, "--wait", tr("wait for all responses"))
        add_progress(subcommand)
    for subcommand in (start, status, cancel, resume, again):
        add_json(subcommand)
    return [batch, start, status, report, cancel, resume, again, remove]


def _epilog_of_batch() -> str:
    return epilog(
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


def _epilog_of_start() -> str:
    return epilog(
        tr(
            "A folder adds all files in it. Files that can’t be read are listed and skipped. "
            "If a file doesn’t exist, nothing is sent. Without --template or --task, the files "
            "are summarized. Prints the job’s ID."
        ),
        _json_of_job(),
        codes=_sending_codes(),
    )


def _sending_codes() -> Mapping[int, str]:
    return {
        0: tr("The job was sent. With --wait: every file that was sent has a response."),
        1: tr("The job wasn’t sent. With --wait: some files have no response."),
        3: tr("With --wait: the model declined some files, or a content filter stopped them."),
        4: tr("With --wait: some responses don’t match the schema."),
    }


def _epilog_of_status() -> str:
    return epilog(
        tr(
            "Asks the providers about running jobs and gets the responses of finished ones. ID can "
            "be the beginning of an ID."
        ),
        _json_of_job(),
    )


def _epilog_of_report() -> str:
    return epilog(
        tr(
            "Exports name, status, response, error, tokens, and cost of each file. In CSV, "
            "responses with a schema have a column for each field, and no cell is a formula."
        )
    )


def _json_of_job() -> str:
    return tr(
        "With --json, prints an object for each job with these fields: {fields}. A single job "
        "includes its files: {items}",
        fields=_JOB_FIELDS,
        items=_ITEM_FIELDS,
    )
