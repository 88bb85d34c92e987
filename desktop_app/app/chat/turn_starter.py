"""Stores new turns: a question with its empty answer, or another empty answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QObject, Signal

from desktop_app.app.answers.running_answers import RunningAnswers
from desktop_app.app.answers.shown_answers import STORE_TOPIC
from desktop_app.app.library.list_presenter import ListPresenter
from desktop_app.app.state.window_state import WindowState
from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.conversations.conversation import Conversation, Draft, Message, ModelChoice
from desktop_app.domain.errors import (
    IllegalChoiceError,
    SpendingCapError,
    StoreFullError,
    UnpricedModelError,
    UserFacingError,
)
from desktop_app.i18n.translation import N_, tr
from desktop_app.services.answers.answer_run import AnswerRun
from desktop_app.services.chat.send_context import AskSettings
from desktop_app.ui.window.cards.notifications import NOT_SENT, Actions
from desktop_app.ui.window.main_window import MainWindow

BeforeTurn = Callable[["Conversation", "list[Message]", Draft], Awaitable[None]]
"""Awaited before a turn is stored: see `TurnStarter`."""


@dataclass(frozen=True)
class BegunTurn:
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


class TurnStarter(QObject):
    """Starter of the main window's turns.

    Args:
        before_turn: awaited before a turn is stored, with the conversation, the path and the
            draft, which is empty if another answer is requested.
        remedies_for: returns the remedies for a refused question.

    Signals:
        begun(BegunTurn): a turn is stored; the receiver starts its answers.
        cap_change_requested(str): change the monthly cap of the provider with this id.
        price_entry_requested(str, str): enter a price; the ids of the provider and the model.
    """

    begun = Signal(object)
    cap_change_requested = Signal(str)
    price_entry_requested = Signal(str, str)

    def __init__(
        self,
        window: MainWindow,
        state: WindowState,
        running: RunningAnswers,
        presenter: ListPresenter,
        *,
        before_turn: BeforeTurn,
        remedies_for: Callable[[UserFacingError], Actions],
    ) -> None:
        super().__init__(window.notifications)
        current = state.setup.current
        self._running = running
        self._presenter = presenter
        self._notifications = window.notifications
        self._before_turn = before_turn
        self._remedies_for = remedies_for
        self._current = current
        self._tasks = state.tasks
        self._chat_service = state.backend.chat
        self._providers = state.setup.providers
        self._setup = state.setup
        self._beginning_ids: set[str] = set()  # ids of conversations whose turn is being written
        for signal in (
            current.opened,
            current.draft.changed,
            self._setup.choice_changed,
            self._providers.changed,
        ):
            signal.connect(lambda: window.notifications.dismiss_topic(NOT_SENT))

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
        repairs: Message | None = None,
        compared: Sequence[ModelChoice] = (),
    ) -> None:
        """Ask `draft` after `path`, or request another answer to the last question of `path`.

        Do nothing while another turn of the conversation begins or is answered.

        Args:
            choice: the model for this answer only; the conversation keeps its own choice.
            conversation: the conversation before the turn; None for the open one.
            single_answer: request a single answer, even if several are set.
            repairs: an answer that does not match its schema; it is sent with the reason.
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
            await self._before_turn(with_choice, path, Draft() if draft is None else draft)
            # A blank conversation is not in the cache before its first turn.
            if path and self._presenter.cache.find_existing(original.id) is None:
                return  # deleted in the meantime
            if compared:
                run = await self._begin_comparison(with_choice, path, draft, compared, settings)
            elif draft is None:
                run = await chat.begin_another_answer(
                    with_choice, path, profile, settings, repairs=repairs
                )
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
                repairs=repairs,
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
        self.begun.emit(
            BegunTurn(
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
            (tr("Enter price…"), lambda: self.price_entry_requested.emit(profile.id, model)),
        ]
        self._notifications.notify(error, actions, topic=NOT_SENT)

    def _refuse(self, error: UserFacingError, provider_id: str) -> None:
        """Notify why a question was not sent; if the cap is the reason, offer to raise it."""
        if isinstance(error, SpendingCapError):
            raise_cap = (tr("Raise the limit"), lambda: self.cap_change_requested.emit(provider_id))
            actions: Actions = [raise_cap]
        else:
            actions = self._remedies_for(error)
        # A full disk also keeps the draft from being saved. One topic, so that one card says both.
        topic = STORE_TOPIC if isinstance(error, StoreFullError) else NOT_SENT
        self._notifications.notify(error, actions, topic=topic)
