"""The editor of a preset's examples: questions with the responses that they should have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from desktop_app.i18n.translation import tr
from desktop_app.ui.widgets.boxes import column_of
from desktop_app.ui.widgets.buttons.dialog_button import dialog_button
from desktop_app.ui.widgets.forms.form_widgets import FormSection, MultilineField
from desktop_app.ui.widgets.forms.tab_order import TabAnchor, order_tabs
from desktop_app.ui.widgets.text.foreign_text import spoken_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.answering.generation import Examples
    from desktop_app.ui.look.theme import Theme

_HEIGHT: Final = 64


class ExampleTurns(FormSection):
    """A row of fields for each example. An example without one of its texts is not reported.

    Signals:
        changed(Examples): the complete examples, once the user pauses or leaves a field.
    """

    changed = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__(tr("Examples"), theme)
        self.note.set_text(
            tr("Sent before the conversation like earlier messages. Their tokens count as input.")
        )
        self._theme = theme
        self._reported: tuple[str, Examples] = ("", ())
        self._pairs: list[_ExampleFields] = []
        self.more = dialog_button(tr("Add example"), "add-example")
        self.more.clicked.connect(self._add_empty)
        self.undo = dialog_button(tr("Undo"), "undo-example")
        self.undo.setAccessibleName(spoken_text(tr("Undo: bring the removed example back")))
        self.undo.clicked.connect(self._restore)
        self.undo.hide()
        self._removed: tuple[int, str, str] | None = None
        self._anchor = TabAnchor(self)
        self.add(self.undo)
        self._column.setAlignment(self.undo, Qt.AlignmentFlag.AlignLeft)
        self.add(self.more)
        self._column.setAlignment(self.more, Qt.AlignmentFlag.AlignLeft)

    def show_examples(self, preset_id: str, examples: Examples) -> None:
        """Show a preset's examples, and keep an unfinished one of the same preset."""
        if (preset_id, examples) == self._reported:
            return
        if preset_id != self._reported[0]:
            self.undo.hide()
        self._reported = preset_id, examples
        for pair in self._pairs:
            _delete(pair)
        self._pairs = []
        for question, answer in examples:
            self._add(question, answer)
        self._number()

    def report_edits(self) -> None:
        """Report texts that were typed but not reported yet."""
        for pair in list(self._pairs):
            pair.question.report_edits()
            pair.answer.report_edits()

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._theme = theme
        for pair in self._pairs:
            pair.set_theme(theme)

    def _add_empty(self) -> None:
        pair = self._add("", "")
        self._number()
        pair.question.setFocus(Qt.FocusReason.OtherFocusReason)

    def _add(self, question: str, answer: str) -> _ExampleFields:
        pair = _ExampleFields(self._theme, question, answer, self._report)
        pair.remove.clicked.connect(lambda: self._remove(pair))
        self._pairs.append(pair)
        self.body.addWidget(pair)
        return pair

    def _restore(self) -> None:
        if self._removed is None:
            return
        (at, *texts), self._removed = self._removed, None
        pair = self._add(*texts)
        self._pairs.insert(at, self._pairs.pop())
        self.body.insertWidget(at, pair)
        self._number()
        pair.question.setFocus(Qt.FocusReason.OtherFocusReason)
        self.undo.hide()
        self._report()

    def _remove(self, pair: _ExampleFields) -> None:
        pair.question.report_edits()
        pair.answer.report_edits()
        self._removed = (self._pairs.index(pair), *pair.texts)
        self._pairs.remove(pair)
        self.undo.show()
        self.undo.setFocus(Qt.FocusReason.OtherFocusReason)
        _delete(pair)
        self._number()
        self._report()

    def _number(self) -> None:
        before: QWidget = self._anchor
        for number, pair in enumerate(self._pairs, 1):
            pair.name(number)
            before = order_tabs(before, (pair.question, pair.answer, pair.remove))

    def _report(self) -> None:
        preset_id, before = self._reported
        examples = tuple(pair.texts for pair in self._pairs if all(map(str.strip, pair.texts)))
        if examples != before:
            self._reported = preset_id, examples
            self.changed.emit(examples)


class _ExampleFields(QWidget):
    """The fields of an example.

    Attributes:
        texts: the question and the response, as stored or typed.
    """

    def __init__(
        self, theme: Theme, question: str, answer: str, on_edited: Callable[[], None]
    ) -> None:
        super().__init__()
        self.texts = question, answer
        self._report = on_edited
        self.question = MultilineField(theme, tr("Message"), _HEIGHT)
        self.answer = MultilineField(theme, tr("Response"), _HEIGHT)
        self.question.setObjectName("example-question")
        self.answer.setObjectName("example-answer")
        self.question.setPlaceholderText(tr("Message"))
        self.answer.setPlaceholderText(tr("Response"))
        self.question.show_text(question)
        self.answer.show_text(answer)
        self.question.edited.connect(lambda text: self._set_texts(text, self.texts[1]))
        self.answer.edited.connect(lambda text: self._set_texts(self.texts[0], text))
        self.remove = dialog_button(tr("Remove"), "remove-example")
        self._fields = column_of(self.question, self.answer, parent=self, margins=0)
        self._fields.addWidget(self.remove, 0, Qt.AlignmentFlag.AlignRight)
        self.set_theme(theme)

    def name(self, number: int) -> None:
        """Name the fields for screen readers."""
        for widget, words in (
            (self.question, tr("Example {number}: message", number=number)),
            (self.answer, tr("Example {number}: response", number=number)),
            (self.remove, tr("Remove example {number}", number=number)),
        ):
            widget.setAccessibleName(spoken_text(words))

    def set_theme(self, theme: Theme) -> None:
        """Apply a theme."""
        self.question.set_theme(theme)
        self.answer.set_theme(theme)
        self._fields.setSpacing(theme.px(4))

    def _set_texts(self, question: str, answer: str) -> None:
        self.texts = question, answer
        self._report()


def _delete(pair: _ExampleFields) -> None:
    pair.hide()
    pair.setParent(None)
    pair.deleteLater()
