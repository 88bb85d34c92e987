"""The desktop's own dialogs for files and folders, which the portal opens.

https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.FileChooser.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from desktop_app.app.tasks import Tasks
from desktop_app.desktop_session.portal.portal_requests import Portal, PortalRefusedError
from desktop_app.desktop_session.session_bus import BusError, SessionBus
from desktop_app.widgets.file_dialogs import FileRequest, OnAnswer, use_system_dialogs

INTERFACE: Final = "org.freedesktop.portal.FileChooser"
_MIN_VERSION: Final = 3
"""The first version that can ask for folders."""
_GLOB: Final = 0


class PortalFileDialogs:
    """The file dialogs of the portal, used once it is known to have them."""

    def __init__(self, bus: SessionBus, tasks: Tasks) -> None:
        self._portal = Portal(bus)
        self._tasks = tasks
        self._last_folder: Path | None = None

    async def start(self) -> None:
        """Use the portal's dialogs from now on, if there are any."""
        if await self._portal.version(INTERFACE) >= _MIN_VERSION:
            use_system_dialogs(self._open)

    def close(self) -> None:
        """Use Qt's dialogs again."""
        use_system_dialogs(None)

    def _open(
        self, request: FileRequest, window: QWidget, on_answer: OnAnswer
    ) -> Callable[[], object]:
        """Open a dialog; return the function that closes it."""
        is_x11 = QGuiApplication.platformName() == "xcb"
        # On Wayland, only the compositor's protocol can name a window, which Qt keeps to itself.
        parent = f"x11:{int(window.winId()):x}" if is_x11 else ""

        async def ask() -> None:
            on_answer(await self._ask(request, parent))

        return self._tasks.start(ask()).cancel

    async def _ask(self, request: FileRequest, parent: str) -> list[Path] | None:
        """Return the chosen paths: [] if the user chose none, None if no dialog could be opened."""
        method = "SaveFile" if request.is_save else "OpenFile"
        start = Path(request.start) if request.start else None
        if self._last_folder is not None:  # which no portal remembers
            start = self._last_folder if start is None else self._last_folder / start
        try:
            while True:
                options = await asyncio.to_thread(_options, request, start)
                results = await self._portal.request(
                    INTERFACE, method, "ssa{sv}", parent, request.title, options, timeout_s=None
                )
                _, uris = results.get("uris", ("as", []))
                paths = [Path(QUrl(uri).toLocalFile()) for uri in uris]
                if paths:
                    self._last_folder = paths[0] if request.is_folder else paths[0].parent
                if not (request.suffix and paths) or paths[0].suffix:
                    return paths
                start = paths[0].with_name(f"{paths[0].name}.{request.suffix}")
                # The dialog has asked whether to overwrite the name that was typed, not this one.
                if not await asyncio.to_thread(start.exists):
                    return [start]
        except PortalRefusedError:  # also if the dialog was closed by its frame
            return []
        except BusError:
            return None


def _options(request: FileRequest, start: Path | None) -> dict[str, tuple[str, Any]]:
    """Return the options of a request whose dialog opens at a folder or with a proposed file."""
    options: dict[str, tuple[str, Any]] = {
        "modal": ("b", True),
        "multiple": ("b", request.is_multiple),
        "directory": ("b", request.is_folder),
    }
    if filters := _filters(request.filters):
        options["filters"] = ("a(sa(us))", filters)
    if start is None:
        return options
    folder = start if not request.is_save and start.is_dir() else start.parent
    if request.is_save:
        options["current_name"] = ("s", start.name)
    if folder.is_absolute():
        options["current_folder"] = ("ay", bytes(folder) + b"\0")
    return options


def _filters(filters: str) -> list[tuple[str, list[tuple[int, str]]]]:
    """Read filters of Qt, such as "Images (*.png *.jpg);;All files (*)"."""
    found = []
    for each in filter(None, filters.split(";;")):
        name, _, patterns = each.rstrip(")").rpartition(" (")
        # Unlike Qt, the portal distinguishes capitals.
        spellings = dict.fromkeys(
            spelling for glob in patterns.split() for spelling in (glob, glob.upper())
        )
        found.append((name, [(_GLOB, spelling) for spelling in spellings]))
    return found
