"""The fields of the examples of a prompt's settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from desktop_app.domain.answering.generation import Examples
from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.buttons.dialog_button import compact_button, delete_button
from desktop_app.widgets.forms.form_dialog import ask
from desktop_app.widgets.forms.form_widgets import FormSection, MultilineField
from desktop_app.widgets.forms.tab_order import TabAnchor, order_tabs
from desktop_app.widgets.text.foreign_text import spoken_text

# In pixels at the default text size (see `Theme.px`).
_FIELD_HEIGHT: Final = 64


class ExampleTurns(FormSection):
    """The fields of a prompt's examples. Only complete examples are reported.

    Signals:
        changed(Examples): the complete examples, once the user pauses or leaves a field, or removes
            an example.
    """

    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__(tr("Examples"))
        self.note.set_text(
            tr("Sent before the conversation like earlier messages. Their tokens count as input.")
        )
        self._reported: tuple[str, Examples] = ("", ())  # with the id of the prompt
        self._examples: list[_ExampleFields] = []
        self._anchor = TabAnchor(self)
        self.add_button = compact_button(tr("Add example"), "add-example", "plain")
        self.add_button.clicked.connect(lambda: self._add("", "").question.setFocus())
        self.add(self.add_button)

    def show_examples(self, prompt_id: str, examples: Examples) -> None:
        """Show a prompt's examples; if they are already shown, keep unfinished examples."""
        if (prompt_id, examples) == self._reported:
            return
        self._reported = prompt_id, examples
        for fields in self._examples:
            _delete_fields(fields)
        self._examples = []
        for question, answer in examples:
            self._add(question, answer)

    def report_edits(self) -> None:
        """Report texts that were typed but not reported yet."""
        for fields in list(self._examples):
            fields.question.report_edits()
            fields.answer.report_edits()

    def _add(self, question: str, answer: str) -> _ExampleFields:
        fields = _ExampleFields(question, answer, self._report)
        fields.remove_button.clicked.connect(lambda: self._ask_removal(fields))
        self.body.addWidget(fields)
        stops = (fields.question, fields.answer, fields.remove_button)
        previous = self._examples[-1].remove_button if self._examples else self._anchor
        order_tabs(previous, (*stops, self.add_button))
        self._examples.append(fields)
        fields.set_number(len(self._examples))
        return fields

    def _ask_removal(self, fields: _ExampleFields) -> None:
        if not any(map(str.strip, fields.texts)):
            self._remove(fields)
            return
        ask(
            self,
            "confirm-example-removal",
            tr("Remove this example?"),
            "",
            label=tr("Remove"),
            on_accepted=lambda: self._remove(fields),
        )

    def _remove(self, fields: _ExampleFields) -> None:
        self._examples.remove(fields)
        _delete_fields(fields)
        for number, remaining in enumerate(self._examples, 1):
            remaining.set_number(number)
        self.add_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self._report()

    def _report(self) -> None:
        prompt_id, reported_examples = self._reported
        examples = tuple(
            fields.texts for fields in self._examples if all(map(str.strip, fields.texts))
        )
        if examples != reported_examples:
            self._reported = prompt_id, examples
            self.changed.emit(examples)


class _ExampleFields(QWidget):
    """The fields of one example: a question and its response.

    Attributes:
        texts: the question and the response, as stored or typed.
    """

    def __init__(self, question: str, answer: str, on_edited: Callable[[], None]) -> None:
        super().__init__()
        self.texts = question, answer
        self._report = on_edited
        self.question = MultilineField(tr("Message"), _FIELD_HEIGHT)
        self.answer = MultilineField(tr("Response"), _FIELD_HEIGHT)
        self.question.setObjectName("example-question")
        self.answer.setObjectName("example-answer")
        self.question.setPlaceholderText(tr("Message"))
        self.answer.setPlaceholderText(tr("Response"))
        self.question.show_text(question)
        self.answer.show_text(answer)
        self.question.edited.connect(lambda text: self._set_texts(text, self.texts[1]))
        self.answer.edited.connect(lambda text: self._set_texts(self.texts[0], text))
        self.remove_button = delete_button(tr("Remove"), "remove-example")
        remove = (self.remove_button, Qt.AlignmentFlag.AlignRight)
        column_of(self.question, self.answer, remove, parent=self, margins=0, spacing=4)

    def set_number(self, number: int) -> None:
        """Set the number in the accessible names."""
        for widget, name in (
            (self.question, tr("Example {number}: message", number=number)),
            (self.answer, tr("Example {number}: response", number=number)),
            (self.remove_button, tr("Remove example {number}", number=number)),
        ):
            widget.setAccessibleName(spoken_text(name))

    def _set_texts(self, question: str, answer: str) -> None:
        self.texts = question, answer
        self._report()


def _delete_fields(fields: _ExampleFields) -> None:
    fields.hide()
    fields.setParent(None)
    fields.deleteLater()
