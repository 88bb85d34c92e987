"""The main window: conversations, transcript and prompt, settings, from left to right.

An outer pane that does not fit is hidden, and opens as a drawer over the middle pane, with a shade
that closes it. The middle pane always stays the widest.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow, QWidget
from shiboken6 import isValid

from desktop_app.ui.look import theme as themes
from desktop_app.ui.look.mirroring import mirrored_rect
from desktop_app.ui.sidebar.conversation_list import ConversationList
from desktop_app.ui.widgets.text.foreign_text import window_title
from desktop_app.ui.window.conversation_pane import ConversationPane
from desktop_app.ui.window.header import Header
from desktop_app.ui.window.overlays import DropOverlay, Shade

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent

    from desktop_app.domain.places import Place
    from desktop_app.ui.composer.dropped_content import DroppedContent
    from desktop_app.ui.composer.prompt_editor import PromptEditor
    from desktop_app.ui.look.theme import Theme, ThemeWatcher
    from desktop_app.ui.settings.settings_panel import SettingsPanel
    from desktop_app.ui.transcript.view import TranscriptView
    from desktop_app.ui.window.cards.notifications import Notifications
    from desktop_app.ui.window.empty_state import EmptyState

_DEFAULT_SIZE: Final = QSize(1280, 800)
_MINIMUM_SIZE: Final = QSize(400, 360)
# The window can always be made this small: with large text, the panes scroll.
_MAX_MINIMUM_SIZE: Final = QSize(640, 480)
# From this width on, the conversations are a pane in the row.
_MIN_WIDE_WIDTH: Final = 900
# The settings panel joins the row only if the middle pane keeps this width.
_MIN_MIDDLE_WIDTH: Final = 560
# The window's geometry is stored for at most this many sets of screens.
_MAX_SCREEN_SETS: Final = 8


class _PaneState(Enum):
    """The state of an outer pane."""

    HIDDEN = 0
    IN_ROW = 1
    DRAWER = 2


class MainWindow(QMainWindow):
    """The main window. It receives its larger parts and lays them out.

    It is a QMainWindow so that screen readers call it a window; it does not use that
    class's layout.

    Attributes:
        conversations, settings: the outer panes.
        pane: the middle pane.
        header, prompt: the parts of the middle pane with these names.
        transcript, empty_state, notifications: available after `set_transcript`.

    Signals:
        files_dropped(list[Path]): local files were dropped outside the list of conversations.
        data_dropped(DroppedData): an image, mail message or rich text without a file was dropped.
        close_requested(): the user closes the window.
        escaped(): Esc was pressed, and no widget handled it.
        place_requested(Place): a link to a place of the window was followed.
    """

    transcript: TranscriptView
    empty_state: EmptyState
    notifications: Notifications

    files_dropped = Signal(list)
    data_dropped = Signal(object)
    close_requested = Signal()
    escaped = Signal()
    place_requested = Signal(object)

    def __init__(
        self, watcher: ThemeWatcher, prompt: PromptEditor, settings: SettingsPanel
    ) -> None:
        super().__init__()
        self.setObjectName("main")
        self._watcher = watcher
        theme = watcher.current
        self.conversations = ConversationList(theme, self)
        self.header = Header(theme)
        self.prompt = prompt
        self.settings = settings
        self.pane = ConversationPane(self, self.header, prompt, theme)
        self._shade = Shade(self)
        # Covers of the whole window, and themed parts created after the first paint.
        self._overlays: list[QWidget] = [self._shade]
        self._late_parts: list[EmptyState | Notifications | DropOverlay] = []
        settings.setParent(self)
        settings.setProperty("edge", "left")
        self._wants_list, self._wants_settings = True, False
        self._geometries: dict[str, str] = {}
        self._drawer: QWidget | None = None
        # The widget that had the focus, and whether the conversations were hidden.
        self._state_before_rename: tuple[QWidget | None, bool] = (None, False)
        self._connect()
        self.pane.set_title("")
        self.setMinimumSize(self._fit_screen(_MINIMUM_SIZE).boundedTo(_MAX_MINIMUM_SIZE))
        self.resize(self._fit_screen(_DEFAULT_SIZE))

    def request_place(self, place: Place) -> None:
        """Emit `place_requested` for a link in this window or its dialogs."""
        self.place_requested.emit(place)

    def set_transcript(self, transcript: TranscriptView) -> None:
        """Add the transcript and the other parts that the first paint does not show.

        Call it once, before showing a conversation, but after the first paint, which it would
        delay by a third.
        """
        # Not before the first paint.
        from desktop_app.ui.widgets.accessibility.accessible_roles import install_roles

        install_roles(self)
        self.transcript = transcript
        self._add_later_parts()
        self.pane.add_later_parts(transcript, self.empty_state, self.notifications)
        self._watcher.changed.connect(self._set_transcript_theme)
        transcript.text_typed.connect(self._type_into_prompt)
        self._order_tabs()

    # ------------------------------------------------------------ panes and focus

    def toggle_settings(self) -> None:
        """Show or hide the settings panel."""
        self.show_settings(self._pane_state(self.settings) == _PaneState.HIDDEN)

    def show_settings(self, is_shown: bool) -> None:
        """Show or hide the settings panel and move the keyboard focus accordingly."""
        self._wants_settings = is_shown
        if not is_shown:  # before hiding it, which would focus the next widget
            self.focus_prompt()
        self._show_pane(self.settings, is_shown)
        if is_shown:
            self.settings.focus_tabs(Qt.FocusReason.ShortcutFocusReason)

    def toggle_list(self) -> None:
        """Show or hide the conversations."""
        shown = self._pane_state(self.conversations) == _PaneState.HIDDEN
        if self._is_wide():
            self._wants_list = shown
        if not shown:
            self.focus_prompt()
        self._show_pane(self.conversations, shown)
        if shown and self._drawer is self.conversations:
            self.conversations.view.setFocus(Qt.FocusReason.OtherFocusReason)
            self.conversations.view.ensure_current()

    def show_list(self) -> None:
        """Show the conversations."""
        if self._pane_state(self.conversations) == _PaneState.HIDDEN:
            self.toggle_list()

    def search(self) -> None:
        """Show the search field and focus it."""
        self.show_list()
        self.conversations.search.focus()

    def rename(self) -> None:
        """Edit the name of the focused conversation or folder, or else of the open conversation.

        Afterwards the focus and the list return to their previous state.
        """
        was_hidden = self._pane_state(self.conversations) == _PaneState.HIDDEN
        before = self.focusWidget()
        if was_hidden:
            self.toggle_list()
        if self.conversations.name_editing.rename_selected():
            self._state_before_rename = (before, was_hidden)
        elif was_hidden:
            self.toggle_list()

    def _end_rename(self) -> None:
        """Restore the list and the focus after a rename."""
        before, was_hidden = self._state_before_rename
        self._state_before_rename = (None, False)
        has_focus = self.conversations.view.hasFocus()  # otherwise the user has moved the focus
        if was_hidden and self._pane_state(self.conversations) != _PaneState.HIDDEN:
            self.toggle_list()
        if not has_focus or before is None or not isValid(before):
            return
        if before.isVisible():  # search hits are hidden by now
            before.setFocus(Qt.FocusReason.OtherFocusReason)

    def focus_prompt(self) -> None:
        self.prompt.focus_text()

    def _type_into_prompt(self, text: str) -> None:
        self.focus_prompt()
        self.prompt.field.insert_plain(text)

    def step_region(self, step: int) -> None:
        """Focus the next (+1) or previous (-1) visible region, in reading order; wrap around."""
        views = (self.conversations.view, self.conversations.search.view)
        field = self.conversations.search.field
        list_part = next((view for view in views if view.isVisible()), field)
        regions: list[tuple[QWidget, Callable[[Qt.FocusReason], object]]] = [
            (self.conversations, list_part.setFocus),
            (self.pane.header, self.header.settings_button.setFocus),
            (self.transcript, self.transcript.setFocus),
            (self.empty_state, self.empty_state.cards[0].setFocus),
            (self.pane.cards, self.pane.focus_cards),
            (self.prompt, self.prompt.focus_text),
            (self.settings, self.settings.focus_tabs),
        ]
        focused: QWidget | None = self.focusWidget()  # PySide's types forget None
        shown = [(region, focus) for region, focus in regions if region.isVisible()]
        current = next(
            (
                number
                for number, (region, _) in enumerate(shown)
                if focused is not None and (region is focused or region.isAncestorOf(focused))
            ),
            -1 if step > 0 else 0,
        )
        _, focus_region = shown[(current + step) % len(shown)]
        focus_region(Qt.FocusReason.TabFocusReason)

    def saved_state(self) -> dict[str, Any]:
        """Return the state to restore at the next start: geometry, visible panes, appearance.

        Record the geometry for the present screens. Each set of screens has its own geometry: a
        laptop's window returns to its position on the screens of a desk.
        """
        geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        is_dark, has_high_contrast = self._watcher.portal
        self._geometries.pop(_screens(), None)
        self._geometries[_screens()] = geometry  # last, because it is the newest
        return {
            "geometry": geometry,
            "geometries": dict([*self._geometries.items()][-_MAX_SCREEN_SETS:]),
            "list": self._wants_list,
            "settings": self._wants_settings and self._drawer is not self.settings,
            # As the desktop portal reported them, for the first paint of the next start.
            "is_dark": is_dark,
            "is_strong": has_high_contrast,
        }

    def restore_state(self, state: dict[str, Any]) -> None:
        """Restore a result of `saved_state`.

        Without a valid geometry, the window keeps its own. Without valid values for the panes, the
        conversations are shown and the settings hidden.
        """
        stored = state.get("geometries")
        self._geometries = dict(stored) if isinstance(stored, dict) else {}
        geometry = self._geometries.get(_screens(), state.get("geometry"))
        if isinstance(geometry, str):
            from PySide6.QtCore import QByteArray  # unneeded until a geometry is stored

            self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))
        self._wants_list = state.get("list") is not False
        self._wants_settings = state.get("settings") is True
        self._arrange()

    # ------------------------------------------------------------ building

    def _connect(self) -> None:
        self._watcher.changed.connect(self._set_theme)
        self.pane.title_changed.connect(self._set_window_title)
        self.header.settings_requested.connect(self.toggle_settings)
        self.header.list_requested.connect(self.toggle_list)
        self.conversations.name_editing.ended.connect(self._end_rename)
        self._shade.pressed.connect(self._close_drawer)
        self.settings.show_requested.connect(lambda: self.show_settings(True))
        self.settings.close_requested.connect(lambda: self.show_settings(False))
        for chosen in (
            self.conversations.open_requested,
            self.conversations.search.hit_open_requested,
            self.conversations.new_requested,
            self.conversations.new_in_folder_requested,
        ):
            chosen.connect(self._close_list_drawer)

    def _set_window_title(self, title: str) -> None:
        self.setWindowTitle(window_title(title or "Repartee"))  # Qt adds the program's name

    def _add_later_parts(self) -> None:
        from desktop_app.ui.composer.file_drop_filter import FileDropFilter
        from desktop_app.ui.window.cards.notifications import Notifications
        from desktop_app.ui.window.drop_area import DropArea
        from desktop_app.ui.window.empty_state import EmptyState
        from desktop_app.ui.window.overlays import DropOverlay

        theme = self._watcher.current
        self.empty_state, self.notifications = EmptyState(theme), Notifications(theme)
        self.notifications.focus_lost.connect(self.focus_prompt)
        overlay = DropOverlay(self, theme)
        overlay.setGeometry(self.rect())
        self._overlays.append(overlay)
        self._late_parts += [self.empty_state, self.notifications, overlay]
        drops = DropArea(self, overlay, self.conversations)
        FileDropFilter(self.prompt)
        FileDropFilter(self.conversations.search.field)
        drops.content_dropped.connect(self._on_dropped)

    def _order_tabs(self) -> None:
        """Set the tab order: left to right, top to bottom."""
        # Not needed for the first paint.
        from desktop_app.ui.widgets.forms.tab_order import order_tabs

        order = (
            self.conversations.search.field,
            self.conversations.new_button,
            self.conversations.filter_bar.back_button,
            self.conversations.filter_bar.menu_button,
            self.conversations.filter_bar.empty_button,
            self.conversations.view,
            self.conversations.search.view,
            self.conversations.filter_row.archive_button,
            self.conversations.filter_row.trash_button,
            self.conversations.filter_row.new_folder_button,
            self.header.list_button,
            self.header.preset,
            self.header.settings_button,
            self.transcript.find_in_transcript.anchor,
            self.transcript,
            self.transcript.latest_button,
            *self.empty_state.cards,
            self.notifications.anchor,
            self.notifications.close_button,
            self.prompt,
            self.empty_state.key_line.button,
            self.settings,
        )
        order_tabs(order[0], order[1:])

    def _set_theme(self, theme: Theme) -> None:
        self.setMinimumSize(self._fit_screen(_MINIMUM_SIZE).boundedTo(_MAX_MINIMUM_SIZE))
        for part in (
            self.conversations,
            self.header,
            *self._late_parts,
            self.pane,
            self.prompt,
            self.settings,
        ):
            self._watcher.add_step(part, partial(part.set_theme, theme))
        self._watcher.add_step(self, self._arrange)

    def _set_transcript_theme(self, theme: Theme) -> None:
        self._watcher.add_step(self.transcript, partial(self.transcript.set_theme, theme))

    def _fit_screen(self, size: QSize) -> QSize:
        """Scale a size to the current text size, limited to the screen."""
        wanted = QSize(self._theme_px(size.width()), self._theme_px(size.height()))
        return wanted.boundedTo(self.screen().availableSize())

    def _theme_px(self, length: int) -> int:
        return self._watcher.current.px(length)

    # ------------------------------------------------------------ laying out

    def _is_wide(self) -> bool:
        return self.width() >= self._theme_px(_MIN_WIDE_WIDTH)

    def _pane_state(self, pane: QWidget) -> _PaneState:
        if self._drawer is pane:
            return _PaneState.DRAWER
        list_in_row = self._wants_list and self._is_wide()
        if pane is self.conversations:
            return _PaneState.IN_ROW if list_in_row else _PaneState.HIDDEN
        settings_in_row = self._wants_settings and self._settings_fit()
        return _PaneState.IN_ROW if settings_in_row else _PaneState.HIDDEN

    def _settings_fit(self) -> bool:
        room = self.width() - self._theme_px(themes.PANEL_WIDTH)
        if self._wants_list and self._is_wide():
            room -= self._theme_px(themes.LIST_WIDTH)
        return room >= self._theme_px(_MIN_MIDDLE_WIDTH)

    def _show_pane(self, pane: QWidget, is_shown: bool) -> None:
        """Show an outer pane, as a drawer if the row has no room for it; or hide it."""
        fits = self._is_wide() if pane is self.conversations else self._settings_fit()
        if is_shown:
            self._drawer = None if fits else pane
        elif self._drawer is pane:
            self._drawer = None
        self._arrange()

    def _close_drawer(self) -> None:
        if self._drawer is self.settings:
            self._wants_settings = False
        self._drawer = None
        self.focus_prompt()
        self._arrange()

    def _close_list_drawer(self) -> None:
        if self._drawer is self.conversations:
            self._close_drawer()

    def _arrange(self) -> None:
        """Lay out all panes for the current width."""
        width, height = self.width(), self.height()
        list_width = min(self._theme_px(themes.LIST_WIDTH), width)
        panel_width = min(self._theme_px(themes.PANEL_WIDTH), width)
        list_state, panel_state = map(self._pane_state, (self.conversations, self.settings))
        left = list_width if list_state == _PaneState.IN_ROW else 0
        right = panel_width if panel_state == _PaneState.IN_ROW else 0
        for pane, x, pane_width in (
            (self.pane, left, width - left - right),
            (self.conversations, 0, list_width),
            (self.settings, width - panel_width, panel_width),
        ):
            pane.setGeometry(mirrored_rect(QRect(x, 0, pane_width, height), self.rect()))
        for cover in self._overlays:
            cover.setGeometry(self.rect())
        self.conversations.setVisible(list_state != _PaneState.HIDDEN)
        self.settings.setVisible(panel_state != _PaneState.HIDDEN)
        self._shade.setVisible(self._drawer is not None)
        self.header.set_list_button(list_state != _PaneState.IN_ROW)
        if self._drawer is not None:
            self._shade.raise_()
            self._drawer.raise_()

    # ------------------------------------------------------------ events

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Move a drawer back into the row if its pane fits again."""
        super().resizeEvent(event)
        if self._drawer is self.conversations and self._is_wide():
            self._drawer, self._wants_list = None, True
        elif self._drawer is self.settings and self._settings_fit():
            self._drawer = None
        self._arrange()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close the drawer on Esc, or emit `escaped` if none is open; Enter presses a button."""
        # Not for the first paint.
        from desktop_app.ui.widgets.buttons.enter_key import press_focused

        if event.key() == Qt.Key.Key_Escape and self._drawer is not None:
            self._close_drawer()
        elif event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        elif not press_focused(self, event):
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Refresh the theme after the system changed its font or colors."""
        if event.type() == QEvent.Type.ThemeChange:
            self._watcher.refresh()
        return super().event(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Emit `close_requested`; stay open unless the session ends."""
        from desktop_app.ui.window.session_end import is_session_ending  # not for the first paint

        event.setAccepted(is_session_ending())
        self.close_requested.emit()

    def _on_dropped(self, dropped: DroppedContent) -> None:
        """Emit dropped files and data; insert text into the prompt."""
        if dropped.files:
            self.files_dropped.emit(list(dropped.files))
        if dropped.data is not None:
            self.data_dropped.emit(dropped.data)
        self.prompt.insert_dropped(replace(dropped, files=(), data=None))


def _screens() -> str:
    """Return the connected screens and their geometries, as a key."""
    return ", ".join(
        sorted(
            f"{screen.name()} {area.width()}x{area.height()}+{area.x()}+{area.y()}"
            for screen in QGuiApplication.screens()
            for area in (screen.geometry(),)
        )
    )
