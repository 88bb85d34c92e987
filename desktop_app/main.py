"""The command `repartee`: window, quick prompt, answers in the terminal, library.

Features name the commands (features.py); the window's files and the usual lines of the quick
prompt are read here, because they must be fast. Each command imports modules only when it needs
them: all but the window and the quick prompt work without Qt.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final, NoReturn, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

    from desktop_app.cli.command_line import Options


PROGRAM_OPTIONS = ("-h", "--help", "-V", "--version")
_CHILDREN: Final[Mapping[str, str]] = {
    "documents": "documents.worker.worker_process",
    "headers": "local_model.header_reader",
    "model": "local_model.server_process",
    "qt": "app.startup.qt_probe",
    "recordings": "voice.child.recording_process",
    "server": "tools.host.host_process",
    "tool": "tools.built_in.tool_process",
    "voice": "voice.child.voice_child",
}
"""The modules whose `main` child processes run; that of a deleted feature is never started."""
COMPLETION = "_REPARTEE_COMPLETE"
"""The environment variable by which a shell asks for completions, or for the script that does."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (without the program's name) and return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # httpx would import its own command line, and with it click and rich: 40 ms for each command.
    sys.modules["httpx._main"] = cast("ModuleType", None)
    if arguments[:1] == ["_child"]:
        return _run_child(arguments[1], arguments[2:])
    # Importing leaves hardly any garbage, and one collection takes 13 ms of a short command, which
    # does not reach this threshold.
    gc.set_threshold(150_000)
    from desktop_app.cli.console import escaped_output

    with escaped_output():
        return _run_command(arguments)


def _run_command(arguments: list[str]) -> int:
    from desktop_app.cli.console import OutputError

    is_question = arguments[:1] in (["ask"], ["summarize"])
    if is_question and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the command's loop runs
    try:
        return _command(arguments)
    except OutputError as error:
        return _report_output_error(error)
    except BrokenPipeError:  # as with `repartee search … | head`
        from desktop_app.cli.console import drop_output
        from desktop_app.cli.exit_code import ExitCode

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
            from desktop_app.chat.command.answer_output import AnswerOutput

            is_several = not {"--compare", "--n"}.isdisjoint(arguments)
            output = AnswerOutput(as_json="--json" in arguments, is_several=is_several)
            output.end_without_answer()
        return ExitCode.INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, handler)


def _report_output_error(error: OSError) -> int:
    from desktop_app.cli.console import drop_output, write_diagnostic
    from desktop_app.cli.exit_code import ExitCode
    from desktop_app.domain.system_error import system_words
    from desktop_app.i18n.translation import tr

    drop_output()
    reason = tr(system_words(error))
    write_diagnostic(tr("Can’t write to standard output: {reason}", reason=reason))
    return ExitCode.FAILED


def _command(arguments: list[str]) -> int:
    match arguments:  # the quick prompt must be fast, so its usual lines are not parsed
        case ["quick"]:
            return _open_quick_prompt(None)
        case ["quick", "--text", text]:
            return _open_quick_prompt(text)
        case ["-V" | "--version"]:  # without the commands of all features
            from desktop_app import __version__
            from desktop_app.cli.console import write_line

            write_line(f"repartee {__version__}")
            return 0
    from desktop_app.cli.registry import find

    is_completion = COMPLETION in os.environ
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:], "--help"]
    word = arguments[0] if arguments else ""
    is_known = word in PROGRAM_OPTIONS or (bool(word) and find(word) is not None)
    if not is_known and not is_completion:
        return _open_window(arguments)
    _use_language(arguments)
    from desktop_app.cli.arguments import program
    from desktop_app.cli.command_line import parse

    if is_completion:
        from click.shell_completion import shell_complete

        return shell_complete(program(), {}, "repartee", COMPLETION, os.environ[COMPLETION])
    return _run(parse(program(word), arguments))


def _open_window(arguments: list[str]) -> int:
    """Open the window with files, or hidden, as at login and by the session bus."""
    from desktop_app.app.single_instance import open_or_call
    from desktop_app.app.window_request import HiddenRequest, request_for

    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = [word for word in arguments[:end] if word.startswith("-") and word != "-"]
    files = [word for word in arguments[:end] if word not in options] + arguments[end + 1 :]
    # Path.exists raises for a name that is too long.
    if files and files[0].isalpha() and "--" not in arguments and not os.path.exists(files[0]):  # noqa: PTH110
        _refuse_word(files[0], arguments)
    if options not in ([], ["--resident"], ["--service"]):
        _refuse("unrecognized arguments: {arguments}", arguments=" ".join(options))
    _guard_memory("window")
    if options and not files:
        return open_or_call(HiddenRequest(stays=options == ["--resident"]))
    return open_or_call(request_for(files))


def _refuse_word(word: str, arguments: Sequence[str]) -> NoReturn:
    """Refuse a former or mistyped command; a window would open for a file that does not exist."""
    from difflib import get_close_matches

    from desktop_app.cli.former_commands import new_command
    from desktop_app.cli.registry import commands
    from desktop_app.i18n.translation import N_

    if command := new_command(arguments):
        former = f"repartee {word}"
        message = N_("“{former}” is “{command}” now.")
        _refuse(message, as_json="--json" in arguments, former=former, command=command)
    for command in get_close_matches(word.lower(), commands(), n=1):
        _refuse(
            N_("“{word}” is neither a command nor a file. Did you mean “{command}”?"),
            word=word,
            command=command,
        )
    _refuse(
        N_("“{word}” is neither a command nor a file. “repartee --help” lists the commands."),
        word=word,
    )


def _refuse(message: str, *, as_json: bool = False, **values: str) -> NoReturn:
    from desktop_app.cli.arguments import program
    from desktop_app.cli.command_line import refuse
    from desktop_app.i18n.translation import tr

    _use_language(["--json"] if as_json else [])
    refuse(tr(message, **values), program(), as_json=as_json)


def _use_language(arguments: list[str]) -> None:
    """Use the user's language for the command line; a window sets its language again, with Qt."""
    if "--json" in arguments:  # for programs, which expect English
        return
    from desktop_app.paths import folders
    from desktop_app.settings.startup_settings import use_stored_language

    use_stored_language(folders().database)


def _run_child(name: str, arguments: Sequence[str]) -> int:
    """Run the `main` of a child process, importing nothing else."""
    if name in _CHILDREN:
        status: int = import_module(f"desktop_app.{_CHILDREN[name]}").main(*arguments)
        return status
    from desktop_app.markdown.processes.json_server import serve

    if name == "math":
        from desktop_app.markdown.processes.json_server import typeset_formula

        return serve(typeset_formula)
    if name == "diagrams":
        from desktop_app.markdown.processes.diagram_drawing import diagram_policy, draw_diagram

        return serve(draw_diagram, diagram_policy())
    from desktop_app.markdown.processes.json_server import lex_code

    return serve(lex_code)


def _run(options: Options) -> int:
    from desktop_app.cli.console import set_quiet

    set_quiet(is_quiet=getattr(options, "quiet", False))
    _guard_memory(options.command)
    from desktop_app.paths import folders
    from desktop_app.storage.store_lock import remove_abandoned_scratch

    remove_abandoned_scratch(folders().database)
    from desktop_app.cli.registry import find
    from desktop_app.features import imported

    places = find(options.command)
    assert places is not None
    status: int = imported(places.run)(options)
    gc.freeze()  # else Python examines every object again as it ends: a sixth of the CPU of `ask`
    return status


def run_quick(options: Options) -> int:
    """Open the quick prompt, as `repartee quick` does with unusual options."""
    return _open_quick_prompt(options.text)


def _open_quick_prompt(text: str | None) -> int:
    """Open the quick prompt with a text; None for what is piped in."""
    from desktop_app.app.single_instance import open_or_call
    from desktop_app.app.window_request import QuickRequest

    _guard_memory("quick")
    if text is None:
        from desktop_app.cli.standard_input import read_piped

        text = read_piped()
    return open_or_call(QuickRequest(text))


def _guard_memory(command: str) -> None:
    """Write no core dump, and deny inspection by other processes; a window denies it later."""
    if command in ("window", "quick"):  # see app/startup/this_process.py
        from desktop_app.sandbox import disable_core_dumps

        disable_core_dumps()
    else:
        from desktop_app.sandbox import deny_inspection

        deny_inspection()
