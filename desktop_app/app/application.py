"""The composition root of the window: QApplication, the event loop, every object built here.

The order is what a start feels like: the store is read while Qt is imported, the window is painted
before the event loop and all that answers questions are imported, and httpx, keyring, Pygments and
the children come when they are first needed.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QApplication

from desktop_app import __version__
from desktop_app.domain.errors import UserFacingError
from desktop_app.paths import Folders, folders, resource_path

if TYPE_CHECKING:
    import asyncio

    from desktop_app.app.ready import ReadyWindow
    from desktop_app.headless.backend import Backend
    from desktop_app.ui.main_window import MainWindow
    from desktop_app.ui.quick_prompt import QuickPrompt
    from desktop_app.ui.theme import ThemeWatcher

WINDOW_STATE_KEY = "window.state"
DESKTOP_FILE = "io.github.repartee.Repartee"


def run(request: dict[str, Any]) -> int:
    """Open the window and do what `request` asks; returns the exit code.

    Args:
        request: {"command": "open", "files": […]} or {"command": "quick", "text": …}.
    """
    application = Application(request)
    application.show()
    return application.run()


class Opening(threading.Thread):
    """Opens the store and reads the settings while the main thread imports and builds widgets."""

    def __init__(self) -> None:
        super().__init__(name="opening", daemon=True)
        self._backend: Backend | None = None
        self._stored: dict[str, Any] = {}
        self._error: UserFacingError | None = None
        self.start()

    def run(self) -> None:
        """The thread's work."""
        from desktop_app.headless.backend import build_backend, use_weights

        try:
            backend = build_backend()
            backend.database.open_now()
            self._stored = backend.settings.all_now()
        except UserFacingError as error:
            self._error = error
        else:
            use_weights(backend, self._stored)
            self._backend = backend

    def result(self) -> tuple[Backend, dict[str, Any]]:
        """The open store and what is set in it; waits for it.

        Raises:
            UserFacingError: the store or the list of models cannot be used.
        """
        self.join()
        if self._error is not None:
            raise self._error
        if self._backend is None:  # the thread died of a defect, which it has printed
            raise UserFacingError("The store could not be opened.")
        return self._backend, self._stored


class Application:
    """The program with its window.

    Attributes:
        window, quick: the two windows, from `show` on.
    """

    window: MainWindow
    quick: QuickPrompt

    def __init__(self, request: dict[str, Any]) -> None:
        self._request = request
        self._opening = Opening()
        self.qt = QApplication(sys.argv[:1])
        self.qt.setApplicationName("repartee")
        self.qt.setApplicationDisplayName("Repartee")
        self.qt.setApplicationVersion(__version__)
        self.qt.setDesktopFileName(DESKTOP_FILE)
        self.qt.setQuitOnLastWindowClosed(False)
        self._folders: Folders = folders()
        self._backend: Backend | None = None
        self._stored: dict[str, Any] = {}
        self._problem: UserFacingError | None = None
        self._theme: ThemeWatcher
        self._ready: ReadyWindow | None = None

    # -------------------------------------------------------------- before the loop

    def show(self) -> None:
        """Build the window and paint it; returns after the first paint."""
        from desktop_app.ui import icons
        from desktop_app.ui.theme import ThemeWatcher

        icons.use_folder(resource_path("icons/lucide"))
        try:
            self._backend, self._stored = self._opening.result()
        except UserFacingError as error:
            self._problem = error
            return
        self._theme = ThemeWatcher(self.qt)
        self._theme.set_mode(self._stored.get("look.theme", "system"))
        self._theme.set_text_size(self._stored.get("look.text_size", 100))
        self.window = _build_window(self._theme)
        self.window.restore_state(self._stored.get(WINDOW_STATE_KEY) or {})
        if self._request["command"] != "quick":
            self.window.show()
        self.qt.processEvents()

    # -------------------------------------------------------------- the loop

    def run(self) -> int:
        """Turn the event loop until the program is quit."""
        if self._backend is None:
            return self._say_why_not()
        import asyncio

        from qasync import QEventLoop

        loop = QEventLoop(self.qt)
        asyncio.set_event_loop(loop)
        with loop:
            loop.run_until_complete(self._live(loop, self._backend))
        return 0

    async def _live(self, loop: asyncio.AbstractEventLoop, backend: Backend) -> None:
        from desktop_app.app.ready import ReadyWindow

        self._ready = ReadyWindow(self.window, self._theme, backend, loop)
        await self._ready.start(self._request)
        self.on_ready()
        await self._ready.closed()

    def on_ready(self) -> None:
        """Called once when everything answers; for those who measure the start."""

    def _say_why_not(self) -> int:
        """The store cannot be used: say why in a window and end, with everything left as it is."""
        from PySide6.QtWidgets import QMessageBox

        error = self._problem or UserFacingError("The store could not be opened.")
        print(f"repartee: {error.sentences} {error.details}", file=sys.stderr)  # noqa: T201
        box = QMessageBox(QMessageBox.Icon.Critical, "Repartee", error.what_happened)
        box.setInformativeText(f"{error.what_was_kept} {error.what_to_do}".strip())
        box.setDetailedText(error.details)
        box.exec()
        return 1


def _build_window(theme: ThemeWatcher) -> MainWindow:
    from desktop_app.ui.main_window import MainWindow
    from desktop_app.ui.prompt_editor import PromptEditor
    from desktop_app.ui.settings_panel import SettingsPanel
    from desktop_app.ui.transcript.view import TranscriptView

    transcript = TranscriptView(theme.current)
    return MainWindow(theme, transcript, PromptEditor(theme.current), SettingsPanel(theme.current))
