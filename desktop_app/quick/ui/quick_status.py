"""The messages of the quick prompt, and the buttons with keys in its footer."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import tr
from desktop_app.widgets.cards.notifications import Actions
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import ElidedLabel, PlainButton, PlainLabel, announce


class HintButton(PlainButton):
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
        return QSize(
            self.width_with(self._keys if self._shows_keys else ""), current_theme().px(22)
        )

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
    """The messages of the quick prompt: a status in the footer, or a problem on a line of its own.

    Each message replaces the former. See `Notices` for `notify` to `announce`.

    Args:
        speaker: the widget for which messages are announced.

    Attributes:
        text: the status, which the effect of a drop may hide.
        last_undo: undoes the action that `notify_undo` reported; None for none.
        label, problem_label, remedy_button: the parts, which the window lays out.

    Signals:
        changed(): another message is shown; the window may need another size.
    """

    changed = Signal()

    def __init__(self, speaker: QWidget) -> None:
        super().__init__(speaker)
        self._speaker = speaker
        self.text = ""
        self.last_undo: Callable[[], object] | None = None
        self._topic = ""
        self._remedy: Callable[[], object] = lambda: None
        self.label = ElidedLabel(name="status", role="note")
        self.label.setAlignment(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
        self.problem_label = PlainLabel(name="problem", role="error", wraps=True)
        self.problem_label.hide()
        self.remedy_button = HintButton(tr("Undo"), name="remedy")
        self.remedy_button.hide()
        self.remedy_button.clicked.connect(lambda: self._remedy())

    def show_status(self, text: str) -> None:
        """Show a few words instead of a problem, and announce them."""
        self._show(status=text)
        self.announce(text)

    def show_figures(self, text: str) -> None:
        """Show the answer's cost and time, without an announcement."""
        self._show(status=text)

    def show_problem(self, text: str, remedies: Actions = ()) -> None:
        """Show a problem on a line of its own, with the button of its remedy, if there is one."""
        self._show(problem=text, remedies=remedies)
        self.announce(text)

    def notify(
        self,
        message: UserFacingError | str,
        _actions: Actions = (),
        *,
        topic: str = "",
        stays: bool = False,
    ) -> None:
        """Show an error, or a note; a note with a topic tells of a problem."""
        text = message.sentences if isinstance(message, UserFacingError) else message
        is_problem = bool(topic) or isinstance(message, UserFacingError)
        (self.show_problem if is_problem else self.show_status)(text)
        self._topic = topic

    def notify_undo(self, message: str, undo: Callable[[], object]) -> None:
        """Show a note on an action, with a button that undoes it."""
        self._show(status=message, remedies=[(tr("Undo"), self.undo_last)])
        self.last_undo = undo
        self.announce(message)

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

    def _show(self, *, status: str = "", problem: str = "", remedies: Actions = ()) -> None:
        """Show these texts, and hide the parts without one."""
        self.last_undo = None
        self._topic = ""
        self.text = status
        self.label.setText(status)
        self.problem_label.setText(problem)
        self.problem_label.setVisible(bool(problem))
        for label, self._remedy in remedies:
            self.remedy_button.setText(label)
        self.remedy_button.setVisible(bool(remedies))
        self.changed.emit()
