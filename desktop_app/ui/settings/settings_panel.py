"""The settings panel beside the conversation: which page is shown, and what has the focus."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from desktop_app.i18n.translation import tr
from desktop_app.ui.look.theme import set_role
from desktop_app.ui.settings.settings_frame import SettingsFrame
from desktop_app.ui.settings.settings_pages import SettingsPages
from desktop_app.ui.settings.tabs.about_tab import AboutTab
from desktop_app.ui.widgets.text.foreign_text import spoken_text


class SettingsPanel(QFrame):
    """The settings panel.

    Attributes:
        pages: the pages, which controllers fill and whose signals they receive.

    Signals:
        show_requested(): the window must show the panel.
        opened(): the panel is shown.
        close_requested(): the user wants to close the panel.
        servers_opened(): the page of tool servers is shown and needs its servers.
        about_opened(): the About page is shown and needs its texts.
        help_requested(str): open the help for this part, such as "settings-look"; "" for the start
            of the help.
    """

    show_requested = Signal()
    opened = Signal()
    close_requested = Signal()
    servers_opened = Signal()
    about_opened = Signal()
    help_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("settings")
        self.setAccessibleName(spoken_text(tr("Settings")))
        set_role(self, "side")
        self.pages = SettingsPages(self)
        self._frame: SettingsFrame | None = None
        self.pages.about.on_created(self._connect_about)

    def _connect_about(self, page: AboutTab) -> None:
        page.help_requested.connect(lambda: self.help_requested.emit(""))

    # ------------------------------------------------------------------ the shown page

    def request_show(self) -> None:
        """Ask the window to show the panel. Call this before showing one of its pages."""
        self.show_requested.emit()

    def show_page(self, page: str) -> None:
        """Show "provider", "answer", "look", "keys", "servers", "library" or "about"."""
        self._ensure_frame().show_page(page)

    @property
    def page(self) -> str:
        """Return the name of the shown page."""
        return self._ensure_frame().page

    def show_folder(self) -> None:
        """Show the settings of the current folder."""
        self.show_page("answer")
        self.pages.responses.page.show_scope("folder")

    def show_setting(self, page: str, key: str) -> None:
        """Show a page, scroll to one of its settings, and focus the setting."""
        self.show_page(page)
        # Imported here and below for a fast start.
        from PySide6.QtWidgets import QWidget

        from desktop_app.ui.settings.collapsible_section import CollapsibleSection

        field = self._ensure_frame().findChild(QWidget, key)
        if field is None:
            return
        for section in self._ensure_frame().findChildren(CollapsibleSection):
            if section.isAncestorOf(field):
                section.expand()
        if page == "answer":
            self.pages.responses.page.show_row(key)

        def show() -> None:
            # Not earlier, because a new page has no layout until it is visible.
            self._ensure_frame().ensure_visible(page, field)
            _focus_first_part(field)

        self._call_when_visible(self.pages.page_factories[page](), show)

    def show_section(self, page: str, section: str) -> None:
        """Show a page and expand a section, by the object name of the section's button."""
        self.show_page(page)
        from desktop_app.ui.settings.collapsible_section import CollapsibleSection

        for collapsible in self._ensure_frame().findChildren(CollapsibleSection):
            if collapsible.head.objectName() == section:
                collapsible.expand()

    def focus_key_field(self) -> None:
        """Show the Provider page and focus its key field."""
        self.show_page("provider")
        page = self.pages.provider.page
        self._call_when_visible(page, page.focus_key_field)

    def focus_cap_field(self) -> None:
        """Show the Provider page and focus its spending cap."""
        self.show_page("provider")
        self._call_when_visible(self.pages.provider.page, self._focus_cap)

    def _focus_cap(self) -> None:
        spending = self.pages.provider.page.spending
        spending.focus_field()
        self._ensure_frame().ensure_visible("provider", spending)

    def _call_when_visible(self, page: QWidget, focus: Callable[[], None]) -> None:
        """Call `focus` once the page is visible.

        Qt shows a new child of a visible widget only when it processes the next events, and a
        hidden widget cannot get the focus.
        """
        if page.isVisible():
            focus()
        else:
            QTimer.singleShot(0, self, focus)

    # ------------------------------------------------------------------ events

    def showEvent(self, event: QShowEvent) -> None:
        """Create the frame and its first page when the panel is first shown."""
        if self._frame is None:
            self.show_page("provider")
        super().showEvent(event)
        self.opened.emit()

    def focus_tabs(self, reason: Qt.FocusReason) -> None:
        """Focus the tab of the shown page.

        If the panel had the focus, a screen reader would announce it, too.
        """
        self._ensure_frame().focus_tabs(reason)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Pass the focus to the tabs. A focus proxy would hide the close button from Tab."""
        self.focus_tabs(event.reason())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_requested.emit()
        else:
            super().keyPressEvent(event)

    def _ensure_frame(self) -> SettingsFrame:
        """Return the frame, created on first use because start-up does not need it."""
        if self._frame is None:
            self._frame = SettingsFrame(self.pages.page_factories, self)
            self._frame.close_requested.connect(self.close_requested)
            self._frame.help_requested.connect(self.help_requested)
            self._frame.page_shown.connect(self._on_page_shown)
            layout = QVBoxLayout(self)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.addWidget(self._frame)
        return self._frame

    def _on_page_shown(self, page: str) -> None:
        if page == "about":
            self.about_opened.emit()
        elif page == "servers":
            self.servers_opened.emit()


def _focus_first_part(field: QWidget) -> None:
    """Focus a field, or its first part that accepts the focus."""
    from PySide6.QtWidgets import QWidget

    widgets = (field, *field.findChildren(QWidget))
    target = next(
        (widget for widget in widgets if widget.focusPolicy() & Qt.FocusPolicy.TabFocus), None
    )
    if target is not None:
        target.setFocus(Qt.FocusReason.ShortcutFocusReason)
