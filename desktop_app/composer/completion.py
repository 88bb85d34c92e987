"""Completion of library prompts after `/`, and the dialog for their variables.

The list opens only for a `/` typed at the beginning of a line. Paths within a sentence, pasted
texts and restored drafts do not open it. It is hidden while no prompt matches the typed
letters, and closes if a second / follows.

Esc closes the list and keeps the typed text, unless `open` inserted the slash. The list opens again
after another `/` at the beginning of a line. While an input method is composing, all keys go to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QCompleter, QFormLayout, QListView, QStyleOptionViewItem, QWidget

from desktop_app.composer.prompt_text import PromptText
from desktop_app.domain.documents.letter_folding import fold
from desktop_app.domain.prompt import (
    Prompt,
    Variable,
    fill,
    missing_names,
    preview,
    program_variables_in,
    variables,
)
from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import tr
from desktop_app.shortcuts.command_search import match_rank
from desktop_app.widgets.boxes import DIALOG_MARGINS, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button
from desktop_app.widgets.forms.form_widgets import Combo, Note
from desktop_app.widgets.key_modifiers import without_keypad
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.popup_card import make_card
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.rows.row_delegate import RowDelegate
from desktop_app.widgets.rows.rows_model import ROW, Index, RowsModel
from desktop_app.widgets.sheet import Sheet
from desktop_app.widgets.text.foreign_text import (
    PlainButton,
    PlainLabel,
    PlainTextField,
    one_line,
    spoken_text,
    window_title,
)
from desktop_app.widgets.text.utf16 import utf16_length, utf16_slice
from desktop_app.widgets.windows import fitting_size, scroll_area_of

SLASHES: Final = ("/", "／")
"""The characters that open the list; East Asian input methods type the wide slash."""
_MAX_NAME_CHARACTERS: Final = 60
"""The longest typed name, with its slash."""
_MAX_ROWS: Final = 9
_MAX_PREVIEW_CHARACTERS: Final = 160
_MAX_NOTE_CHARACTERS: Final = 160
_MAX_LINES: Final = 5
_TEXT_MARGIN: Final = 6
_INSET: Final = 12  # pixels, as is `_TEXT_MARGIN`
_ENTER_KEYS: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


def typed_name(line_start: str) -> str | None:
    """Return the typed part of a prompt's name, or None if the line has no such part.

    `line_start` is the line up to the cursor.
    """
    if not line_start.startswith(SLASHES) or len(line_start) > _MAX_NAME_CHARACTERS:
        return None
    name = line_start[1:]
    # A space or another slash: the user types something else, such as a path.
    if name.startswith(" ") or any(slash in name for slash in SLASHES):
        return None
    return name


def matching_prompts(typed: str, prompts: Sequence[Prompt]) -> list[Prompt]:
    """Return the prompts with each typed word in their title or folder, best first."""
    words = fold(typed).split()
    ranked = [
        (score, prompt)
        for prompt in prompts
        if (score := match_rank(words, prompt.title, prompt.folder)) is not None
    ]
    return [prompt for _, prompt in sorted(ranked, key=lambda pair: pair[0])]


class _PromptDelegate(RowDelegate):
    """Delegate that paints the title, the folder and as much of the text as fits."""

    def paint_content(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, px = current_theme(), current_theme().px
        prompt: Prompt = index.data(ROW)
        rect = self.row_rect(option).adjusted(px(_INSET), 0, -px(_INSET), 0)
        for text, font, color in (
            (prompt.title, theme.interface(), theme.text),
            (prompt.folder, theme.note(), theme.dim),
            (preview(prompt.shown_text, _MAX_PREVIEW_CHARACTERS), theme.note(), theme.faint),
        ):
            if text and rect.width() > px(24):
                painting.draw_text(painter, rect, text, font, color)
                rect.setLeft(rect.left() + painting.text_width(text, font) + px(_INSET))


class PromptCompleter(QCompleter):
    """Completion of prompts in a text field.

    Attributes:
        dialog: the dialog for the variables of a prompt, while it is open.

    Signals:
        opened(): the list opened, if only with what was offered before.
    """

    opened = Signal()

    def __init__(self, text: PromptText, frame: QWidget | None = None) -> None:
        """Create the completion; the list opens below the `frame` that the text is in."""
        super().__init__(text)
        self._text = text
        self._frame: QWidget = frame or text
        self._prompts: Sequence[Prompt] = ()
        self._list: QListView | None = None
        self.dialog: PromptDialog | None = None
        self._is_open = False  # the list, even if it is hidden because nothing matches
        self._is_dismissed = False  # the list stays closed until no name is typed
        self._has_inserted_slash = False  # `open` inserted the slash, and the user did not type it
        self._typed_values: dict[str, dict[str, str]] = {}  # of closed dialogs, by the prompt's id
        self._fill_in: Callable[[frozenset[str]], Mapping[str, str]] = lambda _names: {}
        self._finish: Callable[[Prompt, str], str] = lambda _prompt, text: text
        self._rows: RowsModel[Prompt] = RowsModel(
            lambda prompt: prompt.title,
            lambda prompt: ", ".join(filter(None, (prompt.title, prompt.folder))),
            self,
            tooltip=lambda prompt: prompt.shown_text[:600],
        )
        self.setModel(self._rows)
        self.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self.setMaxVisibleItems(_MAX_ROWS)
        self.setWidget(text)
        self.activated[QModelIndex].connect(self._insert_row)  # type: ignore[index]
        text.textChanged.connect(self.update_list)
        text.cursorPositionChanged.connect(self._update_open_list)

    def set_prompts(self, prompts: Sequence[Prompt]) -> None:
        self._prompts = tuple(prompts)
        self._update_open_list()

    def configure(
        self,
        fill_in: Callable[[frozenset[str]], Mapping[str, str]],
        finish: Callable[[Prompt, str], str],
    ) -> None:
        """Set how prompts are filled in.

        Args:
            fill_in: returns the values that the program knows for the variables with these names.
            finish: returns the text to insert, given a prompt and its filled-in text.
        """
        self._fill_in = fill_in
        self._finish = finish

    def open(self) -> None:
        """Open the list as if / had been typed on an empty line.

        If there are no prompts, only focus the text.
        """
        self.close()
        self._text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if not self._prompts:
            return
        cursor = self._text.textCursor()
        cursor.clearSelection()
        if cursor.positionInBlock():
            cursor.movePosition(cursor.MoveOperation.End)
            if cursor.positionInBlock():
                cursor.insertBlock()
        self._text.setTextCursor(cursor)
        self._is_dismissed = False
        self._has_inserted_slash = True
        self._replace(0, SLASHES[0], 1)

    def insert_prompt(self, prompt: Prompt) -> None:
        """Insert a prompt in place of the typed name, after asking for its variables."""
        self._hide_list()
        self._close_dialog()
        if not variables(prompt.text):
            self._insert(prompt, {})
            return
        values = self._typed_values.get(prompt.id, {})
        dialog = self.dialog = PromptDialog(prompt, values, self._text.window())
        dialog.accepted.connect(partial(self._insert_filled, dialog))
        dialog.rejected.connect(self._dismiss)
        dialog.open()
        dialog.focus_first()

    def close(self) -> None:
        """Close the list and the dialog, whose values are kept for the next time."""
        self._has_inserted_slash = False
        self._hide_list()
        self._close_dialog()

    def update_list(self) -> None:
        """Open, update or close the list after the text or the cursor changed."""
        name = typed_name(self._text_before)
        if name is None:
            self._is_dismissed = False
            self._has_inserted_slash = False
            self._hide_list()
        elif self._is_open or (not name and not self._is_dismissed):
            # A closed list opens only directly after the slash.
            self._show_list(name)

    def _update_open_list(self) -> None:
        if self._is_open:
            self.update_list()

    # ------------------------------------------------------------------ the text

    @property
    def _text_before(self) -> str:
        """Return the line's text before the cursor.

        Return "" if text is selected or the line does not begin with a slash.
        """
        cursor = self._text.textCursor()
        block = cursor.block()
        if cursor.hasSelection() or block.text()[:1] not in SLASHES:
            return ""
        return utf16_slice(block.text(), 0, cursor.positionInBlock())

    def _replace(self, count: int, text: str, cursor_offset: int, template_id: str = "") -> None:
        """Replace the selection, or else the end of `_text_before`; the user can undo it.

        Args:
            count: the number of characters before the cursor to replace; 0 if text is selected.
            text: the new text.
            cursor_offset: the new position of the cursor, in characters of `text`.
            template_id: the library prompt that the text comes from; "" for none.
        """
        cursor = self._text.textCursor()
        # PreviousCharacter would move by clusters of several characters, such as emoji.
        replaced_text = self._text_before[-count:] if count else ""
        start = cursor.selectionStart() - utf16_length(replaced_text)
        if replaced_text:
            cursor.setPosition(start, cursor.MoveMode.KeepAnchor)
        self._text.wrap_for(text)
        cursor.insertText(text)
        self._text.mark_template(template_id, start, cursor.position())
        cursor.setPosition(start + utf16_length(text[:cursor_offset]))
        self._text.setTextCursor(cursor)
        self._text.ensureCursorVisible()

    def _insert_filled(self, dialog: PromptDialog) -> None:
        self.dialog = None
        self._typed_values.pop(dialog.prompt.id, None)
        self._insert(dialog.prompt, dialog.values())

    def _insert(self, prompt: Prompt, values: Mapping[str, str]) -> None:
        line_start = self._text_before
        replaced_length = 0
        if typed_name(line_start) is not None:
            replaced_length = len(line_start)
        names = program_variables_in(prompt.text)
        program_values = self._fill_in(names) if names else {}
        filled_prompt = fill(prompt.text, {**values, **program_values})
        # The inserted text may begin with a slash, which must not open the list.
        self._is_dismissed = True
        self._has_inserted_slash = False
        text = self._finish(prompt, filled_prompt.text)
        cursor = filled_prompt.cursor
        if cursor == len(filled_prompt.text):
            cursor = len(text)  # `finish` may have changed the length
        self._replace(replaced_length, text, cursor, prompt.id)
        self._text.setFocus(Qt.FocusReason.OtherFocusReason)

    # ------------------------------------------------------------------ the list

    def _show_list(self, name: str) -> None:
        """Show the prompts that match, and mark the first, which Enter chooses."""
        if not self._prompts or self._text.is_composing:
            return
        if self._list is None:
            self._list = QListView()
            self._list.setObjectName("prompts")
            self._list.setAccessibleName(tr("Prompts"))
            self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            set_role(self._list, "popup")
            make_card(self._list)
            self.setPopup(self._list)
            self._list.setItemDelegate(_PromptDelegate(self._list))
        matches = matching_prompts(name, self._prompts)
        was_open, self._is_open = self._is_open, self._is_open or bool(matches)
        if self._is_open and not was_open:
            self.opened.emit()
        if self._rows.rows != matches:
            self._rows.set_rows(matches)
        if matches:
            covered = self._text.rect()
            bottom = QPoint(0, self._frame.height() - 1)
            covered.setBottom(self._text.mapFromGlobal(self._frame.mapToGlobal(bottom)).y())
            self.complete(covered)
            self._mark(max(0, self._list.currentIndex().row()))
        else:
            self._list.hide()  # deleting a letter may bring back matches

    def _mark(self, row: int) -> None:
        """Mark a row; Qt tells screen readers of the current row of a completer."""
        assert self._list is not None
        self._list.setCurrentIndex(self.completionModel().index(row, 0))

    def _insert_row(self, index: QModelIndex) -> None:
        self.insert_prompt(index.data(ROW))

    def _hide_list(self) -> None:
        self._is_open = False
        if self._list is not None:
            self._list.hide()

    def _dismiss(self) -> None:
        """Close the list and the dialog; remove a slash that `open` inserted, with the name."""
        self._is_dismissed = True
        self._hide_list()
        self._close_dialog()
        if self._has_inserted_slash:
            self._has_inserted_slash = False
            self._replace(len(self._text_before), "", 0)
        self._text.setFocus(Qt.FocusReason.OtherFocusReason)

    def _close_dialog(self) -> None:
        if (dialog := self.dialog) is not None:
            self.dialog = None
            self._typed_values[dialog.prompt.id] = dialog.values()
            dialog.hide()  # unlike `close`, without a signal
            dialog.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Choose a prompt or close the list by key, move around its ends, close it by a click."""
        if self._list is None or watched is not self._list:
            return super().eventFilter(watched, event)
        if event.type() == QEvent.Type.MouseButtonPress and not self._list.underMouse():
            self._dismiss()
            return True
        if not isinstance(event, QKeyEvent) or event.type() == QEvent.Type.KeyRelease:
            return super().eventFilter(watched, event)
        key, row = event.key(), self._list.currentIndex().row()
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(key), 0)
        is_plain = without_keypad(event) == Qt.KeyboardModifier.NoModifier
        is_choice = is_plain and key in (*_ENTER_KEYS, Qt.Key.Key_Tab)
        is_composing = self._text.is_composing
        if not (step or is_choice or is_composing or key == Qt.Key.Key_Escape):
            return super().eventFilter(watched, event)
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # Qt then sends the key press here, not to a shortcut
        elif is_composing:
            self._text.event(event)
        elif step:
            self._mark((row + step) % self._rows.rowCount())
        elif is_choice:  # Qt would ask the field first, which would send the text
            self._insert_row(self._list.currentIndex())
        else:
            self._dismiss()
        return True


class ValueField(PlainTextField):
    """A text field that grows with its text, up to `_MAX_LINES`; Enter is left to the dialog."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__()
        self.setPlainText(text)
        set_role(self, "field")
        self.setObjectName(f"field-{name}")
        self.setAccessibleName(spoken_text(name))
        self.setTabChangesFocus(True)
        self.document().documentLayout().documentSizeChanged.connect(self.update_theme)
        self.update_theme()

    def update_theme(self) -> None:
        margin = current_theme().px(_TEXT_MARGIN)
        if self.document().documentMargin() != margin:
            self.document().setDocumentMargin(margin)
        # The size of a plain text document is in lines.
        lines = min(max(1, round(self.document().size().height())), _MAX_LINES)
        height = lines * self.fontMetrics().lineSpacing() + 2 * margin + 4
        self.setFixedHeight(max(height, current_theme().px(32)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_composing = bool(self.textCursor().block().layout().preeditAreaText())
        breaks_line = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.key() not in _ENTER_KEYS or is_composing:
            super().keyPressEvent(event)
        elif breaks_line:
            self.textCursor().insertBlock()  # by default, Qt inserts a line separator for Shift
            self.ensureCursorVisible()
        else:
            event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.update_theme()


class PromptDialog(Sheet):
    """The form for the variables of a prompt, which Enter inserts.

    Attributes:
        prompt: the prompt to fill in.
    """

    def __init__(self, prompt: Prompt, values: Mapping[str, str], parent: QWidget) -> None:
        """Build the fields; `values` are earlier inputs, which override the defaults."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("prompt-fields")
        self.setWindowTitle(window_title(prompt.title))
        self.setAccessibleName(tr("Fields of {prompt}", prompt=one_line(prompt.title)))
        self.prompt = prompt
        self._labels: dict[str, PlainLabel] = {}
        self._fields: dict[str, ValueField | Combo] = {}
        content = QWidget()
        self._form = QFormLayout(content)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for variable in variables(prompt.text):
            self._add_field(variable, values.get(variable.name, variable.default or ""))
        self._scroll_area = scroll_area_of(content)
        self._note = Note(object_name="prompt-fields-note")
        insert_button = PlainButton(tr("Insert"), name="insert-prompt", role="primary")
        insert_button.setDefault(True)
        insert_button.clicked.connect(self._submit)
        cancel = cancel_button("leave-prompt")
        cancel.clicked.connect(self.reject)
        footer = row_of((self._note, 1), cancel, insert_button, spacing=8)
        rows = ((self._scroll_area, 1), footer)
        column_of(*rows, parent=self, margins=DIALOG_MARGINS, spacing=10)
        self._show_keys()
        height = self._form.sizeHint().height() + current_theme().px(100)
        self.resize(fitting_size((560, 100), parent).width(), height)

    def _add_field(self, variable: Variable, value: str) -> None:
        label = self._labels[variable.name] = PlainLabel(_display_name(variable.name))
        if variable.choices:
            combo = Combo(variable.name, object_name=f"field-{variable.name}")
            combo.fill([(choice, choice) for choice in variable.choices], value)
            field: ValueField | Combo = combo
        else:
            field = ValueField(variable.name, value)
            field.textChanged.connect(self._show_keys)
            if variable.default is None:
                field.setPlaceholderText(tr("required"))
        self._fields[variable.name] = field
        self._form.addRow(label, field)
        label.setBuddy(field)

    def values(self) -> dict[str, str]:
        return {
            name: field.currentData() if isinstance(field, Combo) else field.toPlainText()
            for name, field in self._fields.items()
        }

    def focus_first(self) -> None:
        """Focus the first required field without a value, otherwise the first field."""
        field = self._fields[(*missing_names(self.prompt.text, self.values()), *self._fields)[0]]
        field.setFocus(Qt.FocusReason.TabFocusReason)
        if isinstance(field, ValueField):
            field.selectAll()
        self._scroll_area.ensureWidgetVisible(field)

    def _submit(self) -> None:
        names = missing_names(self.prompt.text, self.values())
        if not names:
            self.accept()
            return
        problem = tr("Fill in: {fields}", fields=joined([*map(_display_name, names)]))
        self._note.set_text(one_line(problem, _MAX_NOTE_CHARACTERS), "error")
        for name in names:
            set_role(self._labels[name], "error-title")
        self.focus_first()

    def _show_keys(self) -> None:
        """Show the keys in place of a problem, and unmark fields that are not missing now."""
        missing = missing_names(self.prompt.text, self.values())
        for name, label in self._labels.items():
            if name not in missing:
                set_role(label, "")
        keys = tr(
            "{insert} to insert · {next} for next field · {cancel} to cancel",
            insert=shortcut_text("Return"),
            next=shortcut_text("Tab"),
            cancel=shortcut_text("Esc"),
        )
        self._note.set_text(keys)


def _display_name(name: str) -> str:
    return one_line(name[:1].upper() + name[1:], _MAX_NAME_CHARACTERS)
