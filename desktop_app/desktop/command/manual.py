"""The manual page, and the completions of shells, from the parsers of the commands."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from datetime import UTC, datetime

import click
from click.shell_completion import get_completion_class

from desktop_app import __version__
from desktop_app.cli.arguments import program
from desktop_app.cli.command_line import Command, Commands
from desktop_app.main import COMPLETION


def completion_script(shell: str) -> bytes:
    """Return the script that completes `repartee` in bash, zsh or fish."""
    completion = get_completion_class(shell)
    assert completion is not None
    # Without Click's own constructor, which asks the installed bash for its version.
    script = completion.source_template % {
        "complete_func": "_repartee_completion",
        "complete_var": COMPLETION,
        "prog_name": "repartee",
    }
    return script.encode()


def manual_page() -> bytes:
    """Return the page in the man macros of roff, compressed.

    Its date is SOURCE_DATE_EPOCH, so that a package is the same whenever it is built.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    date = datetime.fromtimestamp(int(epoch), UTC).date() if epoch else ""
    command = program()
    lines = [
        f'.TH REPARTEE 1 "{date}" "Repartee {__version__}" "User Commands"',
        *(".SH NAME", r"repartee \- desktop assistant for language models"),
        *(".SH SYNOPSIS", r"\fBrepartee\fR [\fIFILE\fR ...]", ".br"),
        r"\fBrepartee\fR \fICOMMAND\fR ...",
        *(".SH DESCRIPTION", _text(command.help or "")),
        *_section(command, "repartee"),
    ]
    return gzip.compress("\n".join([*lines, ""]).encode(), mtime=0)


def _section(command: click.Command, path: str) -> Iterator[str]:
    """Yield a command's options, paragraphs and exit codes, then those of its own commands."""
    assert isinstance(command, Command | Commands)
    context = click.Context(command, info_name=path)
    if path != "repartee":
        usage = " ".join(command.collect_usage_pieces(context))
        yield f'.SH "{path.upper()}"'
        yield from (_text(f"{command.help}."), ".PP", rf"\fB{path}\fR {_text(usage)}")
    for parameter in command.get_params(context):
        if (record := parameter.get_help_record(context)) and record[1]:
            yield from (".TP", rf"\fB{_text(record[0])}\fR", _text(record[1]))
    for paragraph in command.paragraphs:
        yield from (".PP", _text(paragraph))
    for code, meaning in (command.codes or {}).items():
        yield from (".TP", f"Exit code {code}", _text(meaning))
    builders = command.builders if isinstance(command, Commands) else {}
    for name, build in builders.items():
        yield from _section(build(), f"{path} {name}")


def _text(text: str) -> str:
    """Return a text of a line, without roff's own characters."""
    line = " ".join(text.replace("\\", r"\e").split()).replace("-", r"\-")
    return rf"\&{line}" if line.startswith((".", "'")) else line
