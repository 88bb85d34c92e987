"""Stores and shows new turns: a question with its answer, or another answer; titles."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from PySide6.QtCore import Signal

from desktop_app.app.session import Controller, Session
from desktop_app.chat.answers.answer_run import AnswerRun
from desktop_app.chat.send_context import AskSettings
from desktop_app.chat.titles import TitleWriter, local_title, wants_title
from desktop_app.chat.ui.shown_answers import STORE_TOPIC
from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    MessageStatus,
    ModelChoice,
)
from desktop_app.domain.errors import (
    IllegalChoiceError,
    SpendingCapError,
    StoreFullError,
    UnpricedModelError,
    UserFacingError,
)
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.cards.notifications import NOT_SENT, Actions


class _BegunTurn(Value, frozen=True):
    """A stored turn, whose answers can run.

    Attributes:
        run: the run of the first answer.
        original: the conversation before the turn.
        path: the messages before `draft`, or up to the question that is answered again.
        draft: the text and attachments of the question; None for another answer.
        is_comparison: several models answer.
        opening_number: how many conversations had been opened when the turn was requested. A
            higher number now means that another, or the same again, was opened since.
    """

    run: AnswerRun
    original: Conversation
    path: list[Message]
    draft: Draft | None
    is_comparison: bool
    opening_number: int


_LIST_FIELDS: Final = "title title_is_automatic pinned folder_id archived trashed_at".split()


class TurnStarter(Controller):
    """Starter of the main window's turns, which it shows in the open conversation.

    Signals:
        begun(str): a turn is stored in the conversation with this id, and its answers run.
    """

    begun = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._beginning_ids: set[str] = set()  # ids of conversations whose turn is being written
        for signal in (
            self._current.opened,
            self._draft.changed,
            self._setup.choice_changed,
            self._providers.changed,
        ):
            signal.connect(lambda: self._notifications.dismiss_topic(NOT_SENT))

    def is_beginning(self, conversation_id: str) -> bool:
        """Return True while a turn of a conversation is being prepared and stored."""
        return conversation_id in self._beginning_ids

    async def begin(
        self,
        path: list[Message],
        draft: Draft | None,
        choice: ModelChoice | None = None,
        conversation: Conversation | None = None,
        *,
        single_answer: bool = False,
        compared: Sequence[ModelChoice] = (),
    ) -> None:
        """Ask `draft` after `path`, or request another answer to the last question of `path`.

        Do nothing while another turn of the conversation begins or is answered.

        Args:
            choice: the model for this answer only; the conversation keeps its own choice.
            conversation: the conversation before the turn; None for the open one.
            single_answer: request a single answer, even if several are set.
            compared: the models that each give an answer, without tools; () for the usual answer.
        """
        chat = self._chat_service
        original = conversation or self._current.conversation
        opening_number = self._current.opening_number
        profile = self._setup.profile_of(original)
        if self.is_beginning(original.id) or self._running.is_running(original.id):
            return
        if choice is None and not compared and not self._providers.has_provider(original):
            error = IllegalChoiceError(N_("Provider removed."), hint=hints.CHOOSE_ANOTHER)
            self._notifications.notify(error, topic=NOT_SENT)
            return
        self._beginning_ids.add(original.id)
        try:
            with_choice = replace(
                original, choice=choice or await self._setup.known_choice(original)
            )
            profile = self._setup.profile_of(with_choice)
            settings = self._setup.settings_of(with_choice)
            if single_answer:
                settings = settings.for_one_answer()
            self._notifications.dismiss_topic(NOT_SENT)
            await self._session.compaction.compact_before_turn(
                with_choice, path, Draft() if draft is None else draft
            )
            # A blank conversation is not in the cache before its first turn.
            if path and self._session.list_presenter.cache.find_existing(original.id) is None:
                return  # deleted in the meantime
            if compared:
                run = await self._begin_comparison(with_choice, path, draft, compared, settings)
            elif draft is None:
                run = await chat.begin_another_answer(with_choice, path, profile, settings)
            else:
                run = await chat.begin(with_choice, path, draft, profile, settings)
        except UnpricedModelError as error:
            begin_again = partial(
                self.begin,
                path,
                draft,
                choice,
                original,
                single_answer=single_answer,
                compared=compared,
            )
            self._ask_about_price(error, with_choice, compared, begin_again)
            return
        except UserFacingError as error:
            # The profile of the choice, or of the conversation if finding the choice failed.
            self._refuse(error, profile.id)
            return
        finally:
            self._beginning_ids.discard(original.id)
        self._start(
            _BegunTurn(
                run,
                original,
                path,
                draft,
                is_comparison=bool(compared),
                opening_number=opening_number,
            )
        )

    async def _begin_comparison(
        self,
        conversation: Conversation,
        path: list[Message],
        draft: Draft | None,
        compared: Sequence[ModelChoice],
        settings: AskSettings,
    ) -> AnswerRun:
        profile_of = self._setup.profile_of
        targets = [
            (profile_of(replace(conversation, choice=choice)), choice) for choice in compared
        ]
        settings = settings.for_comparison()
        return await self._chat_service.begin_comparison(
            conversation, path, draft, choices=targets, settings=settings
        )

    def _find_unpriced_model(
        self, error: UnpricedModelError, choices: Sequence[ModelChoice], conversation: Conversation
    ) -> tuple[ProviderProfile, str]:
        """Return the provider and the id of the model whose price is unknown.

        The error only has the model's name. If that matches no choice, return the first choice.
        """
        candidates = []
        for choice in choices:
            profile = self._setup.profile_of(replace(conversation, choice=choice))
            model = self._chat_service.resolve(profile, choice).model
            if model.name == error.params.get("model"):
                return profile, model.id
            candidates.append((profile, model.id))
        return candidates[0]

    def _ask_about_price(
        self,
        error: UnpricedModelError,
        conversation: Conversation,
        compared: Sequence[ModelChoice],
        begin_again: Callable[[], Awaitable[None]],
    ) -> None:
        """Ask for permission to use a model of unknown price in spite of the monthly cap."""
        profile, model = self._find_unpriced_model(
            error, compared or [conversation.choice], conversation
        )

        async def allow_and_begin() -> None:
            await self._chat_service.calls.budget.allow_unpriced(profile, model)
            await begin_again()

        actions: Actions = [
            (tr("Use anyway"), lambda: self._tasks.start(allow_and_begin())),
            (tr("Enter price…"), lambda: self._session.models.edit(profile.id, model)),
        ]
        self._notifications.notify(error, actions, topic=NOT_SENT)

    def _refuse(self, error: UserFacingError, provider_id: str) -> None:
        """Notify why a question was not sent; if the cap is the reason, offer to raise it."""
        if isinstance(error, SpendingCapError):
            open_at_cap = self._session.providers_controller.open_at_cap
            actions: Actions = [(tr("Raise the limit"), lambda: open_at_cap(provider_id))]
        else:
            session = self._session
            actions = [
                *session.unlocker.remedies_for(error),
                *session.chunked_reading.remedies_for(error),
                *session.collections.remedies_for(error),
                *session.compaction.remedies_for(error),
            ]
        # A full disk also keeps the draft from being saved. One topic, so that one card says both.
        topic = STORE_TOPIC if isinstance(error, StoreFullError) else NOT_SENT
        self._notifications.notify(error, actions, topic=topic)

    # -------------------------------------------------------------- begun turns

    def _start(self, turn: _BegunTurn) -> None:
        """Start the answers of a turn, and show it if its conversation is open."""
        self._session.store_errors.dismiss()
        run = turn.run
        is_open = run.conversation.id == self._current.id
        # A blank conversation that was left and opened again has the same id.
        was_left = (
            is_open and self._current.is_new and turn.opening_number != self._current.opening_number
        )
        if run.question is not None and turn.draft is not None:
            self._session.draft_saver.remove_sent(turn.original.id, turn.draft)
        if was_left:
            self._session.navigator.open_another_blank()
            is_open = False
        stored_conversation = self._with_changes(turn, is_open=is_open)
        # They differ if the user changed it meanwhile, or if the choice was for this answer only.
        if stored_conversation != run.conversation:
            self._tasks.start(self._conversations.save_settings(stored_conversation))
        self._session.list_presenter.upsert(stored_conversation)
        self._running.start(run)
        self.begun.emit(turn.original.id)
        if turn.original.trashed_at is None and stored_conversation.trashed_at is not None:
            self._running.stop(run.conversation.id)  # it was deleted while the turn began
        if not is_open:
            self._report_comparison(turn)
            return
        self._current.set_stored(stored_conversation)
        self._pane.set_title(stored_conversation.title)
        question = run.question
        is_single = not run.siblings
        if question is not None and is_single and _follows_path(question, self._current.path):
            self._current.append(question, run.answer)
            self._show_turn(question, run.answer)
            self._session.navigator.mark_open()
            self._current.report_path()
            self._report_comparison(turn)
        else:
            self._tasks.start(self._reopen(turn))

    def _with_changes(self, turn: _BegunTurn, *, is_open: bool) -> Conversation:
        """Return the conversation of a turn, as it was changed while the turn began."""
        original = turn.original
        listed_conversation = self._session.list_presenter.cache.get(original.id)
        newest_conversation = (
            self._current.conversation if is_open else listed_conversation or original
        )
        is_listed = listed_conversation is not None
        changes = {
            name: getattr(newest_conversation, name)
            for name in (_LIST_FIELDS if is_listed else ())
            if getattr(newest_conversation, name) != getattr(original, name)
        }
        return replace(
            turn.run.conversation.with_settings_of(newest_conversation),
            choice=self._setup.choice_of(newest_conversation),
            **changes,
        )

    def _show_turn(self, question: Message, answer: Message) -> None:
        self._pane.show_empty_state(False)
        self._pane.transcript.stream.append_message(question)
        self._pane.transcript.stream.append_message(answer)
        self._pane.transcript.navigator.scroll_to_bottom()
        self._pane.prompt.focus_text()

    async def _reopen(self, turn: _BegunTurn) -> None:
        """Load and show the conversation; appending a question and an answer is not enough."""
        await self._session.navigator.open(turn.run.conversation.id)
        self._current.report_path()
        self._report_comparison(turn)

    def _report_comparison(self, turn: _BegunTurn) -> None:
        if turn.is_comparison:
            question = turn.run.question
            answers = (turn.run, *turn.run.siblings)
            path = turn.path if question is None else [*turn.path, question]
            self._session.comparison.show_answers(path, [run.answer for run in answers])


def _follows_path(question: Message, path: list[Message]) -> bool:
    """Return True if a question directly follows the shown path."""
    return question.parent_id == (path[-1].id if path else None)


log = logging.getLogger(__name__)


class TitleController(Controller):
    """Giver of titles after a conversation's first answer, by a small model or made here."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._requested_ids: set[str] = set()
        self._running.finished.connect(self._on_finished)

    def _on_finished(self, conversation_id: str, answer: Message) -> None:
        if (
            not self._temporary.was_ever_temporary(conversation_id)
            and answer.status is MessageStatus.COMPLETE
        ):
            self._tasks.start(self._set_title(conversation_id))

    async def _set_title(self, conversation_id: str) -> None:
        """Set a better title, unless the user has chosen one in the meantime."""
        path = await self._conversations.path(conversation_id)
        conversation = self._session.list_presenter.cache.find_existing(conversation_id)
        if conversation is None or not wants_title(conversation, path):
            return
        if conversation_id in self._requested_ids:  # for an answer that ended earlier
            return
        self._requested_ids.add(conversation_id)
        resolved = self._chat_service.resolve(
            self._setup.profile_of(conversation), conversation.choice
        )
        writer = TitleWriter(self._session.backend.utility_model, self._session.backend.delimiters)
        title = ""
        if self._values["library.model_titles"] and writer.may_ask(resolved):
            try:
                title = await writer.suggest(path, resolved)
            except UserFacingError as error:
                log.warning("no title: %s %s", error, error.all_details)
        title = title or local_title(path)
        current_conversation = self._session.list_presenter.cache.find_existing(conversation_id)
        if current_conversation is None or not current_conversation.title_is_automatic:
            return
        if title and title != current_conversation.title:
            self._session.list_presenter.rename(conversation_id, title)
