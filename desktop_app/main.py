"""The command `repartee`: window, quick prompt, answers in the terminal, library.

The command line is defined in cli/arguments.py. Each command imports modules only when it needs
them: `repartee quick` calls a running window in milliseconds, and all but the window and the quick
prompt work without Qt.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from types import ModuleType


LIBRARY_COMMANDS = ("import", "export", "backup", "restore", "repair")
REPORT_COMMANDS = ("search", "spending", "models")
QUESTION_COMMANDS = ("quick", "ask", "summarize", "batch", "tools", "mcp", "eval")
# Options whose values are file names, which must not be empty.
_PATH_OPTIONS = ("file", "folder", "path", "to", "schema", "grammar")
CLI_COMMANDS = (*QUESTION_COMMANDS, *REPORT_COMMANDS, *LIBRARY_COMMANDS, "doctor")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (without the program's name) and return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # httpx would import its own command line, and with it click and rich: 40 ms for each command.
    sys.modules["httpx._main"] = cast("ModuleType", None)
    if arguments[:1] == ["_child"]:
        return _run_child(arguments[1], arguments[2:])
    from desktop_app.cli.streams.console import escaped_output

    with escaped_output():
        return _run_command(arguments)


def _run_command(arguments: list[str]) -> int:
    from desktop_app.cli.streams.console import OutputError

    is_question = arguments[:1] in (["ask"], ["summarize"])
    if is_question and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the command's loop runs
    try:
        return _command(arguments)
    except OutputError as error:
        return _report_output_error(error)
    except BrokenPipeError:  # as with `repartee search … | head`
        from desktop_app.cli.exit_code import ExitCode
        from desktop_app.cli.streams.console import drop_output

        drop_output()
        return ExitCode.READER_GONE
    except KeyboardInterrupt:
        return _end_interrupted(arguments, is_question=is_question)


def _end_interrupted(arguments: list[str], *, is_question: bool) -> int:
    """End an interrupted command; return the exit code.

    `ask` and `summarize` get here only if they were interrupted before they began. They still write
    their JSON object, even if Ctrl+C is pressed again.
    """
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        from desktop_app.cli.exit_code import ExitCode

        if is_question:
            from desktop_app.cli.streams.terminal import AnswerOutput

            is_several = not {"--compare", "--n"}.isdisjoint(arguments)
            output = AnswerOutput(as_json="--json" in arguments, is_several=is_several)
            output.end_without_answer()
        return ExitCode.INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, handler)


def _report_output_error(error: OSError) -> int:
    from desktop_app.cli.exit_code import ExitCode
    from desktop_app.cli.streams.console import drop_output, write_diagnostic
    from desktop_app.domain.system_error import system_error
    from desktop_app.i18n.translation import tr

    drop_output()
    reason = system_error(error).what_happened
    write_diagnostic(tr("Can’t write to standard output: {reason}", reason=reason))
    return ExitCode.FAILED


def _command(arguments: list[str]) -> int:
    if arguments and (
        arguments[0] in CLI_COMMANDS or arguments[0] in ("-h", "--help", "--version")
    ):
        from desktop_app.cli.arguments import create_parser

        # `quick` prints nothing, and must be fast.
        if arguments[0] != "quick" or not {"-h", "--help"}.isdisjoint(arguments):
            _use_language(arguments)
        arguments, program = _split_program(arguments)
        options, unknown = create_parser(CLI_COMMANDS).parse_known_args(arguments)
        if program:
            options.program = program
        _add_files(options, unknown)
        return _run(options)
    options, unknown = _window_parser().parse_known_args(arguments)
    if unknown:
        from desktop_app.cli.command_help import translate_argparse
        from desktop_app.i18n.translation import tr

        _use_language(arguments)
        translate_argparse()
        options, unknown = _window_parser(tr("FILE")).parse_known_args(arguments)
        _refuse_arguments(options, unknown)
    _refuse_unknown_command(options, arguments)
    return _run(options)


def _refuse_unknown_command(options: argparse.Namespace, arguments: Sequence[str]) -> None:
    """Refuse a mistyped command instead of opening a window for a file that does not exist."""
    word = options.files[0] if options.files else ""
    if not word.isalpha() or "--" in arguments:
        return
    import os

    if not os.path.exists(word):  # noqa: PTH110 — Path.exists raises for a name that is too long
        from desktop_app.i18n.translation import tr

        _use_language([])
        options.refuse(
            tr(
                "“{word}” is neither a command nor a file. “repartee --help” lists the commands.",
                word=word,
            )
        )


def _split_program(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Split off the command of the server that `mcp add` stores; return both parts."""
    if arguments[:2] != ["mcp", "add"] or "--" not in arguments:
        return arguments, []
    end = arguments.index("--")
    return arguments[:end], arguments[end + 1 :]


def _use_language(arguments: list[str]) -> None:
    """Use the user's language for the command line; a window sets its language again, with Qt."""
    if "--json" in arguments:  # for programs, which expect English
        return
    from desktop_app.paths import folders
    from desktop_app.storage.settings.startup_settings import use_stored_language

    use_stored_language(folders().database)


def _add_files(options: argparse.Namespace, unknown: list[str]) -> None:
    """Add files that argparse leaves unparsed after an option; refuse other arguments."""
    # `more` is the name of the list that the files belong to.
    files = getattr(options, getattr(options, "more", ""), None)
    end = unknown.index("--") if "--" in unknown else len(unknown)
    arguments = unknown[:end]
    file_names = unknown[end + 1 :]
    if unknown and (files is None or any(w.startswith("-") and w != "-" for w in arguments)):
        _refuse_arguments(options, unknown)
    if files is not None:
        files += [*arguments, *file_names]
    file_lists = (files, *(getattr(options, option, None) for option in _PATH_OPTIONS))
    if any("" in (names if isinstance(names, list) else [names]) for names in file_lists):
        from desktop_app.i18n.translation import tr

        options.refuse(tr("a file name is empty"))  # for Path, it is the current folder


def _refuse_arguments(options: argparse.Namespace, unknown: Sequence[str]) -> None:
    from desktop_app.i18n.translation import tr

    options.refuse(tr("unrecognized arguments: {arguments}", arguments=" ".join(unknown)))


def _run_child(name: str, arguments: Sequence[str]) -> int:
    """Run the `main` of a child process, importing nothing else."""
    if name == "documents":
        from desktop_app.documents.worker.worker_process import main as documents

        return documents(arguments)
    if name == "model":
        from desktop_app.local_model.server_process import main as model

        return model()
    if name == "math":
        from desktop_app.rendering.processes.json_server import serve_formulas

        return serve_formulas()
    if name == "lexing":
        from desktop_app.rendering.processes.json_server import serve_lexing

        return serve_lexing()
    if name == "pdf":
        from desktop_app.app.export.pdf_process import main as pdf

        return pdf()
    if name == "print":
        from desktop_app.app.export.print_process import main as print_

        return print_()
    if name == "server":
        from desktop_app.tool_servers.host.host_process import main as server

        return server()
    if name == "tool":
        from desktop_app.tools.tool_process import main as tool

        return tool()
    from desktop_app.app.startup.qt_probe import main as qt_probe

    return qt_probe()


def _window_parser(file: str = "FILE") -> argparse.ArgumentParser:
    import argparse

    from desktop_app.cli.streams.console import clean_line

    parser = argparse.ArgumentParser(prog="repartee")
    parser.add_argument("files", nargs="*", metavar=file)
    # For the desktop: the start at login, and the start by the session bus.
    hidden = parser.add_mutually_exclusive_group()
    hidden.add_argument("--resident", action="store_true", help=argparse.SUPPRESS)
    hidden.add_argument("--service", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(command="window", refuse=lambda why: parser.error(clean_line(why)))
    return parser


def _run(options: argparse.Namespace) -> int:
    _guard_memory(options.command)
    if options.command in ("ask", "summarize"):
        from desktop_app.cli.ask import run_ask

        return run_ask(options)
    if options.command == "batch":
        from desktop_app.cli.batch.batch_command import run_batch

        return run_batch(options)
    if options.command == "eval":
        from desktop_app.cli.eval_command import run_eval

        return run_eval(options)
    if options.command == "search":
        from desktop_app.cli.reports.search_command import run_search

        return run_search(options)
    if options.command == "spending":
        from desktop_app.cli.reports.spending_command import run_spending

        return run_spending(options)
    if options.command == "models":
        from desktop_app.cli.reports.models_command import run_models

        return run_models(options)
    if options.command == "doctor":
        from desktop_app.cli.doctor.doctor import run_doctor

        return run_doctor(options)
    if options.command == "tools":
        from desktop_app.cli.tool_commands import run_tools

        return run_tools(options)
    if options.command == "mcp":
        from desktop_app.cli.servers.mcp_command import run_mcp

        return run_mcp(options)
    if options.command in LIBRARY_COMMANDS:
        from desktop_app.cli.library_commands import run_library

        return run_library(options)
    from desktop_app.app.desktop.single_instance import open_or_call
    from desktop_app.app.desktop.window_request import HiddenRequest, QuickRequest, request_for

    if options.command == "quick":
        from desktop_app.cli.streams.standard_input import read_piped

        text = read_piped() if options.text is None else options.text
        return open_or_call(QuickRequest(text))
    if not options.files and (options.resident or options.service):
        return open_or_call(HiddenRequest(stays=options.resident))
    return open_or_call(request_for(options.files))


def _guard_memory(command: str) -> None:
    """Write no core dump, and deny inspection by other processes; a window denies it later."""
    if command in ("window", "quick"):  # see app/startup/process_protection.py
        if sys.platform != "win32":
            from desktop_app.sandbox.unix import disable_core_dumps

            disable_core_dumps()
    else:
        from desktop_app.sandbox import deny_inspection

        deny_inspection()
