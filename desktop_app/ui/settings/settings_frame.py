"""The frame around the pages of the settings: tabs, close button, scroll areas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from desktop_app.i18n.translation import N_, tr
from desktop_app.ui.look import painting
from desktop_app.ui.look.icons import set_icon
from desktop_app.ui.look.mirroring import margins
from desktop_app.ui.look.theme import PANEL_WIDTH, current_theme
from desktop_app.ui.widgets.boxes import column_of, row_of
from desktop_app.ui.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.ui.widgets.text.foreign_text import (
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


class SettingsFrame(QWidget):
    """Tabs over pages that are created when they are first shown.

    Args:
        page_factories: the functions that create the pages, by page name.

    Signals:
        close_requested(): the close button was pressed.
        help_requested(str): open the help for the shown page, given as "settings-PAGE".
        page_shown(str): the name of the page that is now shown.
    """

    close_requested = Signal()
    help_requested = Signal(str)
    page_shown = Signal(str)

    def __init__(
        self, page_factories: Mapping[str, Callable[[], QWidget]], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._page_factories = page_factories
        self._page_layouts: dict[str, QVBoxLayout] = {}
        self._areas: dict[str, QScrollArea] = {}
        self._build()

    def show_page(self, page: str) -> None:
        """Show a page, creating it if needed."""
        if not self._page_layouts[page].count():
            widget = self._page_factories[page]()
            self._page_layouts[page].addWidget(widget)
            widget.show()
        previous_page = self._tabs.current()
        has_keyboard = previous_page is not None and self._tabs.button(previous_page).hasFocus()
        self._tabs.set_current(page)
        if has_keyboard:
            self.focus_tabs(Qt.FocusReason.ShortcutFocusReason)
        self._stack.setCurrentIndex([name for name, _ in PAGES].index(page))
        self.page_shown.emit(page)

    @property
    def page(self) -> str:
        """Return the name of the shown page."""
        return self._tabs.current() or PAGES[0][0]

    def focus_tabs(self, reason: Qt.FocusReason) -> None:
        """Focus the tab of the shown page."""
        self._tabs.button(self.page).setFocus(reason)

    def ensure_visible(self, page: str, part: QWidget) -> None:
        """Scroll a page until a part of it is visible."""
        self._areas[page].ensureWidgetVisible(part)

    def _build(self) -> None:
        from desktop_app.ui.widgets.buttons.dialog_button import (
            HelpButton,  # not needed at start-up
        )

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
        # Not needed at start-up.
        from desktop_app.ui.widgets.forms.fitting_dialog import scroll_area_of

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
