"""The footer of the quick prompt: buttons with their shortcuts, and the status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.i18n.translation import tr
from desktop_app.ui.look import painting
from desktop_app.ui.look.theme import MARGIN
from desktop_app.ui.widgets.accessibility.mnemonics import KEEPS_LETTER
from desktop_app.ui.widgets.boxes import row_of
from desktop_app.ui.widgets.buttons.hint_button import HintButton

if TYPE_CHECKING:
    from desktop_app.commands.keymap import Keymap
    from desktop_app.ui.look.theme import Theme
    from desktop_app.ui.quick.quick_status import QuickStatus


class QuickFooter:
    """The row below the answer.

    Attributes:
        row: the layout of the footer.
    """

    def __init__(self, theme: Theme, status: QuickStatus) -> None:
        self._theme, self._status = theme, status
        self.copy_button = HintButton(tr("Copy"), theme)
        self.paste_button = HintButton(tr("Paste"), theme, name="paste-back")
        self.paste_button.setToolTip(tr("Paste into the window behind"))
        self.open_button = HintButton(tr("Continue in Repartee"), theme)
        self.selection_button = HintButton(tr("Add selection"), theme, name="add-selection")
        self.unsaved_button = HintButton(tr("Don’t save"), theme, name="unsaved")
        self.unsaved_button.setCheckable(True)
        self.close_button = HintButton(tr("Close"), theme)
        self.close_button.setProperty(KEEPS_LETTER, True)
        self._hints = (
            status.remedy_button,
            self.copy_button,
            self.paste_button,
            self.open_button,
            self.selection_button,
            self.unsaved_button,
            self.close_button,
        )
        sides = (MARGIN, 0, MARGIN, 0)
        self.row = row_of(*self._hints, (status.label, 1), margins=sides, spacing=10)

    def set_keymap(self, keymap: Keymap) -> None:
        """Show the shortcuts of a keymap on the buttons."""
        self.copy_button.set_keys(keymap.shortcut_of("answer.copy"))
        self.paste_button.set_keys(keymap.shortcut_of("quick.paste"))
        self.open_button.set_keys(keymap.shortcut_of("quick.go-on"))
        self.close_button.set_keys(keymap.shortcut_of("quick.close"))
        self.selection_button.set_keys(keymap.shortcut_of("quick.add-selection"))
        self.unsaved_button.set_keys(keymap.shortcut_of("quick.temporary"))

    def set_unsaved(self, is_unsaved: bool) -> None:
        """Show whether the conversation is kept off the disk."""
        self.unsaved_button.setChecked(is_unsaved)
        self.unsaved_button.setText(tr("Not saved") if is_unsaved else tr("Don’t save"))

    def show_buttons(self, *, has_answer: bool) -> None:
        """Show the buttons that apply before a question, or to an answer."""
        is_unsaved = self.unsaved_button.isChecked()
        for button in (self.copy_button, self.paste_button):
            button.setVisible(has_answer)
        self.open_button.setVisible(has_answer and not is_unsaved)
        self.selection_button.setVisible(not has_answer)
        self.unsaved_button.setVisible(not has_answer or is_unsaved)

    def fit(self, width: int) -> None:
        """Show the shortcuts of the buttons if there is room for them in `width` pixels."""
        shown = [hint for hint in self._hints if not hint.isHidden()]
        spaces = self.row.spacing() * len(shown) + 2 * self._theme.px(MARGIN)
        spaces += painting.text_width(self._status.label.text(), self._theme.note())
        fits = sum(hint.full_width for hint in shown) <= width - spaces
        for hint in self._hints:
            hint.set_keys_visible(fits)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for hint in self._hints:
            hint.set_theme(theme)
