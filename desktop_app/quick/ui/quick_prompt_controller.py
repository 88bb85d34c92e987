"""The quick prompt: a question, its answer, and the transfer to the main window."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, Final

from PySide6.QtGui import QGuiApplication

from desktop_app.app.navigator import Navigator
from desktop_app.app.session import ConversationSession, Session
from desktop_app.chat.answers.answer_run import AnswerRun
from desktop_app.chat.ui.choice_controller import ConversationChoice
from desktop_app.chat.ui.question_asker import QuestionAsker
from desktop_app.chat.ui.shown_answers import ShownAnswers
from desktop_app.composer.attachments.attachments_controller import (
    AttachmentsController,
    PromptAttachments,
    RichTexts,
)
from desktop_app.composer.attachments.file_readings import ATTACHED_TEXT
from desktop_app.composer.attachments.images_controller import ImagesController
from desktop_app.composer.attachments.preview_controller import PreviewController
from desktop_app.composer.attachments.prompt_chips import PromptChips
from desktop_app.composer.drafts import MARKS, QUICK_KEY, QuickDraft, join_drafts
from desktop_app.composer.prompt_text import LARGE_PASTE_CHARACTERS
from desktop_app.composer.spelling import Spelling
from desktop_app.domain import errors
from desktop_app.domain.conversations.conversation import Draft, Message, new_id
from desktop_app.domain.conversations.message_facts import cost_text
from desktop_app.domain.conversations.message_parts import DraftPart, part_id
from desktop_app.domain.models.variants import Variant
from desktop_app.domain.prompt import CLIPBOARD, DATE, SELECTION, today
from desktop_app.i18n.formatting import duration
from desktop_app.i18n.translation import tr
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.quick.ui.paste_back import PasteBack
from desktop_app.quick.ui.quick_prompt import QuickPrompt
from desktop_app.shortcuts.command import CommandScope, all_commands
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.transcript.message_items import COPY_DIAGRAM, SAVE_DIAGRAM
from desktop_app.widgets.cards.notifications import NOT_SENT, UNDO, Actions

POSITION_KEY: Final = "window.quick_place"
MAX_RECALLED: Final = 50


class QuickPromptController(QuestionAsker):
    """Controller of the quick prompt.

    Opening the prompt begins a new conversation, unless a question is unsent or an answer streams.
    The conversation is stored with its first question. Its settings are written with each question,
    because the main window may change them, too.

    Attributes:
        window: the quick prompt.
        conversation: its conversation, its attachments and their chips.
        paste_back: pastes the answer into another program.
    """

    def __init__(self, session: Session) -> None:
        quick = self.window = QuickPrompt(session.of(ImagesController).brief_transcript(lambda: ()))
        view = self.conversation = ConversationSession(
            session, quick, quick.prompt, quick.transcript, quick.notifications
        )
        view.setup.is_brief = True
        super().__init__(session, view)
        view.of(ShownAnswers)
        self._chips = view.of(PromptChips)
        view.of(PreviewController)
        view.of(PromptAttachments)
        self._choice = view.of(ConversationChoice)
        self.paste_back = PasteBack(session, quick)
        # The last question as the user typed it. The field still shows it after it was sent.
        self._typed_text = ""
        self._asked = QuickDraft()  # what was submitted last
        # Held while the question goes to the store or to the window.
        self._handover_lock = asyncio.Lock()
        stored = self._draft.value = session.drafts.cached(QUICK_KEY)
        self._begin_conversation()
        quick.field.set_text(stored.text, stored.template_id)
        quick.placement.restore(session.stored_settings.get(POSITION_KEY))
        if (spelling := session.made(Spelling)) is not None:
            quick.field.check_spelling_with(spelling)
        session.events.conversation_made.emit(view)
        row = quick.prompt.row
        session.events.editor_made.emit(
            quick.field, row.helpers, quick.notifications, row.background_button
        )
        session.events.completer_made.emit(view, self._fill_in)
        self._connect()

    def _connect(self) -> None:
        session, quick, draft, tasks = self._session, self.window, self._draft, self._tasks
        field, button = quick.field, quick.prompt.row.model_button
        draft.store = self._store_draft
        field.textChanged.connect(draft.save_soon)
        draft.changed.connect(lambda: quick.set_accompanying_text(self._texts.accompanying))
        quick.hidden.connect(self._on_hidden)
        quick.place_requested.connect(
            lambda place: self._in_window(partial(session.window.request_place, place))
        )
        field.large_rich_text_pasted.connect(tasks.slot(self._add_long_text))
        field.large_text_pasted.connect(self._add_accompanying)
        quick.transcript.action_requested.connect(self._act_on)
        show_models = partial(session.run, "models.show")
        button.table_requested.connect(partial(self._in_window, show_models))
        self._running.finished.connect(self._finish)
        everywhere = {c.id for c in all_commands() if c.scope is CommandScope.EVERYWHERE}
        quick.add_commands(
            {
                **{
                    id_: partial(session.run, id_)
                    for id_ in everywhere
                    if id_ not in quick.commands
                },
                "quick.paste": self.paste_back.begin,
                "quick.go-on": partial(self._in_window, session.window.prompt.focus_text),
                "quick.add-selection": self._add_selection,
                "quick.temporary": self._toggle_temporary,
                "effort.more": lambda: self._choice.step_effort(+1),
                "effort.less": lambda: self._choice.step_effort(-1),
                **{f"variant.{v.value}": partial(self._choice.choose_variant, v) for v in Variant},
            }
        )
        quick.set_keymap(Keymap.from_settings(session.values.all))
        session.events.keys_changed.connect(quick.set_keymap)
        session.events.spelling_started.connect(quick.field.check_spelling_with)
        session.other_windows.append(lambda: self.is_in_use)
        session.other_views.append(self.is_showing)
        session.rebuild_obstacles.append(self._rebuild_obstacle)
        session.final_steps.append(self._end)

    def _rebuild_obstacle(self) -> str:
        is_lost = self.has_unsent
        return tr("The language changes once the quick prompt’s text is sent.") if is_lost else ""

    def _end(self) -> None:
        self._session.other_windows.clear()  # timers may still ask
        self.window.deleteLater()

    # -------------------------------------------------------------- state

    @property
    def is_in_use(self) -> bool:
        """Return True if the quick prompt is visible, or hidden only while it pastes."""
        return self.window.isVisible() or self.paste_back.is_pasting

    def is_showing(self, conversation_id: str) -> bool:
        return self.window.isVisible() and conversation_id == self._current.id

    @property
    def _is_busy(self) -> bool:
        """Return True while a question is stored or moves to the window, or its answer streams."""
        return self._handover_lock.locked() or self._running.is_running(self._current.id)

    @property
    def parts(self) -> tuple[DraftPart, ...]:
        """Return the attachments of the question."""
        return self._draft.value.attachments

    @property
    def _texts(self) -> QuickDraft:
        """Return the draft with the texts that are not in the field."""
        assert isinstance(self._draft.value, QuickDraft)
        return self._draft.value

    @property
    def reading_name(self) -> str:
        """Return the name of the first file that is being read; "" if no file is."""
        readings = self._readings.in_open_conversation.values()
        return next((reading.name for reading in readings), "")

    @property
    def has_unsent(self) -> bool:
        """Return True if a text or an attachment waits to be sent."""
        unsent = self.unsent_question
        return bool(unsent.has_question or unsent.accompanying.strip() or self.reading_name)

    @property
    def unsent_question(self) -> QuickDraft:
        """Return the unsent question; while an earlier one is recalled, the text typed before."""
        field, text = self.window.field, self._unsent_text()
        if field.is_recalling:
            return replace(self._texts, text=field.text_before_recall.strip(), template_id="")
        return replace(self._texts, text=text, template_id=field.template_id if text else "")

    def _unsent_text(self) -> str:
        """Return the typed text, "" if it is the last question, which the prompt still shows."""
        text = self.window.field.toPlainText().strip()
        return "" if text == self._typed_text else text

    def _store_draft(self) -> None:
        """Store the unsent question, but not one of a temporary conversation."""
        unsent = self.unsent_question
        is_stored = not self._is_temporary and (unsent.has_question or unsent.accompanying.strip())
        self._session.drafts.put(QUICK_KEY, unsent if is_stored else QuickDraft())

    def _on_hidden(self) -> None:
        position = self.window.placement.shares
        if position is not None:
            settings = self._session.backend.settings
            self._tasks.start(settings.set(POSITION_KEY, list(position)))
        self._session.events.quick_hidden.emit()

    async def _load_history(self) -> None:
        """Load earlier questions of all conversations for the field, the newest first.

        Very long ones, which may contain other programs' texts, are left out.
        """
        questions = await self._session.backend.conversations.recent_questions(MAX_RECALLED)
        texts = (text for text in questions if text.strip() and len(text) <= LARGE_PASTE_CHARACTERS)
        self.window.field.set_history(texts)

    # -------------------------------------------------------------- opening

    def open_with(self, text: str) -> None:
        """Show the quick prompt; `text` is sent with the question.

        A question that waits to be sent stays.
        """
        has_unsent = self.has_unsent
        if not has_unsent and not self._is_busy:  # a streaming answer stays visible
            self._begin_blank()
        if not has_unsent:
            self._draft.replace(replace(self._texts, accompanying="", clipboard=""))
            self.window.field.end_recall()
        self._add_accompanying(text)
        self._choice.show_choice()  # settings may have changed
        self._chips.show()
        self.window.open()
        self._tasks.start(self._load_history())
        self._choice.propose_model()

    def _begin_blank(self) -> None:
        self._begin_conversation()
        self._typed_text = ""
        self.clear_attachments()
        self.window.clear()

    def _begin_conversation(self) -> None:
        """Begin a blank conversation, which its first question stores. The attachments stay."""
        self._temporary.discard(self._current.id)
        blank = self._session.new_conversation.blank_with(new_id())
        self._current.open(blank, [], {}, self._draft.value, is_new=True)

    # -------------------------------------------------------------- attachments, other texts

    def clear_attachments(self) -> None:
        """Remove all attachments, and cancel reading."""
        self._readings.cancel_all()
        self._draft.set_attachments(())

    def _add_accompanying(self, text: str) -> None:
        texts = (self._texts.accompanying, text)
        accompanying = "\n\n".join(t for t in texts if t.strip())
        self._draft.replace(replace(self._texts, accompanying=accompanying))

    async def _add_long_text(self, text: str, html: str) -> None:
        """Send a very long rich text along with the question."""
        self._add_accompanying(await self._session.of(RichTexts).markdown_or_text(text, html))

    def _add_selection(self) -> None:
        """Add the text selected in another program, or the clipboard's if none is selected.

        On request only: a selection that somebody forgot would be sent unnoticed.
        """
        clipboard = QGuiApplication.clipboard()
        has_selection = clipboard.supportsSelection() and not clipboard.ownsSelection()
        text = clipboard.text(clipboard.Mode.Selection) if has_selection else ""
        text = text if text.strip() else clipboard.text()
        if text.strip():
            self._add_accompanying(text)
        else:
            self.window.show_status(tr("No text is selected or on the clipboard"))

    def _fill_in(self, names: frozenset[str]) -> dict[str, str]:
        """Return the values that the program fills into the marks of a library prompt."""
        if CLIPBOARD in names:
            clipboard = QGuiApplication.clipboard().text()
            self._draft.replace(replace(self._texts, clipboard=clipboard))
        texts = {SELECTION: self._texts.accompanying, CLIPBOARD: self._texts.clipboard}
        marks = {name: MARKS[name] if text.strip() else "" for name, text in texts.items()}
        return {DATE: today(), **marks}

    # -------------------------------------------------------------- temporary conversations

    @property
    def _is_temporary(self) -> bool:
        return self._temporary.was_ever_temporary(self._current.id)

    @property
    def _is_closed(self) -> bool:
        """Return True if the main window has begun another temporary conversation."""
        return self._is_temporary and not self._current.is_temporary

    def _toggle_temporary(self) -> None:
        """Choose, before the first question, whether the conversation is in memory only.

        Attachments are stored where the conversation will be, so choose before they are read.
        """
        quick, was_temporary = self.window, self._is_temporary
        quick.set_temporary(was_temporary)  # the button has already switched, and may be refused
        if self._is_busy or (self._current.path and not self._is_closed):
            return
        if not was_temporary and self._temporary.exists:
            quick.show_status(tr("A temporary conversation is already open"))
        elif self.parts or self.reading_name:
            quick.show_status(tr("Remove the attachments first"))
        elif self._is_closed:  # its messages are gone, so only the unsent text can be kept
            text = self._unsent_text()
            template_id = quick.field.template_id if text else ""
            self._begin_blank()
            quick.field.set_text(text, template_id)
        else:
            # Undo could not restore a removed attachment into the other state.
            quick.notifications.dismiss_topic(UNDO)
            self._temporary.discard(self._current.id)
            # An id that was temporary stays so.
            self._current.update(replace(self._current.conversation, id=new_id()))
            if not was_temporary:
                self._temporary.begin(self._current.id)
                store = self._session.backend.conversations
                self._tasks.start(store.create(self._current.conversation))
            self._draft.save_soon()
            quick.set_temporary(self._is_temporary)

    # -------------------------------------------------------------- asking

    def submit(self, text: str, template_id: str) -> None:
        """Ask a question, with the texts and the attachments that accompany it.

        If the main window deleted the conversation, the question begins another.
        """
        if self._is_busy:
            self.window.show_status(tr("Still responding…"))
            return
        current = self._current
        if current.path and not self._is_temporary:
            listed = self._session.of(ListPresenter).cache.find_existing(current.id)
            if listed is None:
                self._begin_conversation()
            else:  # it may have been renamed, moved or pinned
                current.update(replace(listed, choice=current.conversation.choice))
        self._typed_text = ""
        self._asked = replace(self._texts, text=text, template_id=template_id)
        super().submit(text, template_id)

    def _let_wait(self, _text: str, _template_id: str) -> None:
        self._refuse_while_reading()

    async def _run_typed(self, command: Coroutine[Any, Any, None], text: str) -> None:
        await super()._run_typed(command, text)
        if not self._prompt.text():
            self.window.show_status(tr("Remembered"))

    async def begin(self, *question: Any, **options: Any) -> None:
        """Ask as `QuestionAsker.begin` does, while nothing moves to the window."""
        async with self._handover_lock:
            await super().begin(*question, **options)

    def _remedies_for(self, _error: errors.UserFacingError) -> Actions:
        return ()  # those of the main window change what is in its prompt

    def _remove_sent(self, _conversation_id: str, _sent_draft: Draft) -> None:
        self._take_out(self._asked)

    async def _show_turn(self, run: AnswerRun) -> None:
        quick, question = self.window, run.question
        assert question is not None
        self._typed_text = self._asked.text.strip()
        quick.field.end_recall()
        self._current.append(question, run.answer)
        quick.transcript.set_messages([run.answer])
        quick.set_streaming(True)
        if not self._unsent_text():  # a follow-up replaces the question, but nothing typed after it
            quick.field.selectAll()
        self._tasks.start(self._load_history())

    def _take_out(self, sent: QuickDraft) -> None:
        """Remove texts and attachments that were sent or moved; those added meanwhile stay."""
        rest = self._texts.accompanying.removeprefix(sent.accompanying).lstrip("\n")
        ids = set(map(part_id, sent.question_attachments))
        parts = tuple(part for part in self.parts if part_id(part) not in ids)
        self._draft.replace(replace(self._texts, accompanying=rest, attachments=parts))

    def _refuse_while_reading(self) -> bool:
        """Return True, and tell the user, if a file is still being read."""
        if self.reading_name:
            message = tr("Reading {name}…", name=self.reading_name)
            self.window.notifications.notify(message, topic=NOT_SENT)
        return bool(self.reading_name)

    def _finish(self, conversation_id: str, answer: Message) -> None:
        """Show the cost and the duration of an answer that has ended."""
        if conversation_id == self._current.id:
            self.window.set_streaming(False)
            figures = [] if answer.cost is None else [cost_text(answer, answer.cost)]
            if answer.duration_s is not None:
                figures.append(duration(answer.duration_s))
            self.window.show_status(" · ".join(figures), is_announced=False)

    # -------------------------------------------------------------- the main window

    def _act_on(self, message_id: str, action: str) -> None:
        """Let the main window act on the answer, unless this needs no other window."""
        if action.startswith(COPY_DIAGRAM):
            self.window.show_status(tr("Picture copied"))
        elif action != "copy" and not action.startswith(SAVE_DIAGRAM):
            in_window = self._session.window.transcript.action_requested
            self._in_window(partial(in_window.emit, message_id, action))

    def _in_window(self, act: Callable[[], object]) -> None:
        """Continue in the main window, and do something there."""
        self._tasks.start(self._leave(act))

    async def _leave(self, act: Callable[[], object]) -> None:
        async with self._handover_lock:
            if not self.window.isVisible():  # an earlier request has moved it
                return
            if self._is_temporary and (self._current.path or self.parts):
                self.window.show_status(tr("A temporary conversation stays here"))
            elif not self._refuse_while_reading():
                # Show the window first, because the program ends once nothing is visible.
                self._session.raise_window()
                if await self._move_to_window():
                    act()
                self.window.hide()

    async def _move_to_window(self) -> bool:
        """Open the conversation in the main window, and move what is unsent there.

        Return False, and move nothing, if the user opened another conversation meanwhile.
        """
        session, current, field = self._session, self._current, self.window.field
        field_text, text = field.toPlainText(), self._unsent_text()
        sent = replace(self._texts, text=text, template_id=field.template_id if text else "")
        accompanying = sent.accompanying.strip()
        question = sent.question
        if current.path:
            # The accompanying text waits here for the next question.
            sent = replace(sent, accompanying="")
            question = sent.question
            await session.of(Navigator).open(current.id)
            is_deleted = session.of(ListPresenter).cache.get(current.id) is None
            if current.id != session.current.id and not is_deleted:
                return False
        elif question.has_question:
            session.of(Navigator).open_new()
            if len(accompanying) > LARGE_PASTE_CHARACTERS:
                session.of(AttachmentsController).attach_text(accompanying)
                text = text.replace(MARKS[SELECTION], ATTACHED_TEXT)
                question = replace(sent, text=text, accompanying="").question
        if question.has_question:
            draft = session.current.draft
            joined = join_drafts(question, draft.current)
            draft.replace(joined)
            session.window.prompt.set_text(joined.text, joined.template_id)
        self._take_out(sent)
        if field.toPlainText() == field_text:  # nothing was typed meanwhile
            # While the answer is still shown, its question is too.
            field.set_text(self._typed_text if current.path else "")
        return True
