"""The user's folders, and the files that ship with the program.

`REPARTEE_HOME=DIR` puts data, configuration, cache and logs under DIR. The socket stays in the
runtime folder, and keys stay in the keyring.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

from desktop_app.quick_call import is_own_folder, is_usable_runtime_folder, scope_of, socket_name

APP_NAME = "repartee"
IMPORTED = "imported"
"""The folder beside the library with the files of imported projects."""


class Folders(NamedTuple):
    """The user's folders, and the socket of the running window.

    `scope` is "" for the usual home and a short hash of REPARTEE_HOME otherwise. The names of the
    socket and of the keyring service contain it, so that two homes share neither.
    """

    data: Path
    config: Path
    cache: Path
    logs: Path
    runtime: Path
    scope: str

    @property
    def database(self) -> Path:
        return self.data / "repartee.sqlite3"

    @property
    def imported(self) -> Path:
        """Return the folder of the files of imported projects, each in a folder of its own."""
        return self.data / IMPORTED

    @property
    def attachments(self) -> Path:
        """Return the folder of attachments, each named by the hash of its content."""
        return self.data / "attachments"

    @property
    def temporary(self) -> Path:
        """Return the folder of temporary files (storage/temporary_files.py)."""
        return self.cache / "temporary"

    @property
    def socket(self) -> Path:
        """Return the local socket of the running window."""
        return self.runtime / socket_name(self.scope)

    @property
    def keyring_service(self) -> str:
        return f"repartee:{self.scope}" if self.scope else "repartee"


def folders() -> Folders:
    """Return the folders of this run, from the current environment.

    Creates none of them, except a private runtime folder in /tmp.
    """
    home = os.environ.get("REPARTEE_HOME")
    if home:
        root = Path(os.path.realpath(Path(home).expanduser()))
        return Folders(
            data=root / "data",
            config=root / "config",
            cache=root / "cache",
            logs=root / "logs",
            runtime=_runtime_folder(root / "data"),
            scope=scope_of(home),
        )
    # Imported here, because it slows the start, and REPARTEE_HOME does not need it.
    import platformdirs

    dirs = platformdirs.PlatformDirs(APP_NAME, appauthor=False)
    return Folders(
        data=dirs.user_data_path,
        config=dirs.user_config_path,
        cache=dirs.user_cache_path,
        logs=dirs.user_log_path,
        runtime=_runtime_folder(dirs.user_data_path),
        scope="",
    )


def _runtime_folder(data: Path) -> Path:
    """Return XDG_RUNTIME_DIR, in which only the user can create sockets.

    Return a private folder in /tmp if XDG_RUNTIME_DIR is missing, cannot be written to, belongs to
    another user (as after `su`), can be written to by others, or has too long a path. Return the
    data folder if the folder in /tmp cannot be created, or is not private to the user, and on
    Windows, where only the user can write to it.
    """
    if sys.platform == "win32":
        return data
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    private = Path("/tmp") / f"repartee-{os.getuid()}"  # noqa: S108 — made and checked below
    try:
        if is_usable_runtime_folder(runtime):
            return Path(runtime)
        private.mkdir(mode=0o700, exist_ok=True)
        return private if is_own_folder(private.lstat(), 0o077) else data
    except OSError:
        return data


@cache
def _resource_root() -> Path:
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen:
        return Path(frozen) / "resources"
    inside = Path(__file__).parent / "resources"  # in a wheel
    # in a checkout
    return inside if inside.is_dir() else Path(__file__).parent.parent / "resources"


def resource_path(name: str) -> Path:
    """Return the path of a shipped file, in a checkout, a wheel or a frozen program."""
    return _resource_root() / name
