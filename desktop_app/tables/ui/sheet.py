"""A form over the page of a table, at the head of its column."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHeaderView, QLayout, QWidget

from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.buttons.dialog_button import IconButton, dialog_button
from desktop_app.widgets.forms.form_widgets import Note, line_field
from desktop_app.widgets.look.direction import is_mirrored
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.foreign_text import PlainLabel, spoken_text
from desktop_app.widgets.windows import scroll_area_of

_WIDTH: Final = 480
_MARGINS: Final = (14, 10, 12, 12)
_SPACING: Final = 8


class Sheet(QFrame):
    """A form with its buttons below, as large as its content needs and the page allows.

    Args:
        page: what it lies over.
        header: the heads of the columns.
        section: the column that it is about; a number that none has for a new one.

    Signals:
        closed(): it was closed, by Esc, its cross or its buttons.
    """

    closed = Signal()

    def __init__(
        self, page: QWidget, header: QHeaderView, section: int, name: str, title: str
    ) -> None:
        super().__init__(page)
        self._header, self._section = header, section
        self.setObjectName(name)
        self.setAccessibleName(spoken_text(title))
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        set_role(self, "palette")
        self.title = PlainLabel(title, role="strong")
        close = IconButton(f"{name}-close", "x", tr("Close"), self.close_sheet)
        self.title_row = row_of((self.title, 1), close, spacing=6)
        self.body = QWidget()
        self.hide()
        for source in (page, header, self.body):
            source.installEventFilter(self)

    def _build(self, body: QLayout, foot: QLayout) -> None:
        self.body.setLayout(body)
        self._area = scroll_area_of(self.body)
        self._foot = foot
        rows = (self.title_row, (self._area, 1), foot)
        column_of(*rows, parent=self, margins=_MARGINS, spacing=_SPACING)

    def open_sheet(self, focus: QWidget) -> None:
        """Show the sheet, with the focus in a field."""
        self.show()
        self.raise_()
        self.place()
        focus.setFocus(Qt.FocusReason.OtherFocusReason)

    def close_sheet(self) -> None:
        """Remove the sheet."""
        if not self.isHidden():
            self.hide()
            self.deleteLater()
            self.closed.emit()

    def place(self) -> None:
        """Put the sheet below its head, or as high as it fits."""
        page, header = self.parentWidget(), self._header
        assert page is not None
        theme = current_theme()
        width = min(theme.px(_WIDTH), page.width())
        inner = width - theme.px(_MARGINS[0] + _MARGINS[2])
        layout = self.body.layout()
        assert layout is not None
        height = layout.totalMinimumHeightForWidth(inner)
        if not layout.hasHeightForWidth():
            height = layout.totalMinimumSize().height()
        for row in (self.title_row, self._foot):
            height += row.sizeHint().height() + theme.px(_SPACING)
        height = min(height + theme.px(_MARGINS[1] + _MARGINS[3]) + 4, page.height())
        is_new = not 0 <= self._section < header.count()
        last = header.count() - 1
        at = header.sectionViewportPosition(last if is_new else self._section)
        if is_new is not is_mirrored():
            at += header.sectionSize(last if is_new else self._section)
        head = header.viewport().mapTo(page, QPoint(at, header.height()))
        left = head.x() - width if is_mirrored() else head.x()
        left = max(0, min(left, page.width() - width))
        top = max(0, min(head.y(), page.height() - height))
        self.setGeometry(QRect(left, top, width, height))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        wanted = QEvent.Type.LayoutRequest if watched is self.body else QEvent.Type.Resize
        if event.type() == wanted and not self.isHidden():
            self.place()
        return False

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest and not self.isHidden():
            self.place()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close on Esc."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_sheet()
        else:
            super().keyPressEvent(event)

    def update_theme(self) -> None:
        if not self.isHidden():
            self.place()


class NameSheet(Sheet):
    """The name of a column of data.

    Signals:
        confirmed(str): the name.
    """

    confirmed = Signal(str)

    def __init__(
        self, page: QWidget, header: QHeaderView, section: int, title: str, name: str = ""
    ) -> None:
        super().__init__(page, header, section, "table-name-sheet", title)
        self.name = line_field(tr("Column name"), "table-new-name")
        self.name.setText(name)
        self.name.selectAll()
        self.save_button = dialog_button(tr("Save"), "table-name-save", "primary")
        self.save_button.clicked.connect(self._confirm)
        self.name.returnPressed.connect(self._confirm)
        self._build(column_of(self.name), row_of(1, self.save_button))

    def _confirm(self) -> None:
        if name := " ".join(self.name.text().split()):
            self.close_sheet()
            self.confirmed.emit(name)


class RangeSheet(Sheet):
    """The least and the most of what is shown of a column.

    Signals:
        confirmed(str, str): both as they were typed.
    """

    confirmed = Signal(str, str)

    def __init__(self, page: QWidget, header: QHeaderView, section: int, title: str) -> None:
        super().__init__(page, header, section, "table-range", title)
        self.least = line_field(tr("At least"), "table-range-least")
        self.most = line_field(tr("At most"), "table-range-most")
        self.error = Note(object_name="table-range-error")
        self.error.describe(self.least, self.most)
        self.show_button = dialog_button(tr("Show"), "table-range-show", "primary")
        for signal in (self.show_button.clicked, self.least.returnPressed, self.most.returnPressed):
            signal.connect(lambda *_: self.confirmed.emit(self.least.text(), self.most.text()))
        fields = row_of((self.least, 1), (self.most, 1), spacing=6)
        self._build(column_of(fields, self.error), row_of(1, self.show_button))
