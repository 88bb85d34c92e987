"""The footer of the quick prompt, and its messages: a status there, or a problem on a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import tr
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.accessibility.announcements import announce
from desktop_app.widgets.boxes import row_of
from desktop_app.widgets.buttons.hint_button import HintButton
from desktop_app.widgets.cards.notifications import Actions
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import MARGIN, current_theme
from desktop_app.widgets.text.elided_label import ElidedLabel
from desktop_app.widgets.text.foreign_text import PlainLabel


class QuickStatus(QObject):
    """The status, the problem and its remedy button; each message replaces the former.

    Args:
        speaker: the widget for which messages are announced.

    Attributes:
        label, problem_label, remedy_button: the parts, which the window lays out.

    Signals:
        changed(): another message is shown; the window may need another size.
        remedy_requested(): run the remedy offered beside a problem.
    """

    changed = Signal()
    remedy_requested = Signal()

    def __init__(self, speaker: QWidget) -> None:
        super().__init__(speaker)
        self._speaker = speaker
        self.last_undo: Callable[[], object] | None = None
        self._topic = ""
        self._status = ""
        self.label = ElidedLabel(name="status", role="note")
        self.label.setAlignment(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
        self.problem_label = PlainLabel(name="problem", role="error", wraps=True)
        self.problem_label.hide()
        self.remedy_button = HintButton(tr("Fix"), name="remedy")
        self.remedy_button.hide()
        self.remedy_button.clicked.connect(self._request_remedy)

    def show_status(self, text: str) -> None:
        """Show a few words instead of a problem, and announce them."""
        self._show(status=text)
        announce(self._speaker, text)

    def show_figures(self, text: str) -> None:
        """Show the answer's cost and time, without an announcement."""
        self._show(status=text)

    def show_problem(self, text: str, remedy: str = "") -> None:
        """Show a problem on a line of its own.

        `remedy` is the label of the button that remedies it, "" for none.
        """
        self._show(problem=text, button=remedy)
        announce(self._speaker, text)

    # Like the main window's notifications (see `Notices`):

    def notify(
        self,
        message: UserFacingError | str,
        _actions: Actions = (),
        *,
        topic: str = "",
        stays: bool = False,
    ) -> None:
        """Show an error, or a note; a note with a topic tells of a problem."""
        if isinstance(message, UserFacingError):
            self.show_problem(message.sentences)
        elif topic:
            self.show_problem(message)
        else:
            self.show_status(message)
        self._topic = topic

    def notify_undo(self, message: str, undo: Callable[[], object]) -> None:
        """Show a note on an action, with a button that undoes it."""
        self._show(status=message, button=tr("Undo"))
        self.last_undo = undo
        announce(self._speaker, message)

    def undo_last(self) -> None:
        """Undo the action that `notify_undo` reported last."""
        undo = self.last_undo
        if undo is not None:
            self._show()
            undo()

    def dismiss_topic(self, topic: str) -> None:
        """Hide the message if it is of this topic."""
        if topic == self._topic:
            self._show()

    def announce(self, text: str) -> None:
        """Have screen readers speak a text."""
        announce(self._speaker, text)

    def show_drop_hint(self, hint: str) -> None:
        """Show the effect of a drop in place of the status, until `hide_drop_hint`."""
        self.label.setText(hint)

    def hide_drop_hint(self) -> None:
        """Show the status again after a drag."""
        self.label.setText(self._status)

    def _show(self, *, status: str = "", problem: str = "", button: str = "") -> None:
        """Show these texts, and hide the parts without one; `button` is the button's label."""
        self.last_undo = None
        self._topic = ""
        self._status = status
        self.label.setText(status)
        self.problem_label.setText(problem)
        self.problem_label.setVisible(bool(problem))
        self.remedy_button.setText(button or tr("Fix"))
        self.remedy_button.setVisible(bool(button))
        self.changed.emit()

    def _request_remedy(self) -> None:
        if self.last_undo is not None:
            self.undo_last()
        else:
            self.remedy_requested.emit()


class QuickFooter:
    """The row below the answer.

    Attributes:
        row: the layout of the footer.
    """

    def __init__(self, status: QuickStatus) -> None:
        self._status = status
        self._copy_button = HintButton(tr("Copy"))
        self._paste_button = HintButton(tr("Paste"), name="paste-back")
        self._paste_button.setToolTip(tr("Paste into the window behind"))
        self._open_button = HintButton(tr("Continue in Repartee"))
        self._selection_button = HintButton(tr("Add selection"), name="add-selection")
        self._temporary_button = HintButton(tr("Make temporary"), name="temporary")
        self._temporary_button.setCheckable(True)
        self._buttons = {
            "answer.copy": self._copy_button,
            "quick.paste": self._paste_button,
            "quick.go-on": self._open_button,
            "quick.add-selection": self._selection_button,
            "quick.temporary": self._temporary_button,
            "quick.close": HintButton(tr("Close")),
        }
        self._hints = (status.remedy_button, *self._buttons.values())
        row_margins = (MARGIN, 0, MARGIN, 0)
        self.row = row_of(*self._hints, (status.label, 1), margins=row_margins, spacing=10)

    def connect_buttons(self, actions: Mapping[str, Callable[[], object]]) -> None:
        """Let the buttons run the actions of their commands."""
        for command_id, button in self._buttons.items():
            button.clicked.connect(lambda *_, act=actions[command_id]: act())

    def set_keymap(self, keymap: Keymap) -> None:
        """Show the shortcuts of a keymap on the buttons."""
        for command_id, button in self._buttons.items():
            button.set_keys(keymap.shortcut_of(command_id))

    def set_temporary(self, is_temporary: bool) -> None:
        """Show whether the conversation is kept off the disk."""
        self._temporary_button.setChecked(is_temporary)
        self._temporary_button.setText(tr("Temporary") if is_temporary else tr("Make temporary"))

    def show_buttons(self, *, has_answer: bool) -> None:
        """Show the buttons that apply before a question, or to an answer."""
        is_temporary = self._temporary_button.isChecked()
        for button in (self._copy_button, self._paste_button):
            button.setVisible(has_answer)
        self._open_button.setVisible(has_answer and not is_temporary)
        self._selection_button.setVisible(not has_answer)
        self._temporary_button.setVisible(not has_answer or is_temporary)

    def fit(self, width: int) -> None:
        """Show the shortcuts of the buttons if there is room for them in `width` pixels."""
        visible_hints = [hint for hint in self._hints if not hint.isHidden()]
        other_width = self.row.spacing() * len(visible_hints) + 2 * current_theme().px(MARGIN)
        other_width += painting.text_width(self._status.label.text(), current_theme().note())
        has_room = sum(hint.full_width for hint in visible_hints) <= width - other_width
        for hint in self._hints:
            hint.set_keys_visible(has_room)
