"""Calls that send a voice, or a text to be spoken, to a provider: agreed to, held and counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Final, NamedTuple, TypeVar

from desktop_app.budget.budget import Budget
from desktop_app.budget.ledger import Ledger
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.conversations.conversation import MessageStatus, now
from desktop_app.domain.cost import (
    CallCost,
    CallUsage,
    Price,
    Received,
    Usage,
    cost_of,
    counted_cost,
)
from desktop_app.domain.errors import BILLABLE_ERRORS, ProviderError, VoiceError
from desktop_app.domain.network.origin import origin
from desktop_app.domain.spending_report import Call, CallPerformance, Purpose
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.gateway.provider_gateway import ProviderGateway
from desktop_app.providers.jobs.audio import VOICES, Heard
from desktop_app.providers.provider_client import ProviderClient
from desktop_app.settings.settings_store import SettingsStore

T = TypeVar("T")
Ask = Callable[[str, str], Awaitable[bool]]
"""Asks the user whether to send something: what goes where, and what it costs."""

VOICE_SENT: Final = N_("Your voice goes to {provider}.")
RECORDING_SENT: Final = N_("What is said in the recording goes to {provider}.")
TEXT_SENT: Final = N_("What is read aloud goes to {provider}.")
_CONSENT_KEYS: Final = {
    VOICE_SENT: "voice.consent.",
    RECORDING_SENT: "voice.consent.",
    TEXT_SENT: "voice.speech_consent.",
}
"""Each is followed by the origin of a provider's server: nobody agreed to another one."""


# Models that are billed by tokens, by OpenAI's own estimates (its pricing page, November 2026). Of
# gpt-4o-transcribe's $0.006 a minute, 10 tokens of sound a second are $0.0036, and the words the
# rest. gpt-4o-mini-tts takes $0.015 a minute, which is 1,250 tokens, and some 900 characters.
_SOUND_TOKENS: Final = 10
_WORD_TOKENS: Final = 4  # per second
_SPOKEN_TOKENS: Final = 1.4  # per character
_CHARACTERS_PER_TOKEN: Final = 4


class VoiceModel(NamedTuple):
    """A provider's model that transcribes or speaks; the price is None if it is unknown."""

    profile: ProviderProfile
    model: str
    price: Price | None

    def cost(self, usage: CallUsage) -> Decimal | None:
        """Return the US dollars of a call; None if unknown."""
        return cost_of(self.price, usage)

    @property
    def is_by_tokens(self) -> bool:
        """Return True unless its calls are billed by seconds or characters, which are known."""
        return self.price is None or self.price.is_by_tokens

    def hearing(self, seconds: float) -> CallUsage:
        """Return what hearing so much takes; an estimate if it is billed by tokens."""
        if not self.is_by_tokens:
            return CallUsage(audio_seconds=seconds)
        sound, words = round(seconds * _SOUND_TOKENS), round(seconds * _WORD_TOKENS)
        return CallUsage(sound, output_tokens=words, audio_input_tokens=sound)

    def speaking(self, text: str) -> CallUsage:
        """Return what speaking a text takes; an estimate if it is billed by tokens."""
        if not self.is_by_tokens:
            return CallUsage(characters=len(text))
        sound = round(len(text) * _SPOKEN_TOKENS)
        return CallUsage(
            len(text) // _CHARACTERS_PER_TOKEN + 1, output_tokens=sound, audio_output_tokens=sound
        )


def _consent_key(model: VoiceModel, sent: str) -> str:
    return f"{_CONSENT_KEYS[sent]}{origin(model.profile.base_url)}"


class VoiceCalls:
    """What all calls of voice share.

    Args:
        ask: see `Ask`; None where nobody can be asked.
    """

    def __init__(
        self,
        gateway: ProviderGateway,
        budget: Budget,
        ledger: Ledger,
        settings: SettingsStore,
        ask: Callable[[], Ask | None],
    ) -> None:
        self._gateway = gateway
        self._budget = budget
        self._ledger = ledger
        self._settings = settings
        self._ask = ask
        self._asking = asyncio.Lock()  # one question at a time, which several may wait for

    async def require_consent(self, model: VoiceModel, sent: str, cost: Decimal | None) -> None:
        """Raise VoiceError unless the user agrees, or has agreed, that this is sent.

        Args:
            sent: VOICE_SENT, RECORDING_SENT or TEXT_SENT.
            cost: of the first call.
        """
        if await self.is_agreed(model, sent):
            return
        async with self._asking:
            if not await self.is_agreed(model, sent):
                await self._ask_user(model, sent, cost)
                await self.agree(model, sent)

    async def is_agreed(self, model: VoiceModel, sent: str) -> bool:
        """Return True if the user has agreed that this is sent: see `require_consent`."""
        return bool((await self._settings.all()).get(_consent_key(model, sent)))

    async def agree(self, model: VoiceModel, sent: str) -> None:
        """Record that the user agrees that this is sent: see `require_consent`."""
        await self._settings.set(_consent_key(model, sent), True)

    async def _ask_user(self, model: VoiceModel, sent: str, cost: Decimal | None) -> None:
        """Raise VoiceError unless the user agrees now: see `require_consent`."""
        provider = model.profile.short_name
        price = tr("The price of {model} is unknown.", model=model.model)
        if cost is not None:
            amount = formatting.money(cost)
            price = tr("{model} takes about {cost} for this.", model=model.model, cost=amount)
        ask = self._ask()
        if ask is None or not await ask(tr(sent, provider=provider), price):
            raise VoiceError(
                N_("Nothing was sent to {provider}."),
                hint=N_("Agree when you are asked, or choose this computer in {voice_page}."),
                provider=provider,
            )

    async def call(
        self,
        model: VoiceModel,
        expected: Decimal | None,
        purpose: Purpose,
        request: Callable[[ProviderClient], Awaitable[tuple[T, CallUsage | None]]],
    ) -> tuple[T, Decimal | None]:
        """Return the result of a request, and its cost; None if that is unknown.

        Args:
            expected: US dollars; None if unknown.

        Raises:
            SpendingCapError: the monthly limit would be exceeded; nothing was sent.
            UserFacingError: there is no key, or the provider failed.
        """
        held = None if expected is None else CallCost.fixed(expected)
        async with await self._budget.hold(model.profile, held, model.model, purpose.value) as hold:
            provider = await self._gateway.provider(model.profile)
            started_at = time.monotonic()
            outcome, usage, is_billed = MessageStatus.CANCELLED, None, True
            received = Received()
            try:
                result, usage = await request(provider)
                outcome = MessageStatus.COMPLETE
                received = Received.of([result.text] if isinstance(result, Heard) else ())
            except ProviderError as error:
                outcome, is_billed = MessageStatus.FAILED, isinstance(error, BILLABLE_ERRORS)
                raise
            finally:
                cost = counted_cost(
                    model.price, usage, held, is_billed=is_billed, received=received
                )
                call = Call(
                    provider_id=model.profile.id,
                    model=model.model,
                    usage=usage or Usage(),
                    cost=cost.amount,
                    is_estimated=cost.is_estimated,
                    purpose=purpose.value,
                    at=now(),
                    performance=CallPerformance(
                        outcome=outcome.value, duration_s=time.monotonic() - started_at
                    ),
                )
                await asyncio.shield(self._ledger.add(call, hold))
        return result, cost.amount


class ProviderSpeech:
    """Has a provider speak.

    Args:
        find_model: see `Transcription`. Raises UserFacingError.
    """

    def __init__(
        self, calls: VoiceCalls, find_model: Callable[[str], Awaitable[VoiceModel]]
    ) -> None:
        self._calls = calls
        self.find_model = find_model

    async def sound(self, text: str, voice: str, speed: float, answer: str) -> bytes:
        """Return a spoken sentence, as samples of `audio.SPEECH_RATE`.

        Args:
            voice: any name at a server with voices of its own; OpenAI has those of VOICES.
            answer: all that is read, for the price that the user is asked about.

        Raises:
            VoiceError: the user does not agree.
            UserFacingError: there is no model, or the provider failed.
        """
        model = await self.find_model("")
        await self._calls.require_consent(model, TEXT_SENT, model.cost(model.speaking(answer)))
        is_known = voice in VOICES or (voice and not model.profile.kind.takes_openai_fields)
        name = voice if is_known else VOICES[0]

        async def request(provider: ProviderClient) -> tuple[bytes, CallUsage | None]:
            sound = await provider.speak(model.model, text, name, speed)
            return sound, None if model.is_by_tokens else model.speaking(text)

        expected = model.cost(model.speaking(text))
        sound, _ = await self._calls.call(model, expected, Purpose.SPEECH, request)
        return sound
