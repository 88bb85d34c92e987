"""Where things lie: the person's folders, and the files that ship with the program.

`REPARTEE_HOME=DIR` puts data, configuration, cache and logs under DIR and nothing anywhere else.
"""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

APP_NAME = "repartee"
# Bytes: a socket's path holds 107 (unix(7)), of which "/repartee-0123456789ab.sock" takes 27.
LONGEST_RUNTIME = 80


@dataclass(frozen=True)
class Folders:
    """The person's folders and the socket that the running window listens on.

    `scope` is "" for the usual home and a short hash of REPARTEE_HOME else; the socket and the
    keyring service carry it, so that two homes never meet.
    """

    data: Path
    config: Path
    cache: Path
    logs: Path
    runtime: Path
    scope: str

    @property
    def database(self) -> Path:
        """The store."""
        return self.data / "repartee.sqlite3"

    @property
    def attachments(self) -> Path:
        """What was dropped, by content hash."""
        return self.data / "attachments"

    @property
    def temporary(self) -> Path:
        """Copies that last no longer than the process that made them (storage/database/temporary_files.py)."""
        return self.cache / "temporary"

    @property
    def socket(self) -> Path:
        """The local socket of the running window."""
        return self.runtime / f"repartee{'-' + self.scope if self.scope else ''}.sock"

    @property
    def keyring_service(self) -> str:
        """The name under which keys lie in the OS keyring."""
        return f"repartee:{self.scope}" if self.scope else "repartee"


def folders() -> Folders:
    """The folders of this run, by the environment as it is now. Creates nothing."""
    home = os.environ.get("REPARTEE_HOME")
    if home:
        import hashlib  # it loads OpenSSL, which a start without a home of its own can do without

        root = Path(home).expanduser().resolve()
        scope = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
        parts = (root / "data", root / "config", root / "cache", root / "logs")
        return Folders(*parts, runtime=_runtime_folder(root / "data"), scope=scope)
    # Imported here: a home of one's own needs no platformdirs, and start-up is measured.
    import platformdirs

    dirs = platformdirs.PlatformDirs(APP_NAME, appauthor=False)
    return Folders(
        dirs.user_data_path,
        dirs.user_config_path,
        dirs.user_cache_path,
        dirs.user_log_path,
        runtime=_runtime_folder(dirs.user_data_path),
        scope="",
    )


def _runtime_folder(data: Path) -> Path:
    """XDG_RUNTIME_DIR, which only the person can read; without one whose path is short enough a
    private folder in /tmp, or the data folder where somebody else has made one of that name."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir() and len(os.fsencode(runtime)) <= LONGEST_RUNTIME:
        return Path(runtime)
    private = Path("/tmp") / f"repartee-{os.getuid()}"  # noqa: S108 — made and checked below
    try:
        private.mkdir(mode=0o700, exist_ok=True)
        found = private.lstat()
    except OSError:
        return data
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return private if is_ours and not found.st_mode & 0o077 else data


@cache
def _resource_root() -> Path:
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen:
        return Path(frozen) / "resources"
    inside = Path(__file__).parent / "resources"  # a wheel
    return inside if inside.is_dir() else Path(__file__).parent.parent / "resources"  # a checkout


def resource_path(name: str) -> Path:
    """The path of a shipped file, in a checkout, a wheel and a frozen program alike."""
    return _resource_root() / name
