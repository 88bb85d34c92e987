"""The quick prompt: a question, its answer, and the transfer to the main window."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from desktop_app.app.answers.running_answers import RunningAnswers
from desktop_app.app.answers.shown_answers import ending_text
from desktop_app.app.attachments.attachment_reader import ATTACHED, LARGE_PASTE, AttachmentReader
from desktop_app.app.attachments.image_chips import ImageChips
from desktop_app.app.chat.available_models import AvailableModels, view_of
from desktop_app.app.quick.quick_attachments import QuickAttachments
from desktop_app.app.quick.quick_draft import QuickDraft, UnsentQuestion
from desktop_app.app.state.presets import Presets
from desktop_app.app.tasks import Tasks
from desktop_app.backend.prompt_loader import today
from desktop_app.commands.keymap import Keymap
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    MessageStatus,
    new_id,
    now,
)
from desktop_app.domain.errors import SpendingCapError, UnpricedModelError, UserFacingError
from desktop_app.domain.models.model_catalog import Effort, Variant
from desktop_app.domain.prompts.prompts import CLIPBOARD, DATE, SELECTION
from desktop_app.i18n.formatting import duration, money
from desktop_app.i18n.translation import tr
from desktop_app.services.chat.choice_resolution import ResolvedChoice
from desktop_app.ui.composer.choice_view import ChoiceView
from desktop_app.ui.quick.quick_prompt import QuickPrompt

if TYPE_CHECKING:
    from desktop_app.app.state.dependency_groups import AnswerSettings
    from desktop_app.services.chat.chat_service import ChatService
    from desktop_app.storage.conversations.conversation_store import ConversationStore
    from desktop_app.storage.database.temporary_database import TemporaryConversations
    from desktop_app.storage.settings.settings_store import SettingsStore
    from desktop_app.ui.composer.rich_text_paste import RichTextPaste

RAISE_CAP = "raise-cap"
MAX_RECALLED: Final = 50
_MARKS = {name: f"{{{{{name}}}}}" for name in (SELECTION, CLIPBOARD)}


class QuickPromptController(QObject):
    """Connects the quick prompt with the services. Each opening begins a new conversation.

    Args:
        continue_in_window: shows the window with the conversation of this id ("" for a new one),
            applies an action to its last answer ("" for none), and takes over text and attachments.
        markdown_of: returns rich text as Markdown.

    Attributes:
        window: the quick prompt.
        attachments: those of the question.
        is_unsaved: True if the conversation is not to be stored.

    Signals:
        conversation_created(Conversation): a conversation for the list.
    """

    conversation_created = Signal(object)

    def __init__(
        self,
        quick: QuickPrompt,
        running: RunningAnswers,
        pictures: ImageChips,
        continue_in_window: Callable[[str, str, Draft, str], Awaitable[None]],
        markdown_of: Callable[[str, str], Awaitable[str]],
        *,
        answer_settings: AnswerSettings,
        choices: AvailableModels,
        presets: Presets,
        reader: AttachmentReader,
        tasks: Tasks,
        chat_service: ChatService,
        conversations: ConversationStore,
        temporary: TemporaryConversations,
        settings_store: SettingsStore,
    ) -> None:
        super().__init__(quick)
        self.window = quick
        self._values, self._providers = answer_settings.values, answer_settings.providers
        self._setup = answer_settings.setup
        self._new_conversation = answer_settings.new_conversation
        self._presets, self._tasks, self._chat_service = presets, tasks, chat_service
        self._running, self._choices = running, choices
        self._continue_in_window, self._markdown_of = continue_in_window, markdown_of
        self._conversations, self._temporary = conversations, temporary
        self.is_unsaved = False
        self._history: list[str] = []
        self._history_at = -1  # -1: the text that the user types
        self._typed = ""
        self._accompanying = ""
        self._clipboard = self._asked_text = self._announced_id = ""
        self._is_beginning = False
        self._path: list[Message] = []
        self._conversation = self._blank()
        self.attachments = QuickAttachments(
            quick,
            pictures,
            self._resolved,
            lambda: self._path,
            lambda: self._conversation.id,
            reader=reader,
            tasks=tasks,
        )
        self._draft = QuickDraft(quick, self._storable, settings_store=settings_store, tasks=tasks)
        self._connect()

    def _connect(self) -> None:
        quick, running, tasks = self.window, self._running, self._tasks
        quick.submit_requested.connect(lambda text: tasks.start(self._submit(text)))
        quick.field.rich_text_pasted.connect(lambda paste: tasks.start(self._convert(paste)))
        quick.large_text_dropped.connect(
            lambda text, html: tasks.start(self._add_long_text(text, html))
        )
        quick.stop_requested.connect(lambda: running.stop(self._conversation.id))
        quick.open_in_window_requested.connect(lambda: tasks.start(self._leave_for_window()))
        quick.remedy_requested.connect(lambda: tasks.start(self._leave_for_window(RAISE_CAP)))
        quick.variant_requested.connect(self._choose_variant)
        quick.effort_step_requested.connect(self._step_effort)
        quick.field.history_requested.connect(self._recall)
        quick.selection_requested.connect(self._add_selection)
        quick.unsaved_requested.connect(self._toggle_unsaved)
        quick.text_changed.connect(self._draft.save_soon)
        self._choices.changed.connect(self._show_choice)
        self.attachments.changed.connect(self._draft.save_soon)
        quick.transcript.message_updated.connect(self._announce_end)
        quick.transcript.action_requested.connect(lambda _id, action: self._act(action))
        running.text_arrived.connect(self._show_text)
        running.reasoning_arrived.connect(self._show_reasoning)
        running.status_changed.connect(self._show_waiting)
        running.finished.connect(self._finish)

    def _blank(self) -> Conversation:
        moment = now()
        choice = self._new_conversation.default_choice
        return self._presets.apply_chosen(Conversation(new_id(), "", moment, moment, choice))

    def take_title(self, conversation_id: str, title: str) -> None:
        """Show the title that a conversation got in the meantime."""
        if conversation_id == self._conversation.id:
            self._conversation = replace(self._conversation, title=title)

    @property
    def is_visible(self) -> bool:
        """True if the quick prompt is visible."""
        return self.window.isVisible()

    def set_keymap(self, keymap: Keymap) -> None:
        """Apply the user's shortcuts."""
        self.window.set_keymap(keymap)

    def open_with(self, text: str) -> None:
        """Show the quick prompt; `text` is sent with the question.

        A question that waits to be sent stays.
        """
        keeps_unsent = self.has_unsent
        is_busy = self._is_beginning or self._running.is_running(self._conversation.id)
        if not keeps_unsent and not is_busy:
            self._temporary.discard(self._conversation.id)
            self._conversation, self._path = self._blank(), []
            self._asked_text = ""
            self.attachments.clear()
            self._set_unsaved(False)
        if not keeps_unsent:
            self._accompanying = self._clipboard = ""
            self._history_at = -1
        self._add_brought(text)
        self._show_choice()
        self.window.field.set_large_paste(int(self._values[LARGE_PASTE] or 0))
        self.window.open_with(self._accompanying, keeps_content=keeps_unsent)
        self._tasks.start(self._load_history())
        self._tasks.start(self._propose_model())

    def _add_brought(self, text: str) -> None:
        self._accompanying = "\n\n".join(
            part for part in (self._accompanying, text) if part.strip()
        )
        self._draft.save_soon()

    async def _add_long_text(self, text: str, html: str) -> None:
        """Send a very long text along with the question."""
        self._add_brought(await self._markdown_of(text, html))
        self.window.set_accompanying_text(self._accompanying)

    async def _convert(self, paste: RichTextPaste) -> None:
        paste.replace_with(await self._markdown_of("", paste.html))

    def holds(self, conversation_id: str) -> bool:
        """Return True if the quick prompt shows this conversation."""
        return self.is_visible and conversation_id == self._conversation.id

    # -------------------------------------------------------------- earlier questions

    async def _load_history(self) -> None:
        found = await self._conversations.recent_questions(MAX_RECALLED)
        limit = int(self._values[LARGE_PASTE] or 0)  # the text that came along may be very long
        texts = (text for text in found if text.strip() and len(text) <= limit)
        self._history = list(dict.fromkeys(texts))

    def _recall(self, step: int) -> None:
        """Show an older (+1) or newer (-1) question; the newest of all is what was typed."""
        at = self._history_at + step
        if self._history_at < 0:
            self._typed = self.window.text()
            # After an answer, the newest question is already shown.
            if at == 0 and self._history[:1] == [self._typed]:
                at = 1
        if -1 <= at < len(self._history):
            self._history_at = at
            self.window.set_text(self._typed if at < 0 else self._history[at])

    # -------------------------------------------------------------- selection, saving

    def _add_selection(self) -> None:
        """Add the text selected in another program, or the clipboard's if none is selected.

        On request only: a selection that somebody forgot would be sent unnoticed.
        """
        clipboard = QGuiApplication.clipboard()
        has_selection = clipboard.supportsSelection() and not clipboard.ownsSelection()
        text = clipboard.text(clipboard.Mode.Selection) if has_selection else ""
        text = text if text.strip() else clipboard.text()
        if not text.strip():
            self.window.set_status(tr("No text is selected or on the clipboard"))
            return
        self._add_brought(text)
        self.window.set_accompanying_text(self._accompanying)

    def _toggle_unsaved(self) -> None:
        if self._path or self._is_beginning:
            self.window.set_unsaved(self.is_unsaved)
        elif self._temporary.exists and not self.is_unsaved:
            self.window.set_unsaved(False)
            self.window.set_status(tr("A temporary conversation is already open"))
        else:
            self._set_unsaved(not self.is_unsaved)

    def _set_unsaved(self, unsaved: bool) -> None:
        self.is_unsaved = unsaved
        self._draft.save_soon()
        self.window.set_unsaved(unsaved)

    # -------------------------------------------------------------- prompts of the library

    def fill_in(self, names: frozenset[str]) -> dict[str, str]:
        """Return the values that the program fills in.

        Selection and clipboard may be too long for the field, so marks stand for them until the
        question is sent.
        """
        known = {DATE: today(), SELECTION: "", CLIPBOARD: ""}
        if CLIPBOARD in names:
            self._clipboard = QGuiApplication.clipboard().text()
        for name, text in ((SELECTION, self._accompanying), (CLIPBOARD, self._clipboard)):
            known[name] = _MARKS[name] if text.strip() else ""
        return known

    def _fill_marks(self, text: str, accompanying: str) -> tuple[str, str]:
        """Return the typed text with its marks replaced by clipboard and selection.

        The second text is the selection if it has no mark.
        """
        before, mark, behind = text.partition(_MARKS[SELECTION])
        if self._clipboard:
            clip = self._clipboard.strip()
            before, behind = (part.replace(_MARKS[CLIPBOARD], clip) for part in (before, behind))
        if not mark or not accompanying.strip():
            return f"{before}{mark}{behind}".strip(), accompanying.strip()
        return f"{before}{accompanying.strip()}{behind}".strip(), ""

    # -------------------------------------------------------------- asking

    async def _submit(self, text: str) -> None:
        question = "\n\n".join(part for part in self._fill_marks(text, self._accompanying) if part)
        if self._is_beginning or self._running.is_running(self._conversation.id) or not question:
            return
        if self.attachments.reading_name:
            self.window.set_problem(tr("Reading {name}…", name=self.attachments.reading_name))
            return
        self._is_beginning = True
        asked, accompanying, attached = text.strip(), self._accompanying, self.attachments.parts
        try:
            await self._propose_model()
            if self.is_unsaved and not self._path:
                self._temporary.begin(self._conversation.id)
                await self._conversations.create(self._conversation)
            run = await self._chat_service.begin(
                self._conversation,
                self._path,
                Draft(question, attached, self.window.template_id),
                self._setup.profile_of(self._conversation),
                self._setup.settings_of(self._conversation).for_one().without_tools(),
            )
        except UserFacingError as error:
            is_unpriced = isinstance(error, UnpricedModelError)
            is_cap = isinstance(error, SpendingCapError) and not is_unpriced
            self.window.set_problem(error.sentences, tr("Raise the limit") if is_cap else "")
            return
        finally:
            self._is_beginning = False
        # What was added while this was being sent waits for the next question.
        self._accompanying, self._asked_text = (
            self._accompanying.removeprefix(accompanying).lstrip("\n"),
            asked,
        )
        self._history_at = -1
        self._draft.save_soon()
        self.attachments.remove_sent(attached)
        self.window.set_accompanying_text(self._accompanying)
        self._conversation = run.conversation
        if run.question is not None:
            self._path = [*self._path, run.question, run.answer]
        if not self.is_unsaved:
            self.conversation_created.emit(run.conversation)
        self.window.transcript.set_messages([run.answer])
        self._running.start(run)
        self.window.set_streaming(True)
        self._tasks.start(self._load_history())

    def _act(self, action: str) -> None:
        """Apply an action to the answer in the window, which has room for it."""
        if action != "copy":
            self._tasks.start(self._leave_for_window(action))

    async def _leave_for_window(self, action: str = "") -> None:
        if self.is_unsaved and self._path:
            self.window.set_status(tr("An unsaved conversation stays here"))
            return
        if self.attachments.reading_name:
            self.window.set_problem(tr("Reading {name}…", name=self.attachments.reading_name))
            return
        # Show the window first, because the program ends once nothing is visible.
        if self._path or self._is_beginning:
            # The prompt still shows the question, unless a cap refused it or another was typed.
            unasked = self.window.text().strip() if action == RAISE_CAP else self._new_text()
            template_id = self.window.template_id if unasked else ""
            typed = Draft(unasked, self.attachments.parts, template_id)
            self.attachments.clear()
            await self._continue_in_window(
                self._conversation.id if self._path else "", action, typed, ""
            )
        else:
            text, accompanying = self.window.text(), self._accompanying.strip()
            if len(accompanying) > int(self._values[LARGE_PASTE] or 0):  # the window will attach it
                text = self._fill_marks(text.replace(_MARKS[SELECTION], ATTACHED), "")[0]
            else:
                text, accompanying = self._fill_marks(text, accompanying)
            text = text if text.strip() else ""  # the user may type on after a space
            typed = Draft(text, self.attachments.parts, self.window.template_id)
            self._accompanying = ""
            self.attachments.clear()
            await self._continue_in_window("", action, typed, accompanying)
        self.window.set_text(self._asked_text if self._path else "")  # the window has the rest
        self.window.hide()

    @property
    def has_unsent(self) -> bool:
        """True if a text or an attachment waits to be sent."""
        return bool(self.unsent or self.attachments.reading_name)

    @property
    def unsent(self) -> UnsentQuestion:
        """The unsent question; while an earlier one is recalled, the text typed before."""
        text, is_typed = self._new_text(), True
        if 0 <= self._history_at < len(self._history):
            is_typed = text != self._history[self._history_at].strip()
        draft = Draft(
            text if is_typed else self._typed.strip(),
            self.attachments.parts,
            self.window.template_id if is_typed and text else "",
        )
        return UnsentQuestion(draft, self._accompanying, self._clipboard)

    def _storable(self) -> UnsentQuestion:
        return UnsentQuestion() if self.is_unsaved else self.unsent

    def save_draft(self) -> None:
        """Store what waits to be sent."""
        self._draft.save()

    def restore_draft(self, stored: UnsentQuestion) -> None:
        """Show what an earlier run left unsent, once the quick prompt opens."""
        self._draft.note_stored(stored)
        self._accompanying, self._clipboard = stored.accompanying, stored.clipboard
        self.attachments.restore(stored.draft.question_attachments)
        self.window.set_text(stored.draft.text, stored.draft.template_id)

    def _new_text(self) -> str:
        """Return what was typed since the question that the prompt still shows."""
        text = self.window.text().strip()
        return "" if text == self._asked_text else text

    # -------------------------------------------------------------- choice

    async def _propose_model(self) -> None:
        """Without a model, take the one that the provider's list proposes."""
        if self._resolved().model.id:
            return
        asked = self._conversation
        choice = await self._setup.known_choice(asked)
        if self._conversation is asked and choice != asked.choice:
            self._conversation = replace(asked, choice=choice)
            self._show_choice()

    def _choose_variant(self, variant: Variant) -> None:
        choice = self._conversation.choice
        if choice.variant is not None:
            self._conversation = replace(
                self._conversation, choice=replace(choice, variant=variant)
            )
            self._show_choice()

    def _step_effort(self, step: int) -> None:
        view = self._view()
        accepted = [e for e in Effort if e not in view.effort_refusals and e is not Effort.MINIMAL]
        if not view.offers_effort or view.effort not in accepted:
            return
        at = accepted.index(view.effort) + step
        if 0 <= at < len(accepted):  # a variant with a single effort keeps that of the others
            choice = replace(self._conversation.choice, effort=accepted[at])
            self._conversation = replace(self._conversation, choice=choice)
            self._show_choice()

    def _resolved(self) -> ResolvedChoice:
        profile = self._setup.profile_of(self._conversation)
        return self._chat_service.resolve(profile, self._conversation.choice)

    def _view(self) -> ChoiceView:
        return replace(view_of(self._resolved(), self._choices.models), models=())

    def _show_choice(self) -> None:
        self.window.set_choice(self._view())
        self.attachments.show()

    # -------------------------------------------------------------- answering

    def _show_text(self, conversation_id: str, message_id: str, text: str) -> None:
        if conversation_id == self._conversation.id:
            self.window.transcript.stream.append_text(message_id, text)

    def _show_reasoning(self, conversation_id: str, message_id: str, text: str) -> None:
        if conversation_id == self._conversation.id:
            self.window.transcript.stream.append_reasoning(message_id, text)

    def _show_waiting(self, conversation_id: str, message_id: str, sentence: str) -> None:
        if conversation_id == self._conversation.id:
            self.window.transcript.stream.set_waiting(message_id, sentence)

    def _finish(self, conversation_id: str, answer: Message) -> None:
        if conversation_id != self._conversation.id:
            return
        self._path = [answer if m.id == answer.id else m for m in self._path]
        self.window.set_streaming(False)
        self.window.transcript.stream.set_waiting(answer.id, "")
        self.window.transcript.stream.update_message(self._providers.as_shown(answer))
        facts = [] if answer.cost is None else [money(answer.cost)]
        if answer.duration_s is not None:
            facts.append(duration(answer.duration_s))
        self.window.show_facts(" · ".join(facts))

    def _announce_end(self, message_id: str) -> None:
        """Announce the end of an answer, and why it failed, after its last sentence."""
        answer = self._path[-1] if self._path else None
        is_ended = answer is not None and answer.status is not MessageStatus.STREAMING
        if answer is not None and is_ended and answer.id == message_id != self._announced_id:
            self._announced_id = message_id
            self.window.announce(ending_text(self._providers.as_shown(answer)))
