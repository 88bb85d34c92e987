"""`repartee desktop`: writes or removes the files by which a desktop knows the program."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from desktop_app.child_processes import launcher_command, run_desktop_tool
from desktop_app.cli.command_line import Options
from desktop_app.cli.command_setup import report_error
from desktop_app.cli.console import write_line
from desktop_app.desktop.application_object import APP_ID
from desktop_app.desktop.command.manual import completion_script, manual_page
from desktop_app.desktop.login_start import exec_line
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import N_, in_english, tr
from desktop_app.paths import resource_path


def run_desktop(options: Options) -> int:
    """Run the command; return the exit code."""
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
