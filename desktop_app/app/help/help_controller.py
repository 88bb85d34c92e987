"""Opens the help at the section that belongs to the focused part of a window."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from desktop_app.app.help.help_places import PLACES, START, place_of
from desktop_app.commands.keymap import Keymap
from desktop_app.i18n.translation import language
from desktop_app.paths import resource_path
from desktop_app.settings.schema import KEYS_PREFIX
from desktop_app.ui.help.help_place import HelpPlace

if TYPE_CHECKING:
    from desktop_app.app.state.setting_values import SettingValues
    from desktop_app.app.tasks import Tasks
    from desktop_app.storage.settings.settings_store import SettingsStore
    from desktop_app.ui.help.help_book import HelpBook
    from desktop_app.ui.help.help_window import HelpWindow
    from desktop_app.ui.look.theme import ThemeWatcher
    from desktop_app.ui.widgets.buttons.help_button import HelpButton

GEOMETRY_KEY: Final = "window.help"


class HelpController(QObject):
    """Controller of the help window, and of each “?” in other windows.

    The book is rendered in a thread when the help is first opened, and again after a shortcut has
    changed, because the text names the user's shortcuts.

    Attributes:
        place_at_close: the place that was shown when `close` was called; None for none.

    Signals:
        place_requested(Place): a link to a place of the main window was followed.
    """

    place_requested = Signal(object)

    def __init__(
        self,
        parent: QWidget,
        theme: ThemeWatcher,
        *,
        values: SettingValues,
        tasks: Tasks,
        settings_store: SettingsStore,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._values = values
        self._tasks = tasks
        self._settings_store = settings_store
        self._window: HelpWindow | None = None
        self.place_at_close: HelpPlace | None = None
        self._requested_place = START
        self._open_task: asyncio.Future[None] | None = None
        self._refresh_task: asyncio.Future[None] | None = None
        values.changed.connect(self._on_value_changed)

    def open(self) -> None:
        """Open the section that belongs to the focused widget."""
        self.open_at(place_of(QApplication.focusWidget()))

    def connect_buttons(self, window: QWidget) -> None:
        """Have each “?” of a window open the section for the part that the button is in."""
        from desktop_app.ui.widgets.buttons.help_button import HelpButton

        for button in window.findChildren(HelpButton):
            button.clicked.connect(partial(self._open_section_of, button))

    def _open_section_of(self, button: HelpButton, *_: object) -> None:
        self.open_at(place_of(button))

    def open_part(self, name: str) -> None:
        """Open the section for a part of a window, by its name in `help_places`."""
        place = PLACES.get(name)
        self.open_at(HelpPlace.parse(place) if place else START)

    def open_at(self, place: HelpPlace) -> None:
        """Open a place of the help."""
        if self._window is not None:
            self._window.open_at(place)
        else:
            self._requested_place = place
            if self._open_task is None or self._open_task.done():
                self._open_task = self._tasks.start(self._open_first())

    def close(self) -> None:
        """Close the window and store its geometry."""
        if self._open_task is not None:
            self._open_task.cancel()
        if self._window is not None:
            self.place_at_close = self._window.place if self._window.isVisible() else None
            geometry = self._window.geometry_text()
            self._tasks.start(self._settings_store.set(GEOMETRY_KEY, geometry))
            self._window.close()
            self._window.deleteLater()
            self._window = None

    async def _open_first(self) -> None:
        # Imported here, because the start does not need it.
        from desktop_app.ui.help.help_window import HelpWindow

        book = await self._render()
        geometry = (await self._settings_store.all()).get(GEOMETRY_KEY)
        window = HelpWindow(self._theme.current, book)
        if isinstance(geometry, str):
            window.restore_geometry(geometry)
        self._theme.changed.connect(window.set_theme)
        window.place_requested.connect(self.place_requested)
        self._window = window
        window.open_at(self._requested_place)

    async def _render(self) -> HelpBook:
        """Return the book, rendered again if shortcuts have changed meanwhile."""
        from desktop_app.app.help.book_rendering import (
            chapter_titles,
            placeholder_values,
            render_book,
        )

        folder = resource_path("help")
        titles = chapter_titles()
        while True:
            values = placeholder_values(Keymap.from_settings(self._values.all))
            book = await asyncio.to_thread(render_book, folder, language(), titles, values)
            if placeholder_values(Keymap.from_settings(self._values.all)) == values:
                return book

    async def _refresh(self) -> None:
        book = await self._render()
        if self._window is not None:
            self._window.set_book(book)

    def _on_value_changed(self, key: str) -> None:
        is_refreshing = self._refresh_task is not None and not self._refresh_task.done()
        if key.startswith(KEYS_PREFIX) and self._window is not None and not is_refreshing:
            self._refresh_task = self._tasks.start(self._refresh())
