"""`/` in a prompt: it opens the list of prompts, and what is taken there takes its place.

It counts at the beginning of a line only, and only as it is typed: /usr/bin in the middle of a
sentence, a path that is pasted, a draft that comes back open nothing, and neither does a path at the
beginning: the list goes as soon as nothing has the typed letters, or a second / follows.

Esc closes the list and leaves the text; the list stays closed until the line begins anew. While an
input method composes no key is taken from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import QEvent, QObject, Qt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QWidget

    # Nor these at run time: the first paint waits for what is imported above.
    from desktop_app.domain.conversations.prompts import Prompt
    from desktop_app.ui.composer.prompt_fields import PromptFields
    from desktop_app.ui.composer.prompt_menu import PromptMenu
    from desktop_app.ui.look.theme import Theme

SIGNS: Final = ("/", "／")
"""What opens the list; input methods for Chinese and Japanese type the wide one."""
LONGEST: Final = 60
"""Characters of a title that one may type."""


def typed_name(before: str) -> str | None:
    """What was typed of a prompt's name, where the line up to the cursor is that; else None."""
    if not before.startswith(SIGNS) or len(before) > LONGEST:
        return None
    name = before[1:]
    return None if name.startswith(" ") or any(sign in name for sign in SIGNS) else name


class CompletionField(Protocol):
    """The text that is typed in.

    Attributes:
        widget: it has the keyboard.
    """

    widget: QWidget

    @property
    def is_composing(self) -> bool:
        """Whether an input method holds text that is not final yet."""

    @property
    def before(self) -> str:
        """What stands in the line before the cursor."""

    def replace(self, count: int, text: str, cursor: int, template_id: str = "") -> None:
        """Replace so many characters before the cursor by `text`, and put the cursor into it.

        The text is the template's with this id; "" for a text that is none.
        """

    def begin_line(self) -> None:
        """Go to a line that has nothing before the cursor: this one, or a new one at the end."""


class PopupPlacement(Protocol):
    """Where list and fields are shown."""

    def show(self, widget: QWidget) -> None:
        """Show it, or fit it to what it now holds."""

    def hide(self, widget: QWidget) -> None:
        """Put it away."""


class PromptCompleter(QObject):
    """The list and the fields of one prompt.

    Attributes:
        fill_in: gives what the program fills, for the names that the chosen prompt has.
        finish: returns what a prompt, filled in, says here.
    """

    def __init__(
        self, line: CompletionField, place: PopupPlacement, theme: Theme, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._line, self._place, self._theme = line, place, theme
        self._prompts: Sequence[Prompt] = ()
        self._menu: PromptMenu | None = None
        self._fields: PromptFields | None = None
        self._is_open = self._is_dismissed = self._is_ours = False
        self._typed: dict[str, dict[str, str]] = {}
        self.fill_in: Callable[[frozenset[str]], Mapping[str, str]] = lambda _names: {}
        self.finish: Callable[[Prompt, str], str] = lambda _prompt, text: text
        line.widget.installEventFilter(self)

    # ------------------------------------------------------------------ what the program tells

    def set_prompts(self, prompts: Sequence[Prompt]) -> None:
        """What there is to choose from."""
        self._prompts = tuple(prompts)
        if self._menu is not None:
            self._menu.set_prompts(self._prompts)
            if self._is_open:
                self.follow()

    def open(self) -> None:
        """Open the list without a / being typed."""
        self.close()
        self._line.widget.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._line.begin_line()
        self._is_dismissed, self._is_ours = False, True
        self._line.replace(0, SIGNS[0], 1)
        self.follow()

    def take(self, prompt: Prompt) -> None:
        """Put a prompt where the cursor is, once what it asks for is known."""
        from desktop_app.domain.conversations.prompts import variables

        self._hide_menu()
        if variables(prompt.text):
            self._ask(prompt)
        else:
            self._insert(prompt, {})

    def close(self) -> None:
        """Put list and fields away: another conversation is shown."""
        self._hide_menu()
        self._leave_fields()

    def set_theme(self, theme: Theme) -> None:
        """Draw with this theme from now on."""
        self._theme = theme
        for part in (self._menu, self._fields):
            if part is not None:
                part.set_theme(theme)

    def follow(self) -> None:
        """The text, or the cursor in it, has changed."""
        name = typed_name(self._line.before)
        if name is None:
            self._is_dismissed = self._is_ours = False
            self._hide_menu()
        elif self._is_open or (not name and not self._is_dismissed):
            self._show_menu(name)

    def follow_cursor(self) -> None:
        """The cursor was moved."""
        if self._is_open:
            self.follow()

    # ------------------------------------------------------------------ the list

    def _show_menu(self, name: str) -> None:
        if not self._prompts or self._line.is_composing:
            return
        if self._menu is None:
            self._menu = self._made_menu()
        if self._menu.narrow(name):
            self._is_open = True
            self._place.show(self._menu)
        elif self._is_open:
            # Not for good: with a letter less there may be something again.
            self._place.hide(self._menu)

    def _made_menu(self) -> PromptMenu:
        # Imported here: not a part of the start.
        from desktop_app.ui.composer.prompt_menu import PromptMenu

        menu = PromptMenu(self._theme)
        menu.set_prompts(self._prompts)
        menu.chosen.connect(self.take)
        return menu

    def _hide_menu(self) -> None:
        if self._is_open and self._menu is not None:
            self._is_open = False
            self._place.hide(self._menu)

    def _dismiss(self) -> None:
        self._is_dismissed = True
        self._hide_menu()
        if self._is_ours:  # the person has not typed it
            self._line.replace(len(self._line.before), "", 0)
            self._is_ours = False

    # ------------------------------------------------------------------ the fields

    def _ask(self, prompt: Prompt) -> None:
        from desktop_app.ui.composer.prompt_fields import PromptFields

        self._leave_fields()
        fields = PromptFields(prompt, self._typed.get(prompt.id, {}), self._theme)
        self._fields = fields
        fields.filled.connect(self._take_values)
        fields.cancelled.connect(self._go_back)
        self._place.show(fields)
        fields.focus_first()

    def _take_values(self, values: dict[str, str]) -> None:
        if self._fields is not None:
            prompt = self._fields.prompt
            self._leave_fields()
            self._typed.pop(prompt.id, None)
            self._insert(prompt, values)

    def _go_back(self) -> None:
        self._is_dismissed = True
        self._leave_fields()
        self._line.widget.setFocus(Qt.FocusReason.OtherFocusReason)

    def _leave_fields(self) -> None:
        if self._fields is not None:
            self._typed[self._fields.prompt.id] = self._fields.values()
            self._place.hide(self._fields)
            self._fields.deleteLater()
            self._fields = None

    def _insert(self, prompt: Prompt, values: Mapping[str, str]) -> None:
        from desktop_app.domain.conversations.prompts import fill, filled_names

        before = self._line.before
        count = 0 if typed_name(before) is None else len(before)
        names = filled_names(prompt.text)
        filled = fill(prompt.text, {**values, **(self.fill_in(names) if names else {})})
        self._is_dismissed, self._is_ours = True, False
        text = self.finish(prompt, filled.text)
        is_at_end = filled.cursor == len(filled.text)
        self._line.replace(count, text, len(text) if is_at_end else filled.cursor, prompt.id)
        self._line.widget.setFocus(Qt.FocusReason.OtherFocusReason)

    # ------------------------------------------------------------------ keys

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The keys of the open list, before the text and the window's shortcuts see them."""
        kind = event.type()
        if kind == QEvent.Type.FocusOut and self._is_open:
            if event.reason() != Qt.FocusReason.ActiveWindowFocusReason:  # type: ignore[attr-defined]
                self._dismiss()
        elif kind in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride):
            return self._filters(event, is_press=kind == QEvent.Type.KeyPress)  # type: ignore[arg-type]
        return False

    def _filters(self, event: QKeyEvent, *, is_press: bool) -> bool:
        if self._line.is_composing or not (self._shows or self._fields is not None):
            return False
        if event.key() == Qt.Key.Key_Escape:
            if is_press:
                self._dismiss() if self._is_open else self._go_back()
            event.accept()
            return True
        if not self._shows or self._menu is None:
            return False
        if is_press:
            return self._menu.take_key(event)
        if self._menu.wants(event):
            event.accept()
            return True
        return False

    @property
    def _shows(self) -> bool:
        return self._is_open and self._menu is not None and self._menu.model.rowCount() > 0
