"""Asks the questions of a conversation: of the main window's, or of the quick prompt's."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, Final

from PySide6.QtCore import QObject

from desktop_app.app.navigator import Navigator
from desktop_app.app.session import ConversationSession, Session
from desktop_app.chat.answers.answer_run import AnswerRun
from desktop_app.chat.ui.compaction_controller import CompactionController
from desktop_app.chat.ui.shown_answers import STORE_TOPIC
from desktop_app.composer.attachments.file_readings import FileReadings
from desktop_app.domain import errors, hints
from desktop_app.domain.conversations.conversation import Conversation, Draft, Message, ModelChoice
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.providers.ui.providers_controller import ProvidersController
from desktop_app.widgets.cards.notifications import NOT_SENT, Actions

_LIST_FIELDS: Final = "title title_is_automatic pinned folder_id archived trashed_at".split()


class QuestionAsker(QObject):
    """Asks the questions in the prompt of a conversation, and starts their answers.

    A subclass decides what becomes of a question that must wait, and shows the turn.
    """

    def __init__(self, session: Session, conversation: ConversationSession) -> None:
        super().__init__(conversation.window)
        self._session, self._tasks, self._running = session, session.tasks, session.running
        self._providers, self._temporary = session.providers, session.temporary
        self._drafts = session.drafts
        self._chat_service = session.backend.chat
        self._conversations = session.backend.conversations
        self._current, self._draft = conversation.current, conversation.draft
        self._setup, self._readings = conversation.setup, conversation.of(FileReadings)
        self._transcript, self._notifications = conversation.transcript, conversation.notices
        prompt = self._prompt = conversation.prompt
        prompt.submit_requested.connect(lambda text: self.submit(text, prompt.field.template_id))
        prompt.stop_requested.connect(lambda: self._running.stop(self._current.id))
        prompt.row.stop_button.detail = self._rate
        for signal in (
            self._current.opened,
            self._draft.changed,
            self._setup.choice_changed,
            self._providers.changed,
        ):
            signal.connect(lambda: self._notifications.dismiss_topic(NOT_SENT))

    def submit(self, text: str, template_id: str) -> None:
        """Ask the question in the prompt, once no answer is running and its files are read.

        The prompt is cleared once the question is on disk.
        """
        question = self._draft.question_with(text, template_id)
        if not question.has_question:
            return
        if (command := self._session.typed_command(question.text)) is not None:
            self._tasks.start(self._run_typed(command, text))
        elif self._must_wait(self._current.id) or self._readings.in_open_conversation:
            self._let_wait(text, template_id)
        else:
            self._tasks.start(self.begin(list(self._current.path_before_question), question))

    async def _run_typed(self, command: Coroutine[Any, Any, None], text: str) -> None:
        """Run what was typed instead of a question; if it fails, the prompt keeps the words."""
        try:
            await command
        except errors.UserFacingError as error:
            self._notifications.notify(error, topic=NOT_SENT)
            return
        if self._prompt.text() == text:
            self._put_into_prompt(replace(self._draft.value, text="", template_id=""))

    def _put_into_prompt(self, draft: Draft) -> None:
        self._draft.replace(draft)
        self._prompt.set_text(draft.text, draft.template_id)

    def _must_wait(self, conversation_id: str) -> bool:
        """Return True if a question of this conversation cannot be asked yet."""
        readings = self._readings.readings_of(conversation_id).values()
        return any(map(self._readings.waits_for, readings)) or self._running.is_running(
            conversation_id
        )

    async def begin(
        self,
        path: list[Message],
        draft: Draft | None,
        choice: ModelChoice | None = None,
        conversation: Conversation | None = None,
        *,
        single_answer: bool = False,
    ) -> None:
        """Ask `draft` after `path`, or request another answer to the last question of `path`.

        Do nothing while another turn of the conversation begins or is answered.

        Args:
            choice: the model for this answer only; the conversation keeps its own choice.
            conversation: the conversation before the turn; None for the open one.
            single_answer: request a single answer, even if several are set.
        """
        original = conversation or self._current.conversation
        opening_number = self._current.opening_number
        with_choice = replace(original, choice=choice or self._setup.choice_of(original))
        self._notifications.dismiss_topic(NOT_SENT)
        try:
            run = await self._store_turn(original, path, draft, choice, single_answer=single_answer)
        except errors.UnpricedModelError as error:
            begin_again = partial(
                self.begin, path, draft, choice, original, single_answer=single_answer
            )
            self._ask_about_price(error, with_choice, begin_again)
            return
        except errors.UserFacingError as error:
            self._refuse(error, self._setup.profile_of(with_choice).id)
            return
        if run is not None:
            await self._start(run, draft, original, opening_number)

    async def _store_turn(
        self,
        original: Conversation,
        path: list[Message],
        draft: Draft | None,
        choice: ModelChoice | None,
        *,
        single_answer: bool,
    ) -> AnswerRun | None:
        """Store a turn, for the caller to show and start.

        Return None if another turn of the conversation begins or is answered, or if it was deleted.

        Args:
            original: the conversation before the turn.

        The others are those of `begin`. Raises UserFacingError if nothing was stored.
        """
        chat, setup, running = self._chat_service, self._setup, self._running
        if original.id in running.beginning_ids or running.is_running(original.id):
            return None
        if choice is None and not self._providers.has_provider(original):
            raise errors.IllegalChoiceError(N_("Provider removed."), hint=hints.CHOOSE_ANOTHER)
        running.beginning_ids.add(original.id)
        try:
            with_choice = replace(original, choice=choice or await setup.known_choice(original))
            profile = setup.profile_of(with_choice)
            settings = setup.settings_of(with_choice)
            if single_answer:
                settings = settings.for_one_answer()
            await self._session.of(CompactionController).compact_before_turn(
                with_choice, path, draft or Draft()
            )
            # A blank conversation is not in the cache before its first turn.
            is_listed = path and not self._temporary.is_temporary(original.id)
            cache = self._session.of(ListPresenter).cache
            if is_listed and cache.find_existing(original.id) is None:
                return None  # deleted in the meantime
            run = await chat.begin(with_choice, path, draft, profile, settings)
            if choice is None:
                self._drafts.choices.pop(original.id, None)
            if draft is not None:
                self._drafts.without_text.discard(original.id)
            return run
        finally:
            running.beginning_ids.discard(original.id)

    def _refuse(self, error: errors.UserFacingError, provider_id: str) -> None:
        """Notify why a question was not sent; if the cap is the reason, offer to raise it."""
        session = self._session
        if isinstance(error, errors.SpendingCapError):
            open_at_cap = partial(session.of(ProvidersController).open_at_cap, provider_id)
            actions: Actions = [(tr("Raise the limit"), lambda: self._in_window(open_at_cap))]
        else:
            actions = self._remedies_for(error)
        # A full disk also keeps the draft from being saved. One topic, so that one card says both.
        topic = STORE_TOPIC if isinstance(error, errors.StoreFullError) else NOT_SENT
        self._notifications.notify(error, actions, topic=topic)

    def _ask_about_price(
        self,
        error: errors.UnpricedModelError,
        conversation: Conversation,
        begin_again: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Ask for permission to use a model of unknown price in spite of the monthly cap."""
        profile = self._setup.profile_of(conversation)
        model = self._chat_service.resolve(profile, conversation.choice).model

        def edit_model() -> None:
            from desktop_app.providers.ui.models.models_dialog import ModelsPage

            self._session.of(ModelsPage).edit(profile.id, model.id)

        async def allow_and_begin() -> None:
            await self._chat_service.calls.budget.allow_unpriced(profile, model.id)
            await begin_again()

        actions: Actions = [
            (tr("Use anyway"), lambda: self._tasks.start(allow_and_begin())),
            (tr("Enter price…"), lambda: self._in_window(edit_model)),
        ]
        self._notifications.notify(error, actions, topic=NOT_SENT)

    def _remedies_for(self, error: errors.UserFacingError) -> Actions:
        """Return what to offer for a question that was refused."""
        return [action for find in self._session.remedies for action in find(error)]

    async def _start(
        self, run: AnswerRun, draft: Draft | None, original: Conversation, opening_number: int
    ) -> None:
        """Start the answers of a stored turn, and show it if its conversation is open.

        Args:
            original: the conversation before the turn.
            opening_number: that of the open conversation when the turn was requested.
        """
        self._dismiss_store_error()
        presenter, current = self._session.of(ListPresenter), self._current
        is_open = original.id == current.id
        # A blank conversation that was left and opened again has the same id.
        was_left = is_open and current.is_new and opening_number != current.opening_number
        if run.question is not None and draft is not None:
            self._remove_sent(original.id, draft)
        if was_left:
            self._session.of(Navigator).open_another_blank()
            is_open = False
        # The user may have changed the conversation meanwhile, or the choice was for one answer.
        listed = presenter.cache.get(original.id)
        newest = current.conversation if is_open else listed or original
        changed = {name: getattr(listed, name) for name in _LIST_FIELDS if listed is not None}
        changed = {name: v for name, v in changed.items() if v != getattr(original, name)}
        choice = self._setup.choice_of(newest)
        stored = replace(run.conversation.with_settings_of(newest), choice=choice, **changed)
        if stored != run.conversation:
            self._tasks.start(self._conversations.save_settings(stored))
        presenter.upsert(stored)
        self._running.start(run)
        if original.trashed_at is None and stored.trashed_at is not None:
            self._running.stop(run.conversation.id)  # it was deleted while the turn began
        if is_open:
            current.set_stored(stored)
            await self._show_turn(run)
            current.path_changed.emit()

    def _dismiss_store_error(self) -> None:
        """Dismiss the error after a successful write, unless answers are still unstored."""
        if not self._running.has_unstored:
            self._notifications.dismiss_topic(STORE_TOPIC)

    def _rate(self) -> str:
        """Return the speed of the answer that streams here; "" if it is unknown."""
        path = self._current.path
        rate = self._running.rate(path[-1].id) if path else None
        return "" if rate is None else tr("{count} tok/s", count=round(rate))

    # -------------------------------------------------------------- for subclasses

    def _let_wait(self, text: str, template_id: str) -> None:
        """Keep a question that cannot be asked yet."""
        raise NotImplementedError

    def _remove_sent(self, conversation_id: str, sent_draft: Draft) -> None:
        """Remove a sent question from its draft; what was typed or attached later stays."""
        raise NotImplementedError

    async def _show_turn(self, run: AnswerRun) -> None:
        """Show a turn that was stored and started in the open conversation."""
        raise NotImplementedError

    def _in_window(self, act: Callable[[], object]) -> None:
        """Do something that shows a page of the main window."""
        act()
