"""An answer that is too long for its message is kept in a file, which a notice names."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.stream_events import (
    CandidateEvent,
    Completed,
    Failed,
    StreamEvent,
    TextDelta,
    UsageReported,
)
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, notice
from desktop_app.domain.errors import StreamCutError
from desktop_app.domain.spending.cost import Usage
from desktop_app.services.chat.ask_settings import AskSettings
from tests.helpers.scripted_provider import ScriptedProvider
from tests.unit.services.test_candidate_answers import CHAT
from tests.unit.services.test_chat_service import HELD, ChatSetup, open_chat

MB = 1 << 20
USAGE = Usage(input_tokens=1000, output_tokens=200)
ENDED: list[StreamEvent] = [TextDelta("b"), UsageReported(USAGE), Completed()]


async def file_of(chat: ChatSetup, answer: Message) -> str:
    """Return the text of the file that has all of an answer."""
    (file,) = answer.attachments
    assert isinstance(file, DocumentPart)
    assert (file.name, file.media_type) == ("answer.md", "text/markdown")
    assert [n for n in answer.notices if isinstance(n, AnswerNotice)] == [
        notice(NoticeCode.WHOLE_IN_FILE, name="answer.md")
    ]
    data = await chat.attachments.bytes(file.sha256)
    assert len(data) == file.size
    assert await chat.attachments.text(file.sha256) == data.decode()
    assert await chat.attachments.answers.unattached_ids() == []
    return data.decode()


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize(
    ("deltas", "kept"),
    [
        ([TextDelta("a" * MB)] * 9, 8 * MB),
        ([TextDelta("é" * MB)] * 5, 42 << 16),  # TextSize: 3 bytes each, in steps of 64 K
    ],
)
async def test_a_file_has_the_whole_text_of_an_answer_too_long_for_its_message(
    tmp_path: Path, deltas: list[StreamEvent], kept: int
) -> None:
    provider = ScriptedProvider([*deltas, *ENDED])

    async with open_chat(tmp_path, provider) as chat:
        answer = await chat.run(await chat.begin("?"))
        assert (answer.status, len(answer.text)) == (MessageStatus.COMPLETE, kept)
        words = "".join(event.text for event in deltas if isinstance(event, TextDelta))
        assert await file_of(chat, answer) == f"{words}b"
        assert answer.usage == USAGE
        assert (await chat.store.path(answer.conversation_id))[1] == answer


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize("reports_all", [False, True])
@pytest.mark.parametrize("is_stopped", [False, True])
async def test_the_file_has_what_arrived_before_a_failure_or_a_stop(
    tmp_path: Path, is_stopped: bool, reports_all: bool
) -> None:
    cut: StreamEvent = Failed(StreamCutError("The connection was cut."))
    provider = ScriptedProvider([*[TextDelta("a" * MB)] * 12, HELD if is_stopped else cut])

    async with open_chat(tmp_path, provider) as chat:
        began = await chat.begin("?")
        run = asyncio.ensure_future(chat.run(began, reports_all=reports_all))
        if is_stopped:
            await provider.holding.wait()
            run.cancel()
        await asyncio.wait([run])
        heard = sum(len(event.text) for event in chat.heard if isinstance(event, TextDelta))
        assert heard == (12 * MB if reports_all else 8 * MB), "a command prints all of it"
        (answer,) = (await chat.store.path(began.conversation.id))[1:]
        assert answer.status is (MessageStatus.CANCELLED if is_stopped else MessageStatus.FAILED)
        assert len(answer.text) == 8 * MB
        assert await file_of(chat, answer) == "a" * (12 * MB)


@pytest.mark.attack("reply-bounds")
async def test_several_answers_divide_the_limit_of_one_message(tmp_path: Path) -> None:
    megabyte: list[StreamEvent] = [TextDelta("a" * MB), CandidateEvent(1, TextDelta("b" * MB))]
    late: list[StreamEvent] = [CandidateEvent(1, Completed()), *ENDED]
    provider = ScriptedProvider([*megabyte * 4, TextDelta("a" * MB), *late])

    async with open_chat(tmp_path, provider) as chat:
        settings = AskSettings(parameters=GenerationParameters(candidates=2))
        began = await chat.begin("?", CHAT, settings=settings)
        first, second = await asyncio.gather(*map(chat.run, (began, *began.siblings)))
        assert (first.status, len(first.text)) == (MessageStatus.COMPLETE, 4 * MB)
        (file,) = first.attachments
        assert file.size == 5 * MB + 1
        assert (second.status, len(second.text)) == (MessageStatus.COMPLETE, 4 * MB)
        assert second.attachments == ()
