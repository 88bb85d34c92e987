#!/usr/bin/env python3
"""Writes the manual page, and the completions of shells, from the parsers of the commands.

    python packaging/manual.py FOLDER

FOLDER is /usr/share of a package: writes FOLDER/man/man1/repartee.1.gz and the completions of bash,
zsh and fish. Set SOURCE_DATE_EPOCH for the page's date.
"""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
from click.shell_completion import get_completion_class

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from desktop_app import __version__  # noqa: E402
from desktop_app.cli.arguments import program  # noqa: E402
from desktop_app.cli.command_line import Command, Commands  # noqa: E402
from desktop_app.main import COMPLETION  # noqa: E402

COMPLETIONS = {
    "bash": "bash-completion/completions/repartee",
    "zsh": "zsh/site-functions/_repartee",
    "fish": "fish/vendor_completions.d/repartee.fish",
}


def main() -> None:
    share = Path(sys.argv[1])
    page = share / "man" / "man1" / "repartee.1.gz"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_bytes(gzip.compress(manual_page().encode(), mtime=0))
    for shell, name in COMPLETIONS.items():
        completion = get_completion_class(shell)
        assert completion is not None
        file = share / name
        file.parent.mkdir(parents=True, exist_ok=True)
        # Without Click's own constructor, which asks the installed bash for its version.
        script = completion.source_template % {
            "complete_func": "_repartee_completion",
            "complete_var": COMPLETION,
            "prog_name": "repartee",
        }
        file.write_text(script)


def manual_page() -> str:
    """Return the page in the man macros of roff."""
    date = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), UTC).date()
    command = program()
    lines = [
        f'.TH REPARTEE 1 "{date}" "Repartee {__version__}" "User Commands"',
        *(".SH NAME", r"repartee \- desktop assistant for language models"),
        *(".SH SYNOPSIS", r"\fBrepartee\fR [\fIFILE\fR ...]", ".br"),
        r"\fBrepartee\fR \fICOMMAND\fR ...",
        *(".SH DESCRIPTION", _text(command.help or "")),
        *_section(command, "repartee"),
    ]
    return "\n".join([*lines, ""])


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
    for name in command.builders if isinstance(command, Commands) else ():
        yield from _section(command.builders[name](), f"{path} {name}")


def _text(text: str) -> str:
    """Return a text of a line, without roff's own characters."""
    line = " ".join(text.replace("\\", r"\e").split()).replace("-", r"\-")
    return rf"\&{line}" if line.startswith((".", "'")) else line


if __name__ == "__main__":
    main()
