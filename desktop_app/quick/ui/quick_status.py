"""The footer of the quick prompt, and its messages: a status there, or a problem on a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import tr
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.accessibility.announcements import announce
from desktop_app.widgets.boxes import row_of
from desktop_app.widgets.cards.notifications import Actions
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import MARGIN, current_theme
from desktop_app.widgets.text.elided_label import ElidedLabel
from desktop_app.widgets.text.foreign_text import PlainButton, PlainLabel


class _HintButton(PlainButton):
    """A quiet button with its shortcut's key cap before the label, if there is room for it."""

    def __init__(self, label: str, *, name: str = "") -> None:
        super().__init__(label, name=name)
        self._keys = ""
        self._shows_keys = True
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_keys(self, keys: str) -> None:
        """Show a shortcut (portable text); "" shows the label alone."""
        self._keys = shortcut_text(keys)
        self.updateGeometry()
        self.update()

    def set_keys_visible(self, is_visible: bool) -> None:
        """Show the shortcut, or only the label if there is no room."""
        if is_visible != self._shows_keys:
            self._shows_keys = is_visible
            self.updateGeometry()
            self.update()

    def width_with(self, keys: str) -> int:
        """Return the width of the label and a key cap before it; "" is none."""
        theme = current_theme()
        width = painting.text_width(self.text(), theme.note()) + 1
        return width + painting.key_size(theme, keys)[0] + theme.px(8) if keys else width

    @property
    def full_width(self) -> int:
        """Return the width with the shortcut."""
        return self.width_with(self._keys)

    def sizeHint(self) -> QSize:
        keys = self._keys if self._shows_keys else ""
        return QSize(self.width_with(keys), current_theme().px(22))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.painter_of(self)
        theme = current_theme()
        label_rect = ring_rect = self.rect()
        if self._keys and self._shows_keys:
            width, height = painting.key_size(theme, self._keys)
            ring_rect = QRect(0, (self.height() - height) // 2, width, height)
            painting.draw_key(painter, theme, ring_rect, self._keys, theme.dim)
            label_rect = self.rect().adjusted(width + theme.px(8), 0, 0, 0)
        if self.hasFocus():
            painting.draw_outline(painter, ring_rect, theme.accent, theme.px(5), 2)
        color = theme.text if self.underMouse() or self.hasFocus() else theme.dim
        painting.draw_text(painter, label_rect, self.text(), theme.note(), color)


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
        self.remedy_button = _HintButton(tr("Fix"), name="remedy")
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
        self._copy_button = _HintButton(tr("Copy"))
        self._paste_button = _HintButton(tr("Paste"), name="paste-back")
        self._paste_button.setToolTip(tr("Paste into the window behind"))
        self._open_button = _HintButton(tr("Continue in Repartee"))
        self._selection_button = _HintButton(tr("Add selection"), name="add-selection")
        self._temporary_button = _HintButton(tr("Make temporary"), name="temporary")
        self._temporary_button.setCheckable(True)
        self._buttons = {
            "answer.copy": self._copy_button,
            "quick.paste": self._paste_button,
            "quick.go-on": self._open_button,
            "quick.add-selection": self._selection_button,
            "quick.temporary": self._temporary_button,
            "quick.close": _HintButton(tr("Close")),
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
