"""`repartee desktop`: writes or removes the files by which a desktop knows the program.

The manual page and the completions of shells come from the parsers of the commands.
"""

from __future__ import annotations

import gzip
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from desktop_app import __version__
from desktop_app.child_processes import launcher_command, run_desktop_tool
from desktop_app.cli.arguments import program
from desktop_app.cli.command_line import Command, Commands, Options
from desktop_app.cli.command_setup import report_error
from desktop_app.cli.console import write_line
from desktop_app.desktop_session.application_object import APP_ID
from desktop_app.desktop_session.login_start import exec_line
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import N_, in_english, tr
from desktop_app.main import COMPLETION
from desktop_app.paths import resource_path


def run_desktop(options: Options) -> int:
    data_home = os.environ.get("XDG_DATA_HOME") or ""
    share = Path(data_home) if data_home.startswith("/") else Path.home() / ".local/share"
    try:
        if options.action == "install":
            changed = install_files(share, launcher_command())
        else:
            changed = remove_files(share)
    except OSError as error:
        return report_error(
            StorageError(
                N_("Repartee couldn’t change the files of your desktop."),
                hint=N_("Check that the folder is writable, then try again."),
                details=f"{share}: {error}",
            ),
            options,
        )
    with suppress(OSError):  # without it, desktops notice the change themselves
        run_desktop_tool("update-desktop-database", str(share / "applications"))
    for path in changed:
        write_line(str(path))
    if not changed:
        write_line(tr("Nothing to remove."))
    return 0


def install_files(share: Path, command: Sequence[str] = ()) -> list[Path]:
    """Write the files below `share`; return their paths.

    Args:
        share: /usr/share of a package, or ~/.local/share.
        command: starts the program; () if `repartee` is in /usr/bin.
    """
    written = []
    for name, content in _files(command).items():
        path = share / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    return written


def remove_files(share: Path) -> list[Path]:
    """Remove what `install_files` wrote; return the paths of the files that were there."""
    removed = [path for name in _files(()) if (path := share / name).is_file()]
    for path in removed:
        path.unlink()
    return removed


def _files(command: Sequence[str]) -> Mapping[str, bytes]:
    entry = resource_path(f"linux/{APP_ID}.desktop").read_text("utf-8")
    service = resource_path(f"linux/{APP_ID}.service").read_text("utf-8")
    if command:
        entry = entry.replace("Exec=repartee ", f"Exec={exec_line(command)} ")
        service = service.replace("Exec=/usr/bin/repartee ", f"Exec={shlex.join(command)} ")
    icon = resource_path("icons/repartee.svg").read_bytes()
    with in_english():  # as the page's own words are
        page = manual_page()
    return {
        f"applications/{APP_ID}.desktop": entry.encode(),
        f"dbus-1/services/{APP_ID}.service": service.encode(),
        f"icons/hicolor/scalable/apps/{APP_ID}.svg": icon,
        "man/man1/repartee.1.gz": page,
        "bash-completion/completions/repartee": completion_script("bash"),
        "fish/vendor_completions.d/repartee.fish": completion_script("fish"),
        "zsh/site-functions/_repartee": completion_script("zsh"),
    }


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
