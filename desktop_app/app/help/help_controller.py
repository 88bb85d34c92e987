"""Opens the help at the section that belongs to the focused part of a window."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QWidget

from desktop_app.i18n.translation import language
from desktop_app.paths import resource_path
from desktop_app.settings.schema import KEYS_PREFIX
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.buttons.dialog_button import HelpButton

if TYPE_CHECKING:
    from desktop_app.app.help.help_window import HelpChapter, HelpWindow
    from desktop_app.app.session import Session

GEOMETRY_KEY: Final = "window.help"
START: Final = "getting-started"
SHORTCUTS: Final = "keyboard#all"

PLACES: Final[Mapping[str, str]] = {
    "transcript": "conversations#read",
    "find-bar": "conversations#find",
    "prompt-menu": "conversations#prompts",
    "prompt-fields": "conversations#prompts",
    "attachments": "documents#attach",
    "model": "getting-started#models",
    "effort": "getting-started#models",
    "background": "getting-started#background",
    "prompt-editor": "getting-started#ask",
    "quick-prompt": "quick-prompt#open",
    "conversations": "conversations#library",
    "help": "keyboard#help",
    "search": "conversations#search",
    "search-days": "conversations#search",
    "preset": "conversations#presets",
    "compaction": "conversations#compaction",
    "temporary": "conversations#temporary",
    "empty-state": "getting-started",
    "key-line": "providers#add-key",
    "notifications": "troubleshooting#errors",
    "store-dialog": "troubleshooting#damaged",
    "command-palette": "conversations#search",
    "batch-jobs": "documents#batch",
    "batch-bar": "documents#batch",
    "collections-dialog": "documents#collections",
    "prompts-dialog": "conversations#prompts",
    "comparison": "conversations#compare",
    "compare-dialog": "conversations#compare",
    "local-models": "providers#local",
    "models-dialog": "providers#models",
    "model-editor": "providers#models",
    "spending": "money#spending",
    "password-dialog": "documents#passwords",
    "attachment-preview": "documents#preview",
    "document-viewer": "documents#viewer",
    "sent-text": "conversations#compaction",
    "presets-page": "conversations#presets",
    "tool-picker": "conversations#tools",
    "consent": "conversations#tools",
    "answer-form": "conversations#form",
    "closing-question": "quick-prompt#background",
    "confirm-restore": "conversations#backup",
    "confirm-binding": "quick-prompt#anywhere",
    "confirm-batch-cancelling": "documents#batch",
    "confirm-batch-removal": "documents#batch",
    "confirm-paste": "quick-prompt#text",
    "confirm-server-removal": "conversations#servers",
    "delete-for-good": "conversations#library",
    "settings": "providers",
    "settings-provider": "providers",
    "settings-answer": "conversations#responses",
    "settings-look": "getting-started#appearance",
    "settings-keys": "keyboard#change",
    "settings-servers": "conversations#servers",
    "server-form": "conversations#servers",
    "resource-palette": "conversations#servers",
    "server-log": "conversations#servers",
    "settings-library": "conversations#backup",
    "settings-about": "troubleshooting#report",
}
"""The section for the widget of each object name."""


class HelpController(QObject):
    """Controller of the help window, and of each “?” in other windows.

    Attributes:
        place_at_close: the place that was shown when `close` was called; None for none.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self._session = session
        self._window: HelpWindow | None = None
        self.place_at_close: str | None = None
        self._requested_place = START
        self._open_task: asyncio.Future[None] | None = None
        session.values.changed.connect(self._on_value_changed)

    def open(self) -> None:
        """Open the section that belongs to the focused widget."""
        self.open_at(place_of(QApplication.focusWidget()))

    def open_shortcuts(self) -> None:
        """Open the list of all shortcuts."""
        self.open_at(SHORTCUTS)

    def connect_buttons(self, window: QWidget) -> None:
        """Have each “?” of a window open the section for the part that the button is in."""
        for button in window.findChildren(HelpButton):
            button.clicked.connect(partial(self._open_section_of, button))

    def _open_section_of(self, button: HelpButton, *_: object) -> None:
        self.open_at(place_of(button))

    def open_part(self, name: str) -> None:
        """Open the section for a part of a window, by its name in `PLACES`."""
        self.open_at(PLACES.get(name, START))

    def open_at(self, place: str) -> None:
        """Open a place of the help."""
        self._requested_place = place
        if self._window is not None:
            self._window.open_at(place)
        elif self._open_task is None or self._open_task.done():
            self._open_task = self._session.tasks.start(self._open_first())

    def close(self) -> None:
        """Close the window and store its geometry."""
        if self._open_task is not None:
            self._open_task.cancel()
        if self._window is not None:
            self.place_at_close = self._window.place if self._window.isVisible() else None
            geometry = self._window.geometry_text()
            self._session.tasks.start(self._session.backend.settings.set(GEOMETRY_KEY, geometry))
            self._window.close()
            self._window.deleteLater()
            self._window = None

    async def _open_first(self) -> None:
        # Imported here, because the start does not need it.
        from desktop_app.app.help.help_window import HelpWindow

        geometry = (await self._session.backend.settings.all()).get(GEOMETRY_KEY)
        window = HelpWindow(self._chapters())
        if isinstance(geometry, str):
            window.restore_geometry(geometry)
        window.place_requested.connect(self._session.places.open)
        self._window = window
        window.open_at(self._requested_place)

    def _chapters(self) -> tuple[HelpChapter, ...]:
        from desktop_app.app.help.help_chapters import placeholder_values, render_chapters

        values = placeholder_values(Keymap.from_settings(self._session.values.all))
        return render_chapters(resource_path("help"), language(), values)

    def _on_value_changed(self, key: str) -> None:
        """Render the chapters again, because they name the user's shortcuts."""
        if key.startswith(KEYS_PREFIX) and self._window is not None:
            self._window.set_chapters(self._chapters())


def place_of(widget: QWidget | None) -> str:
    """Return the section for a widget, or else for its nearest ancestor that has one.

    The tabs of the settings get the section of the page that is shown. Without a section, return
    START.
    """
    first_widget = widget
    while widget is not None:
        place = PLACES.get(widget.objectName())
        if widget.objectName() == "settings" and widget is not first_widget:
            place = next(_places_of_pages(widget), place)
        if place is not None:
            return place
        widget = widget.parentWidget()
    return START


def _places_of_pages(settings: QWidget) -> Iterator[str]:
    for name, place in PLACES.items():
        if name.startswith("settings-"):
            page = settings.findChild(QObject, name)
            if isinstance(page, QWidget) and page.isVisible():
                yield place
