"""Images in questions: scaled once, described for screen readers, or refused early."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from desktop_app.backend.environment_profiles import ON_DEVICE
from desktop_app.domain.answering.chat_request import ImageData
from desktop_app.domain.answering.stream_events import Completed, StreamEvent, TextDelta
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.conversations.message_parts import (
    Attachment,
    DocumentPart,
    ImagePart,
    TextPart,
)
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.services.chat.ask_settings import AskSettings
from desktop_app.services.documents.image_attachments import unseen_images_notice
from tests.helpers.pictures import SECRET, exif, packed, photo, unpacked
from tests.helpers.scripted_provider import ScriptedProvider
from tests.unit.services.test_chat_service import ChatSetup, open_chat
from tests.unit.storage.samples import a_conversation, a_question

PHOTO = packed(photo(2000, 1500), "JPEG", exif=exif(6), quality=50)
PART = ImagePart(sha256(PHOTO).hexdigest(), "IMG 1.jpg", "image/jpeg", len(PHOTO), 1500, 2000)
ANSWER: list[StreamEvent | str] = [TextDelta("A photo."), Completed()]


async def attach_photo(chat: ChatSetup) -> None:
    await chat.attachments.add(PHOTO, Attachment(PART.sha256, PART.name, PART.media_type))


async def test_an_image_is_sent_scaled_without_metadata_and_unchanged_on_every_turn(
    tmp_path: Path,
) -> None:
    provider = ScriptedProvider(ANSWER, ANSWER)

    async with open_chat(tmp_path, provider) as chat:
        await attach_photo(chat)
        part = replace(PART, detail="high")
        began = await chat.begin("What is it?", attachments=(part,))
        await chat.run(began)
        path = await chat.store.path(began.conversation.id)
        assert path[0].attachments == (part,)
        again = await chat.begin("And where?", path=path, conversation=began.conversation)
        await chat.run(again)
        first, second = (request.messages[0].parts for request in provider.requests)
        assert first == second
        image, words = first
        assert isinstance(image, ImageData)
        assert (image.media_type, image.detail, words) == (
            "image/jpeg",
            "high",
            TextPart("What is it?"),
        )
        assert unpacked(image.data).size == (1056, 1408)
        assert SECRET in PHOTO
        assert SECRET not in image.data
        assert await chat.attachments.bytes(PART.sha256) == PHOTO


async def test_an_image_for_a_model_that_sees_none_is_refused(tmp_path: Path) -> None:
    provider = ScriptedProvider()

    async with open_chat(tmp_path, provider) as chat:
        await attach_photo(chat)
        with pytest.raises(IllegalChoiceError) as refused:
            await chat.begin("What is it?", ON_DEVICE, None, attachments=(PART,))
        assert refused.value.what_happened == "SmolLM2 135M doesn’t support images."
        assert "or remove IMG 1.jpg" in refused.value.what_to_do
        assert provider.requests == []
        assert await chat.store.all() == []


async def test_a_model_that_sees_no_images_gets_the_names_of_earlier_ones(tmp_path: Path) -> None:
    provider = ScriptedProvider(ANSWER, ANSWER)

    async with open_chat(tmp_path, provider) as chat:
        await attach_photo(chat)
        began = await chat.begin("What is it?", attachments=(PART,))
        await chat.run(began)
        path = await chat.store.path(began.conversation.id)
        blind = replace(
            began.conversation, choice=ModelChoice(ON_DEVICE.id, "smollm2-135m-instruct")
        )
        again = await chat.begin("Sure?", ON_DEVICE, None, path=path, conversation=blind)
        answer = await chat.run(again)
        (words,) = provider.requests[-1].messages[0].parts
        assert isinstance(words, TextPart)
        assert words.text.startswith(
            "[picture IMG 1.jpg, not sent: SmolLM2 135M does not see pictures]"
        )
        said = "SmolLM2 135M doesn’t support images. It received only the name of IMG 1.jpg."
        assert [str(notice) for notice in answer.notices] == [said]
        with pytest.raises(IllegalChoiceError):
            await chat.service.begin_another_answer(blind, path[:1], ON_DEVICE, AskSettings())


TEXT = DocumentPart("0" * 64, "a.txt", "text/plain", 9)


@pytest.mark.parametrize(
    ("names", "told"),
    [("", ""), ("aba", "a and b"), ("abc", "a, b, and c"), ("abcde", "a, b, c, and 2 more")],
)
def test_a_model_that_sees_no_images_is_told_their_names(names: str, told: str) -> None:
    images = [replace(PART, name=name) for name in names]
    path = [replace(a_question(a_conversation(), "?"), parts=(TEXT, *images))]
    blind = ModelInfo("m", "M", sees_images=False)
    expected = notice(NoticeCode.IMAGES_NOT_SEEN, model="M", names=told) if told else ""
    assert unseen_images_notice(path, blind) == expected
    for seeing in (None, True):
        assert unseen_images_notice(path, replace(blind, sees_images=seeing)) == ""
