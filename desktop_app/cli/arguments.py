"""The command line of `repartee`: commands, options, and their help."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from desktop_app import __version__
from desktop_app.cli.batch.batch_options import add_batch
from desktop_app.cli.console import clean_line
from desktop_app.domain.export_format import EXPORT_FORMATS

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

EPILOG = """\
A file that is called like a command is opened with its folder: repartee ./ask

exit codes: 0 done; 1 it could not be done; 2 wrong command line; 130 interrupted
"""
ASK_EPILOG = """\
The answer goes to standard output, everything else to standard error. Files without a question
are summarised, pictures described. Without a provider named it is the \
environment's (OPENAI_API_KEY and
OPENAI_BASE_URL, or COMETAPI_KEY), the one chosen in the window, or the model on this computer.
What an answer costs is counted; the conversation is kept only with --save. A collection is asked
by its name; a folder becomes one, and is read again when it is asked again. \
The answer cites passages
as [n]; standard error says where they stand.

exit codes:
  0    the answer is whole
  1    it failed or is not whole: what had arrived stands in the output, why in standard error
  2    wrong command line, or a choice that the model does not take; nothing was sent
  130  interrupted (Ctrl+C, SIGTERM)
  141  whoever read the answer has gone

--json prints one object: answer, status (complete, incomplete, cancelled, failed), provider,
model, variant, effort, usage, cost_usd, duration_s, notices, error (null, or kind, a code such as
rate_limited, message and details), conversation_id, passages (of collections: number,
collection, document, page, place, sha256, text).
"""
DOCTOR_EPILOG = """\
exit codes: 0 the window, the store and the on-device model work; 1 one of them does not
"""
IMPORT_EPILOG = """\
The kind of a file is told from its content: JSON of Repartee, ChatGPT (conversations.json, or the
archive with it), Open WebUI or LibreChat. The same file twice adds nothing; a newer one adds what
is new. It works beside an open window, which shows what came.

exit codes: 0 everything was imported; 1 something was not; 2 wrong command line; 130 interrupted
"""
EXPORT_EPILOG = """\
PATH is a file for JSON and for one conversation, and a folder for several in another format. \
JSON is
complete and can be imported; it holds the attachments, and no key. Markdown, HTML (a page that
stands alone) and PDF hold the path that is shown.

exit codes: 0 done; 1 it could not be done; 2 wrong command line; 130 interrupted
"""
SEARCH_EPILOG = """\
Every word must occur, the last one as a beginning; words between double quotes must follow each
other. Newest first.

exit codes: 0 something was found; 1 nothing, or it could not be done; 2 wrong command line;
141 whoever read the hits has gone

--json prints a list of objects: conversation, title, message (null: found in the title), \
snippet, date.
"""
RESTORE_EPILOG = """\
The window must be closed. The store that was there is kept beside the restored one.

Before anything changes, the settings are listed that would have data reach \
other places or more be spent:
hosts, proxies, certificate and model files, permissions, instructions, \
monthly limits and prices, what
makes answers cost more, the folder of automatic backups. \
On a terminal you are asked whether they are
taken over. Without a terminal everything else is restored and they stay as they
are, unless --accept-settings is given; a provider that is not there yet comes \
without its address. Keys
belong to the host that they were entered for, and go to no other.

exit codes: 0 done; 1 it could not be done, the store is as it was; 2 wrong command line
"""
REPAIR_EPILOG = """\
The window must be closed. Every row that can still be read is put into a new store; \
the damaged file
is kept beside it.

exit codes: 0 done; 1 it could not be done, the store is as it was; 2 wrong command line
"""
SUMMARIZE_EPILOG = """\
What fits the model's window is read whole; larger documents are read in parts, \
whose notes are kept:
a run that was broken off goes on where it was, and pays for nothing twice (with the same model, \
effort and
prompt). Several documents get a summary each, and an overview. “-” is what is piped in. \
What it takes is
said before anything is sent; Ctrl+C stops it. Options may stand before, \
between and behind the files.

--template names another prompt of the library: paragraph, chapters, \
differences (of exactly two documents),
facts, or one of your own. --pages 3-10,15 sends these pages alone (slides of presentations, \
chapters of books,
sheets of workbooks by number or name); --pages lease.pdf=3-10,15 says it of one of several files.

exit codes:
  0    the summary is whole
  1    it failed or is not whole: what had arrived stands in the output, why in standard error
  2    wrong command line, pages that are not there, \
or a choice that the model or the prompt does not take;
       nothing was sent
  130  interrupted (Ctrl+C, SIGTERM)
  141  whoever read the summary has gone

--json prints one object, the same as “ask --json”: answer, status, provider, model, variant, \
effort, usage
and cost_usd (of all calls), duration_s, notices, error, conversation_id, passages.
"""
QUICK_EPILOG = """\
Bind this command to a key in your desktop's settings. In a terminal a pipeline is read to its
end; without one, standard input that brings nothing within 0.3 s is left alone.
"""


class Parser(argparse.ArgumentParser):
    """A parser whose errors escape what was typed, so that it cannot forge output lines."""

    def error(self, message: str) -> NoReturn:
        """Print an error about the command line, and exit with 2."""
        super().error(clean_line(message))


def parser(names: Sequence[str]) -> argparse.ArgumentParser:
    """Create the parser of all commands, which are named in `names`.

    A command's `more` names the list that takes files given after an option, and `refuse` reports a
    wrong command line.
    """
    made: argparse.ArgumentParser = Parser(
        prog="repartee",
        description="A desktop assistant for the GPT-5.2 family and for models of your own. "
        "Without a command it opens the window; files named are attached.",
        usage=f"repartee [FILE ...] | repartee {{{','.join(names)}}} ...",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"repartee {__version__}")
    # Set `prog` here: argparse would otherwise use all of `usage` as the prefix of the commands.
    commands = made.add_subparsers(dest="command", required=True, prog="repartee")
    quick = _add(
        commands,
        "quick",
        "the quick prompt, in the running window if any",
        "[--text TEXT]",
        QUICK_EPILOG,
    )
    quick.add_argument("--text", help="text to bring along; otherwise standard input if piped")
    doctor = _add(commands, "doctor", "what works on this computer", "[--json]", DOCTOR_EPILOG)
    doctor.add_argument("--json", action="store_true", help="as one JSON object")
    ask = _add(
        commands, "ask", "an answer on standard output", "[QUESTION] [option ...]", ASK_EPILOG
    )
    _add_ask(ask)
    summarize = _add(
        commands,
        "summarize",
        "summaries of documents of any length",
        "FILE ... [option ...]",
        SUMMARIZE_EPILOG,
    )
    summarize.add_argument("file", nargs="+", metavar="FILE")
    _add_answer_options(summarize)
    summarize.set_defaults(prompt="", in_parts=True, collection=[], more="file")
    batches = add_batch(commands, _add_answer_choice)
    for command in (quick, doctor, ask, summarize, *batches, *_add_library(commands)):
        command.set_defaults(refuse=command.error)
    return made


def _add(
    commands: Commands, name: str, help_: str, usage: str, epilog: str = ""
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=help_,
        usage=f"repartee {name} {usage}",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_library(commands: Commands) -> list[argparse.ArgumentParser]:
    """Add the commands that import, export, search and back up conversations."""
    command = partial(_add, commands)
    importing = command("import", "conversations from a file", "FILE ... [--json]", IMPORT_EPILOG)
    importing.add_argument("files", nargs="+", metavar="FILE")
    importing.set_defaults(more="files")
    importing.add_argument("--json", action="store_true", help="what came, as one JSON object")
    importing.add_argument("--progress", action="store_true", help="a line for each step")
    exporting = command(
        "export",
        "conversations to a file",
        "(--all | --conversation ID ...) --format FORMAT --to PATH",
        EXPORT_EPILOG,
    )
    which = exporting.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true", help="every conversation")
    which.add_argument("--conversation", action="append", metavar="ID", help="may be repeated")
    exporting.add_argument("--format", required=True, choices=[f.id for f in EXPORT_FORMATS])
    exporting.add_argument("--to", required=True, metavar="PATH")
    exporting.add_argument("--progress", action="store_true", help="a line for each step")
    search = command("search", "places in the library", "TEXT [--json]", SEARCH_EPILOG)
    search.add_argument("text", metavar="TEXT")
    search.add_argument("--json", action="store_true", help="a list of objects")
    search.add_argument("--limit", type=_count, default=50, metavar="N", help="at most N (50)")
    backup = command("backup", "a copy of everything", "FOLDER [--keep N]")
    backup.add_argument("folder", metavar="FOLDER")
    backup.add_argument(
        "--keep", type=_count, metavar="N", help="remove all but the newest N there"
    )
    backup.add_argument("--progress", action="store_true", help="a line for each step")
    restore = command(
        "restore", "everything out of a backup", "PATH [--accept-settings]", RESTORE_EPILOG
    )
    restore.add_argument("path", metavar="PATH")
    restore.add_argument(
        "--accept-settings",
        action="store_true",
        help="take over hosts, proxies, files and permissions, too, without asking",
    )
    repair = command("repair", "a new store out of a damaged one", "", REPAIR_EPILOG)
    return [importing, exporting, search, backup, restore, repair]


def _count(text: str) -> int:
    """Parse a positive integer."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


_count.__name__ = "number"  # the type's name in argparse's error


def _add_ask(ask: argparse.ArgumentParser) -> None:
    ask.add_argument(
        "prompt", nargs="?", metavar="QUESTION", help='"-" or nothing reads standard input'
    )
    ask.add_argument(
        "--file", action="append", default=[], metavar="PATH", help="attach a document or a picture"
    )
    ask.add_argument(
        "--collection",
        action="append",
        default=[],
        metavar="NAME",
        help="ask a collection of documents, or a folder",
    )
    _add_answer_options(ask)
    ask.set_defaults(in_parts=False)


def _add_answer_options(ask: argparse.ArgumentParser) -> None:
    _add_answer_choice(ask)
    ask.add_argument(
        "--pages",
        metavar="[FILE=]PAGES",
        action="append",
        default=[],
        help="send 3-10,15 alone: pages, slides, chapters, or sheets by number or name; of several "
        "files name the one; again for more",
    )
    ask.add_argument("--json", action="store_true", help="one JSON object at the end")
    ask.add_argument("--save", action="store_true", help="keep the conversation in the library")


def _add_answer_choice(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("--variant", choices=("instant", "thinking", "pro"))
    ask.add_argument("--effort", choices=("none", "low", "medium", "high", "xhigh"))
    ask.add_argument("--provider", metavar="NAME", help="on-device, openai, cometapi or your own")
    ask.add_argument("--model", metavar="ID", help="any model of the provider")
    ask.add_argument(
        "--template", metavar="NAME", help="a prompt of the library, by its title or id"
    )
    ask.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="fill what the prompt asks for; again for more",
    )
