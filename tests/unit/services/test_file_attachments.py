"""Documents sent as files if wanted and supported, and refused otherwise."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from desktop_app.backend.environment_profiles import COMETAPI, ON_DEVICE, OPENAI
from desktop_app.domain.answering.chat_request import FileData, ProviderProfile
from desktop_app.domain.answering.stream_events import Completed, StreamEvent, TextDelta
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.conversations.message_parts import (
    Attachment,
    ChosenPages,
    DocumentPart,
    TextPart,
)
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.model_catalog import FileInputs
from desktop_app.domain.models.variants import Variant
from desktop_app.providers.apis import responses
from desktop_app.providers.http.request_body import pack_body
from desktop_app.services.answers.answer_run import AnswerRun
from desktop_app.services.chat.prompt_assembly import document_block
from desktop_app.services.documents.file_attachments import (
    apply_file_preference,
    file_refusal,
    is_file,
    require_files,
    text_notice,
)
from desktop_app.services.models.choice_resolution import ProviderModels, ResolvedChoice
from tests.helpers.prompt_delimiters import delimiters
from tests.helpers.scripted_provider import ScriptedProvider
from tests.unit.providers.samples import CATALOG
from tests.unit.services.test_chat_service import ChatSetup, open_chat

DATA = b"%PDF-1.4 not really"
TEXT = "[page 1]\nOne\n\n[page 2]\nTwo"
PART = DocumentPart(
    sha256(DATA).hexdigest(), "a.pdf", "application/pdf", len(DATA), 2, 6, as_file=True
)
ANSWER: list[StreamEvent | str] = [TextDelta("It is."), Completed()]


def resolved(profile: ProviderProfile = OPENAI, variant: Variant | None = None) -> ResolvedChoice:
    choice = ModelChoice(profile.id, "" if variant else "gpt-5.2", variant, None)
    return ProviderModels(profile, CATALOG).resolve(choice, date(2026, 1, 1))


async def attach_file(chat: ChatSetup, part: DocumentPart = PART) -> DocumentPart:
    attachment = Attachment(part.sha256, part.name, part.media_type, TEXT, 2, 6)
    await chat.attachments.add(DATA, attachment)
    return part


async def test_the_file_goes_in_place_of_the_text_the_same_on_every_turn(tmp_path: Path) -> None:
    provider = ScriptedProvider(ANSWER, ANSWER)

    async with open_chat(tmp_path, provider) as chat:
        part = await attach_file(chat)
        began = await chat.begin("Who?", attachments=(part,))
        await chat.run(began)
        path = await chat.store.path(began.conversation.id)
        assert path[0].attachments == (part,)
        await chat.run(await chat.begin("When?", path=path, conversation=began.conversation))
        first, second = (request.messages[0].parts for request in provider.requests)
        assert first == second == (FileData("a.pdf", "application/pdf", DATA), TextPart("Who?"))
        request = provider.requests[0]
        body = responses.body(request, CATALOG.info(request.model), OPENAI)
        content, _ = pack_body(body)
        assert not isinstance(content, bytes)
        body = json.loads(b"".join([piece async for piece in content]))
        assert body["input"][0]["content"] == [
            {
                "type": "input_file",
                "filename": "a.pdf",
                "file_data": "data:application/pdf;base64,JVBERi0xLjQgbm90IHJlYWxseQ==",
            },
            {"type": "input_text", "text": "Who?"},
        ]


async def as_text(began: AnswerRun, part: DocumentPart) -> TextPart:
    """Return the question "Who?" about a document that is sent as its text."""
    delimiter = await delimiters().delimiter_for(began.conversation.id)
    return TextPart(f"{delimiter.explanation}\n\n{document_block(part, TEXT, delimiter)}\n\nWho?")


@pytest.mark.parametrize(
    ("change", "profile", "why"),
    [
        ({}, COMETAPI, "CometAPI doesn’t accept files such as a.pdf."),
        ({"is_protected": True}, OPENAI, "a.pdf is password-protected, so OpenAI can’t read it."),
        (
            {"media_type": "text/plain", "name": "a.txt"},
            OPENAI,
            "OpenAI doesn’t accept .txt files such as",
        ),
        ({"size": 60 << 20}, OPENAI, "a.pdf is 60 MB, but OpenAI accepts files up to 50 MB."),
    ],
)
async def test_a_file_that_cannot_be_sent_is_refused(
    tmp_path: Path, change: dict[str, Any], profile: ProviderProfile, why: str
) -> None:
    provider = ScriptedProvider()

    async with open_chat(tmp_path, provider) as chat:
        part = replace(await attach_file(chat), **change)
        variant = Variant.THINKING if profile is not ON_DEVICE else None
        with pytest.raises(IllegalChoiceError, match=why) as refused:
            await chat.begin("Who?", profile, variant, attachments=(part,))
        assert refused.value.what_to_do == "Turn off “Send original file” in the attachment’s menu."
        assert not provider.requests


def test_files_of_exactly_the_limits_are_accepted() -> None:
    choice = replace(resolved(), files=FileInputs(10, 15, ("application/pdf",)))
    first, second = replace(PART, size=10), replace(PART, size=5, sha256="1" * 64)
    require_files([first, second], [], choice)
    with pytest.raises(IllegalChoiceError, match=r"a\.pdf is"):
        require_files([replace(PART, size=11)], [], choice)
    with pytest.raises(IllegalChoiceError, match="total"):
        require_files([first, replace(second, size=6)], [], choice)


@pytest.mark.parametrize(
    ("change", "is_refused"),
    [
        ({}, True),
        ({"as_file": False}, False),
        ({"chosen": ChosenPages("page", ((1, 1),), 2, 3)}, False),
        ({"in_parts": True}, False),
    ],
)
def test_only_a_document_chosen_as_a_file_is_refused(
    change: dict[str, Any], is_refused: bool
) -> None:
    part = replace(PART, **change)
    assert (file_refusal(part, resolved(COMETAPI)) is not None) == is_refused
    assert file_refusal(part, resolved()) is None


async def test_a_provider_that_takes_no_files_is_sent_the_text_with_a_notice(
    tmp_path: Path,
) -> None:
    provider = ScriptedProvider(ANSWER, ANSWER)

    async with open_chat(tmp_path, provider) as chat:
        part = await attach_file(chat)
        began = await chat.begin("Who?", attachments=(part,))
        await chat.run(began)
        path = await chat.store.path(began.conversation.id)
        assert not path[1].notices
        choice = replace(began.conversation.choice, provider_id=COMETAPI.id)
        moved = replace(began.conversation, choice=choice)
        later = await chat.begin("When?", COMETAPI, path=path, conversation=moved)
        await chat.run(later)
        (sent,) = provider.requests[1].messages[0].parts
        assert sent == await as_text(later, part)
        notices = [str(notice) for notice in later.answer.notices]
        assert notices == ["CometAPI received the text of a.pdf, not the file."]
        assert text_notice(path, resolved()) == ""


def test_documents_go_as_files_if_preferred_and_possible() -> None:
    plain = replace(PART, as_file=False)
    assert apply_file_preference(plain, resolved(), as_files=True) == PART
    assert apply_file_preference(plain, resolved(), as_files=False) == plain
    assert apply_file_preference(plain, resolved(COMETAPI), as_files=True) == plain
    large = replace(plain, size=60 << 20)
    assert apply_file_preference(large, resolved(), as_files=True) == large
    assert not is_file(replace(PART, in_parts=True), resolved().files)
