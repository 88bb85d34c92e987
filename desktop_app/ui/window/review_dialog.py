"""The dialog in which the user reviews an answer: a verdict, a note, a correction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal

from desktop_app.domain.conversations.review import MAX_NOTE_CHARS, Review, ReviewKind
from desktop_app.i18n.translation import N_, tr
from desktop_app.ui.look.theme import Theme
from desktop_app.ui.widgets.boxes import DIALOG_MARGINS, STRETCH, column_of, row_of
from desktop_app.ui.widgets.buttons.dialog_button import dialog_button
from desktop_app.ui.widgets.buttons.help_button import HelpButton
from desktop_app.ui.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.ui.widgets.forms.fitting_dialog import fitting_size
from desktop_app.ui.widgets.forms.form_dialog import FormDialog
from desktop_app.ui.widgets.forms.form_widgets import retheme
from desktop_app.ui.widgets.forms.line_field import line_field, text_field
from desktop_app.ui.widgets.text.foreign_text import PlainLabel

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


SIZE: Final = (620, 460)
_NO_VERDICT: Final = "none"
_VERDICTS: Final = (
    (_NO_VERDICT, N_("No mark")),
    (ReviewKind.REVIEWED.value, N_("Reviewed")),
    (ReviewKind.CORRECTED.value, N_("Corrected")),
    (ReviewKind.REJECTED.value, N_("Rejected")),
)


class ReviewDialog(FormDialog):
    """The dialog in which the user reviews an answer.

    Signals:
        saved(object, str): the Review, None for no mark; the edited text, "" if unchanged or empty.
    """

    saved = Signal(object, str)

    def __init__(self, text: str, review: Review | None, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("review-dialog")
        self.setWindowTitle(tr("Review response"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._original = "" if review is None else review.original
        self.verdict = SegmentedControl(
            [(key, tr(label)) for key, label in _VERDICTS], theme, name=tr("Verdict"), padding=8
        )
        self.verdict.setObjectName("review-verdict")
        self.note = line_field(tr("Note"), "review-note")
        self.note.setMaxLength(MAX_NOTE_CHARS)
        self.text = text_field(tr("Response"), "review-text")
        self._hint = PlainLabel(
            tr("Edit the response to correct it. The original stays as a version."),
            role="note",
            wraps=True,
        )
        self.save_button = dialog_button(tr("Save"), "save-review")
        self.save_button.setDefault(True)
        self._lay_out()
        self.text.setPlainText(text)
        self._initial_text = self.text.toPlainText()
        self._verdict_before: str | None = None  # the verdict before the text was edited
        self.note.setText("" if review is None else review.note)
        self.verdict.set_current(ReviewKind.REVIEWED.value if review is None else review.kind.value)
        self.text.textChanged.connect(self._on_text_changed)
        self.save_button.clicked.connect(self._save)
        self.set_theme(theme)
        self.resize(fitting_size(SIZE, theme, parent))
        self.note.setFocus(Qt.FocusReason.OtherFocusReason)

    def _lay_out(self) -> None:
        head = row_of(self.verdict, STRETCH, HelpButton(), spacing=8)
        foot = row_of((self._hint, 1), self.save_button, spacing=12)
        parts = (head, self.note, (self.text, 1), foot)
        column_of(*parts, parent=self, margins=DIALOG_MARGINS, spacing=12)

    def set_theme(self, theme: Theme) -> None:
        self.text.document().setDocumentMargin(theme.px(6))
        retheme(self, theme)

    def _on_text_changed(self) -> None:
        """Choose Corrected while the text differs from the response."""
        corrected = ReviewKind.CORRECTED.value
        if self.text.toPlainText() != self._initial_text:
            self._verdict_before = self._verdict_before or self.verdict.current()
            self.verdict.set_current(corrected)
        elif self._verdict_before is not None:
            if self.verdict.current() == corrected:
                self.verdict.set_current(self._verdict_before)
            self._verdict_before = None

    def _save(self) -> None:
        verdict = self.verdict.current() or _NO_VERDICT
        review = None
        if verdict != _NO_VERDICT:
            review = Review(ReviewKind(verdict), self.note.text().strip(), self._original)
        text = self.text.toPlainText()
        self.saved.emit(review, "" if text == self._initial_text else text)
        self.accept()
