"""A shortcut in the desktop's own settings that runs `repartee quick`: GNOME, KDE, Xfce.

It serves desktops that grant programs no shortcut. The desktop's own command-line tool sets the
binding, which is a shortcut together with its command.
"""

from __future__ import annotations

import ast
import shlex
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Final

from desktop_app.child_processes import quick_command, run_desktop_tool
from desktop_app.desktop_session.hotkey.keysyms import accelerator
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import N_

_SHORTCUT_NAME: Final = "Repartee"
_GNOME_LIST: Final = ("org.gnome.settings-daemon.plugins.media-keys", "custom-keybindings")
_GNOME_PATH: Final = "/org/gnome/settings-daemon/plugins/media-keys/custom-keybindings/repartee/"
_GNOME_ENTRY: Final = f"{_GNOME_LIST[0]}.custom-keybinding:{_GNOME_PATH}"
_KDE_FILE: Final = ("kwriteconfig6", "--file", "kglobalshortcutsrc", "--group", "services")
_KDE_ENTRY: Final = (*_KDE_FILE, "--group", "io.github.repartee.Repartee.desktop", "--key", "quick")


class BindingDesktop(StrEnum):
    """A desktop whose shortcuts can be set."""

    GNOME = "GNOME"
    KDE = "KDE"
    XFCE = "XFCE"


_COMMAND_LINE_TOOLS: Final = {
    BindingDesktop.GNOME: "gsettings",
    BindingDesktop.KDE: "kwriteconfig6",
    BindingDesktop.XFCE: "xfconf-query",
}


def binding_desktop(environment: Mapping[str, str]) -> BindingDesktop | None:
    """Return the desktop in use, None if its shortcuts cannot be set."""
    # Several names for a desktop that is derived from others, as "ubuntu:GNOME".
    names = environment.get("XDG_CURRENT_DESKTOP", "").upper().split(":")
    for desktop in BindingDesktop:
        if desktop.value in names:
            has_tool = shutil.which(_COMMAND_LINE_TOOLS[desktop]) is not None
            return desktop if has_tool else None
    return None


def bound_command() -> str:
    """Return the command line that the desktop runs."""
    return shlex.join(quick_command())


def create_binding(desktop: BindingDesktop, keys: str) -> None:
    """Add the binding. Runs tools: call it in a thread.

    It replaces an earlier binding of this program, except on Xfce, which stores bindings by keys.

    Raises:
        StorageError: a tool failed, or the keys already run another command.
    """
    if desktop is BindingDesktop.GNOME:
        paths = _gnome_paths()
        _run("gsettings", "set", _GNOME_ENTRY, "name", _SHORTCUT_NAME)
        _run("gsettings", "set", _GNOME_ENTRY, "command", bound_command())
        _run("gsettings", "set", _GNOME_ENTRY, "binding", accelerator(keys))
        # Listed last, so that GNOME never reads an incomplete entry.
        if _GNOME_PATH not in paths:
            _run("gsettings", "set", *_GNOME_LIST, str([*paths, _GNOME_PATH]))
    elif desktop is BindingDesktop.KDE:
        # The action "quick" of our desktop entry; KDE reads it at the next login.
        _run(*_KDE_ENTRY, keys)
    else:
        current_command = _xfce_command(keys)
        if current_command not in ("", bound_command()):  # Xfce would forget the user's own command
            raise _binding_error(current_command)
        _run(*_xfce_arguments(keys), "--create", "--type", "string", "--set", bound_command())


def remove_binding(desktop: BindingDesktop, keys: str) -> None:
    """Remove the binding that `create_binding` added.

    On Xfce, nothing is removed if the keys run another command now.

    Raises:
        StorageError: a tool failed.
    """
    if desktop is BindingDesktop.GNOME:
        paths = [path for path in _gnome_paths() if path != _GNOME_PATH]
        # Without elements, GVariant's notation needs the type, an array of strings.
        value = str(paths) if paths else "@as []"
        _run("gsettings", "set", *_GNOME_LIST, value)
        _run("gsettings", "reset-recursively", _GNOME_ENTRY)
    elif desktop is BindingDesktop.KDE:
        _run(*_KDE_ENTRY, "--delete")
    elif _xfce_command(keys) == bound_command():
        _run(*_xfce_arguments(keys), "--reset")


def _xfce_arguments(keys: str) -> Sequence[str]:
    """Return the tool and the arguments that name the binding of these keys."""
    name = f"/commands/custom/{accelerator(keys)}"
    return ("xfconf-query", "--channel", "xfce4-keyboard-shortcuts", "--property", name)


def _xfce_command(keys: str) -> str:
    """Return the command that the keys run; "" if they are free."""
    _, command, _ = _run_unchecked(*_xfce_arguments(keys))  # fails if the keys are free
    return command.strip()


def _gnome_paths() -> list[str]:
    """Return the paths of all custom shortcuts.

    Raises:
        StorageError: the list cannot be read, so writing it would lose the user's shortcuts.
    """
    # GVariant's notation for a list of texts is that of Python, apart from the type before it.
    output = _run("gsettings", "get", *_GNOME_LIST).strip().removeprefix("@as ")
    with suppress(SyntaxError, ValueError, TypeError):
        paths = ast.literal_eval(output)
        if isinstance(paths, list) and all(isinstance(path, str) for path in paths):
            return paths
    # Enough of the output to see what it is.
    raise _binding_error(output[:200])


def _run(*arguments: str) -> str:
    code, output, errors = _run_unchecked(*arguments)
    if code:
        raise _binding_error(errors.strip())
    return output


def _run_unchecked(*arguments: str) -> tuple[int, str, str]:
    try:
        return run_desktop_tool(*arguments)
    except OSError as error:
        raise _binding_error(str(error)) from error


def _binding_error(details: str) -> StorageError:
    return StorageError(
        N_("Repartee couldn’t change the shortcuts of the desktop."),
        hint=N_("Assign “repartee quick” to a key in the desktop’s keyboard settings."),
        details=details,
    )
