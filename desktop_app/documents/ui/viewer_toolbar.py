"""The toolbar of the document viewer: name, cited place, pages, zoom and actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtGui import QIntValidator, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from desktop_app.documents.ui.viewer_pages import ViewerPages
from desktop_app.i18n.formatting import percent
from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import row_of
from desktop_app.widgets.buttons.dialog_button import IconButton
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.elided_label import ElidedLabel
from desktop_app.widgets.text.foreign_text import PlainLabel, one_line, set_tooltip, spoken_text

_ICON: Final = 17
"""Pixels at the default text size."""
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
        self._page_count = PlainLabel(role="note")
        self._field = QLineEdit()
        self._field.setObjectName("viewer-page")
        self._field.setAccessibleName(tr("Page"))
        self._field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._page_range = QIntValidator(self._field)
        self._field.setValidator(self._page_range)
        self._field.returnPressed.connect(self._go_to_typed_page)
        self._zoom = PlainLabel(name="viewer-zoom", role="note")
        self._page_tools = QWidget()
        self._buttons: list[IconButton] = []
        self._lay_out()
        pages.page_changed.connect(lambda _: self._show_page())
        pages.zoom_changed.connect(lambda _: self._show_zoom())
        self.update_theme()

    def _lay_out(self) -> None:
        pages = self._pages
        button = self._add_button
        find = tr("Find in document ({keys})", keys=shortcut_text(QKeySequence.StandardKey.Find))
        self._previous_button = button(
            "viewer-previous", "chevron-up", tr("Previous page"), lambda: self.step_page(-1)
        )
        self._next_button = button(
            "viewer-next", "chevron-down", tr("Next page"), lambda: self.step_page(+1)
        )
        self._fit_button = button("viewer-fit", "move-horizontal", tr("Fit width"), pages.fit_width)
        self._mark_button = button(
            "viewer-mark", "highlighter", tr("Back to passage"), self.mark_requested.emit
        )
        self.original_button = button(
            "viewer-original",
            "external-link",
            tr("Open in default app"),
            self.original_requested.emit,
        )
        row_of(
            self._previous_button,
            self._field,
            self._page_count,
            self._next_button,
            button("viewer-smaller", "minus", tr("Zoom out"), lambda: pages.step_zoom(-1)),
            self._zoom,
            button("viewer-larger", "plus", tr("Zoom in"), lambda: pages.step_zoom(+1)),
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
            button("viewer-find", "search", find, self.find_requested.emit),
            self.original_button,
            parent=self,
            margins=(14, 7, 10, 7),
            spacing=8,
        )

    def _add_button(
        self, name: str, icon: str, label: str, on_clicked: Callable[[], object]
    ) -> IconButton:
        button = IconButton(name, icon, label, on_clicked)
        self._buttons.append(button)
        return button

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
        self._page_range.setRange(1, self._pages.count)
        self._page_count.setText(tr("of {count}", count=self._pages.count))
        self._show_page()

    def step_page(self, step: int) -> None:
        """Go to the next (+1) or previous (-1) page, if pages are shown."""
        if not self._page_tools.isHidden():
            self._pages.go_to(self._pages.page + step)

    def focus_page_field(self) -> None:
        """Focus the field with the page number, if pages are shown."""
        if self._page_tools.isVisible():
            self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self._field.selectAll()

    def update_theme(self) -> None:
        theme = current_theme()
        px = theme.px
        self._field.setFixedWidth(px(58))
        self._zoom.setFixedWidth(px(44))
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignCenter)

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

    def _go_to_typed_page(self) -> None:
        if self._field.hasAcceptableInput():
            # The validator accepts the separators of the locale, as in "1,200".
            self._pages.go_to(QLocale().toInt(self._field.text())[0])
        self._show_page()
        self._pages.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_page(self) -> None:
        page, count = self._pages.page, self._pages.count
        self._field.setText(str(page))
        self._previous_button.setEnabled(page > 1)
        self._next_button.setEnabled(page < count)

    def _show_zoom(self) -> None:
        zoom_text = percent(self._pages.percent)
        self._zoom.setText(zoom_text)
        self._zoom.setAccessibleName(spoken_text(tr("Zoom: {percent}", percent=zoom_text)))
