"""The messages of the quick prompt: a status in its footer, or a problem on its own line."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from desktop_app.i18n.translation import tr
from desktop_app.ui.widgets.accessibility.announcements import announce
from desktop_app.ui.widgets.buttons.hint_button import HintButton
from desktop_app.ui.widgets.text.elided_label import ElidedLabel
from desktop_app.ui.widgets.text.foreign_text import PlainLabel


class QuickStatus(QObject):
    """The status, the problem and its remedy button; each message replaces the former.

    Args:
        speaker: the widget for which messages are announced.

    Attributes:
        label, problem_label, remedy_button: the parts, which the window lays out.

    Signals:
        changed(): another message is shown; the window may need another size.
        remedy_requested(): run the remedy offered beside a problem.
        undo_requested(): undo the action that `offer_undo` reported.
    """

    changed = Signal()
    remedy_requested = Signal()
    undo_requested = Signal()

    def __init__(self, speaker: QWidget) -> None:
        super().__init__(speaker)
        self._speaker = speaker
        self._offers_undo = False
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

    def offer_undo(self, text: str) -> None:
        """Show a notice about an action, with a button that undoes it."""
        self._show(status=text, button=tr("Undo"))
        self._offers_undo = True
        announce(self._speaker, text)

    def show_drop_hint(self, hint: str) -> None:
        """Show the effect of a drop in place of the status, until `hide_drop_hint`."""
        self.label.setText(hint)

    def hide_drop_hint(self) -> None:
        """Show the status again after a drag."""
        self.label.setText(self._status)

    def _show(self, *, status: str = "", problem: str = "", button: str = "") -> None:
        """Show these texts, and hide the parts without one; `button` is the button's label."""
        self._offers_undo = False
        self._status = status
        self.label.setText(status)
        self.problem_label.setText(problem)
        self.problem_label.setVisible(bool(problem))
        self.remedy_button.setText(button or tr("Fix"))
        self.remedy_button.setVisible(bool(button))
        self.changed.emit()

    def _request_remedy(self) -> None:
        if self._offers_undo:
            self.undo_requested.emit()
        else:
            self.remedy_requested.emit()
