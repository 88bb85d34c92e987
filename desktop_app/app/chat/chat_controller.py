"""Questions asked in the main window, and actions on answers: retry, continue, versions.

`shown_answers` shows the answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QToolButton

from desktop_app.app.answers.running_answers import RunningAnswers
from desktop_app.app.answers.shown_answers import ShownAnswers
from desktop_app.app.chat.available_models import AvailableModels
from desktop_app.app.chat.edited_question import EditedQuestion
from desktop_app.app.library.draft_saver import DraftSaver
from desktop_app.app.library.list_presenter import ListPresenter
from desktop_app.app.library.navigator import Navigator
from desktop_app.app.tasks import Tasks, Work
from desktop_app.commands.keymap import Keymap
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
)
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import (
    IllegalChoiceError,
    SpendingCapError,
    UnpricedModelError,
    UserFacingError,
)
from desktop_app.i18n.translation import tr
from desktop_app.services.chat.answer_run import AnswerRun
from desktop_app.services.chat.prompt_assembly import CONTINUE
from desktop_app.services.structured.form_notices import can_be_repaired
from desktop_app.ui.composer.choice_menus import fill_efforts, fill_models
from desktop_app.ui.look.shortcut_text import shortcut_text
from desktop_app.ui.widgets.program_menu import ProgramMenu
from desktop_app.ui.window.cards.notifications import Actions

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.state.dependency_groups import AnswerSettings, ConversationSession
    from desktop_app.domain.answering.chat_request import ProviderProfile
    from desktop_app.services.chat.chat_service import ChatService
    from desktop_app.storage.conversations.conversation_store import ConversationStore
    from desktop_app.ui.window.conversation_pane import ConversationPane

NOTE_WIDTH = 260
BeforeAsking = Callable[[Conversation, list[Message], Draft], Awaitable[None]]
QUESTION = "question"  # the topic of notifications about a question that could not be sent


class ChatController(QObject):
    """Connects the prompt, the running answers and the transcript.

    Args:
        before_asking: is awaited before a question is sent.
        remedies_for: returns the remedies for a refused question.
        cancel_first: cancels other work on the open conversation; returns True if there was any.
        is_reading: returns True if files for the draft of a conversation are being read.

    Signals:
        cap_change_requested(str): change a provider's monthly cap.
        price_entry_requested(str, str): enter the price of a provider's model.
        compared(list path, list answers): several models answer the last question of the path.
    """

    cap_change_requested = Signal(str)
    price_entry_requested = Signal(str, str)
    compared = Signal(list, list)

    def __init__(
        self,
        parent: QWidget,
        running: RunningAnswers,
        navigator: Navigator,
        presenter: ListPresenter,
        saver: DraftSaver,
        choices: AvailableModels,
        *,
        pane: ConversationPane,
        before_asking: BeforeAsking,
        remedies_for: Callable[[UserFacingError], Actions],
        cancel_first: Callable[[], bool],
        is_reading: Callable[[str], bool],
        session: ConversationSession,
        answer_settings: AnswerSettings,
        tasks: Tasks,
        conversations: ConversationStore,
        chat_service: ChatService,
    ) -> None:
        super().__init__(parent)
        self._parent, self._pane = parent, pane
        self._current, self._draft = session.current, session.draft
        self._values = answer_settings.values
        self._providers = answer_settings.providers
        self._setup, self._drafts = answer_settings.setup, session.drafts
        self._start = tasks.start
        self._conversations, self._chat_service = conversations, chat_service
        self._running = running
        self._navigator, self._presenter, self._saver = navigator, presenter, saver
        self._choices = choices
        self._beginning: set[str] = set()  # conversations whose turn is being written
        self._queued: dict[str, str] = {}  # conversation id -> question to ask once it can be
        self._hint = ""
        self._edited = EditedQuestion(
            parent, current=self._current, draft=self._draft, prompt=pane.prompt
        )
        self._before_asking, self._remedies_for = before_asking, remedies_for
        self._cancel_first, self._is_reading = cancel_first, is_reading
        self._actions: dict[str, Callable[[Message], object]] = {
            "retry": lambda answer: self._start(self._retry(answer)),
            "retry-with": self._offer_retry_choices,
            "continue": lambda answer: self._start(self._continue(answer)),
            "edit": self._edited.begin,
            "older-version": lambda message: self._start(self._switch_version(message, -1)),
            "newer-version": lambda message: self._start(self._switch_version(message, +1)),
        }
        self._connect()
        self._shown = ShownAnswers(
            parent, running, current=self._current, providers=self._providers, pane=pane
        )

    def _connect(self) -> None:
        prompt, running = self._pane.prompt, self._running
        prompt.submit_requested.connect(lambda text: self.submit(text, prompt.template_id))
        prompt.stop_requested.connect(self.stop)
        prompt.field.stop_pressed.connect(self.step_back)
        prompt.text_changed.connect(self._dequeue_open)
        self._pane.transcript.action_requested.connect(self._act)
        for changed in (
            self._current.opened,
            self._draft.changed,
            self._setup.choice_changed,
            self._providers.changed,
        ):
            changed.connect(lambda: self._pane.notifications.dismiss_topic(QUESTION))
        self._current.opened.connect(self._show_state)
        self._edited.changed.connect(self._show_hint)
        running.finished.connect(self._finish)

    def is_beginning(self, conversation_id: str) -> bool:
        """Return True while a conversation's question is on its way to the store."""
        return conversation_id in self._beginning

    def _is_open(self, conversation_id: str) -> bool:
        return conversation_id == self._current.id

    # -------------------------------------------------------------- asking

    def submit(self, text: str, template_id: str) -> None:
        """Ask the question in the prompt, once its answer has ended and its files are read.

        The prompt is cleared once the question is on disk.
        """
        draft, here = self._draft.with_text(text, template_id), self._current.id
        if draft and self._must_queue(here):
            self._queued[here] = text
            self._show_hint()
        elif draft:
            edited = self._edited.question
            path = self._current.path if edited is None else self._current.path_to(edited.id)
            self._start(self._begin(list(path), draft))

    async def compare(self, choices: Sequence[ModelChoice]) -> None:
        """Ask the question in the prompt of several models, or else the last question again."""
        prompt = self._pane.prompt
        draft = self._draft.with_text(prompt.text(), prompt.template_id)
        edited, path = self._edited.question, self._current.path
        if self._is_reading(self._current.id):
            self._pane.notifications.notify(tr("Wait until the attached files are read."))
            return
        if draft:
            path = path if edited is None else self._current.path_to(edited.id)
            await self._begin(list(path), draft, compared=choices)
            return
        asked = [at for at, message in enumerate(path) if message.role is Role.USER]
        if asked:
            await self._begin(path[: asked[-1] + 1], None, compared=choices)

    async def _begin(
        self,
        path: list[Message],
        draft: Draft | None,
        choice: ModelChoice | None = None,
        asked: Conversation | None = None,
        *,
        alone: bool = False,
        repairs: Message | None = None,
        compared: Sequence[ModelChoice] = (),
    ) -> None:
        """Ask `draft` after `path`, or request another answer to the last question of `path`.

        Args:
            choice: the model for this answer only; the conversation keeps its own choice.
            asked: the conversation; None for the open one.
            alone: request a single answer, even if several are set.
            repairs: see `ChatService.begin_again`.
            compared: the models of several answers, which get no tools.
        """
        asked = asked or self._current.conversation
        chat = self._chat_service
        if self.is_beginning(asked.id) or self._running.is_running(asked.id):
            return
        if choice is None and not compared and not self._providers.has_provider(asked):
            error = IllegalChoiceError(Reason.PROVIDER_REMOVED)
            self._pane.notifications.notify(error, topic=QUESTION)
            return
        asking = replace(asked, choice=choice or await self._setup.known_choice(asked))
        profile, settings = self._setup.profile_of(asking), self._setup.settings_of(asking)
        settings = settings.for_one() if alone else settings
        self._pane.notifications.dismiss_topic(QUESTION)
        self._beginning.add(asked.id)
        try:
            await self._before_asking(asking, path, draft or Draft())
            if path and self._presenter.existing(asked.id) is None:
                return  # deleted in the meantime
            if compared:
                each = [(self._setup.profile_of(replace(asking, choice=c)), c) for c in compared]
                began = await chat.begin_compared(
                    asking, path, draft, each, settings.for_comparison()
                )
            elif draft is None:
                began = await chat.begin_again(asking, path, profile, settings, repairs=repairs)
            else:
                began = await chat.begin(asking, path, draft, profile, settings)
        except UnpricedModelError as error:
            profile, model = self._unpriced(error, compared or [asking.choice], asking)

            async def agree() -> None:
                await chat.budget.agree_to_unpriced(profile, model)
                await self._begin(path, draft, choice, asked, alone=alone, compared=compared)

            self._ask_about_price(error, profile.id, model, agree)
            return
        except UserFacingError as error:
            self._refuse(error, profile.id)
            return
        finally:
            self._beginning.discard(asked.id)
        self._shown.dismiss_store_error()
        if began.question is not None and draft is not None:
            self._clear_sent(asked.id, draft)
        await self._show_begun(began, asked)
        if compared:
            path = path if began.question is None else [*path, began.question]
            self.compared.emit(path, [run.answer for run in (began, *began.siblings)])

    def _unpriced(
        self, error: UnpricedModelError, choices: Sequence[ModelChoice], asking: Conversation
    ) -> tuple[ProviderProfile, str]:
        """Return the provider and the id of the model whose price is unknown."""
        profiles = [self._setup.profile_of(replace(asking, choice=choice)) for choice in choices]
        found = [
            (profile, self._chat_service.resolve(profile, choice).model)
            for profile, choice in zip(profiles, choices, strict=True)
        ]
        name = error.params.get("model")
        profile, model = next((each for each in found if each[1].name == name), found[0])
        return profile, model.id

    def _ask_about_price(
        self,
        error: UnpricedModelError,
        provider_id: str,
        model: str,
        agree: Callable[[], Work],
    ) -> None:
        """Ask once whether a model of unknown price is used in spite of the monthly cap."""
        actions: Actions = [
            (tr("Use anyway"), lambda: self._start(agree())),
            (tr("Enter price…"), lambda: self.price_entry_requested.emit(provider_id, model)),
        ]
        self._pane.notifications.notify(error, actions, topic=QUESTION)

    def _refuse(self, error: UserFacingError, provider_id: str) -> None:
        """Notify why a question was not sent; if the cap is the reason, offer to raise it."""
        actions: Actions = [
            (tr("Raise the limit"), lambda: self.cap_change_requested.emit(provider_id))
        ]
        if not isinstance(error, SpendingCapError):
            actions = self._remedies_for(error)
        self._pane.notifications.notify(error, actions, topic=QUESTION)

    def _clear_sent(self, conversation_id: str, asked: Draft) -> None:
        """Remove the question from its prompt; keep what was typed or attached since."""
        prompt = self._pane.prompt
        is_open = self._is_open(conversation_id)
        if is_open:
            self._saver.save()
        rest = _remaining(self._drafts.in_memory(conversation_id), asked)
        rest = self._edited.end(conversation_id, rest)
        self._drafts.replace_sent(conversation_id, rest)
        if is_open:
            self._draft.replace(rest)
            if prompt.text() != rest.text:
                prompt.set_text(rest.text, rest.template_id)
            self._show_hint()

    async def _show_begun(self, began: AnswerRun, asked: Conversation) -> None:
        is_open = self._is_open(began.conversation.id)
        kept = began.conversation
        now = self._current.conversation if is_open else asked
        kept = replace(kept.with_settings_of(now), choice=self._setup.choice_of(now))
        if kept != began.conversation:  # a choice for this answer only, or one changed since
            self._start(self._conversations.save(kept))
        self._presenter.upsert(kept)
        self._running.start(began)
        if not is_open:
            return
        self._current.store(kept)
        self._pane.set_title(kept.title)
        follows = began.question is not None and _follows(began.question, self._current.path)
        if follows and began.question is not None and not began.siblings:
            self._current.append(began.question, began.answer)
            self._show_turn(began.question, began.answer)
            self._navigator.mark_open()
        else:
            await self._navigator.open(kept.id)
        self._show_state()
        self._current.report_path()

    def _show_turn(self, question: Message, answer: Message) -> None:
        self._pane.show_empty_state(False)
        self._pane.transcript.stream.append_message(question)
        self._pane.transcript.stream.append_message(answer)
        self._pane.transcript.navigator.scroll_to_bottom()
        self._pane.prompt.focus_text()

    async def _retry(self, message: Message, choice: ModelChoice | None = None) -> None:
        """Request another answer to the same question, as a version of the first."""
        until = self._current.path_to(message.id)
        if message.role is Role.USER:
            until.append(message)
        if until:
            await self._begin(until, None, choice)

    def _offer_retry_choices(self, answer: Message) -> None:
        """Open a menu of models and efforts for another answer to the same question."""
        view = self._choices.view
        chosen = self._setup.choice

        def ask(choice: ModelChoice) -> None:
            self._start(self._retry(answer, choice))

        menu = ProgramMenu(self._parent)
        menu.setObjectName("retry-with")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if view.effort_shown is not None:
            fill_efforts(menu, view, lambda effort: ask(replace(chosen, effort=effort)), NOTE_WIDTH)
            menu.addSeparator()
        fill_models(menu, view, lambda entry: ask(self._choices.choice_with(entry)), NOTE_WIDTH)
        button = self._parent.findChild(QToolButton, "message-retry-with")
        if button is not None and button.hasFocus():  # pressed with the keyboard
            menu.popup(button.mapToGlobal(button.rect().bottomLeft()))
        else:
            menu.popup(QCursor.pos())

    async def _continue(self, answer: Message) -> None:
        """Continue an answer that was cut; the prompt keeps its text."""
        await self._begin([*self._current.path_to(answer.id), answer], Draft(CONTINUE), alone=True)

    # -------------------------------------------------------------- waiting questions

    def _must_queue(self, conversation_id: str) -> bool:
        return self._running.is_running(conversation_id) or self._is_reading(conversation_id)

    def _dequeue_open(self) -> None:
        """Do not send the waiting question of the open conversation automatically."""
        self.dequeue(self._current.id)

    def dequeue(self, conversation_id: str) -> None:
        """Do not send the waiting question of a conversation automatically."""
        if self._queued.pop(conversation_id, None) is not None:
            self._show_hint()

    def send_queued(self, conversation_id: str) -> None:
        """Ask the waiting question of a conversation if nothing is in its way any more."""
        if self._must_queue(conversation_id):
            return
        text = self._queued.pop(conversation_id, None)
        if text is None:
            return
        self._show_hint()
        if self._is_open(conversation_id):
            self._pane.prompt.send()
        else:
            self._start(self._ask_elsewhere(conversation_id, text))

    async def _ask_elsewhere(self, conversation_id: str, text: str) -> None:
        """Ask a question in a conversation that is not open."""
        conversation = self._presenter.existing(conversation_id)
        is_edited = self._edited.is_editing_in(conversation_id)
        if conversation is None or is_edited:  # deleted, or the question is for another point
            return
        draft = replace(self._drafts.in_memory(conversation_id), text=text)
        path = await self._conversations.path(conversation_id)
        await self._begin(path, draft, asked=conversation)

    def close(self) -> None:
        """Stop automatic sending at the program's end."""
        self._queued.clear()

    def _show_hint(self) -> None:
        """Show a hint if Send does something unusual, and announce it once."""
        here, hint = self._current.id, ""
        key = shortcut_text(Keymap.from_settings(self._values.all).shortcut_of("prompt.stop"))
        if here in self._queued:
            hint = tr("Queued · {key} to cancel", key=key) if key else tr("Queued")
        elif self._edited.question is not None and (self._running.is_running(here) or not key):
            hint = tr("Editing · The original message is kept")
        elif self._edited.question is not None:
            hint = tr("Editing · The original message is kept · {key} to cancel", key=key)
        self._pane.prompt.set_hint(hint)
        if hint and hint != self._hint:
            self._pane.notifications.announce(hint)
        self._hint = hint

    # -------------------------------------------------------------- answering

    def _finish(self, conversation_id: str, answer: Message) -> None:
        if answer.status is MessageStatus.STREAMING:
            return  # it continues at its provider after the program's end
        is_open = self._is_open(conversation_id)
        if is_open:
            self._shown.show_end(answer)
            self._show_state()
        if not self._running.is_running(conversation_id):
            if answer.status is MessageStatus.FAILED:
                self.dequeue(conversation_id)
            self.send_queued(conversation_id)
        if is_open and can_be_repaired(answer) and self._values["answer.repair"]:
            path = self._current.path_to(answer.id)
            self._start(self._begin(path, None, repairs=answer))

    def _show_state(self) -> None:
        running = self._running.is_running(self._current.id)
        self._pane.prompt.set_streaming(running)
        if not running:
            self._pane.prompt.row.set_rate("")
        self._show_hint()

    # -------------------------------------------------------------- actions

    def _act(self, message_id: str, action: str) -> None:
        message = next((m for m in self._current.path if m.id == message_id), None)
        if message is not None and action in self._actions:
            self._actions[action](message)

    def stop(self) -> None:
        """Stop the answer of the open conversation."""
        self._running.stop(self._current.id)

    def step_back(self) -> None:
        """Undo the last step.

        Steps are a waiting question, other work on the conversation, a streaming answer, and an
        edit.
        """
        here = self._current.id
        if here in self._queued:
            self._dequeue_open()
        elif self._cancel_first():
            return
        elif self._running.is_running(here):
            self.stop()
        elif bring_back := self._edited.discard():
            self._pane.notifications.notify_undo(tr("Edit discarded"), bring_back)

    def retry_last(self) -> None:
        """Ask the last question again."""
        if self._current.path:
            self._start(self._retry(self._current.path[-1]))

    def act_on_last(self, action: str) -> None:
        """Apply an action to the last answer."""
        if self._current.path:
            self._act(self._current.path[-1].id, action)

    def switch_last_version(self, step: int) -> None:
        """Show another version of the last message that has several."""
        versions = self._current.versions
        for message in reversed(self._current.path):
            if len(versions.get(message.id, ())) > 1:
                self._start(self._switch_version(message, step))
                return
        self._pane.notifications.notify(tr("No message in this conversation has other versions."))

    def continue_last(self) -> None:
        """Continue the last answer if it was cut."""
        path = self._current.path
        finished = (MessageStatus.COMPLETE, MessageStatus.STREAMING, MessageStatus.REFUSED)
        if path and path[-1].role is Role.ASSISTANT and path[-1].status not in finished:
            self._start(self._continue(path[-1]))
        else:
            self._pane.notifications.notify(tr("There is no incomplete response to continue."))

    async def _switch_version(self, message: Message, step: int) -> None:
        ids = self._current.versions.get(message.id, ())
        at = ids.index(message.id) + step if message.id in ids else -1
        if not 0 <= at < len(ids):
            return
        store = self._conversations
        leaf = await store.newest_leaf(ids[at])
        await store.save(replace(self._current.conversation, leaf_id=leaf))
        foot = self._pane.transcript.navigator.actions_line_y(message.id)
        await self._navigator.open(self._current.id)
        if foot is not None:
            self._pane.transcript.navigator.scroll_actions_line_to(ids[at], foot)


def _remaining(draft: Draft, asked: Draft) -> Draft:
    """Return what is left of a draft after `asked` was sent."""
    sent = asked.question_attachments
    parts = tuple(part for part in draft.attachments if part not in sent)
    return Draft(draft.text.removeprefix(asked.text), parts)


def _follows(question: Message, path: list[Message]) -> bool:
    """Return True if a question directly follows the shown path."""
    return question.parent_id == (path[-1].id if path else None)
