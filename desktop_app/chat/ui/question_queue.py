"""The question of each conversation that waits for an answer, and the bubble that shows it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from desktop_app.app.session import Controller, Session
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import STRETCH, row_of
from desktop_app.widgets.look.icons import set_icon
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.foreign_text import (
    PlainLabel,
    PlainToolButton,
    one_line,
    set_tooltip,
    spoken_text,
)

_MAX_CHARACTERS = 60


class QueuedBubble(QWidget):
    """The queued question below the transcript, on the side of questions.

    Signals:
        removed(): the user took it back.
    """

    removed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("queued-question")
        self._frame = QFrame()
        set_role(self._frame, "note-card")
        self._words = PlainLabel(name="queued-words", role="note")
        label = tr("Don’t send this message yet")
        self._button = PlainToolButton(name="unqueue", role="quiet", label=label)
        self._button.clicked.connect(self.removed)
        row_of(self._words, self._button, parent=self._frame, margins=(12, 4, 6, 4), spacing=6)
        row_of(STRETCH, self._frame, parent=self, margins=0)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.update_theme()
        self.hide()

    def show_draft(self, draft: Draft | None) -> None:
        """Show a queued question, None for none."""
        if draft is not None:
            names = (part.name for part in draft.question_attachments)
            text = " · ".join(filter(None, (one_line(draft.text, _MAX_CHARACTERS), *names)))
            self._words.setText(one_line(text, 2 * _MAX_CHARACTERS))
            set_tooltip(self._words, draft.text)
            self.setAccessibleName(spoken_text(tr("Queued: {question}", question=text)))
        self.setVisible(draft is not None)

    def update_theme(self) -> None:
        theme = current_theme()
        set_icon(self._button, "x", theme.dim, theme.px(14))


class QuestionQueue(Controller):
    """The queued question of each conversation, at most one.

    One that waits for an answer leaves the prompt for a bubble. One that waits for files stays in
    the prompt, where they will be attached.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._ids: set[str] = set()
        self._bubble: QueuedBubble | None = None
        self._prompt.text_changed.connect(self._on_typed)
        self._current.opened.connect(self._show)

    def __contains__(self, conversation_id: str) -> bool:
        """Return True if a question of this conversation is queued."""
        return conversation_id in self._ids

    def must_wait(self, conversation_id: str) -> bool:
        """Return True if a question of this conversation cannot be asked yet."""
        readings = self._session.readings.readings_of(conversation_id)
        return bool(readings) or self._running.is_running(conversation_id)

    def add(self, conversation_id: str, draft: Draft) -> None:
        """Queue the question in the prompt, below one that is queued already."""
        self._ids.add(conversation_id)
        is_edit = self._current.edited_question is not None
        if not (is_edit or self._session.readings.readings_of(conversation_id)):
            self._drafts.hold(conversation_id, draft)
            self._put_into_prompt(draft.after_sending)
        self._show()

    def remove(self, conversation_id: str) -> None:
        """Return a conversation's question from the queue to its prompt or draft."""
        if conversation_id not in self._ids:
            return
        self._ids.discard(conversation_id)
        self._return_to_draft(conversation_id)
        self._show()

    def send(self, conversation_id: str) -> None:
        """Ask the queued question of a conversation if it need not wait any more."""
        if conversation_id not in self._ids or self.must_wait(conversation_id):
            return
        self._ids.discard(conversation_id)
        self._show()
        is_open = conversation_id == self._current.id
        if is_open and self._drafts.held(conversation_id) is None:
            self._prompt.send()
        else:
            self._tasks.start(self._ask(conversation_id))

    async def _ask(self, conversation_id: str) -> None:
        """Ask the question of a conversation, which may not be open."""
        if conversation_id == self._current.id:
            conversation = self._current.conversation
        elif found := self._session.list_presenter.cache.find_existing(conversation_id):
            conversation = found
        else:
            return  # deleted
        held = self._drafts.held(conversation_id)
        if held is None and self._drafts.edit_in(conversation_id) is not None:
            return  # a question that replaces an earlier one stays in the draft
        draft = held or self._drafts.cached(conversation_id)
        try:
            path = await self._conversations.path(conversation_id)
            await self._session.turns.begin(path, draft, conversation=conversation)
        finally:
            if held is not None and self._drafts.held(conversation_id) is held:  # it was not sent
                self._return_to_draft(conversation_id)
            self._show()

    def _return_to_draft(self, conversation_id: str) -> None:
        is_open = conversation_id == self._current.id
        if is_open:
            self._drafts.put(conversation_id, self._draft.current)
        draft = self._drafts.release(conversation_id)
        if draft is not None and is_open:
            self._put_into_prompt(draft)

    def _put_into_prompt(self, draft: Draft) -> None:
        self._draft.replace(draft)
        self._prompt.set_text(draft.text, draft.template_id)

    def _on_typed(self) -> None:
        """Unqueue a question that stayed in the prompt, because it is being changed."""
        if self._drafts.held(self._current.id) is None:
            self.remove(self._current.id)

    def _show(self) -> None:
        held = self._drafts.held(self._current.id)
        if self._bubble is None and held is not None:
            self._bubble = QueuedBubble()
            self._bubble.removed.connect(lambda: self.remove(self._current.id))
            self._pane.add_above_prompt(self._bubble)
        if self._bubble is not None:
            self._bubble.show_draft(held)
        self._session.chat.show_hint()

    def clear(self) -> None:
        """Ask no queued question any more, because the program ends; they become drafts."""
        self._ids.clear()
