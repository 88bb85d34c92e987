"""The command `repartee`: the window, the quick prompt, an answer in the terminal, the library.

Each command imports what it needs when it needs it: `repartee quick` calls a running window in
milliseconds, and all but the window and the quick prompt work where there is no Qt.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

LIBRARY = ("import", "export", "search", "backup", "restore", "repair")
COMMANDS = ("quick", "ask", "summarize", "batch", *LIBRARY, "doctor")
EXIT_INTERRUPTED, EXIT_READER_GONE = 130, 141

EPILOG = """\
A file that is called like a command is opened with its folder: repartee ./ask

exit codes: 0 done; 1 it could not be done; 2 wrong command line; 130 interrupted
"""
ASK_EPILOG = """\
The answer goes to standard output, everything else to standard error. Files without a question
are summarised, pictures described. Without a provider named it is the environment's (OPENAI_API_KEY and
OPENAI_BASE_URL, or COMETAPI_KEY), the one chosen in the window, or the model on this computer.
What an answer costs is counted; the conversation is kept only with --save. A collection is asked
by its name; a folder becomes one, and is read again when it is asked again. The answer cites passages
as [n]; standard error says where they stand.

exit codes:
  0    the answer is whole
  1    it failed or is not whole: what had arrived stands in the output, why in standard error
  2    wrong command line, or a choice that the model does not take; nothing was sent
  130  interrupted (Ctrl+C, SIGTERM)
  141  whoever read the answer has gone

--json prints one object: answer, status (complete, incomplete, cancelled, failed), provider,
model, variant, effort, usage, cost_usd, duration_s, notices, error (null, or kind, message and
details), conversation_id, passages (of collections: number, collection, document, page, place,
sha256, text).
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
PATH is a file for JSON and for one conversation, and a folder for several in another format. JSON is
complete and can be imported; it holds the attachments, and no key. Markdown, HTML (a page that
stands alone) and PDF hold the path that is shown.

exit codes: 0 done; 1 it could not be done; 2 wrong command line; 130 interrupted
"""
SEARCH_EPILOG = """\
Every word must occur, the last one as a beginning; words between double quotes must follow each
other. Newest first.

exit codes: 0 something was found; 1 nothing, or it could not be done; 2 wrong command line;
141 whoever read the hits has gone

--json prints a list of objects: conversation, title, message (null: found in the title), snippet, date.
"""
RESTORE_EPILOG = """\
The window must be closed. The store that was there is kept beside the restored one.

exit codes: 0 done; 1 it could not be done, the store is as it was; 2 wrong command line
"""
REPAIR_EPILOG = """\
The window must be closed. Every row that can still be read is put into a new store; the damaged file
is kept beside it.

exit codes: 0 done; 1 it could not be done, the store is as it was; 2 wrong command line
"""
SUMMARIZE_EPILOG = """\
What fits the model's window is read whole; larger documents are read in parts, whose notes are kept:
a run that was broken off goes on where it was, and pays for nothing twice (with the same model, effort and
prompt). Several documents get a summary each, and an overview. “-” is what is piped in. What it takes is
said before anything is sent; Ctrl+C stops it. Options may stand before, between and behind the files.

--template names another prompt of the library: paragraph, chapters, differences (of exactly two documents),
facts, or one of your own. --pages 3-10,15 sends these pages alone (slides of presentations, chapters of books,
sheets of workbooks by number or name); --pages lease.pdf=3-10,15 says it of one of several files.

exit codes:
  0    the summary is whole
  1    it failed or is not whole: what had arrived stands in the output, why in standard error
  2    wrong command line, pages that are not there, or a choice that the model or the prompt does not take;
       nothing was sent
  130  interrupted (Ctrl+C, SIGTERM)
  141  whoever read the summary has gone

--json prints one object, the same as “ask --json”: answer, status, provider, model, variant, effort, usage
and cost_usd (of all calls), duration_s, notices, error, conversation_id, passages.
"""
QUICK_EPILOG = """\
Bind this command to a key in your desktop's settings. In a terminal a pipeline is read to its
end; without one, standard input that brings nothing within 0.3 s is left alone.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (without the program's name) and return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["_child"]:
        return _child(arguments[1])
    try:
        return _command(arguments)
    except BrokenPipeError:  # as with `repartee search … | head`
        # What Python would flush at exit must not complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_READER_GONE
    except KeyboardInterrupt:
        if arguments[:1] in (
            ["ask"],
            ["summarize"],
        ):  # which had not begun; it writes one object in any case
            from desktop_app.headless.terminal import Output

            Output(as_json="--json" in arguments).never_began()
        return EXIT_INTERRUPTED


def _command(arguments: list[str]) -> int:
    if arguments and (arguments[0] in COMMANDS or arguments[0] in ("-h", "--help", "--version")):
        options, unknown = _parser().parse_known_args(arguments)
        _take_files(options, unknown)
        return _run(options)
    return _run(_window_parser().parse_args(arguments))


def _take_files(options: argparse.Namespace, unknown: list[str]) -> None:
    """Add the files that stand behind an option, which argparse leaves over; refuse what is none."""
    files = getattr(options, getattr(options, "more", ""), None)
    at = unknown.index("--") if "--" in unknown else len(unknown)
    found, behind = unknown[:at], unknown[at + 1 :]
    if unknown and (files is None or any(w.startswith("-") and w != "-" for w in found)):
        options.refuse(f"unrecognized arguments: {' '.join(unknown)}")
    if files is not None:
        files += [*found, *behind]


def _child(name: str) -> int:
    """One of our own child processes; nothing else is imported in it."""
    if name == "documents":
        from desktop_app.documents.worker_process import main as documents

        return documents()
    if name == "model":
        from desktop_app.local_model.server_process import main as model

        return model()
    if name == "maths":
        from desktop_app.rendering.maths_process import main as maths

        return maths()
    if name == "print":
        from desktop_app.app.print_process import main as print_

        return print_()
    from desktop_app.app.qt_probe import main as qt_probe

    return qt_probe()


def _parser() -> argparse.ArgumentParser:
    import argparse

    from desktop_app import __version__

    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="repartee",
        description="A desktop assistant for the GPT-5.2 family and for models of your own. "
        "Without a command it opens the window; files named are attached.",
        usage=f"repartee [FILE ...] | repartee {{{','.join(COMMANDS)}}} ...",
        epilog=EPILOG,
        formatter_class=plain,
    )
    parser.add_argument("--version", action="version", version=f"repartee {__version__}")
    # Named here: argparse would take the whole of `usage` for the beginning of their names.
    commands = parser.add_subparsers(dest="command", required=True, prog="repartee")
    quick = commands.add_parser(
        "quick",
        help="the quick prompt, in the running window if any",
        usage="repartee quick [--text TEXT]",
        epilog=QUICK_EPILOG,
        formatter_class=plain,
    )
    quick.add_argument("--text", help="text to bring along; otherwise standard input if piped")
    doctor = commands.add_parser(
        "doctor",
        help="what works on this computer",
        usage="repartee doctor [--json]",
        epilog=DOCTOR_EPILOG,
        formatter_class=plain,
    )
    doctor.add_argument("--json", action="store_true", help="as one JSON object")
    ask = commands.add_parser(
        "ask",
        help="an answer on standard output",
        usage="repartee ask [QUESTION] [option ...]",
        epilog=ASK_EPILOG,
        formatter_class=plain,
    )
    _add_ask(ask)
    summarize = commands.add_parser(
        "summarize",
        help="summaries of documents of any length",
        usage="repartee summarize FILE ... [option ...]",
        epilog=SUMMARIZE_EPILOG,
        formatter_class=plain,
    )
    summarize.add_argument("file", nargs="+", metavar="FILE")
    _add_answer_options(summarize)
    summarize.set_defaults(prompt="", in_parts=True, collection=[], more="file")
    from desktop_app.headless.batch_options import add_batch

    batches = add_batch(commands, _add_answer_choice)
    for command in (quick, doctor, ask, summarize, *batches, *_add_library(commands)):
        command.set_defaults(refuse=command.error)
    return parser


def _add_library(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> list[argparse.ArgumentParser]:
    """What takes conversations in and out, finds them and keeps copies."""
    from desktop_app.domain.export_format import EXPORT_FORMATS

    def command(name: str, help_: str, usage: str, epilog: str = "") -> argparse.ArgumentParser:
        import argparse

        return commands.add_parser(
            name,
            help=help_,
            usage=f"repartee {name} {usage}",
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

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
    restore = command("restore", "everything out of a backup", "PATH", RESTORE_EPILOG)
    restore.add_argument("path", metavar="PATH")
    repair = command("repair", "a new store out of a damaged one", "", REPAIR_EPILOG)
    return [importing, exporting, search, backup, restore, repair]


def _count(text: str) -> int:
    """A number of things: one at least."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


_count.__name__ = "number"  # how argparse calls what is none


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


def _window_parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(prog="repartee")
    parser.add_argument("files", nargs="*", metavar="FILE", help="documents and pictures to attach")
    parser.set_defaults(command="window")
    return parser


def _run(options: argparse.Namespace) -> int:
    if options.command in ("ask", "summarize"):
        from desktop_app.headless.ask import run_ask

        return run_ask(options)
    if options.command == "batch":
        from desktop_app.headless.batch import run_batch

        return run_batch(options)
    if options.command == "doctor":
        from desktop_app.headless.doctor import run_doctor

        return run_doctor(as_json=options.json)
    if options.command == "export" and options.format == "pdf":
        from desktop_app.app.export_pdf import run_export_pdf

        return run_export_pdf(options)
    if options.command in LIBRARY:
        from desktop_app.headless.library import run_library

        return run_library(options)
    from desktop_app.app.desktop.single_instance import open_or_call

    if options.command == "quick":
        from desktop_app.headless.standard_input import read_what_is_piped

        text = read_what_is_piped() if options.text is None else options.text
        return open_or_call({"command": "quick", "text": text})
    return open_or_call(_opening(options.files))


def _opening(names: Sequence[str]) -> dict[str, object]:
    """What is asked of the window: files by their paths or file: addresses; other addresses go into
    the prompt, as nothing is fetched."""
    from pathlib import Path
    from urllib.parse import unquote_to_bytes, urlsplit

    files, links = [], []
    for name in names:
        if name.lower().startswith("file:/"):
            path = os.fsdecode(unquote_to_bytes(urlsplit(name).path))
            files.append(str(Path(path).absolute()))
        elif name.lower().startswith(("http://", "https://")):
            links.append(name)
        else:
            files.append(str(Path(name).absolute()))
    asked: dict[str, object] = {"command": "open", "files": files}
    return {**asked, "text": "\n".join(links)} if links else asked
