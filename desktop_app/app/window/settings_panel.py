"""The page of the settings: the names of its sides, a search over all settings, and one side.

A side is created when it is first shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListWidgetItem,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_app.app.window.settings_pages import SettingsPages
from desktop_app.i18n.translation import N_, tr
from desktop_app.settings.schema import SETTINGS
from desktop_app.settings.setting import SettingsPlace
from desktop_app.widgets.boxes import STRETCH, column_of, margins_of, row_of
from desktop_app.widgets.forms.form_widgets import CollapsibleSection
from desktop_app.widgets.forms.tab_order import focus_first_part
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.rows.row_view import ChoiceList
from desktop_app.widgets.text.foreign_text import PlainLabel, one_line, spoken_text
from desktop_app.widgets.windows import scroll_area_of

SIDES: Final = (
    ("provider", N_("Accounts")),
    ("models", N_("Models")),
    ("answer", N_("Chat")),
    ("voice", N_("Voice")),
    ("look", N_("Look")),
    ("library", N_("Data")),
)
LISTED: Final = (
    *SIDES,
    ("advanced", N_("Advanced")),
    ("keys", N_("Shortcuts")),
    ("about", N_("About")),
)
"""Those that the list names."""
PAGES: Final = (*LISTED, ("servers", N_("Tool servers")))
_TITLES: Final = dict(PAGES)

# Space at the right for a scroll bar, so that the page keeps its width. In pixels at the default
# text size.
_SCROLL_BAR_WIDTH: Final = 12
_LIST_WIDTH: Final = 150
_NARROW_LIST_WIDTH: Final = 104
_ROW_HEIGHT: Final = 32
_MAX_WIDTH: Final = 760
_NARROW: Final = 520
"""Below this width of the page, the list is narrow."""
_PAGE_ROLE: Final = Qt.ItemDataRole.UserRole


class SettingsPanel(QFrame):
    """The settings panel.

    Its frame is created when it is first shown, because start-up needs no more, and a page when the
    window has its session.

    Attributes:
        pages: the pages, which controllers fill.

    Signals:
        show_requested(): the window must show the panel.
        page_shown(str): another page is shown.
        shown(): the panel is shown.
        help_requested(): open the help.
    """

    show_requested = Signal()
    page_shown = Signal(str)
    shown = Signal()
    help_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("settings")
        self.setWindowTitle(tr("Settings"))
        self.pages = SettingsPages(self, (name for name, _ in PAGES))
        self._has_pages = False
        self._places: Sequence[SettingsPlace] = ()
        self._areas: dict[str, QScrollArea] = {}
        self._layouts: dict[str, QVBoxLayout] = {}
        self._page = self._side = SIDES[0][0]  # the page, and the side that it was reached from

    def make_pages_with(
        self, make: Callable[[str], QWidget], places: Sequence[SettingsPlace] = ()
    ) -> None:
        """Set what makes a page of a name; show a page if the panel is shown.

        Args:
            places: what can be found besides the settings of the schema.
        """
        self.pages.make_with(make)
        self._places = places
        self._has_pages = True
        if self._areas:
            self.show_page(self._page)

    # ------------------------------------------------------------------ the shown page

    def request_show(self) -> None:
        """Ask the window to show the panel. Call this before showing one of its pages."""
        self.show_requested.emit()

    def show_page(self, page: str) -> None:
        """Show a page, by its name in PAGES."""
        self._ensure_built()
        layout = self._layouts[page]
        if not layout.count() and self._has_pages:
            widget = self.pages.by_name[page].page
            layout.addWidget(widget)
            widget.show()
        self._page = page
        if page in self._items:
            self._side = page
        self._search.clear()
        self._list.choose(self._list.indexFromItem(self._items[self._side]))
        self._stack.setCurrentWidget(self._areas[page])
        self._arrange()
        self.page_shown.emit(page)

    @property
    def page(self) -> str:
        return self._page

    def show_folder(self) -> None:
        """Show the settings of the current folder."""
        self.show_page("answer")
        self.pages.by_name["answer"].page.show_scope("folder")

    def show_setting(self, page: str, key: str) -> None:
        """Show a page, scroll to one of its fields or the title of a section, and focus it."""
        self.show_page(page)
        field = self._areas[page].findChild(QWidget, key) if key else None
        if page == "provider" and key == "base-url":
            network = self.pages.by_name[page].page.network
            if field is None or network.isAncestorOf(field):  # few makers' users change it
                self.show_setting("advanced", key)
                return
        if field is None:
            return
        for section in self._areas[page].findChildren(CollapsibleSection):
            if section.isAncestorOf(field):
                section.expand()
                if section.head is field:
                    return
        if page in ("answer", "advanced"):
            self.pages.by_name[page].page.show_row(key)

        def show() -> None:
            # Not earlier, because a new page has no layout until it is visible.
            self._areas[page].ensureWidgetVisible(field)
            focus_first_part(field, Qt.FocusReason.ShortcutFocusReason)

        self._call_when_visible(self.pages.by_name[page].page, show)

    def focus_key_field(self) -> None:
        """Show the Accounts page and focus its key field."""
        self.show_page("provider")
        page = self.pages.by_name["provider"].page
        self._call_when_visible(page, page.focus_key_field)

    def _call_when_visible(self, page: QWidget, focus: Callable[[], None]) -> None:
        """Call `focus` once the page is visible.

        Qt shows a new child of a visible widget only when it processes the next events, and a
        hidden widget cannot get the focus.
        """
        if page.isVisible():
            focus()
        else:
            QTimer.singleShot(0, self, focus)

    # ------------------------------------------------------------------ search

    def _entries(self) -> list[SettingsPlace]:
        """Return everything that can be found, with translated words."""
        entries = [place._replace(words=tr(place.words)) for place in self._places]
        for setting in SETTINGS:
            if setting.page:
                words = " ".join(map(tr, setting.search_texts))
                entries.append(SettingsPlace(setting.label, setting.page, setting.key, words))
        return entries

    def _show_results(self, typed: str) -> None:
        """List the settings of all pages that contain every typed word."""
        words = typed.casefold().split()
        self._results.clear()
        for entry in self._entries() if words else ():
            title = tr(entry.title)
            searched = f"{title} {tr(_TITLES[entry.page])} {entry.words}".casefold()
            if all(word in searched for word in words):
                label = one_line(f"{title}  ·  {tr(_TITLES[entry.page])}")
                item = QListWidgetItem(label, self._results)
                item.setData(_PAGE_ROLE, entry)
        is_empty = bool(words) and not self._results.count()
        self._nothing_found.setVisible(is_empty)
        self._results.setVisible(not is_empty)
        self._results.choose(self._results.model().index(0, 0))
        self._body.setCurrentIndex(1 if words else 0)

    def _open_result(self) -> None:
        item = self._results.itemFromIndex(self._results.chosen_index)
        if item is not None:
            entry: SettingsPlace = item.data(_PAGE_ROLE)
            self.show_setting(entry.page, entry.name)

    # ------------------------------------------------------------------ events

    def showEvent(self, event: QShowEvent) -> None:
        """Create the frame and its first page when the panel is first shown."""
        if not self._areas:
            self.show_page(self._page)
        super().showEvent(event)
        self.shown.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._areas:
            self._arrange()

    def focus_tabs(self, reason: Qt.FocusReason) -> None:
        """Focus the list of sides.

        If the panel had the focus, a screen reader would announce it, too.
        """
        self._ensure_built()
        self._list.setFocus(reason)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Pass the focus on. A focus proxy would hide the close button from Tab."""
        self.focus_tabs(event.reason())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Move between the search field and the lists; what is typed in a list is searched for."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return False
        key = event.key()
        if watched is self._search:
            if key == Qt.Key.Key_Escape and self._search.text():
                self._search.clear()
                return True
            if key == Qt.Key.Key_Down:
                (self._results if self._search.text() else self._list).setFocus()
                return True
            return False
        if watched is self._results and key == Qt.Key.Key_Escape:
            self._search.clear()
            self._search.setFocus()
            return True
        if watched is self._results and key == Qt.Key.Key_Up and not self._results.currentRow():
            self._search.setFocus()
            return True
        if event.text().strip() and event.text().isprintable():
            self._search.setFocus()
            self._search.insert(event.text())
            return True
        return False

    # ------------------------------------------------------------------ construction

    def _ensure_built(self) -> None:
        if self._areas:
            return
        self._title = PlainLabel(role="title")
        self._search = QLineEdit()
        self._search.setObjectName("settings-search")
        self._search.setAccessibleName(spoken_text(tr("Search settings")))
        self._search.setPlaceholderText(tr("Search settings"))
        self._search.setClearButtonEnabled(True)
        self._build_lists()
        self._stack = QStackedWidget()
        for page, _ in PAGES:
            content = QWidget()
            content.setObjectName(f"settings-{page}")
            self._layouts[page] = column_of(parent=content, margins=0)
            area = self._areas[page] = scroll_area_of(content)
            area.verticalScrollBar().rangeChanged.connect(self._update_margins)
            self._stack.addWidget(area)
        self._body = QStackedWidget()
        pages, results = QWidget(), QWidget()
        column_of(self._title, (self._stack, 1), parent=pages, margins=0, spacing=6)
        column_of(
            self._nothing_found,
            (self._results, 1),
            parent=results,
            margins=(0, 0, _SCROLL_BAR_WIDTH, 0),
        )
        self._body.addWidget(pages)
        self._body.addWidget(results)
        side = column_of(self._search, (self._body, 1), margins=0, spacing=14)
        margins = (16, 8, _SCROLL_BAR_WIDTH - 6, 12)
        row_of(self._list, (side, 100), STRETCH, parent=self, margins=margins, spacing=14)
        for widget in (self._search, self._list, self._results):
            widget.installEventFilter(self)
        self._list.show()  # now, or it could not get the focus
        self._search.textChanged.connect(self._show_results)
        self._search.returnPressed.connect(self._open_result)
        self.update_theme()

    def _build_lists(self) -> None:
        self._list = ChoiceList()
        self._list.setObjectName("settings-pages")
        self._list.setAccessibleName(spoken_text(tr("Settings")))
        self._items: dict[str, QListWidgetItem] = {}
        for page, title in LISTED:
            item = self._items[page] = QListWidgetItem(tr(title), self._list)
            item.setData(_PAGE_ROLE, page)
        self._results = ChoiceList()
        self._results.setObjectName("settings-results")
        self._results.setAccessibleName(spoken_text(tr("Search results")))
        self._nothing_found = PlainLabel(tr("Nothing found"), role="note")
        for view in (self._list, self._results):
            set_role(view, "choices")
            view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # A screen reader's action selects an item, without making it current.
        self._list.itemSelectionChanged.connect(self._open_selected)
        self._list.itemClicked.connect(self._open_item)
        self._list.itemActivated.connect(self._open_item)
        self._results.itemClicked.connect(lambda _item: self._open_result())
        self._results.itemActivated.connect(lambda _item: self._open_result())

    def _open_selected(self) -> None:
        for item in self._list.selectedItems():
            if item is not self._items[self._side]:
                self._open_item(item)

    def _open_item(self, item: QListWidgetItem) -> None:
        self.show_page(str(item.data(_PAGE_ROLE)))

    def _arrange(self) -> None:
        """Name a page that the list does not, and fit the list to the width."""
        self._title.setText(tr(_TITLES[self._page]))
        self._title.setVisible(self._page not in self._items)
        px = current_theme().px
        width = px(_NARROW_LIST_WIDTH if self.width() < px(_NARROW) else _LIST_WIDTH)
        self._list.setFixedWidth(width)
        for item in self._items.values():
            item.setSizeHint(QSize(0, px(_ROW_HEIGHT)))
        for widget in (self._search, self._body):
            widget.setMaximumWidth(px(_MAX_WIDTH))

    def update_theme(self) -> None:
        if self._areas:
            self._arrange()
            self._update_margins()

    def _update_margins(self) -> None:
        """Keep the right edge of the pages fixed, with or without a scroll bar in the margin."""
        px = current_theme().px
        for page, area in self._areas.items():
            has_bar = area.verticalScrollBar().maximum() > 0
            right = px(2 if has_bar else _SCROLL_BAR_WIDTH)
            self._layouts[page].setContentsMargins(*margins_of(0, px(4), right, px(8)))
