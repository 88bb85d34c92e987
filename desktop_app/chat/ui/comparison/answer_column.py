"""One of several answers side by side: model, state, figures, text and actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtWidgets import QFrame

from desktop_app.app.session import Session
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.conversations.message_facts import ENDINGS, answer_facts, token_facts
from desktop_app.i18n.formatting import duration
from desktop_app.i18n.translation import N_, tr, tr_plural
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
        answer: the answer as last shown; the transcript may have newer text.
        name: the variant or model, “Response” if the answer has none.
        transcript: shows the text.
        first_token_s: seconds from the request to the first text; None if unknown.
        differing_count: the number of marked words; None while differences are not marked.
        keep_button, stop_button, retry_button: the buttons below the text.
    """

    def __init__(self, session: Session, answer: Message) -> None:
        super().__init__()
        self.setObjectName("answer-column")
        self.accessible_role = "Grouping"
        set_role(self, "column")
        self._session = session
        self.transcript = session.images.brief_transcript(lambda: [self.answer])
        self.first_token_s: float | None = None
        self.differing_count: int | None = None
        self._is_compact = False
        self._title = ElidedLabel(role="strong")
        self._facts = PlainLabel(name="answer-column-facts", role="note", wraps=True)
        self.keep_button = dialog_button(tr("Keep this one"), "answer-column-keep")
        self.stop_button = dialog_button(tr("Stop"), "answer-column-stop")
        self.retry_button = dialog_button(tr("Retry"), "answer-column-retry")
        self.stop_button.clicked.connect(lambda: session.running.stop_answer(self.answer.id))
        for signal in (session.running.text_arrived, session.running.reasoning_arrived):
            signal.connect(self._show_first_token)
        foot = row_of(self.keep_button, self.stop_button, self.retry_button, STRETCH, spacing=6)
        rows = (self._title, self._facts, (self.transcript, 1), foot)
        column_of(*rows, parent=self, margins=8, spacing=4)
        self.show_answer(answer)

    @property
    def is_streaming(self) -> bool:
        """Return True while the answer streams."""
        return self.answer.status is MessageStatus.STREAMING

    @property
    def facts(self) -> str:
        """Return the state and the figures."""
        return self._facts.text()

    def show_answer(self, answer: Message) -> None:
        """Show a new answer, whose time to the first text is not known yet."""
        self.first_token_s = None
        self.answer = self._session.messages.display_form(
            self._session.running.newest_state(answer)
        )
        self.transcript.set_messages([self.answer])
        self.show_facts()

    def update_answer(self, answer: Message) -> None:
        """Show a newer state of the same answer."""
        was_streaming = self.is_streaming
        self.answer = self._session.messages.display_form(answer)
        self.transcript.stream.set_status_line(answer.id, "")
        self.transcript.stream.update_message(self.answer)
        self.show_facts()
        if was_streaming and not self.is_streaming:
            announce(self, f"{self._title.text()}: {self.facts}")

    def _show_first_token(self, _conversation_id: str, answer_id: str, _text: str) -> None:
        if answer_id == self.answer.id and self.first_token_s is None:
            self.first_token_s = self._session.running.first_token_s(answer_id)
            self.show_facts()

    def mark_differences(self, differs: Sequence[bool]) -> None:
        """Mark each word whose value in `differs` is True; () ends the marking."""
        self.transcript.differences.mark_words(differs, current_theme())
        self.differing_count = sum(differs) if differs else None
        self.show_facts()

    def set_current(self, current: bool) -> None:
        """Mark the column that has the focus; only its text is announced to screen readers."""
        set_style_property(self, "focused", current)
        self.transcript.speech.set_muted(not current)

    def set_compact(self, compact: bool) -> None:
        """If `compact`, hide the title, and show the effort among the figures."""
        if compact != self._is_compact:
            self._is_compact = compact
            self._title.setVisible(not compact)
            self.show_facts()

    def show_facts(self) -> None:
        """Show the title, the state, the figures, and the buttons that apply."""
        answer, choice = self.answer, self.answer.choice
        name_of_model = self._session.name_of_model
        facts = list(answer_facts(answer, name_of_model, with_effort=self._is_compact))
        # Of a choice, the first fact is the variant or model.
        self.name = tr("Response") if choice is None else facts.pop(0)
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
