"""The command line of `repartee batch`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

EPILOG = """\
A batch job asks one question of each of many files at half price; the answers come within a day. \
The
job goes on at its provider: the window, or “batch status”, fetches the answers when they are there.
Nothing is sent before what it costs has been said. On a terminal it is asked for, \
unless --yes is given,
since it cannot be called back with Ctrl+C as “ask” and “summarize” can. \
Elsewhere nobody can be asked: the
command is the yes, as it is for those two. The provider's monthly cap holds for all of them.

exit codes: 0 done; 1 it could not be done; 2 wrong command line, \
or a choice that the provider or the
model does not take (nothing was sent); 130 interrupted: “batch resume” goes on
"""
START_EPILOG = """\
A folder stands for every file in it. A file that cannot be read is named and left out; \
the others go on.
Without --template or --task the files are summarised. Standard output is the job's id.

exit codes: 0 the job is on its way (with --wait: every file that was sent has its answer); \
1 it is not, or
some have none; 2 wrong command line or choice; 130 interrupted

--json prints one object, as “batch status ID --json” does.
"""
STATUS_EPILOG = """\
Asks the providers of the jobs that are under way, and fetches the answers of those that have ended,
unless an open window does so already. ID may be the beginning of one.

--json prints a list of objects, or with ID one with its files:
id, title, status (preparing, ready, uploading, validating, in_progress, finalizing, completed, \
failed,
expired, cancelling, cancelled), provider, model, variant, effort, files, answered, failed, \
unanswered,
left_out, waiting, input_tokens, output_tokens, cost_usd, estimate_usd, error, created_at, \
started_at,
ended_at, batch_ids; items: name, status, answer, error, usage, cost_usd.
"""
REPORT_EPILOG = """\
A row, or in Markdown a heading, for each file: name, status, answer, error, tokens, cost. \
In CSV no cell
is a formula. Without --format it is CSV where PATH ends in .csv, and Markdown elsewhere; \
without --to,
or with “-”, it goes to standard output.

exit codes: 0 done; 1 it could not be written; 2 wrong command line
"""


def add_batch(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    add_choice: Callable[[argparse.ArgumentParser], None],
) -> list[argparse.ArgumentParser]:
    """Add the command and its subcommands; `add_choice` adds the options of a model choice."""
    plain = argparse.RawDescriptionHelpFormatter
    batch = commands.add_parser(
        "batch",
        help="one question to each of many files, at half price",
        usage="repartee batch {start,status,report,cancel,resume,again,remove} ...",
        epilog=EPILOG,
        formatter_class=plain,
    )
    below = batch.add_subparsers(dest="action", required=True, prog="repartee batch")

    def command(name: str, help_: str, usage: str, epilog: str = "") -> argparse.ArgumentParser:
        return below.add_parser(
            name,
            help=help_,
            usage=f"repartee batch {name} {usage}",
            epilog=epilog,
            formatter_class=plain,
        )

    start = command("start", "begin a job", "FILE ... [option ...]", START_EPILOG)
    start.add_argument("files", nargs="+", metavar="FILE")
    start.set_defaults(more="files")
    add_choice(start)
    start.add_argument("--task", metavar="TEXT", help="a question of your own to ask of each file")
    status = command("status", "how the jobs stand", "[ID] [--json]", STATUS_EPILOG)
    status.add_argument("id", nargs="?", metavar="ID")
    report = command("report", "what came", "ID [--format FORMAT] [--to PATH]", REPORT_EPILOG)
    report.add_argument("id", metavar="ID")
    report.add_argument("--format", choices=("markdown", "csv"), help="else as PATH is called")
    report.add_argument("--to", default="-", metavar="PATH", help="else to standard output")
    cancel = command("cancel", "end a job; what is answered is kept", "ID [--json]")
    resume = command("resume", "go on with one that was not sent yet", "ID [option ...]")
    again = command("again", "a new job of the files without an answer", "ID [option ...]")
    remove = command("remove", "forget a job with its answers", "ID")
    for one in (cancel, resume, again, remove):
        one.add_argument("id", metavar="ID")
    for one in (start, resume, again):
        one.add_argument("--yes", action="store_true", help="do not ask whether to send it")
        one.add_argument("--wait", action="store_true", help="wait until the answers are there")
        one.add_argument("--progress", action="store_true", help="a line for each step")
    for one in (start, status, cancel, resume, again):
        one.add_argument("--json", action="store_true", help="as JSON on standard output")
    return [batch, start, status, report, cancel, resume, again, remove]
