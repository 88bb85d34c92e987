"""Completion of library prompts after `/`, and the form for their variables.

The list opens only for a `/` typed at the beginning of a line. Paths within a sentence, pasted
texts and restored drafts do not open it. It is hidden while no prompt matches the typed
letters, and closes if a second / follows.

Esc closes the list and keeps the typed text, unless `open` inserted the slash. The list opens again
after another `/` at the beginning of a line. While an input method is composing, all keys go to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app.composer.text.prompt_text import PromptText
from desktop_app.prompts.prompt import Prompt
from desktop_app.widgets.text.utf16 import utf16_length, utf16_slice

if TYPE_CHECKING:  # imported when they are first shown
    from desktop_app.composer.completion.prompt_fields import PromptFields
    from desktop_app.composer.completion.prompt_menu import PromptMenu

SLASHES: Final = ("/", "／")
"""The characters that open the list; East Asian input methods type the wide slash."""
_MAX_NAME_CHARACTERS: Final = 60
"""The longest typed name, with its slash."""
_GAP: Final = 6
_HEADER_HEIGHT, _MIN_LIST_HEIGHT = 46, 180
"""Pixels: the height of the window's header, and the least height of the list below it."""


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


class PopupAboveEditor(QObject):
    """Placement of a popup directly above the prompt, as wide as the prompt."""

    def __init__(self, editor: QWidget) -> None:
        super().__init__(editor)
        self._editor = editor
        self._popup: QWidget | None = None

    def show(self, widget: QWidget) -> None:
        """Show the widget, or adjust its size to its content."""
        window = self._editor.window()
        if widget.parent() is not window:
            widget.setParent(window)
        if self._popup is None:
            window.installEventFilter(self)
            self._editor.installEventFilter(self)
        self._popup = widget
        self._fit(widget)
        widget.show()
        widget.raise_()

    def hide(self, widget: QWidget) -> None:
        """See PopupPlacement."""
        widget.hide()
        if self._popup is widget:
            self._popup = None
            self._editor.window().removeEventFilter(self)
            self._editor.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the size and position of the window and of the prompt."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move) and self._popup is not None:
            self._fit(self._popup)
        return False

    def _fit(self, widget: QWidget) -> None:
        position = self._editor.mapTo(self._editor.window(), QPoint())
        available_height = position.y() - 2 * _GAP
        height_below_header = available_height - _HEADER_HEIGHT
        if height_below_header >= _MIN_LIST_HEIGHT:  # otherwise it may cover the header
            available_height = height_below_header
        height = min(widget.sizeHint().height(), available_height)
        widget.setGeometry(position.x(), position.y() - _GAP - height, self._editor.width(), height)


class PopupBelowField:
    """Placement of a popup in the column of the quick prompt, which grows for it.

    Args:
        column, index: the layout, and the index of the popup in it.
        fit: adjusts the window to its new height.
    """

    def __init__(self, column: QVBoxLayout, index: int, fit: Callable[[], None]) -> None:
        self._column = column
        self._index = index
        self._fit = fit

    def show(self, widget: QWidget) -> None:
        """See PopupPlacement."""
        if self._column.indexOf(widget) < 0:
            self._column.insertWidget(self._index, widget)
        widget.setFixedHeight(widget.sizeHint().height())
        widget.show()
        self._fit()

    def hide(self, widget: QWidget) -> None:
        """See PopupPlacement."""
        widget.hide()
        self._fit()


class PromptCompleter(QObject):
    """Completion of prompts in a text field."""

    def __init__(self, text: PromptText, popup: PopupAboveEditor | PopupBelowField) -> None:
        super().__init__(text)
        self._text = text
        self._popup = popup
        self._prompts: Sequence[Prompt] = ()
        self._menu: PromptMenu | None = None
        self._form: PromptFields | None = None
        self._is_open = False  # the list, even if it is hidden because nothing matches
        self._is_dismissed = False  # the list stays closed until no name is typed
        self._has_inserted_slash = False  # `open` inserted the slash, and the user did not type it
        self._typed_values: dict[str, dict[str, str]] = {}  # of closed forms, by the prompt's id
        self._fill_in: Callable[[frozenset[str]], Mapping[str, str]] = lambda _names: {}
        self._finish: Callable[[Prompt, str], str] = lambda _prompt, text: text
        text.installEventFilter(self)

    def set_prompts(self, prompts: Sequence[Prompt]) -> None:
        """Set the prompts to choose from."""
        self._prompts = tuple(prompts)
        if self._menu is not None:
            self._menu.set_prompts(self._prompts)
            if self._is_open:
                self.update_list()

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
        self.update_list()

    def insert_prompt(self, prompt: Prompt) -> None:
        """Insert a prompt in place of the typed name, after asking for its variables."""
        from desktop_app.prompts.prompt import variables

        self._hide_menu()
        self._close_form()
        if not variables(prompt.text):
            self._insert(prompt, {})
            return
        from desktop_app.composer.completion.prompt_fields import PromptFields

        form = self._form = PromptFields(prompt, self._typed_values.get(prompt.id, {}))
        form.filled.connect(self._insert_filled)
        form.canceled.connect(self._cancel_form)
        self._popup.show(form)
        form.focus_first()

    def close(self) -> None:
        """Close the list and the form, whose values are kept for the next time."""
        self._has_inserted_slash = False
        self._hide_menu()
        self._close_form()

    def update_list(self) -> None:
        """Open, update or close the list after the text or the cursor changed."""
        name = typed_name(self._text_before)
        if name is None:
            self._is_dismissed = False
            self._has_inserted_slash = False
            self._hide_menu()
        elif self._is_open or (not name and not self._is_dismissed):
            # A closed list opens only directly after the slash.
            self._show_menu(name)

    def update_open_list(self) -> None:
        """Update the open list after the cursor moved."""
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

    # ------------------------------------------------------------------ the list

    def _show_menu(self, name: str) -> None:
        if not self._prompts or self._text.is_composing:
            return
        if self._menu is None:
            # Imported here because start-up does not need it.
            from desktop_app.composer.completion.prompt_menu import PromptMenu

            self._menu = PromptMenu()
            self._menu.set_prompts(self._prompts)
            self._menu.chosen.connect(self.insert_prompt)
        if self._menu.show_matches(name):
            self._is_open = True
            self._popup.show(self._menu)
        elif self._is_open:
            # Only hidden: deleting a letter may bring back matches.
            self._popup.hide(self._menu)

    def _hide_menu(self) -> None:
        if self._is_open and self._menu is not None:
            self._is_open = False
            self._popup.hide(self._menu)

    def _dismiss(self) -> None:
        """Close the list and the form; remove a slash that `open` inserted, with the name."""
        self._is_dismissed = True
        self._hide_menu()
        self._close_form()
        if self._has_inserted_slash:
            self._has_inserted_slash = False
            self._replace(len(self._text_before), "", 0)

    # ------------------------------------------------------------------ the form

    def _insert_filled(self, values: dict[str, str]) -> None:
        if self._form is not None:
            prompt = self._form.prompt
            self._close_form()
            self._typed_values.pop(prompt.id, None)
            self._insert(prompt, values)

    def _cancel_form(self) -> None:
        self._dismiss()
        self._text.setFocus(Qt.FocusReason.OtherFocusReason)

    def _close_form(self) -> None:
        if self._form is not None:
            self._typed_values[self._form.prompt.id] = self._form.values()
            self._popup.hide(self._form)
            self._form.deleteLater()
            self._form = None

    def _insert(self, prompt: Prompt, values: Mapping[str, str]) -> None:
        from desktop_app.prompts.prompt import fill, program_variables_in

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

    # ------------------------------------------------------------------ keys

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Handle the keys of the open list and form first; close the list as focus leaves."""
        event_type = event.type()
        if event_type == QEvent.Type.FocusOut and self._is_open:
            # The list stays open while the user looks at another window.
            if event.reason() != Qt.FocusReason.ActiveWindowFocusReason:  # type: ignore[attr-defined]
                self._dismiss()
        elif event_type in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride):
            return self._handle_key(event, is_press=event_type == QEvent.Type.KeyPress)  # type: ignore[arg-type]
        return False

    def _handle_key(self, event: QKeyEvent, *, is_press: bool) -> bool:
        # Without matches, the list is hidden and gets no keys.
        has_rows = self._is_open and self._menu is not None and self._menu.model.rowCount() > 0
        if self._text.is_composing or not (has_rows or self._form is not None):
            return False
        if event.key() == Qt.Key.Key_Escape:
            if is_press and self._is_open:
                self._dismiss()
            elif is_press:
                self._cancel_form()
            event.accept()
            return True
        if not has_rows or self._menu is None:
            return False
        if is_press:
            return self._menu.handle_key(event)
        # Accepting a ShortcutOverride makes Qt send the key press here, not to a shortcut.
        if self._menu.is_list_key(event):
            event.accept()
            return True
        return False
