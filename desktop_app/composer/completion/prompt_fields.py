"""A form for the variables of a prompt, filled in before the prompt is inserted.

Tab moves between fields, Shift+Enter starts a new line, and Enter inserts the prompt or
moves to a field that is still required. Esc cancels; the typed values are kept for the next
time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QSizePolicy, QWidget

from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import tr
from desktop_app.prompts.prompt import Prompt, Variable, missing_names, variables
from desktop_app.widgets.accessibility.announcements import announce
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button, press_focused
from desktop_app.widgets.forms.fitting_dialog import scroll_area_of
from desktop_app.widgets.forms.form_widgets import Combo
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.elided_label import ElidedLabel
from desktop_app.widgets.text.foreign_text import (
    PlainButton,
    PlainLabel,
    PlainTextField,
    one_line,
    spoken_text,
)

_MAX_LINES: Final = 5
_LABEL_WIDTH: Final = 150
_TEXT_MARGIN: Final = 6
_MAX_NAME_CHARACTERS: Final = 60
_MAX_NOTE_CHARACTERS: Final = 160
_ENTER_KEYS: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class GrowingTextField(PlainTextField):
    """A text field that grows with its text, from one line to `_MAX_LINES`.

    Signals:
        entered(): Enter was pressed.
    """

    entered = Signal()

    def __init__(self, name: str, text: str) -> None:
        super().__init__()
        self.setPlainText(text)
        set_role(self, "field")
        self.setObjectName(f"field-{name}")
        self.setAccessibleName(spoken_text(name))
        self.setTabChangesFocus(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self.update_theme()

    def update_theme(self) -> None:
        theme = current_theme()
        self.document().setDocumentMargin(theme.px(_TEXT_MARGIN))
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Emit `entered` on Enter, except during composition; Shift+Enter breaks the line."""
        is_composing = bool(self.textCursor().block().layout().preeditAreaText())
        if event.key() not in _ENTER_KEYS:
            super().keyPressEvent(event)
        elif is_composing:
            event.accept()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.textCursor().insertBlock()
            self.ensureCursorVisible()
        else:
            self.entered.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        # The size of a plain text document is in lines.
        lines = max(1, round(self.document().size().height()))
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if lines > _MAX_LINES else policy.ScrollBarAlwaysOff
        )
        text_height = min(lines, _MAX_LINES) * self.fontMetrics().lineSpacing()
        height = text_height + 2 * current_theme().px(_TEXT_MARGIN) + 4
        self.setFixedHeight(max(height, current_theme().px(32)))


class PromptFields(QFrame):
    """The form for the variables of a prompt. See the module.

    Attributes:
        prompt: the prompt to fill in.

    Signals:
        filled(dict[str, str]): the user finished, and no required value is missing.
        canceled(): the user does not want the prompt after all.
    """

    filled = Signal(dict)
    canceled = Signal()

    def __init__(self, prompt: Prompt, values: Mapping[str, str]) -> None:
        """Build the fields; `values` are earlier inputs, which override the defaults."""
        super().__init__()
        self.setObjectName("prompt-fields")
        self.setAccessibleName(tr("Fields of {prompt}", prompt=one_line(prompt.title)))
        set_role(self, "card")
        self.prompt = prompt
        self._labels: dict[str, QLabel] = {}
        self._fields: dict[str, GrowingTextField | Combo] = {}
        self._title = ElidedLabel(prompt.title, role="strong")
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)
        for row, variable in enumerate(variables(prompt.text)):
            value = values.get(variable.name, variable.default or "")
            self._add_field(row, variable, value)
        self._note = PlainLabel(name="prompt-fields-note", wraps=True)
        self._insert_button = PlainButton(tr("Insert"), name="insert-prompt", role="primary")
        self._cancel_button = cancel_button("leave-prompt")
        self._insert_button.clicked.connect(self._submit)
        self._cancel_button.clicked.connect(self.canceled)
        content = QWidget()
        content.setLayout(self._grid)
        self._scroll_area = scroll_area_of(content)
        buttons = (self._cancel_button, self._insert_button)
        self._footer = row_of((self._note, 1), *buttons, spacing=8)
        rows = (self._title, (self._scroll_area, 1), self._footer)
        self._column = column_of(*rows, parent=self, margins=(14, 12, 14, 12), spacing=10)
        self._show_note("")
        self.update_theme()

    def _add_field(self, row: int, variable: Variable, value: str) -> None:
        label = PlainLabel(_display_name(variable.name), wraps=True)
        if variable.choices:
            combo = Combo(variable.name, object_name=f"field-{variable.name}")
            for choice in variable.choices:
                combo.addItem(choice, choice)
            combo.setCurrentIndex(max(0, combo.findData(value)))
            field: GrowingTextField | Combo = combo
        else:
            field = GrowingTextField(variable.name, value)
            field.entered.connect(self._submit)
            field.textChanged.connect(lambda: self._show_note(""))
            if variable.default is None:
                field.setPlaceholderText(tr("required"))
        label.setBuddy(field)
        self._labels[variable.name] = label
        self._fields[variable.name] = field
        self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(field, row, 1)

    def values(self) -> dict[str, str]:
        """Return the current values by name."""
        return {
            name: field.currentData() if isinstance(field, Combo) else field.toPlainText()
            for name, field in self._fields.items()
        }

    def focus_first(self) -> None:
        """Focus the first required field without a value, otherwise the first field."""
        names = missing_names(self.prompt.text, self.values()) or tuple(self._fields)
        self._focus(names[0])

    def update_theme(self) -> None:
        theme = current_theme()
        px = theme.px
        self._grid.setHorizontalSpacing(px(12))
        self._grid.setVerticalSpacing(px(8))
        for label in self._labels.values():
            label.setFixedWidth(px(_LABEL_WIDTH))
            label.setContentsMargins(0, px(7), 0, 0)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Return the height of all fields; with less room they scroll."""
        self._grid.activate()
        margins = self._column.contentsMargins()
        height = margins.top() + margins.bottom() + 2 * self._column.spacing()
        height += self._title.sizeHint().height() + self._footer.sizeHint().height()
        return QSize(current_theme().px(320), height + self._grid.sizeHint().height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, min(self.sizeHint().height(), current_theme().px(150)))

    def event(self, event: QEvent) -> bool:
        """Claim Esc before a shortcut of the window does."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and event.key() == Qt.Key.Key_Escape:  # type: ignore[attr-defined]
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Cancel on Esc; on Enter, press the focused button or, in a choice field, Insert."""
        if event.key() == Qt.Key.Key_Escape:
            self.canceled.emit()
        elif press_focused(self, event):
            return
        elif event.key() in _ENTER_KEYS:
            self._submit()
        else:
            super().keyPressEvent(event)

    def _submit(self) -> None:
        names = missing_names(self.prompt.text, self.values())
        if not names:
            self.filled.emit(self.values())
            return
        problem = tr("Fill in: {fields}", fields=joined([*map(_display_name, names)]))
        self._show_note(one_line(problem, _MAX_NOTE_CHARACTERS))
        for name in names:
            set_role(self._labels[name], "error-title")
        self._focus(names[0])

    def _show_note(self, text: str) -> None:
        """Show a problem; with "", show the keys, and unmark fields that are not missing now."""
        if not text:
            for name, label in self._labels.items():
                if name not in missing_names(self.prompt.text, self.values()):
                    set_role(label, "")
        keys = tr(
            "{insert} to insert · {next} for next field · {cancel} to cancel",
            insert=shortcut_text("Return"),
            next=shortcut_text("Tab"),
            cancel=shortcut_text("Esc"),
        )
        self._note.setText(text or keys)
        set_role(self._note, "error" if text else "note")
        announce(self._note, text)

    def _focus(self, name: str) -> None:
        field = self._fields[name]
        field.setFocus(Qt.FocusReason.TabFocusReason)
        if isinstance(field, GrowingTextField):
            field.selectAll()
        self._scroll_area.ensureWidgetVisible(field)


def _display_name(name: str) -> str:
    return one_line(name[:1].upper() + name[1:], _MAX_NAME_CHARACTERS)
