"""Questions of the main window: asked, queued, edited and stopped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from desktop_app.app.navigator import Navigator
from desktop_app.app.session import Session
from desktop_app.chat.answers.answer_run import AnswerRun
from desktop_app.chat.ui.compaction_controller import CompactionController
from desktop_app.chat.ui.question_asker import QuestionAsker
from desktop_app.chat.ui.shown_answers import STORE_TOPIC
from desktop_app.composer.attachment_chips import Chip
from desktop_app.composer.attachments.file_readings import reading_chips
from desktop_app.composer.attachments.prompt_chips import PromptChips
from desktop_app.composer.drafts import QuestionEdit, join_drafts
from desktop_app.domain import errors
from desktop_app.domain.conversations.conversation import Draft, Message, MessageStatus, Role
from desktop_app.i18n.translation import tr
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.library.ui.trash import Trash
from desktop_app.providers.models.choice_resolution import ON_DEVICE_MODEL
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.boxes import STRETCH, row_of
from desktop_app.widgets.look.icons import set_icon
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.foreign_text import (
    PlainLabel,
    PlainToolButton,
    one_line,
    set_tooltip,
    spoken_text,
)

_MAX_CHARACTERS: Final = 60


class ChatController(QuestionAsker):
    """Asks the questions of the main window, and shows their turns in the open conversation.

    A question that must wait is queued, at most one for each conversation, in a bubble above the
    prompt: until the running answer ends and its files are read. An edit waits in the prompt.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session, session.main)
        self._pane = session.window.pane
        self._announced_hint = ""
        self._queued_ids: set[str] = set()  # conversations with a queued question
        self._awaited_model = ""
        self._bubble: QueuedBubble | None = None
        self._prompt.field.stop_pressed.connect(self.stop_latest)
        self._prompt.text_changed.connect(self._on_typed)
        assert self._pane.inline is not None
        self._pane.inline.canceled.connect(self._discard_edit)
        self._pane.inline.version_requested.connect(self._leave_for_version)
        self._current.opened.connect(self._show_state)
        self._setup.choice_changed.connect(self._show_hint)
        self._running.started.connect(lambda _id: self._show_state())
        self._running.finished.connect(self._on_finished)
        self._running.store_error_changed.connect(self._show_store_error)
        session.main.of(PromptChips).shown.connect(self._show_bubble)
        self._readings.given_up.connect(self.unqueue)
        self._readings.ended.connect(self.send_queued)

    # -------------------------------------------------------------- asking

    def _let_wait(self, text: str, template_id: str) -> None:
        opened_id = self._current.id
        self._queued_ids.add(opened_id)
        if self._current.edited_question is None:
            self._readings.set_queued(opened_id, True)
            draft = self._draft.with_text(text, template_id)  # with the files that have arrived
            self._drafts.hold(opened_id, draft)  # below one that is queued already
            self._put_into_prompt(draft.after_sending)
        self._show_state()

    async def _show_turn(self, run: AnswerRun) -> None:
        current, question = self._current, run.question
        self._pane.set_title(current.conversation.title)
        last_id = current.path[-1].id if current.path else None
        if question is not None and not run.siblings and question.parent_id == last_id:
            current.append(question, run.answer)
            self._pane.show_empty_state(False)
            self._transcript.stream.append_message(question)
            self._transcript.stream.append_message(run.answer)
            self._transcript.scroll_to_end()
            self._prompt.focus_text()
            self._session.of(Navigator).mark_open()
        else:  # appending is not enough
            await self._session.of(Navigator).open(run.conversation.id)
            if run.conversation.id == current.id:
                self._transcript.follow_last_question()

    def _remove_sent(self, conversation_id: str, sent_draft: Draft) -> None:
        is_open = conversation_id == self._current.id
        if is_open:
            self._draft.save()
        remaining_draft = self._drafts.remove_sent(conversation_id, sent_draft)
        if is_open:
            self._draft.replace(remaining_draft)
            if self._prompt.text() != remaining_draft.text:
                self._prompt.set_text(remaining_draft.text, remaining_draft.template_id)

    # -------------------------------------------------------------- the queue

    def wait_for_model(self, name: str) -> None:
        """Queue first questions to the built-in model until a better one is downloaded."""
        self._awaited_model = name

    def end_wait(self, *, is_ready: bool) -> None:
        """Ask the questions that waited for the model, or return them if there is none."""
        self._awaited_model = ""
        for conversation_id in list(self._queued_ids):
            if is_ready:
                self.send_queued(conversation_id)
            elif not self._must_wait(conversation_id):
                self.unqueue(conversation_id)

    def _waits_for_model(self, conversation_id: str) -> bool:
        is_first = conversation_id == self._current.id and not self._current.path
        return (
            bool(self._awaited_model) and is_first and self._setup.choice.model == ON_DEVICE_MODEL
        )

    def _must_wait(self, conversation_id: str) -> bool:
        return self._waits_for_model(conversation_id) or super()._must_wait(conversation_id)

    def unqueue(self, conversation_id: str) -> None:
        """Return a conversation's question from the queue to its prompt or draft."""
        if conversation_id in self._queued_ids:
            self._queued_ids.discard(conversation_id)
            self._return_to_draft(conversation_id)
            self._readings.set_queued(conversation_id, False)
            self._show_state()

    def send_queued(self, conversation_id: str) -> None:
        """Ask the queued question of a conversation if it need not wait any more."""
        if conversation_id not in self._queued_ids or self._must_wait(conversation_id):
            return
        self._queued_ids.discard(conversation_id)
        self._show_state()
        if conversation_id == self._current.id and self._drafts.held(conversation_id) is None:
            self._prompt.send()
        else:
            self._tasks.start(self._ask_queued(conversation_id))

    async def _ask_queued(self, conversation_id: str) -> None:
        """Ask the question of a conversation, which may not be open."""
        conversation = self._session.of(ListPresenter).cache.find_existing(conversation_id)
        if conversation_id == self._current.id:
            conversation = self._current.conversation
        held = self._drafts.held(conversation_id)
        is_in_edit = held is None and self._drafts.edit_in(conversation_id) is not None
        if conversation is None or is_in_edit:
            # Deleted or blank; or a question that replaces an earlier one stays in the draft.
            self._return_to_draft(conversation_id)
            return
        draft = held or self._drafts.cached(conversation_id)
        try:
            path = await self._conversations.path(conversation_id)
            await self.begin(path, draft, conversation=conversation)
        finally:
            if held is not None and self._drafts.held(conversation_id) is held:  # it was not sent
                self._return_to_draft(conversation_id)
            self._show_state()

    def _return_to_draft(self, conversation_id: str) -> None:
        is_open = conversation_id == self._current.id
        if is_open:
            self._drafts.put(conversation_id, self._draft.current)
        draft = self._drafts.release(conversation_id)
        if draft is not None and is_open:
            self._put_into_prompt(draft)

    def _on_typed(self) -> None:
        """Unqueue a question that stayed in the prompt, because it is being changed."""
        if self._drafts.held(self._current.id) is None:
            self.unqueue(self._current.id)

    def clear_queue(self) -> None:
        """Ask no queued question any more, because the program ends; they become drafts."""
        self._queued_ids.clear()

    # -------------------------------------------------------------- edits

    def edit(self, message: Message) -> None:
        """Edit a question, or the question of an answer, if it has one.

        The prompt takes the question's place, with what was typed in an edit that was canceled.
        After the edit, it shows the draft that it had before.
        """
        path = [*self._current.path_before(message.id), message]
        question = next((m for m in reversed(path) if m.role is Role.USER), None)
        if question is not None:  # imported conversations may begin with an answer
            self._begin_edit(question, self._draft.current)
            self._put_into_prompt(self._drafts.edited_draft(question), focus=True)

    def _begin_edit(self, question: Message, typed_draft: Draft) -> None:
        """Edit a question in place of a draft, which returns after the edit."""
        edit = self._drafts.end_edit(question.conversation_id)
        previous_draft = typed_draft if edit is None else edit.with_changed_question(typed_draft)
        self._drafts.edit(question.conversation_id, QuestionEdit(question, previous_draft))

    def _discard_edit(self) -> bool:
        """Restore the draft from before the edit, and offer to undo that; False without an edit."""
        edit = self._drafts.edit_in(self._current.id)
        if edit is None or self._current.edited_question is None:
            return False
        question, typed_draft = edit.question, self._draft.current
        if not self._current.is_temporary:
            self._drafts.leave_edit(question, typed_draft)
        self._drafts.end_edit(self._current.id)
        self._put_into_prompt(edit.previous, focus=True)

        def resume() -> None:
            conversation_id = question.conversation_id
            if conversation_id != self._current.id:  # shown when it is opened again
                self._begin_edit(question, self._drafts.cached(conversation_id))
                self._drafts.put(conversation_id, typed_draft)
            elif self._current.message(question.id) is not None:
                self.edit(question)

        if typed_draft != question.as_draft:
            self._notifications.notify_undo(tr("Edit discarded"), resume)
        return True

    def _leave_for_version(self, message_id: str, action: str) -> None:
        self._discard_edit()
        self._transcript.action_requested.emit(message_id, action)

    def discard_draft(self) -> None:
        """Empty the prompt, and offer to undo that. Without messages, its row is deleted too."""
        opened_id = self._current.id
        draft = self._draft.current

        def restore() -> None:
            """Put the draft before what was typed since."""
            if opened_id == self._current.id:
                self._put_into_prompt(join_drafts(draft, self._draft.current), focus=True)
            else:
                joined = join_drafts(draft, self._drafts.cached(opened_id))
                self._drafts.put(opened_id, joined)

        if self._discard_edit():
            return
        if self._current.is_listed and not self._current.path:
            self._session.of(Trash).delete([opened_id])  # Undo opens it again with its draft
        elif draft.text or draft.attachments:
            self._put_into_prompt(Draft(), focus=True)
            self._notifications.notify_undo(tr("Draft discarded"), restore)

    def _put_into_prompt(self, draft: Draft, *, focus: bool = False) -> None:
        super()._put_into_prompt(draft)
        if focus:
            self._show_state()
            self._prompt.focus_text()

    # -------------------------------------------------------------- answers, state

    def stop_latest(self) -> None:
        """Cancel one thing: reading aloud, a queued question, other work, an answer, an edit."""
        if any(step() for step in self._session.escape_steps):
            return
        opened_id = self._current.id
        if opened_id in self._queued_ids:
            self.unqueue(opened_id)
        elif self._session.of(CompactionController).cancel():
            return
        elif self._running.is_running(opened_id):
            self._running.stop(opened_id)
        else:
            self._discard_edit()

    def _on_finished(self, conversation_id: str, answer: Message) -> None:
        if answer.status is MessageStatus.STREAMING:
            # The program ends, but the answer has not: its provider continues it in the background.
            return
        if conversation_id == self._current.id:
            self._show_state()
        if self._running.is_running(conversation_id):
            return
        if answer.status is MessageStatus.FAILED:
            # What was queued behind a failed answer is not asked; it returns to the prompt.
            self.unqueue(conversation_id)
        else:
            self.send_queued(conversation_id)

    def _show_store_error(self, _conversation_id: str, error: errors.StorageError | None) -> None:
        if error is not None:
            self._notifications.notify(error, topic=STORE_TOPIC)
        else:
            self._dismiss_store_error()

    def _show_state(self) -> None:
        opened_id = self._current.id
        edited = self._current.edited_question
        self._pane.edit_in_place("" if edited is None else edited.id)
        self._prompt.set_streaming(self._running.is_running(opened_id))
        held = self._drafts.held(opened_id)
        if self._bubble is None and held is not None:
            self._bubble = QueuedBubble()
            self._bubble.button.clicked.connect(lambda: self.unqueue(self._current.id))
            self._pane.add_above_prompt(self._bubble)
        self._show_bubble()
        self._show_hint()

    def _show_hint(self) -> None:
        """Show a hint at the queued question, an edit, or a text, announced once."""
        hint = ""
        if self._current.id in self._queued_ids:
            key = self._stop_key
            hint = tr("Queued · {key} to cancel", key=key) if key else tr("Queued")
            if self._waits_for_model(self._current.id):
                hint = tr("Sent when {model} is here", model=self._awaited_model)
        elif self._current.edited_question is not None:
            hint = tr("Editing · The original message is kept")
            key = self._stop_key
            if key and not self._running.is_running(self._current.id):  # which it stops first
                hint = tr("Editing · The original message is kept · {key} to cancel", key=key)
        elif self._setup.ask_settings.open_text and not self._setup.takes_tools:
            hint = tr("This model can’t edit the text. Select words, then use the buttons above.")
        self._prompt.set_hint(hint)
        if hint and hint != self._announced_hint:
            self._notifications.announce(hint)
        self._announced_hint = hint

    @property
    def _stop_key(self) -> str:
        return shortcut_text(
            Keymap.from_settings(self._session.values.all).shortcut_of("prompt.stop")
        )

    def _show_bubble(self) -> None:
        if self._bubble is not None:
            readings = self._readings.readings_of(self._current.id)
            queued = {id_: reading for id_, reading in readings.items() if reading.is_queued}
            self._bubble.show_draft(self._drafts.held(self._current.id), reading_chips(queued))


class QueuedBubble(QWidget):
    """The queued question below the transcript, on the side of questions, with a button."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("queued-question")
        frame = QFrame()
        set_role(frame, "note-card")
        self._words = PlainLabel(name="queued-words", role="note")
        label = tr("Don’t send this message yet")
        self.button = PlainToolButton(name="unqueue", role="quiet", label=label)
        row_of(self._words, self.button, parent=frame, margins=(12, 4, 6, 4), spacing=6)
        row_of(STRETCH, frame, parent=self, margins=0)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.update_theme()
        self.hide()

    def show_draft(self, draft: Draft | None, readings: Sequence[Chip]) -> None:
        """Show a queued question, None for none, and the files for it that are being read."""
        if draft is not None:
            names = (part.name for part in draft.question_attachments)
            text = " · ".join(filter(None, (one_line(draft.text, _MAX_CHARACTERS), *names)))
            states = (f"{chip.name}, {chip.summary}" for chip in readings)
            self._words.setText(one_line(" · ".join((text, *states)), 2 * _MAX_CHARACTERS))
            set_tooltip(self._words, draft.text)
            self.setAccessibleName(spoken_text(tr("Queued: {question}", question=text)))
        self.setVisible(draft is not None)

    def update_theme(self) -> None:
        theme = current_theme()
        set_icon(self.button, "x", theme.dim, theme.px(14))
