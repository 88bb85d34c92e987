"""The quick prompt: a question, its answer, and the transfer to the main window."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from desktop_app.app.session import ConversationSession, Session
from desktop_app.backend.prompt_loader import today
from desktop_app.chat.answers.answer_run import AnswerRun
from desktop_app.chat.ui.answer_actions import AnswerActions
from desktop_app.chat.ui.chat_controller import ChatController
from desktop_app.chat.ui.choice_controller import ConversationChoice
from desktop_app.chat.ui.shown_answers import ShownAnswers
from desktop_app.composer.attachments.attachments_controller import (
    AttachmentsController,
    PromptAttachments,
    RichTexts,
)
from desktop_app.composer.attachments.file_readings import ATTACHED_TEXT, FileReadings
from desktop_app.composer.attachments.images_controller import ImagesController
from desktop_app.composer.attachments.preview_controller import PreviewController
from desktop_app.composer.attachments.prompt_chips import PromptChips
from desktop_app.composer.drafts import MARKS, QUICK_KEY, QuickDraft, fill_marks
from desktop_app.composer.prompt_text import LARGE_PASTE_CHARACTERS
from desktop_app.composer.spelling import Spelling
from desktop_app.domain import errors
from desktop_app.domain.conversations.conversation import Draft, Message, new_id
from desktop_app.domain.conversations.message_facts import cost_text
from desktop_app.domain.conversations.message_parts import DraftPart, part_id
from desktop_app.domain.models.variants import Variant
from desktop_app.domain.places import Place
from desktop_app.domain.prompt import CLIPBOARD, DATE, SELECTION
from desktop_app.i18n.formatting import duration
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.library.ui.navigator import Navigator
from desktop_app.providers.ui.providers_controller import ProvidersController
from desktop_app.quick.ui.paste_back import PasteBack
from desktop_app.quick.ui.quick_prompt import QuickPrompt
from desktop_app.shortcuts.command import CommandScope, all_commands
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.transcript.message_items import OPEN_PLACE
from desktop_app.widgets.cards.notifications import NOT_SENT, UNDO

POSITION_KEY: Final = "window.quick_place"
RAISE_CAP: Final = "raise-cap"
ALL_MODELS: Final = "all-models"
COMPARE: Final = "compare"
MAX_RECALLED: Final = 50


class QuickPromptController(QObject):
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
        super().__init__(quick)
        self._session = session
        self._running = session.running
        self._tasks = session.tasks
        self._temporary = session.temporary
        view = self.conversation = ConversationSession(
            session, quick, quick.prompt, quick.transcript, quick.notifications
        )
        view.setup.is_brief = True
        view.of(ShownAnswers)
        self._readings, self._chips = view.of(FileReadings), view.of(PromptChips)
        view.of(PreviewController)
        view.of(PromptAttachments)
        chat = session.of(ChatController)
        self._readings.given_up.connect(chat.unqueue)
        self._readings.ended.connect(chat.send_queued)
        self._current, self._setup, self._draft = view.current, view.setup, view.draft
        self._choice = view.of(ConversationChoice)
        self.paste_back = PasteBack(session, quick)
        # The last question as the user typed it. The field still shows it after it was sent.
        self._typed_text = ""
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
        session.events.completer_made.emit(quick.prompt.completer, self._fill_in)
        self._connect()

    def _connect(self) -> None:
        session, quick, draft, tasks = self._session, self.window, self._draft, self._tasks
        field, button = quick.field, quick.prompt.row.model_button
        draft.store = self._store_draft
        field.textChanged.connect(draft.save_soon)
        draft.changed.connect(lambda: quick.set_accompanying_text(self._texts.accompanying))
        quick.submit_requested.connect(tasks.slot(self._submit))
        quick.hidden.connect(self._on_hidden)
        quick.place_requested.connect(lambda place: self._start_leaving(f"{OPEN_PLACE}{place}"))
        field.large_rich_text_pasted.connect(tasks.slot(self._add_long_text))
        field.large_text_pasted.connect(self._add_accompanying)
        quick.prompt.stop_requested.connect(lambda: self._running.stop(self._current.id))
        # The main window applies an action to the answer; copying needs no other window.
        quick.transcript.action_requested.connect(
            lambda _id, action: None if action == "copy" else self._start_leaving(action)
        )
        button.table_requested.connect(lambda: self._start_leaving(ALL_MODELS))
        button.comparison_requested.connect(lambda: self._start_leaving(COMPARE))
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
                "quick.go-on": self._start_leaving,
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
        self.window.open_with(self._texts.accompanying, keeps_content=has_unsent)
        self._tasks.start(self._load_history())
        self._tasks.start(self._propose_model())

    def _begin_blank(self) -> None:
        self._begin_conversation()
        self._typed_text = ""
        self.clear_attachments()
        self.window.set_temporary(False)

    def _begin_conversation(self) -> None:
        """Begin a blank conversation, which its first question stores. The attachments stay."""
        self._temporary.discard(self._current.id)
        blank = self._session.new_conversation.blank_with(new_id())
        self._current.open(blank, [], {}, self._draft.value, is_new=True)

    async def _propose_model(self) -> None:
        """Choose the provider's default model if the conversation has none."""
        if self._setup.resolved.model.id:
            return
        original = self._current.conversation
        choice = await self._setup.known_choice(original)
        if self._current.conversation is original and choice != original.choice:
            self._setup.choose(choice)

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
            quick.open_with(self._texts.accompanying)
            quick.field.set_text(text, template_id)
        else:
            # Undo could not restore a removed attachment into the other state.
            quick.notifications.dismiss_topic(UNDO)
            self._temporary.discard(self._current.id)
            # An id that was temporary stays so.
            self._current.update(replace(self._current.conversation, id=new_id()))
            if not was_temporary:
                self._temporary.begin(self._current.id)
            self._draft.save_soon()
            quick.set_temporary(self._is_temporary)

    # -------------------------------------------------------------- asking

    async def _submit(self, text: str) -> None:
        quick, sent = self.window, self._texts
        question = replace(sent, text=text, template_id=quick.field.template_id).question
        if self._is_busy or not question.text or self._refuse_while_reading():
            return
        try:
            if (command := self._session.typed_command(question.text)) is not None:
                await command
                self.window.field.clear()
                self.window.show_status(tr("Remembered"))
                return
            async with self._handover_lock:
                run = await self._ask(question)
                if run is None:
                    return
        except errors.UserFacingError as error:
            # A higher cap does not help if the price is unknown; that error is a subclass.
            is_unpriced = isinstance(error, errors.UnpricedModelError)
            remedy = (tr("Raise the limit"), partial(self._start_leaving, RAISE_CAP))
            is_over_cap = isinstance(error, errors.SpendingCapError) and not is_unpriced
            quick.notifications.notify(error, [remedy] if is_over_cap else (), topic=NOT_SENT)
            return
        self._typed_text = text.strip()
        self.window.field.end_recall()
        self._remove_sent(sent)
        if not self._is_temporary:
            self._session.of(ListPresenter).upsert(run.conversation)
        quick.transcript.set_messages([run.answer])
        self._current.path_changed.emit()
        self._running.start(run)
        quick.set_streaming(True)
        if not self._unsent_text():  # a follow-up replaces the question, but nothing typed after it
            quick.field.selectAll()
        self._tasks.start(self._load_history())

    def _remove_sent(self, sent: QuickDraft) -> None:
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

    async def _ask(self, draft: Draft) -> AnswerRun | None:
        """Store a question, and return the run of its answer; None as `store_turn`.

        If the conversation was deleted, the question begins another.

        Raises:
            UserFacingError: the question was refused.
        """
        current, store = self._current, self._session.backend.conversations
        await self._propose_model()
        if self._is_closed:
            raise errors.StorageError(
                N_(
                    "The temporary conversation was closed, but your message is still "
                    "in the prompt."
                ),
                hint=N_("Send it in another conversation."),
            )
        if self._is_temporary and not current.path:
            await store.create(current.conversation)
        elif current.path:
            stored = await store.get(current.id)
            choice = current.conversation.choice
            if (stored is None or stored.trashed_at) and not self._is_temporary:
                stored = None  # the main window deleted it
                self._begin_conversation()
            # The main window may have renamed, moved or pinned it.
            current.update(replace(stored or current.conversation, choice=choice))
        run = await self._session.of(ChatController).store_turn(
            current.conversation, current.path, draft, single_answer=True, with_tools=False
        )
        if run is not None and run.question is not None:
            # The user may have changed the choice meanwhile.
            current.update(replace(run.conversation, choice=current.conversation.choice))
            current.append(run.question, run.answer)
            if run.conversation.choice != current.conversation.choice:
                self._tasks.start(store.save_settings(current.conversation))
                self._setup.choice_changed.emit()
        return run

    def _finish(self, conversation_id: str, answer: Message) -> None:
        """Show the cost and the duration of an answer that has ended."""
        if conversation_id == self._current.id:
            self.window.set_streaming(False)
            figures = [] if answer.cost is None else [cost_text(answer, answer.cost)]
            if answer.duration_s is not None:
                figures.append(duration(answer.duration_s))
            self.window.show_status(" · ".join(figures), is_announced=False)

    # -------------------------------------------------------------- the main window

    def _start_leaving(self, action: str = "") -> None:
        """Continue in the main window, and do there what the user chose; "" for nothing.

        The choice is of the menu of models, or of the actions below the answer or its error.
        """
        self._tasks.start(self._leave(action))

    async def _leave(self, action: str) -> None:
        async with self._handover_lock:
            if not self.window.isVisible():  # an earlier request has moved it
                return
            if self._is_temporary and (self._current.path or self.parts):
                self.window.show_status(tr("A temporary conversation stays here"))
            elif not self._refuse_while_reading():
                # Show the window first, because the program ends once nothing is visible.
                self._session.raise_window()
                if await self._move_to_window(action):
                    self._act_in_window(action)
                self.window.hide()

    async def _move_to_window(self, action: str) -> bool:
        """Open the conversation in the main window, and move what is unsent there.

        Return False, and move nothing, if the user opened another conversation meanwhile.
        """
        session, current, field, sent = self._session, self._current, self.window.field, self._texts
        prompt, text = session.window.prompt, field.toPlainText()
        field_text, accompanying, template_id = text, sent.accompanying.strip(), field.template_id
        is_long = not current.path and len(accompanying) > LARGE_PASTE_CHARACTERS
        if current.path:
            # The text in the prompt was asked already, unless a cap refused it or it is new.
            text = text.strip() if action == RAISE_CAP else self._unsent_text()
            sent, accompanying = replace(sent, accompanying=""), ""
            await session.of(Navigator).open(current.id)
            is_deleted = session.of(ListPresenter).cache.get(current.id) is None
            if current.id != session.current.id and not is_deleted:
                return False
        elif is_long:
            # The window will attach the accompanying text, so the question names it.
            text = text.replace(MARKS[SELECTION], ATTACHED_TEXT)
            text, _ = fill_marks(text, "", sent.clipboard)
        else:
            text, accompanying = fill_marks(text, accompanying, sent.clipboard)
        if not current.path and (text or accompanying or sent.question_attachments):
            session.of(Navigator).open_new()
        if is_long:
            session.of(AttachmentsController).attach_text(accompanying)
            accompanying = ""
        if moved_text := "\n\n".join(filter(None, (text, accompanying))):
            gap = "\n\n" if prompt.text() else ""
            prompt.prepend(moved_text + gap, template_id if text else "")
        if sent.attachments:
            draft = session.current.draft
            parts = dict.fromkeys((*draft.value.attachments, *sent.attachments))
            draft.set_attachments(tuple(parts))
        self._remove_sent(sent)
        if field.toPlainText() == field_text:  # nothing was typed meanwhile
            # While the answer is still shown, its question is too.
            field.set_text(self._typed_text if current.path else "")
        return True

    def _act_in_window(self, action: str) -> None:
        session, opened_id = self._session, self._current.id if self._current.path else ""
        actions: dict[str, Callable[[], object]] = {
            "": session.window.prompt.focus_text,
            "add-key": session.of(ProvidersController).open_at_key,
            "change-key": session.of(ProvidersController).open_at_key,
            "better-model": lambda: session.run("models.local"),
            RAISE_CAP: lambda: session.of(ProvidersController).open_at_cap(
                session.setup.profile.id
            ),
            ALL_MODELS: lambda: session.run("models.show"),
            COMPARE: lambda: session.run("answer.compare"),
        }
        if action in actions:
            actions[action]()
        elif action.startswith(OPEN_PLACE):
            session.window.request_place(Place(action.removeprefix(OPEN_PLACE)))
        elif opened_id == session.current.id:  # else it was deleted
            session.of(AnswerActions).act_on_last(action)
