"""Completion of library prompts after `/`, and the form for their variables.

The list opens only for a `/` typed at the beginning of a line. Paths within a sentence, pasted
texts and restored drafts do not open it. It is hidden while no prompt matches the typed
letters, and closes if a second / follows.

Esc closes the list and keeps the typed text, unless `open` inserted the slash. The list opens again
after another `/` at the beginning of a line. While an input method is composing, all keys go to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from desktop_app.composer.completion.completion_fields import SLASHES, CompletionField
from desktop_app.prompts.prompt import Prompt

if TYPE_CHECKING:  # imported when they are first shown
    from desktop_app.composer.completion.prompt_fields import PromptFields
    from desktop_app.composer.completion.prompt_menu import PromptMenu

_MAX_NAME_CHARACTERS: Final = 60
"""The longest typed name, with its slash."""


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


class PopupPlacement(Protocol):
    """Placement of the list and the form near the text field."""

    def show(self, widget: QWidget) -> None:
        """Show the widget, or adjust its size to its content."""

    def hide(self, widget: QWidget) -> None:
        """Hide the widget."""


class PromptCompleter(QObject):
    """Completion of prompts in a text field."""

    def __init__(self, field: CompletionField, popup: PopupPlacement, parent: QObject) -> None:
        super().__init__(parent)
        self._field = field
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
        field.text.installEventFilter(self)

    # ------------------------------------------------------------------ for controllers and editor

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
        self._field.text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if not self._prompts:
            return
        self._field.begin_line()
        self._is_dismissed = False
        self._has_inserted_slash = True
        self._field.replace(0, SLASHES[0], 1)
        self.update_list()

    def insert_prompt(self, prompt: Prompt) -> None:
        """Insert a prompt in place of the typed name, after asking for its variables."""
        from desktop_app.prompts.prompt import variables

        self._hide_menu()
        self._close_form()
        if variables(prompt.text):
            self._ask_for_values(prompt)
        else:
            self._insert(prompt, {})

    def close(self) -> None:
        """Close the list and the form, whose values are kept for the next time."""
        self._has_inserted_slash = False
        self._hide_menu()
        self._close_form()

    def update_list(self) -> None:
        """Open, update or close the list after the text or the cursor changed."""
        name = typed_name(self._field.text_before)
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

    # ------------------------------------------------------------------ the list

    def _show_menu(self, name: str) -> None:
        if not self._prompts or self._field.text.is_composing:
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
        self._is_dismissed = True
        self._hide_menu()
        self._remove_inserted_slash()

    def _remove_inserted_slash(self) -> None:
        """Remove the slash, and the name typed after it, if the user did not type the slash."""
        if self._has_inserted_slash:
            self._has_inserted_slash = False
            self._field.replace(len(self._field.text_before), "", 0)

    # ------------------------------------------------------------------ the form

    def _ask_for_values(self, prompt: Prompt) -> None:
        from desktop_app.composer.completion.prompt_fields import PromptFields

        values = self._typed_values.get(prompt.id, {})
        form = PromptFields(prompt, values)
        self._form = form
        form.filled.connect(self._insert_filled)
        form.canceled.connect(self._cancel_form)
        self._popup.show(form)
        form.focus_first()

    def _insert_filled(self, values: dict[str, str]) -> None:
        if self._form is not None:
            prompt = self._form.prompt
            self._close_form()
            self._typed_values.pop(prompt.id, None)
            self._insert(prompt, values)

    def _cancel_form(self) -> None:
        self._is_dismissed = True
        self._close_form()
        self._remove_inserted_slash()
        self._field.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def _close_form(self) -> None:
        if self._form is not None:
            self._typed_values[self._form.prompt.id] = self._form.values()
            self._popup.hide(self._form)
            self._form.deleteLater()
            self._form = None

    def _insert(self, prompt: Prompt, values: Mapping[str, str]) -> None:
        from desktop_app.prompts.prompt import fill, program_variables_in

        line_start = self._field.text_before
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
        self._field.replace(replaced_length, text, cursor, prompt.id)
        self._field.text.setFocus(Qt.FocusReason.OtherFocusReason)

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
        if self._field.text.is_composing or not (has_rows or self._form is not None):
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
