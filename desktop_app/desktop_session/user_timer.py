"""A timer of systemd that runs `repartee repeat run` while no window does.

A timer that was missed, because the computer was off, runs at the next start (Persistent=).
If no provider could be reached, the command fails with a code of its own, and runs again ten
minutes later (Restart=).
https://www.freedesktop.org/software/systemd/man/latest/systemd.timer.html
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from desktop_app.child_processes import launcher_command, run_desktop_tool
from desktop_app.desktop_session.application_object import bus_name
from desktop_app.desktop_session.login_start import is_sandboxed
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import N_, tr

_SERVICE: Final = """[Unit]
Description=Repartee: prompts that repeat

[Service]
Type=oneshot
ExecStart={command} repeat run
{environment}Restart=on-failure
RestartPreventExitStatus=1 2
RestartSec=10min
"""
_TIMER: Final = """[Unit]
Description=Repartee: prompts that repeat

[Timer]
{lines}
Persistent=true

[Install]
WantedBy=timers.target
"""


class UserTimer:
    """The timer of this folder of user data.

    Its methods run tools and write files: call them in a thread.

    Args:
        scope: `Folders.scope`.
    """

    def __init__(self, scope: str, environment: Mapping[str, str] = os.environ) -> None:
        config = environment.get("XDG_CONFIG_HOME") or ""
        folder = Path(config) if config.startswith("/") else Path.home() / ".config"
        name = f"{bus_name(scope)}.repeat"
        self._home = environment.get("REPARTEE_HOME", "") if scope else ""
        self._service = folder / "systemd" / "user" / f"{name}.service"
        self.path = self._service.with_name(f"{name}.timer")

    @property
    def is_possible(self) -> bool:
        """Return True if systemd can run the program here."""
        has_systemd = sys.platform != "win32" and shutil.which("systemctl") is not None
        return has_systemd and not is_sandboxed()

    @property
    def is_wanted(self) -> bool:
        """Return True if the timer was turned on; `problem` says whether systemd has it."""
        return self.path.exists()

    def problem(self) -> str:
        """Return why a timer that is wanted does not run; "" if it does."""
        if "OnCalendar=" not in self.path.read_text("utf-8", "replace"):
            return tr("No prompt repeats now. The timer continues with the next one.")
        for question in ("is-enabled", "is-active"):
            try:
                code, told, words = run_desktop_tool(
                    "systemctl", "--user", question, self.path.name
                )
            except OSError as error:
                code, told, words = 1, "", str(error)
            if code:
                words = words.strip() or told.strip()
                return tr("systemd doesn’t run the timer: {words}", words=words)
        return ""

    def turn_on(self, calendar_lines: Iterable[str]) -> None:
        """Run at these times.

        Raises:
            StorageError: systemd cannot; a timer that was off stays off.
        """
        was_wanted = self.is_wanted
        try:
            self._turn_on(calendar_lines)
        except StorageError:
            if not was_wanted:
                self._remove_files()
            raise

    def _turn_on(self, calendar_lines: Iterable[str]) -> None:
        lines = "\n".join(f"OnCalendar={line}" for line in dict.fromkeys(calendar_lines))
        environment = f"Environment={_quoted(f'REPARTEE_HOME={self._home}')}\n" * bool(self._home)
        # Only a command line replaces variables.
        command = " ".join(_quoted(word).replace("$", "$$") for word in launcher_command())
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            service = _SERVICE.format(command=command, environment=environment)
            self._service.write_text(service, "utf-8")
            self.path.write_text(_TIMER.format(lines=lines), "utf-8")
        except OSError as error:
            raise _timer_error(f"{self.path}: {error}") from error
        self._run("daemon-reload")
        # Without a time, systemd refuses the timer; it is enabled again with the next prompt.
        self._run("enable" if lines else "disable", "--now", self.path.name)
        if lines:
            self._run("restart", self.path.name)

    def turn_off(self) -> None:
        """Run no longer. Raises StorageError."""
        if not self.is_wanted:
            return
        try:
            self._run("disable", "--now", self.path.name)
        finally:  # without the file, systemd has no timer after its next start
            self._remove_files()
        self._run("daemon-reload")

    def _remove_files(self) -> None:
        try:
            self.path.unlink(missing_ok=True)
            self._service.unlink(missing_ok=True)
        except OSError as error:
            raise _timer_error(f"{self.path}: {error}") from error

    def _run(self, *arguments: str) -> None:
        try:
            code, _, words = run_desktop_tool("systemctl", "--user", *arguments)
        except OSError as error:
            raise _timer_error(str(error)) from error
        if code:
            raise _timer_error(words.strip())


def _quoted(word: str) -> str:
    """Quote a word: systemd.syntax(7); "%" begins a specifier."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _timer_error(details: str) -> StorageError:
    return StorageError(
        N_("systemd couldn’t be told when to ask your prompts."),
        hint=N_("They are asked while Repartee runs."),
        details=details,
    )
