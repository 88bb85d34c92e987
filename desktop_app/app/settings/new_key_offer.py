"""The offer to try or use a provider whose key was just saved."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject

from desktop_app.app.state.window_state import WindowState
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.spending.cost import FREE, Usage
from desktop_app.domain.spending.spending_report import Purpose
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr
from desktop_app.services.models.choice_resolution import ResolvedChoice
from desktop_app.ui.window.cards.notifications import Actions
from desktop_app.ui.window.main_window import MainWindow

OFFER_TOPIC = "new-provider"  # the topic of the offer to use a new provider
FIRST_REQUEST_TOPIC = "first-request"  # the topic of the answer to a first request
_MAX_SHOWN_CHARACTERS = 200  # of the answer, which a notification shows
_TEST_QUESTION = "Reply with one short greeting."
_TEST_INPUT_TOKENS = 30  # an estimate, for the cost
_TEST_OUTPUT_TOKENS = 64  # the limit of the reply


class NewKeyOffer(QObject):
    """Notification with the offer, until a conversation is opened or a setting changes."""

    def __init__(self, window: MainWindow, state: WindowState) -> None:
        super().__init__(window)
        self._notifications = window.notifications
        self._tasks = state.tasks
        self._backend = state.backend
        self._providers = state.providers
        self._setup = state.setup
        self._new_conversation = state.new_conversation
        # The offer names the open conversation and the default provider.
        for signal in (state.current.opened, state.values.changed):
            signal.connect(lambda: self._notifications.dismiss_topic(OFFER_TOPIC))

    def show(self, profile: ProviderProfile) -> None:
        """Offer to use a provider in the open conversation, or to try it."""
        try_actions = self._request_action(profile)
        if self._setup.profile.id == profile.id:
            if try_actions:
                self._notifications.notify(tr("Key saved."), actions=try_actions, topic=OFFER_TOPIC)
            return
        choice = self._new_conversation.choice_with(profile.id)
        default_profile = self._providers.default
        if default_profile.id == profile.id:
            message = tr(
                "New conversations will use {new}. This one still uses {old}.",
                new=profile.name,
                old=self._setup.profile.name,
            )
        else:
            message = tr(
                "Key saved. New conversations still use {name}.", name=default_profile.name
            )
        self._notifications.notify(
            message,
            actions=[
                (
                    tr("Use {provider} here", provider=profile.name),
                    lambda: self._setup.choose(choice),
                ),
                *try_actions,
            ],
            topic=OFFER_TOPIC,
        )

    def _request_action(self, profile: ProviderProfile) -> Actions:
        """Return the offer of a first request, with its cost; () if the cost is zero or unknown."""
        resolved = self._backend.chat.resolve(profile, self._providers.default_choice(profile))
        test_choice = self._backend.utility_model.model_for(Purpose.TEST, resolved)
        if test_choice.price is None or test_choice.price == FREE:
            return ()
        cost = test_choice.price.cost(
            Usage(input_tokens=_TEST_INPUT_TOKENS, output_tokens=_TEST_OUTPUT_TOKENS)
        )
        label = tr("Try it for {cost} at most", cost=formatting.money(cost))
        return [(label, lambda: self._tasks.start(self._send_request(resolved)))]

    async def _send_request(self, resolved: ResolvedChoice) -> None:
        """Send the request, and show the answer. Raises UserFacingError."""
        from desktop_app.services.chat.small_tasks.utility_model import SmallTask  # rarely needed

        started_at = time.monotonic()
        utility_model = self._backend.utility_model
        test_choice = utility_model.model_for(Purpose.TEST, resolved)
        reply = await utility_model.ask(
            SmallTask(Purpose.TEST, resolved),
            "",
            _TEST_QUESTION,
            max_output_tokens=_TEST_OUTPUT_TOKENS,
        )
        message = tr(
            "{model} responded in {duration}: {text}",
            model=test_choice.model.name,
            duration=formatting.duration(time.monotonic() - started_at),
            text=reply[:_MAX_SHOWN_CHARACTERS] or "–",
        )
        self._notifications.notify(message, topic=FIRST_REQUEST_TOPIC)
