"""Several answers, documents in parts and early ends together: each request is paid once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.stream_events import (
    CandidateEvent,
    Completed,
    Failed,
    Started,
    StreamEvent,
    TextDelta,
    UsageReported,
)
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import StreamCutError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.services.chat.ask_settings import AskSettings
from desktop_app.services.documents.note_taking import INSTRUCTIONS
from tests.helpers.scripted_provider import ScriptedProvider
from tests.unit.providers.samples import OPENAI
from tests.unit.services.test_chat_service import USAGE, open_chat
from tests.unit.services.test_chunked_reading import WordSplitter

CHAT = replace(OPENAI, api=Api.CHAT_COMPLETIONS)
WHOLE: Sequence[StreamEvent] = [TextDelta("a"), UsageReported(USAGE), Completed()]
SECOND = CandidateEvent(1, TextDelta("b"))
CUT = Failed(StreamCutError(Reason.ANSWER_CUT))


class EndingProvider(ScriptedProvider):
    """A provider that takes notes, and ends all answers in the same way.

    Attributes:
        reported: the number of requests whose usage was reported.
    """

    def __init__(self, ending: Sequence[StreamEvent]) -> None:
        super().__init__()
        self._ending = ending
        self.reported = 0

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        self.requests.append(request)
        is_note = request.instructions.startswith(INSTRUCTIONS)
        yield Started(f"r{len(self.requests)}")
        for event in WHOLE if is_note else self._ending:
            self.reported += isinstance(event, UsageReported)
            if request.parameters.candidates > 1 or not isinstance(event, CandidateEvent):
                yield event


@pytest.mark.parametrize(
    "ending",
    [WHOLE, [TextDelta("a"), SECOND, *WHOLE], [TextDelta("a"), CUT], [TextDelta("a"), SECOND, CUT]],
    ids=["whole", "two", "cut", "two cut"],
)
@pytest.mark.parametrize("in_parts", [False, True], ids=["whole document", "in parts"])
@pytest.mark.parametrize("profile", [OPENAI, CHAT], ids=["responses", "chat"])
async def test_each_request_is_paid_once(
    tmp_path: Path, profile: ProviderProfile, in_parts: bool, ending: Sequence[StreamEvent]
) -> None:
    provider = EndingProvider(ending)
    settings = AskSettings(parameters=GenerationParameters(candidates=3))
    async with open_chat(tmp_path, provider, parts=WordSplitter()) as chat:
        document = await chat.attach("a.txt", "The ferry leaves at nine.", in_parts=in_parts)
        began = await chat.begin("?", profile, attachments=(document,), settings=settings)
        await asyncio.gather(*map(chat.run, (began, *began.siblings)))
        spent = await chat.ledger.spent_in_month(now())
        assert spent.usage.input_tokens == provider.reported * USAGE.input_tokens
        assert spent.uncounted == len(provider.requests) - provider.reported
        notes = [r for r in provider.requests if r.instructions.startswith(INSTRUCTIONS)]
        assert len(notes) == in_parts
