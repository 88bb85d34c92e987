"""The toolbar of the document viewer: name, cited place, pages, zoom and actions."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent
from PySide6.QtWidgets import QSpinBox, QWidget

from desktop_app.documents.ui.viewer_pages import ViewerPages
from desktop_app.i18n.formatting import percent
from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import row_of
from desktop_app.widgets.buttons.dialog_button import IconButton
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.elided_label import ElidedLabel
from desktop_app.widgets.text.foreign_text import PlainLabel, one_line, set_tooltip, spoken_text

_MAX_PASSAGE_PLACE_CHARACTERS: Final = 60


class ViewerToolbar(QWidget):
    """The toolbar; it turns and zooms the pages itself.

    Attributes:
        original_button: opens the file in the system's application.

    Signals:
        mark_requested(): go back to the cited passage.
        find_requested(): search in the document.
        original_requested(): open the file in the system's application.
    """

    mark_requested = Signal()
    find_requested = Signal()
    original_requested = Signal()

    def __init__(self, pages: ViewerPages) -> None:
        super().__init__()
        self._pages = pages
        middle = Qt.TextElideMode.ElideMiddle
        self._name = ElidedLabel(name="viewer-name", role="strong", elide_mode=middle)
        self._passage_place = PlainLabel(name="viewer-place", role="note")
        self._page = QSpinBox(minimum=1)
        self._page.setKeyboardTracking(False)
        self._page.setGroupSeparatorShown(True)
        self._page.setObjectName("viewer-page")
        self._page.setAccessibleName(tr("Page"))
        self._page.valueChanged.connect(pages.go_to)
        self._page.lineEdit().returnPressed.connect(
            lambda: pages.setFocus(Qt.FocusReason.OtherFocusReason)
        )
        self._zoom = PlainLabel(name="viewer-zoom", role="note")
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._fit_button = IconButton(
            "viewer-fit", "move-horizontal", tr("Fit width"), pages.fit_width
        )
        self._mark_button = IconButton(
            "viewer-mark", "highlighter", tr("Back to passage"), self.mark_requested.emit
        )
        self.original_button = IconButton(
            "viewer-original",
            "external-link",
            tr("Open in default app"),
            self.original_requested.emit,
        )
        find = tr("Find in document ({keys})", keys=shortcut_text(QKeySequence.StandardKey.Find))
        self._page_tools = QWidget()
        row_of(
            self._page,
            IconButton("viewer-smaller", "minus", tr("Zoom out"), lambda: pages.step_zoom(-1)),
            self._zoom,
            IconButton("viewer-larger", "plus", tr("Zoom in"), lambda: pages.step_zoom(+1)),
            self._fit_button,
            parent=self._page_tools,
            margins=0,
            spacing=4,
        )
        row_of(
            (self._name, 1),
            self._passage_place,
            self._mark_button,
            self._page_tools,
            IconButton("viewer-find", "search", find, self.find_requested.emit),
            self.original_button,
            parent=self,
            margins=(14, 7, 10, 7),
            spacing=8,
        )
        pages.page_changed.connect(lambda _: self._show_page())
        pages.zoom_changed.connect(lambda _: self._show_zoom())
        self.update_theme()

    def set_document(self, title: str, passage_place: str) -> None:
        """Show the name of a document, and the place of its cited passage; "" for no passage."""
        self._name.setText(title)
        self._passage_place.setText(one_line(passage_place, _MAX_PASSAGE_PLACE_CHARACTERS))
        set_tooltip(self._passage_place, passage_place)
        self._mark_button.setVisible(bool(passage_place))
        self._fit_width()

    def set_pages_shown(self, are_shown: bool) -> None:
        """Show the tools for pages if the pages are shown."""
        self._page_tools.setVisible(are_shown)

    def update_pages(self) -> None:
        """Show the number of pages and the current page."""
        with QSignalBlocker(self._page):
            self._page.setMaximum(self._pages.count)
            self._page.setSuffix(" " + tr("of {count}", count=self._pages.count))
        self._show_page()

    def step_page(self, step: int) -> None:
        """Go to the next (+1) or previous (-1) page, if pages are shown."""
        if not self._page_tools.isHidden():
            self._page.stepBy(step)

    def focus_page_field(self) -> None:
        """Focus the field with the page number, if pages are shown."""
        if self._page_tools.isVisible():
            self._page.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self._page.selectAll()

    def update_theme(self) -> None:
        self._zoom.setFixedWidth(current_theme().px(44))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_width()

    def _fit_width(self) -> None:
        """Show the place from 700 pixels of width on, and the zoom and Fit width from 560 on."""
        is_narrow = self.width() < current_theme().px(560)
        self._zoom.setVisible(not is_narrow)
        self._fit_button.setVisible(not is_narrow)
        self._passage_place.setVisible(
            bool(self._passage_place.text()) and self.width() >= current_theme().px(700)
        )

    def _show_page(self) -> None:
        with QSignalBlocker(self._page):
            self._page.setValue(self._pages.page)

    def _show_zoom(self) -> None:
        zoom_text = percent(self._pages.percent)
        self._zoom.setText(zoom_text)
        self._zoom.setAccessibleName(spoken_text(tr("Zoom: {percent}", percent=zoom_text)))
