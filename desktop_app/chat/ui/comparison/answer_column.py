"""One of several answers side by side: model, state, figures, text and actions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.conversations.message_facts import ENDINGS, answer_facts, token_facts
from desktop_app.i18n.formatting import duration
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.transcript.view import TranscriptView
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import dialog_button
from desktop_app.widgets.look.theme import current_theme, set_role, set_style_property
from desktop_app.widgets.text.foreign_text import (
    ElidedLabel,
    PlainLabel,
    announce,
    set_tooltip,
    spoken_text,
)

_STATES: Final = {
    **ENDINGS,
    MessageStatus.STREAMING: N_("Responding"),
    MessageStatus.COMPLETE: N_("Complete"),
    MessageStatus.FAILED: N_("Failed"),
}
_RETRYABLE: Final = (MessageStatus.FAILED, MessageStatus.CANCELLED, MessageStatus.INTERRUPTED)


class AnswerColumn(QFrame):
    """A column with one answer.

    Attributes:
        answer: the answer as last shown, None at first; the transcript may have newer text.
        name: the variant or model, “Response” if the answer has none; "" at first.
        transcript: shows the text.
        first_token_s: seconds from the request to the first text; None if unknown.
        differing_count: the number of marked words; None while differences are not marked.
        keep_button, stop_button, retry_button: the buttons below the text.

    Signals:
        keep_requested(str), stop_requested(str), retry_requested(str): with the answer's id.
    """

    keep_requested = Signal(str)
    stop_requested = Signal(str)
    retry_requested = Signal(str)

    def __init__(self, transcript: TranscriptView, name_of_model: Callable[[str], str]) -> None:
        super().__init__()
        self.setObjectName("answer-column")
        self.accessible_role = "Grouping"
        set_role(self, "column")
        self._name_of_model = name_of_model
        self.transcript = transcript
        self.answer: Message | None = None
        self.name = ""
        self.first_token_s: float | None = None
        self.differing_count: int | None = None
        self._is_compact = False
        self._title = ElidedLabel(role="strong")
        self._facts = PlainLabel(name="answer-column-facts", role="note", wraps=True)
        self.keep_button = dialog_button(tr("Keep this one"), "answer-column-keep")
        self.stop_button = dialog_button(tr("Stop"), "answer-column-stop")
        self.retry_button = dialog_button(tr("Retry"), "answer-column-retry")
        for button, requested in (
            (self.keep_button, self.keep_requested),
            (self.stop_button, self.stop_requested),
            (self.retry_button, self.retry_requested),
        ):
            button.clicked.connect(lambda _=False, signal=requested: signal.emit(self.id))
        foot = row_of(self.keep_button, self.stop_button, self.retry_button, STRETCH, spacing=6)
        rows = (self._title, self._facts, (transcript, 1), foot)
        column_of(*rows, parent=self, margins=8, spacing=4)

    @property
    def id(self) -> str:
        """Return the id of the answer; "" before there is one."""
        return "" if self.answer is None else self.answer.id

    @property
    def is_streaming(self) -> bool:
        """Return True while the answer streams."""
        return self.answer is not None and self.answer.status is MessageStatus.STREAMING

    @property
    def title(self) -> str:
        """Return the variant or model, and the effort."""
        return self._title.text()

    @property
    def facts(self) -> str:
        """Return the state and the figures."""
        return self._facts.text()

    def show_answer(self, answer: Message) -> None:
        """Show a new answer, whose time to the first text is not known yet."""
        self.first_token_s = None
        self.transcript.set_messages([answer])
        self._show_facts(answer)

    def update_answer(self, answer: Message) -> None:
        """Show a newer state of the same answer."""
        was_streaming = self.is_streaming
        self.transcript.stream.update_message(answer)
        self._show_facts(answer)
        if was_streaming and not self.is_streaming:
            announce(self, f"{self.title}: {self.facts}")

    def set_first_token(self, seconds: float | None) -> None:
        """Show the time to the first text."""
        self.first_token_s = seconds
        if self.answer is not None:
            self._show_facts(self.answer)

    def mark_differences(self, differs: Sequence[bool]) -> None:
        """Mark each word whose value in `differs` is True; () ends the marking."""
        theme = current_theme()
        self.transcript.differences.mark_words(differs, theme)
        self.differing_count = sum(differs) if differs else None
        if self.answer is not None:
            self._show_facts(self.answer)

    def set_current(self, current: bool) -> None:
        """Mark the column that has the focus; only its text is announced to screen readers."""
        set_style_property(self, "focused", current)
        self.transcript.speech.set_muted(not current)

    def set_compact(self, compact: bool) -> None:
        """If `compact`, hide the title, and show the effort among the figures."""
        if compact != self._is_compact:
            self._is_compact = compact
            self._title.setVisible(not compact)
            if self.answer is not None:
                self._show_facts(self.answer)

    def _show_facts(self, answer: Message) -> None:
        self.answer = answer
        choice = answer.choice
        facts = list(answer_facts(answer, self._name_of_model, with_effort=self._is_compact))
        if choice is None:
            self.name = tr("Response")
        else:
            self.name = facts.pop(0)  # of a choice, the first fact is the variant or model
        effort = "" if choice is None or choice.effort is None else tr(choice.effort.label)
        self._title.setText(" · ".join(filter(None, (self.name, effort))))
        self.transcript.setAccessibleName(spoken_text(self._title.text()))
        is_waiting = self.is_streaming and self.first_token_s is None
        state = N_("Waiting") if is_waiting else _STATES[answer.status]
        if self.first_token_s is not None:
            facts.insert(0, tr("first token {duration}", duration=duration(self.first_token_s)))
        if self.differing_count is not None:
            facts.append(
                tr_plural("{count} word differs", "{count} words differ", self.differing_count)
            )
        text = " · ".join((tr(state), *facts))
        self._facts.setText(text)
        set_tooltip(self._facts, "\n".join(token_facts(answer)))
        self.setAccessibleName(spoken_text(f"{self._title.text()}: {text}"))
        self.stop_button.setVisible(self.is_streaming)
        self.retry_button.setVisible(answer.status in _RETRYABLE)
