"""The settings panel beside the conversation: tabs over pages that are created when first shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from desktop_app.i18n.translation import N_, tr
from desktop_app.settings.ui.settings_pages import SettingsPages
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.buttons.dialog_button import HelpButton
from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.widgets.forms.collapsible_section import CollapsibleSection
from desktop_app.widgets.forms.fitting_dialog import scroll_area_of
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.icons import set_icon
from desktop_app.widgets.look.mirroring import margins
from desktop_app.widgets.look.theme import PANEL_WIDTH, current_theme, set_role
from desktop_app.widgets.text.foreign_text import (
    PlainLabel,
    PlainToolButton,
    set_tooltip,
    spoken_text,
)

PAGES: Final = (
    ("provider", N_("Provider")),
    ("answer", N_("Responses")),
    ("look", N_("Appearance")),
    ("keys", N_("Shortcuts")),
    ("servers", N_("Tool servers")),
    ("library", N_("Data")),
    ("about", N_("About")),
)
_MAX_TABS_IN_ROW: Final = 3
_MIN_TABS_IN_ROW: Final = 2
# Space at the right for a scroll bar, so that the page keeps its width.
_SCROLL_BAR_WIDTH: Final = 12


class SettingsPanel(QFrame):
    """The settings panel.

    Only its pages' objects exist before it is first shown, because start-up needs no more.

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
        self._page_layouts: dict[str, QVBoxLayout] = {}
        self._areas: dict[str, QScrollArea] = {}
        self.pages.about.on_created(
            lambda page: page.help_requested.connect(lambda: self.help_requested.emit(""))
        )

    # ------------------------------------------------------------------ the shown page

    def request_show(self) -> None:
        """Ask the window to show the panel. Call this before showing one of its pages."""
        self.show_requested.emit()

    def show_page(self, page: str) -> None:
        """Show "provider", "answer", "look", "keys", "servers", "library" or "about"."""
        self._ensure_built()
        if not self._page_layouts[page].count():
            widget = self.pages.page_factories[page]()
            self._page_layouts[page].addWidget(widget)
            widget.show()
        previous_page = self._tabs.current()
        has_keyboard = previous_page is not None and self._tabs.button(previous_page).hasFocus()
        self._tabs.set_current(page)
        if has_keyboard:
            self.focus_tabs(Qt.FocusReason.ShortcutFocusReason)
        self._stack.setCurrentIndex([name for name, _ in PAGES].index(page))
        if page == "about":
            self.about_opened.emit()
        elif page == "servers":
            self.servers_opened.emit()

    @property
    def page(self) -> str:
        """Return the name of the shown page."""
        self._ensure_built()
        return self._tabs.current() or PAGES[0][0]

    def show_folder(self) -> None:
        """Show the settings of the current folder."""
        self.show_page("answer")
        self.pages.responses.page.show_scope("folder")

    def show_setting(self, page: str, key: str) -> None:
        """Show a page, scroll to one of its settings, and focus the setting."""
        self.show_page(page)
        field = self._stack.findChild(QWidget, key)
        if field is None:
            return
        for section in self._stack.findChildren(CollapsibleSection):
            if section.isAncestorOf(field):
                section.expand()
        if page == "answer":
            self.pages.responses.page.show_row(key)

        def show() -> None:
            # Not earlier, because a new page has no layout until it is visible.
            self._areas[page].ensureWidgetVisible(field)
            _focus_first_part(field)

        self._call_when_visible(self.pages.page_factories[page](), show)

    def show_section(self, page: str, section: str) -> None:
        """Show a page and expand a section, by the object name of the section's button."""
        self.show_page(page)
        for collapsible in self._stack.findChildren(CollapsibleSection):
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
        self._areas["provider"].ensureWidgetVisible(spending)

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
        if not self._areas:
            self.show_page("provider")
        super().showEvent(event)
        self.opened.emit()

    def focus_tabs(self, reason: Qt.FocusReason) -> None:
        """Focus the tab of the shown page.

        If the panel had the focus, a screen reader would announce it, too.
        """
        self._ensure_built()
        self._tabs.button(self.page).setFocus(reason)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Pass the focus to the tabs. A focus proxy would hide the close button from Tab."""
        self.focus_tabs(event.reason())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_requested.emit()
        else:
            super().keyPressEvent(event)

    # ------------------------------------------------------------------ construction

    def _ensure_built(self) -> None:
        if self._areas:
            return
        title = PlainLabel(tr("Settings"), role="title")
        self._close_button = PlainToolButton(name="close-settings", role="quiet")
        self._close_button.setAccessibleName(spoken_text(tr("Close settings")))
        set_tooltip(self._close_button, tr("Close"))
        self._close_button.clicked.connect(self.close_requested)
        self._help_button = HelpButton()
        self._help_button.clicked.connect(self._request_help)
        tabs = [(page, tr(title)) for page, title in PAGES]
        self._tabs = SegmentedControl(
            tabs,
            name=tr("Settings"),
            padding=3,
            is_small=True,
            columns=self._column_count(label for _, label in tabs),
            is_tabs=True,
        )
        self._tabs.expand()
        self._tabs.chosen.connect(self.show_page)
        self._stack = QStackedWidget()
        for page, _ in PAGES:
            self._stack.addWidget(self._create_area(page))
        foot = PlainLabel(tr("Settings are stored on this computer."), role="note", wraps=True)
        head = row_of((title, 1), self._help_button, self._close_button, margins=(0, 0, 6, 0))
        tab_row = row_of(self._tabs, margins=(0, 0, _SCROLL_BAR_WIDTH, 0))
        frame_margins = (15, 8, _SCROLL_BAR_WIDTH - 6, 12)
        column_of(
            head, tab_row, (self._stack, 1), foot, parent=self, margins=frame_margins, spacing=10
        )
        self.update_theme()

    def _column_count(self, labels: Iterable[str]) -> int:
        """Return the number of tabs in a row."""
        font = current_theme().note()
        font.setWeight(font.Weight.DemiBold)
        max_label_width = max(painting.text_width(label, font) for label in labels)
        available_width = current_theme().px(PANEL_WIDTH - 3 * _SCROLL_BAR_WIDTH)
        fits = _MAX_TABS_IN_ROW * (max_label_width + current_theme().px(6)) <= available_width
        return _MAX_TABS_IN_ROW if fits else _MIN_TABS_IN_ROW

    def _create_area(self, page: str) -> QWidget:
        """Create the scrolling container of a page."""
        content = QWidget()
        content.setObjectName(f"settings-{page}")
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        self._page_layouts[page] = layout
        area = self._areas[page] = scroll_area_of(content)
        area.verticalScrollBar().rangeChanged.connect(self._update_margins)
        return area

    def _request_help(self) -> None:
        self.help_requested.emit(f"settings-{self.page}")

    def update_theme(self) -> None:
        if not self._areas:
            return
        px = current_theme().px
        set_icon(self._close_button, "x", current_theme().dim, px(16))
        self._update_margins()

    def _update_margins(self) -> None:
        """Keep the right edge of the pages fixed, with or without a scroll bar in the margin."""
        px = current_theme().px
        for page, layout in self._page_layouts.items():
            area = self._areas.get(page)
            has_bar = area is not None and area.verticalScrollBar().maximum() > 0
            layout.setContentsMargins(
                *margins(0, px(4), px(2 if has_bar else _SCROLL_BAR_WIDTH), px(8))
            )


def _focus_first_part(field: QWidget) -> None:
    """Focus a field, or its first part that accepts the focus."""
    widgets = (field, *field.findChildren(QWidget))
    target = next(
        (widget for widget in widgets if widget.focusPolicy() & Qt.FocusPolicy.TabFocus), None
    )
    if target is not None:
        target.setFocus(Qt.FocusReason.ShortcutFocusReason)
