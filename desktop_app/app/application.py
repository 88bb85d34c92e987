"""The start of the window, in the order that makes it feel short.

The look is read from the store on its own, the window is painted, and only then come the event
loop, the store's opening and all that answers questions; httpx, keyring, Pygments and the children
wait until they are first needed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

# Before Qt what the first paint needs and is not Qt: PySide reads the source of every module that
# is imported after it.
from desktop_app.settings.schema import with_defaults
from desktop_app.storage.first_look import settings_at_start

# isort: split
from PySide6.QtWidgets import QApplication

from desktop_app import __version__
from desktop_app.app.source_cache import forget_sources
from desktop_app.paths import folders, resource_path
from desktop_app.ui.theme import APPLICATION_ARGUMENTS, ThemeWatcher

if TYPE_CHECKING:
    import asyncio

    from desktop_app.app.ready import ReadyWindow
    from desktop_app.domain.errors import UserFacingError
    from desktop_app.ui.main_window import MainWindow

DESKTOP_FILE = "io.github.repartee.Repartee"


def run(request: dict[str, Any]) -> int:
    """Open the window and do what `request` asks; returns the exit code.

    Args:
        request: {"command": "open", "files": […]} or {"command": "quick", "text": …}.
    """
    application = Application(request)
    application.show()
    return application.run()


class Application:
    """The program with its window.

    Attributes:
        window: from `show` on.
        ready: everything that answers, once it does.
    """

    window: MainWindow

    def __init__(self, request: dict[str, Any]) -> None:
        self._request = request
        self.qt = QApplication([*sys.argv[:1], *APPLICATION_ARGUMENTS])
        self.qt.setApplicationName("repartee")
        self.qt.setApplicationDisplayName("Repartee")
        self.qt.setApplicationVersion(__version__)
        self.qt.setDesktopFileName(DESKTOP_FILE)
        self.qt.setQuitOnLastWindowClosed(False)
        self.ready: ReadyWindow | None = None
        self._theme: ThemeWatcher
        self._exit_code = 0

    def show(self) -> None:
        """Build the window and paint it; returns after the first paint."""
        from desktop_app.ui import icons

        stored = settings_at_start(folders().database)
        values = with_defaults(stored)
        icons.use_folder(resource_path("icons/lucide"))
        self._theme = ThemeWatcher(
            self.qt,
            values["look.theme"],  # type: ignore[arg-type]
            int(values["look.text_size"] or 100),
        )
        self.window = _build_window(self._theme)
        self.window.restore_state(stored.get("window.state") or {})
        if self._request["command"] != "quick":
            self.window.show()
        self.qt.processEvents()
        forget_sources()

    def run(self) -> int:
        """Turn the event loop until the program is quit; returns the exit code."""
        import asyncio

        from qasync import QEventLoop

        forget_sources()
        loop = QEventLoop(self.qt)
        asyncio.set_event_loop(loop)
        with loop:
            loop.run_until_complete(self._live(loop))
        return self._exit_code

    async def _live(self, loop: asyncio.AbstractEventLoop) -> None:
        from desktop_app.domain.errors import UserFacingError
        from desktop_app.headless.backend import build_backend

        forget_sources()
        from desktop_app.ui.transcript.view import TranscriptView

        forget_sources()
        from desktop_app.app.ready import ReadyWindow

        forget_sources()
        self.window.set_transcript(TranscriptView(self._theme.current))
        try:
            backend = build_backend()
            await backend.database.open()
        except UserFacingError as error:
            self._exit_code = say_why_not(error)
            return
        self.ready = ReadyWindow(self.window, self._theme, backend, loop)
        await self.ready.start(self._request)
        self.on_ready()
        await self.ready.closed()

    def on_ready(self) -> None:
        """Called once when everything answers; for those who measure the start."""


def say_why_not(error: UserFacingError) -> int:
    """Say why the program cannot start, on standard error and, as that is seen by nobody who
    started it from a menu, in a dialog; returns the exit code."""
    from PySide6.QtWidgets import QMessageBox

    # The person's folders may be what is the matter: nothing is read from them here.
    qt = QApplication.instance() or QApplication([*sys.argv[:1], *APPLICATION_ARGUMENTS])
    print(f"repartee: {error.sentences} {error.details}".rstrip(), file=sys.stderr)  # noqa: T201
    box = QMessageBox(QMessageBox.Icon.Critical, "Repartee", error.what_happened)
    box.setInformativeText(f"{error.what_was_kept} {error.what_to_do}".strip())
    box.setDetailedText(error.details)
    box.exec()
    del qt
    return 1


def _build_window(theme: ThemeWatcher) -> MainWindow:
    from desktop_app.ui.main_window import MainWindow
    from desktop_app.ui.prompt_editor import PromptEditor
    from desktop_app.ui.settings_panel import SettingsPanel

    forget_sources()
    return MainWindow(theme, PromptEditor(theme.current), SettingsPanel(theme.current))
