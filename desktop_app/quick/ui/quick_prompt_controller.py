"""The quick prompt: a question, its answer, and the transfer to the main window."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from desktop_app.app.composition import make_conversation
from desktop_app.app.session import Session
from desktop_app.chat.ui.shown_answers import ShownAnswers
from desktop_app.composer.attachments.file_readings import ATTACHED_TEXT, DOCUMENT_TOPIC
from desktop_app.composer.choice.choice_view import ChoiceView
from desktop_app.composer.dropped_content import DroppedData
from desktop_app.composer.text.prompt_text import LARGE_PASTE_CHARACTERS
from desktop_app.composer.text.rich_text_paste import RichTextPaste
from desktop_app.domain.conversations.conversation import Draft, Message
from desktop_app.domain.conversations.message_parts import DraftPart, part_id
from desktop_app.domain.errors import SpendingCapError, UnpricedModelError, UserFacingError
from desktop_app.i18n.formatting import duration, money
from desktop_app.i18n.translation import tr
from desktop_app.prompts.prompt import SELECTION
from desktop_app.quick.ui.quick_conversation import QuickConversation, QuickHistory
from desktop_app.quick.ui.quick_draft import MARKS, AccompanyingText, QuickDraft, UnsentQuestion
from desktop_app.quick.ui.quick_prompt import QuickPrompt
from desktop_app.transcript.message_items import OPEN_PLACE

RAISE_CAP = "raise-cap"


class QuickPromptController(QObject):
    """Controller of the quick prompt.

    Opening the prompt begins a new conversation, unless a question is unsent or an answer streams.

    Attributes:
        window: the quick prompt.
        conversation: its conversation, its attachments and their chips.
        accompanying: text from other programs that is sent with the question.
        draft: stores the unsent question.
    """

    def __init__(self, session: Session, quick: QuickPrompt) -> None:
        super().__init__(quick)
        self.window = quick
        self._session = session
        self._running = session.running
        self._values = session.values
        self._tasks = session.tasks
        view = self.conversation = make_conversation(
            session, quick, quick, quick.transcript, quick.status
        )
        view.answers = ShownAnswers(session, view)
        self._draft = view.draft
        self._conversation = QuickConversation(session, view)
        self._history = QuickHistory(session, quick)
        self.accompanying = AccompanyingText()
        # The last question as the user typed it. The field still shows it after it was sent.
        self._typed_text = ""
        # Held while the question goes to the store or to the window.
        self._handover_lock = asyncio.Lock()
        self.draft = QuickDraft(
            session,
            lambda: UnsentQuestion() if self._conversation.is_temporary else self.unsent_question,
        )
        session.prompts_controller.configure_completer(quick.completer, self.accompanying.fill_in)
        self._connect()

    def _connect(self) -> None:
        quick, view, tasks = self.window, self.conversation, self._tasks
        quick.submit_requested.connect(tasks.slot(self._submit))
        quick.field.rich_text_pasted.connect(tasks.slot(self._convert_rich_text))
        quick.large_text_dropped.connect(tasks.slot(self._add_long_text))
        quick.files_dropped.connect(lambda paths: self._read([(p.name, p) for p in paths]))
        quick.field.data_pasted.connect(lambda data: self._read([(data.name, data)]))
        quick.stop_requested.connect(lambda: self._running.stop(view.current.id))
        quick.open_in_window_requested.connect(tasks.slot(self._leave_for_window))
        quick.status.remedy_requested.connect(
            lambda: tasks.start(self._leave_for_window(RAISE_CAP))
        )
        quick.selection_requested.connect(self._add_selection)
        quick.temporary_requested.connect(self._toggle_temporary)
        quick.text_changed.connect(self.draft.save_soon)
        # The main window applies an action to the answer; copying needs no other window.
        quick.transcript.action_requested.connect(
            lambda _id, action: (
                None if action == "copy" else tasks.start(self._leave_for_window(action))
            )
        )
        view.draft.changed.connect(self.draft.save_soon)
        quick.variant_requested.connect(
            lambda variant: self._session.choices.choose_variant(view.setup, variant)
        )
        quick.effort_step_requested.connect(self._step_effort)
        for signal in (
            self._session.choices.changed,
            view.current.opened,
            view.setup.choice_changed,
        ):
            signal.connect(self._show_choice)
        self._running.finished.connect(self._finish)

    # -------------------------------------------------------------- attachments, choice

    @property
    def parts(self) -> tuple[DraftPart, ...]:
        """Return the attachments of the question."""
        return self._draft.value.attachments

    @property
    def reading_name(self) -> str:
        """Return the name of the first file that is being read; "" if no file is."""
        readings = self.conversation.readings.in_open_conversation.values()
        return next((reading.name for reading in readings), "")

    def _read(self, contents: Sequence[tuple[str, Path | DroppedData]]) -> None:
        self.window.status.dismiss_topic(DOCUMENT_TOPIC)
        self.conversation.readings.read(contents)

    def clear_attachments(self) -> None:
        """Remove all attachments, and cancel reading."""
        self.conversation.readings.cancel_all()
        self._draft.set_attachments(())

    def _remove_sent(self, sent_parts: Sequence[DraftPart]) -> None:
        """Remove attachments that were sent or moved; those added meanwhile stay."""
        sent_ids = set(map(part_id, sent_parts))
        self._draft.set_attachments([p for p in self.parts if part_id(p) not in sent_ids])

    def _show_choice(self) -> None:
        self.window.model_button.set_choice(self._choice_view)

    @property
    def _choice_view(self) -> ChoiceView:
        return self._session.choices.view_of(self.conversation.setup)

    def _step_effort(self, step: int) -> None:
        next_effort = self._choice_view.effort_beside(step)
        if next_effort is not None:
            setup = self.conversation.setup
            setup.choose(replace(setup.choice, effort=next_effort))

    @property
    def is_visible(self) -> bool:
        """Return True if the quick prompt is visible."""
        return self.window.isVisible()

    @property
    def _is_busy(self) -> bool:
        """Return True while a question is stored or moves to the window, or its answer streams."""
        return self._handover_lock.locked() or self._running.is_running(
            self.conversation.current.id
        )

    def open_with(self, text: str) -> None:
        """Show the quick prompt; `text` is sent with the question.

        A question that waits to be sent stays.
        """
        has_unsent = self.has_unsent
        if not has_unsent and not self._is_busy:  # a streaming answer stays visible
            self._begin_blank()
        if not has_unsent:
            self.accompanying.set("", "")
            self._history.reset()
        self._add_accompanying(text)
        self._show_choice()  # settings may have changed
        self.conversation.chips.show()
        self.window.open_with(self.accompanying.text, keeps_content=has_unsent)
        self._tasks.start(self._history.load())
        self._tasks.start(self._conversation.propose_model())

    def _begin_blank(self) -> None:
        self._conversation.begin()
        self._typed_text = ""
        self.clear_attachments()
        self._set_temporary(False)

    def _add_accompanying(self, text: str) -> None:
        self.accompanying.add(text)
        self.draft.save_soon()

    async def _add_long_text(self, text: str, html: str) -> None:
        """Send a very long text along with the question."""
        self._add_accompanying(await self._session.drops.markdown_or_text(text, html))
        self.window.set_accompanying_text(self.accompanying.text)

    async def _convert_rich_text(self, paste: RichTextPaste) -> None:
        paste.replace_with(await self._session.drops.markdown_or_text("", paste.html))

    def is_showing(self, conversation_id: str) -> bool:
        """Return True if the quick prompt shows this conversation."""
        return self.is_visible and conversation_id == self.conversation.current.id

    # -------------------------------------------------------------- selection, saving

    def _add_selection(self) -> None:
        """Add the text selected in another program, or the clipboard's if none is selected.

        On request only: a selection that somebody forgot would be sent unnoticed.
        """
        clipboard = QGuiApplication.clipboard()
        has_selection = clipboard.supportsSelection() and not clipboard.ownsSelection()
        text = ""
        if has_selection:
            text = clipboard.text(clipboard.Mode.Selection)
        if not text.strip():
            text = clipboard.text()
        if not text.strip():
            self.window.status.show_status(tr("No text is selected or on the clipboard"))
            return
        self._add_accompanying(text)
        self.window.set_accompanying_text(self.accompanying.text)

    def _toggle_temporary(self) -> None:
        # The button has already switched, so every refusal sets it back.
        is_temporary = self._conversation.is_temporary
        is_closed = self._conversation.is_closed
        if self._is_busy or (self.conversation.current.path and not is_closed):
            self.window.set_temporary(is_temporary)
        elif not self._conversation.can_be_temporary:
            self.window.set_temporary(False)
            self.window.status.show_status(tr("A temporary conversation is already open"))
        elif self.parts or self.reading_name:
            self.window.set_temporary(is_temporary)
            self.window.status.show_status(tr("Remove the attachments first"))
        elif is_closed:  # its messages are gone, so only the unsent text can be kept
            text = self._unsent_text()
            template_id = self.window.field.template_id if text else ""
            self._begin_blank()
            self.window.open_with(self.accompanying.text)
            self.window.field.set_text(text, template_id)
        else:
            # Undo could not restore a removed attachment into the other state.
            self.clear_attachments()
            self.window.status.show_status("")  # instead of an offer to restore an attachment
            self._set_temporary(not is_temporary)

    def _set_temporary(self, is_temporary: bool) -> None:
        self._conversation.set_temporary(is_temporary)
        self.draft.save_soon()
        self.window.set_temporary(is_temporary)

    # -------------------------------------------------------------- asking

    async def _submit(self, text: str) -> None:
        # The marks of a library prompt are filled; accompanying text without a mark follows.
        filled_texts = self.accompanying.fill_marks(text, self.accompanying.text)
        question = "\n\n".join(filter(None, filled_texts))
        if self._is_busy or not question:
            return
        if self.reading_name:
            self.window.status.show_problem(tr("Reading {name}…", name=self.reading_name))
            return
        accompanying_text = self.accompanying.text
        attached_parts = self.parts
        try:
            draft = Draft(question, attached_parts, self.window.field.template_id)
            async with self._handover_lock:
                run = await self._conversation.ask(draft)
        except UserFacingError as error:
            # A higher cap does not help if the price is unknown; that error is a subclass.
            is_unpriced = isinstance(error, UnpricedModelError)
            is_over_cap = isinstance(error, SpendingCapError) and not is_unpriced
            self.window.status.show_problem(
                error.sentences, tr("Raise the limit") if is_over_cap else ""
            )
            return
        # Text that was added meanwhile waits for the next question.
        self.accompanying.remove_sent(accompanying_text)
        self._typed_text = text.strip()
        self._history.reset()
        self.draft.save_soon()
        self._remove_sent(attached_parts)
        self.window.set_accompanying_text(self.accompanying.text)
        if not self._conversation.is_temporary:
            self._session.list_presenter.upsert(run.conversation)
        self.window.transcript.set_messages([run.answer])
        self.conversation.current.report_path()
        self._running.start(run)
        self.window.set_streaming(True)
        self._tasks.start(self._history.load())

    def _finish(self, conversation_id: str, answer: Message) -> None:
        """Show the cost and the duration of an answer that has ended."""
        if conversation_id == self.conversation.current.id:
            self.window.set_streaming(False)
            figures = [] if answer.cost is None else [money(answer.cost)]
            if answer.duration_s is not None:
                figures.append(duration(answer.duration_s))
            self.window.status.show_figures(" · ".join(figures))

    # -------------------------------------------------------------- the main window

    async def _leave_for_window(self, action: str = "") -> None:
        async with self._handover_lock:
            if self.is_visible:  # an earlier request may have moved it while this one waited
                await self._move_to_window(action)

    async def _move_to_window(self, action: str) -> None:
        has_content = self.conversation.current.path or self.parts
        if self._conversation.is_temporary and has_content:
            self.window.status.show_status(tr("A temporary conversation stays here"))
            return
        if self.reading_name:
            self.window.status.show_problem(tr("Reading {name}…", name=self.reading_name))
            return
        field_text = self.window.field.toPlainText()
        # Show the window first, because the program ends once nothing is visible.
        if self.conversation.current.path:
            # The text in the prompt was asked already, unless a cap refused it or it is new.
            unasked_text = field_text.strip() if action == RAISE_CAP else self._unsent_text()
            template_id = self.window.field.template_id if unasked_text else ""
            unsent = Draft(unasked_text, self.parts, template_id)
            if not await self._continue_in_window(self.conversation.current.id, action, unsent, ""):
                self.window.hide()
                return
        else:
            accompanying_text = self.accompanying.text.strip()
            if len(accompanying_text) > LARGE_PASTE_CHARACTERS:
                # The window will attach the accompanying text, so the question names it.
                text = field_text.replace(MARKS[SELECTION], ATTACHED_TEXT)
                text, _ = self.accompanying.fill_marks(text, "")
            else:
                text, accompanying_text = self.accompanying.fill_marks(
                    field_text, accompanying_text
                )
            text = text if text.strip() else ""  # the user may type on after a space
            unsent = Draft(text, self.parts, self.window.field.template_id)
            self.accompanying.set("", self.accompanying.clipboard)
            await self._continue_in_window("", action, unsent, accompanying_text)
        # The main window has the unsent text and the attachments now.
        self._remove_sent(unsent.question_attachments)
        if self.window.field.toPlainText() == field_text:  # nothing was typed meanwhile
            # While the answer is still shown, its question is too.
            self.window.field.set_text(self._typed_text if self.conversation.current.path else "")
        self.window.hide()

    async def _continue_in_window(
        self, conversation_id: str, action: str, typed_draft: Draft, accompanying_text: str
    ) -> bool:
        """Raise the main window and continue there.

        Return False, and take nothing over, if the user opened another conversation meanwhile.

        Args:
            conversation_id: the conversation to open; "" for none.
            action: what the user chose below the answer or its error; "" for nothing.
            typed_draft: unsent text and attachments.
            accompanying_text: text that another program sent to the quick prompt.
        """
        session, prompt = self._session, self._session.window.prompt
        session.raise_window()
        if conversation_id:
            await session.navigator.open(conversation_id)
            is_deleted = session.list_presenter.cache.get(conversation_id) is None
            if conversation_id != session.current.id and not is_deleted:
                return False
            if typed_draft.text:
                gap = "\n\n" if prompt.text() else ""
                prompt.prepend(typed_draft.text + gap, typed_draft.template_id)
        elif typed_draft.has_question or accompanying_text:
            self._begin_conversation(typed_draft, accompanying_text)
        if typed_draft.attachments:
            draft = session.current.draft
            attachments = dict.fromkeys((*draft.value.attachments, *typed_draft.attachments))
            draft.set_attachments(tuple(attachments))
        if not action:
            prompt.focus_text()
        elif action in ("add-key", "change-key"):
            session.providers_controller.open_at_key()
        elif action.startswith(OPEN_PLACE):
            session.places.open_action(conversation_id, action)
        elif action == "raise-cap":
            session.providers_controller.open_at_cap(session.setup.profile.id)
        elif conversation_id == session.current.id:  # else it was deleted
            session.answer_actions.act_on_last(action)
        return True

    def _begin_conversation(self, typed_draft: Draft, accompanying_text: str) -> None:
        """Put the unsent text of the quick prompt into a new conversation."""
        session, prompt = self._session, self._session.window.prompt
        session.navigator.open_new()
        if len(accompanying_text) > LARGE_PASTE_CHARACTERS:
            session.attachments.attach_text(accompanying_text)
            accompanying_text = ""
        texts = (typed_draft.text, accompanying_text, prompt.text())
        prompt.set_text("")
        prompt.prepend("\n\n".join(filter(None, texts)), typed_draft.template_id)

    @property
    def has_unsent(self) -> bool:
        """Return True if a text or an attachment waits to be sent."""
        return bool(self.unsent_question or self.reading_name)

    @property
    def unsent_question(self) -> UnsentQuestion:
        """Return the unsent question; while an earlier one is recalled, the text typed before."""
        text = self._unsent_text()
        text_before = self._history.text_before_recall(text)
        draft = Draft(
            text if text_before is None else text_before,
            self.parts,
            self.window.field.template_id if text_before is None and text else "",
        )
        return UnsentQuestion(draft, self.accompanying.text, self.accompanying.clipboard)

    def restore_draft(self, stored: UnsentQuestion) -> None:
        """Put the unsent question of an earlier run into the quick prompt."""
        self.draft.set_stored(stored)
        self.accompanying.set(stored.accompanying, stored.clipboard)
        self._draft.set_attachments(stored.draft.question_attachments)
        self.window.field.set_text(stored.draft.text, stored.draft.template_id)

    def _unsent_text(self) -> str:
        """Return the typed text, "" if it is the last question, which the prompt still shows."""
        text = self.window.field.toPlainText().strip()
        return "" if text == self._typed_text else text
