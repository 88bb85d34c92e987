"""The widgets of forms: a titled section, a note, and fields of one style."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLayout,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QSlider,
    QStyledItemDelegate,
    QStyleOptionComboBox,
    QWidget,
)

from desktop_app.domain.places import LinkedText, plain_text
from desktop_app.i18n.translation import tr
from desktop_app.widgets.announcements import announce
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.look.direction import in_own_direction
from desktop_app.widgets.look.icons import icon
from desktop_app.widgets.look.popup_card import make_card
from desktop_app.widgets.look.theme import ROW_HEIGHT, current_theme, set_role
from desktop_app.widgets.text.foreign_text import (
    PlainLabel,
    PlainTextField,
    PlainToolButton,
    one_line,
    set_tooltip,
    spoken_text,
)
from desktop_app.widgets.text.linked_label import LinkedLabel

Tone = Literal["note", "warning", "error"]
_ROLES: Final = {"note": "note", "warning": "warning-note", "error": "error"}

_MAX_CHOICE_CHARS: Final = 200

TYPING_PAUSE_MS: Final = 600
"""A text is reported as changed after this pause in typing."""


class Note(LinkedLabel):
    """A short dimmed text that wraps; hidden while empty.

    Errors are announced, because the focus stays in the field that they are about.

    Args:
        keeps_lines: as `PlainLabel`, for texts without links.
    """

    def __init__(self, text: str = "", *, object_name: str = "", keeps_lines: bool = False) -> None:
        super().__init__(keeps_lines=keeps_lines)
        self.setObjectName(object_name)
        self._plain_text = ""
        self._described_fields: tuple[QWidget, ...] = ()
        self.setWordWrap(True)
        self.update_theme()
        self.set_text(text)

    def set_text(
        self, text: str | LinkedText, tone: Tone = "note", *, is_result: bool = False
    ) -> None:
        """Show a text, with links to places if it has any; "" hides the note.

        Args:
            is_result: whether an action led to the text, which is then announced like an error.
        """
        plain = text if isinstance(text, str) else plain_text(text)
        is_new = plain != self._plain_text
        self._plain_text = plain
        self.describe(*self._described_fields)  # again, because the description has changed
        set_role(self, _ROLES[tone])
        if isinstance(text, str):
            self.setText(text)
        else:
            self.set_linked_text(text)
        if not text or self.parentWidget() is not None:  # shown without a parent, it is a window
            self.setVisible(bool(text))
        if is_new and self.isVisible() and (is_result or tone == "error"):
            announce(self, plain)

    def describe(self, *fields: QWidget) -> None:
        """Make the text the description of fields, spoken by a screen reader after their names."""
        self._described_fields = fields
        for field in fields:
            field.setAccessibleDescription(spoken_text(self._plain_text))

    def update_theme(self) -> None:
        theme = current_theme()
        self.setFont(theme.note())


class FormSection(QWidget):
    """A title, the fields below it, and a note.

    Attributes:
        title, note: the labels.
        body: the layout of the fields.
    """

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = PlainLabel(title, role="strong", wraps=True)
        self.note = Note()
        self.body = column_of(spacing=6)
        self._column = column_of(
            self.title, self.body, self.note, parent=self, margins=0, spacing=4
        )
        # Show it only now: a widget shown without a parent becomes a window and takes the focus.
        self.title.setVisible(bool(title))

    def add(self, widget: QWidget) -> None:
        """Add a widget below the note."""
        self._column.addWidget(widget)

    def event(self, event: QEvent) -> bool:
        """Have assistive technology read the parts in the order in which they are placed."""
        if event.type() in (QEvent.Type.Show, QEvent.Type.LayoutRequest):
            parts = list(_widgets_in(self._column))
            if [child for child in self.children() if child in parts] != parts:
                for part in parts:
                    part.raise_()
        return super().event(event)


def _widgets_in(layout: QLayout) -> Iterator[QWidget]:
    for index in range(layout.count()):
        item = layout.itemAt(index)
        assert item is not None
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            yield widget
        elif inner is not None:
            yield from _widgets_in(inner)


class AnswerSection(FormSection):
    """What a feature shows below the settings of answers."""

    def show_scope(self, folder_id: str | None) -> None:
        """Show what is of a folder, of all conversations for "", or with None nothing."""
        raise NotImplementedError


class SettingsSection(FormSection):
    """What a feature shows on another's page of the settings, with settings of its own.

    Signals:
        changed(str, object): the key of a setting and its value.
    """

    changed = Signal(str, object)

    def set_values(self, values: Mapping[str, object]) -> None:
        raise NotImplementedError


class LineSection(FormSection):
    """A single-line text field with a title.

    Attributes:
        field: the line edit.

    Signals:
        finished(str): the user changed the text and left the field or pressed Enter.
    """

    finished = Signal(str)

    def __init__(self, title: str, name: str) -> None:
        super().__init__(title)
        self.field = QLineEdit()
        self.field.setObjectName(name)
        self.field.setAccessibleName(spoken_text(title))
        self.title.setBuddy(self.field)
        self.note.describe(self.field)
        self.body.addWidget(self.field)
        self._reported_text = ""  # as last shown or reported
        self.field.editingFinished.connect(self.report_edits)

    def show_value(self, text: str, *, read_only: bool = False) -> None:
        """Show a stored value, unless the user is typing another."""
        is_typing = self.field.hasFocus() and self.field.text().strip() != self._reported_text
        if is_typing:
            self._reported_text = text  # what is typed is reported if it differs from this
            return
        if self.field.text() != text:  # setText would move the caret and drop the selection
            self.field.setText(text)
            self.field.setCursorPosition(0)
        self._reported_text = self.field.text().strip()  # a line edit may drop characters
        self.field.setReadOnly(read_only)

    def report_edits(self) -> None:
        """Emit `finished` for a valid text that was typed but not reported yet."""
        text = self.field.text().strip()
        if text != self._reported_text and self.field.hasAcceptableInput():
            self._reported_text = text
            self.finished.emit(text)


class ReadOnlyLine(QLineEdit):
    def __init__(self, label: str, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(spoken_text(label))
        self.setReadOnly(True)

    def show_text(self, text: str, tooltip: str) -> None:
        """Show the beginning of `text` as a single line."""
        self.setText(one_line(text))
        self.setCursorPosition(0)
        set_tooltip(self, tooltip)


class Combo(QComboBox):
    """A drop-down list; the mouse wheel does not change the choice."""

    def __init__(self, name: str, *, object_name: str = "") -> None:
        super().__init__()
        self.setObjectName(object_name)
        self.setAccessibleName(spoken_text(name))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.setItemDelegate(QStyledItemDelegate(self))  # else Qt paints the rows as a menu's
        make_card(self.view().window())
        self.currentTextChanged.connect(lambda _text: self._update_tooltip())

    def addItem(self, text: str, data: object = None) -> None:  # type: ignore[override]
        """Add an item, its label cut to a single line."""
        super().addItem(in_own_direction(one_line(text, _MAX_CHOICE_CHARS)), data)

    def fill(self, items: Iterable[tuple[str, object]], current: object = None) -> None:
        """List other items: labels and data. Select that of `current`, else the first one.

        The caller knows of the change, so no signal reports it.
        """
        with QSignalBlocker(self):
            self.clear()
            for label, data in items:
                self.addItem(label, data)
            self.setCurrentIndex(max(0, self.findData(current)))
        self._update_tooltip()

    def setItemText(self, index: int, text: str) -> None:
        super().setItemText(index, in_own_direction(one_line(text, _MAX_CHOICE_CHARS)))

    def showPopup(self) -> None:
        self.view().setAccessibleName(spoken_text(self.accessibleName()))
        super().showPopup()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._update_tooltip()

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:
        super().initStyleOption(option)
        option.currentText = self._elided_text()

    def _update_tooltip(self) -> None:
        """Show the current text as a tooltip if it is elided."""
        text = self.currentText()
        set_tooltip(self, text if self._elided_text() != text else "")

    def _elided_text(self) -> str:
        """Return the current text, elided before the arrow."""
        # Without the padding, the arrow and the border, which the style sheet sets.
        available = self.width() - current_theme().px(2 * 8 + 28) - 2
        text = self.currentText()
        return self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, available)


class ComboSection(FormSection):
    """A drop-down list with a title.

    Attributes:
        combo: the drop-down list.
    """

    def __init__(self, title: str, name: str) -> None:
        super().__init__(title)
        self.combo = Combo(title, object_name=name)
        self.title.setBuddy(self.combo)
        self.body.addWidget(self.combo)


class Slider(QSlider):
    """A slider that reports its value on release and ignores the mouse wheel."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setTracking(False)
        self.setPageStep(2)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class CheckBox(QCheckBox):
    """A check box whose label, beside it, looks as enabled as the box.

    Attributes:
        label: the label; None if it has a text of its own.
    """

    label: PlainLabel | None = None

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange and self.label is not None:
            self.label.setEnabled(self.isEnabled())


def check_box(name: str, *, object_name: str = "") -> CheckBox:
    """Create a check box without a text of its own; `name` is its accessible name."""
    box = CheckBox()
    box.setObjectName(object_name)
    box.setAccessibleName(spoken_text(name))
    return box


def check_row(title: str, box: CheckBox) -> QHBoxLayout:
    label = box.label = PlainLabel(title, role="strong", wraps=True)
    label.setBuddy(box)
    set_role(box, "bare")
    return row_of((label, 1), box)


class MultilineField(PlainTextField):
    """A multi-line text field.

    Attributes:
        reported_text: the text as last shown or reported, without later edits.

    Signals:
        edited(str): the text, once the user pauses or leaves the field.
    """

    edited = Signal(str)

    def __init__(self, name: str, height: int = 112) -> None:
        """Create the field; `height` is in pixels at the default text size."""
        super().__init__()
        self._height = height
        set_role(self, "field")
        self.setAccessibleName(spoken_text(name))
        self.setTabChangesFocus(True)
        self.reported_text = ""
        self._converted = ("", "")  # a text, and the field's version of it
        self._pause = QTimer(self, singleShot=True, interval=TYPING_PAUSE_MS)
        self._pause.timeout.connect(self.report_edits)
        # Qt also reports a new margin or font as a text change.
        self.textChanged.connect(
            lambda: self._pause.start() if self.toPlainText() != self.reported_text else None
        )
        self.update_theme()

    def update_theme(self) -> None:
        theme = current_theme()
        self.setFixedHeight(theme.px(self._height))
        self.document().setDocumentMargin(theme.px(6))

    def show_text(self, text: str) -> None:
        """Show a stored text, unless the user is typing another.

        The field converts some characters, such as no-break spaces. That is not a change by
        the user, so it is not reported.
        """
        current_text = self.toPlainText()
        if (
            not self._pause.isActive()
            and text != current_text
            and (text, current_text) != self._converted
        ):
            self.setPlainText(text)
            self._pause.stop()
            self.reported_text = self.toPlainText()
            self._converted = (text, self.reported_text)

    def report_edits(self) -> None:
        """Report the current text if it was not reported yet."""
        self._pause.stop()
        if self.toPlainText() != self.reported_text:
            self.reported_text = self.toPlainText()
            self.edited.emit(self.reported_text)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.report_edits()


def line_field(label: str, name: str) -> QLineEdit:
    """Create a field of one line whose placeholder and accessible name are `label`."""
    field = QLineEdit()
    field.setObjectName(name)
    field.setPlaceholderText(label)
    field.setAccessibleName(spoken_text(label))
    return field


def text_field(label: str, name: str, *, read_only: bool = False) -> PlainTextField:
    """Create a field of several lines whose accessible name is `label`."""
    field = PlainTextField(readOnly=read_only, tabChangesFocus=True)
    field.setObjectName(name)
    field.setAccessibleName(spoken_text(label))
    field.setProperty("role", "field")
    return field


class FieldLabel(PlainLabel):
    """The label beside a field in a form, level with the field's first line.

    QFormLayout centers a label in seven quarters of its height, which is less than that of a field.
    """

    def __init__(self, text: str, role: str = "") -> None:
        super().__init__(text, role=role)
        self.update_theme()

    def update_theme(self) -> None:
        self.setFixedHeight(current_theme().px(ROW_HEIGHT))


class CollapsibleSection(QWidget):
    """A title button and the content that it expands and collapses.

    Attributes:
        head: the button.
        body: the layout of the content.
    """

    def __init__(self, title: str, name: str) -> None:
        super().__init__()
        self._title = title
        self.head = PlainToolButton(role="fold", name=name)
        self.head.setCheckable(True)
        self.head.setText(title)
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.head.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._summary = Note()
        self._content = QWidget()
        self._content.hide()
        self.body = column_of(parent=self._content, margins=(0, 6, 0, 0), spacing=14)
        rows = (self.head, self._summary, self._content)
        column_of(*rows, parent=self, margins=0, spacing=4)
        self.head.toggled.connect(self._set_open)
        # Defer until the layout knows the height of the content.
        self.head.clicked.connect(lambda: QTimer.singleShot(0, self, self._reveal))
        self._summary_text = ""
        self.update_theme()

    @property
    def is_open(self) -> bool:
        return self.head.isChecked()

    def expand(self) -> None:
        """Show the content, scroll to it and focus the title."""
        self.head.setChecked(True)
        self.head.setFocus(Qt.FocusReason.OtherFocusReason)
        QTimer.singleShot(0, self, self._reveal)

    def set_title(self, title: str) -> None:
        self._title = title
        self.head.setText(title)
        self._set_open(self.is_open)

    def set_summary(self, text: str) -> None:
        """Set the summary that is shown while the section is collapsed; "" for none."""
        self._summary_text = text
        self._set_open(self.is_open)

    def update_theme(self) -> None:
        theme = current_theme()
        self.head.setIconSize(QSize(theme.px(14), theme.px(14)))
        self._set_open(self.is_open)

    def _reveal(self) -> None:
        """Scroll the expanded content into view, but never the title out of it."""
        area = self.parentWidget()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        if area is not None and self.is_open:
            area.ensureWidgetVisible(self._content, 0, current_theme().px(8))
            area.ensureWidgetVisible(self.head, 0, 0)

    def _set_open(self, is_open: bool) -> None:
        self._content.setVisible(is_open)
        self._summary.set_text("" if is_open else self._summary_text)
        chevron = "chevron-down" if is_open else "chevron-right"
        self.head.setIcon(icon(chevron, current_theme().dim, current_theme().px(14)))
        # Qt has no accessible role for a collapsible section, so its state is in its name.
        spoken = (
            tr("{section}, expanded", section=self._title)
            if is_open
            else tr("{section}, collapsed", section=self._title)
        )
        self.head.setAccessibleName(spoken_text(spoken))
        self.head.setAccessibleDescription(spoken_text("" if is_open else self._summary_text))
