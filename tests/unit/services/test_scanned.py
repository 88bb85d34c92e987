"""Scanned documents: pages sent as images, counted, left out or refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.backend.environment_profiles import ON_DEVICE
from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain.answering.chat_request import ImageData
from desktop_app.domain.answering.stream_events import Completed, StreamEvent, TextDelta
from desktop_app.domain.conversations.message_parts import (
    TEXT_ONLY,
    DocumentPart,
    PageImage,
    TextPart,
)
from desktop_app.domain.errors import DocumentDoesNotFitError, IllegalChoiceError
from desktop_app.services.documents.image_attachments import (
    PAGE_NAME_TOKENS,
    page_tokens,
    require_image_input,
)
from tests.helpers.pictures import unpacked
from tests.helpers.prompt_delimiters import plain
from tests.helpers.scripted_provider import ScriptedProvider
from tests.unit.providers.samples import CATALOG
from tests.unit.services.test_chat_service import ChatSetup, open_chat

DATA = (Path(__file__).parents[2] / "data" / "corpus" / "partly-scanned.pdf").read_bytes()
ANSWER: list[StreamEvent | str] = [TextDelta("A letter."), Completed()]
SEEING = CATALOG.info("gpt-5.2")


async def attach_scan(chat: ChatSetup) -> DocumentPart:
    document = extract_bytes("letter.pdf", DATA, Limits(), lambda _: None)
    await chat.attachments.add(DATA, document.attachment)
    assert isinstance(document.part, DocumentPart)
    return document.part


async def test_image_pages_follow_the_text_the_same_on_every_turn(tmp_path: Path) -> None:
    provider = ScriptedProvider(ANSWER, ANSWER)

    async with open_chat(tmp_path, provider) as chat:
        part = await attach_scan(chat)
        began = await chat.begin("Who wrote it?", attachments=(part,))
        await chat.run(began)
        path = await chat.store.path(began.conversation.id)
        assert path[0].attachments == (part,)
        await chat.run(await chat.begin("When?", path=path, conversation=began.conversation))
        first, second = (request.messages[0].parts for request in provider.requests)
        assert first == second
        text, second_page, name, third_page, words = first
        assert isinstance(text, TextPart)
        assert plain(text.text).endswith("</document>\n\n[page 2 of letter.pdf, as a picture]")
        assert name == TextPart("[page 3 of letter.pdf, as a picture]")
        assert words == TextPart("Who wrote it?")
        for page in (second_page, third_page):
            assert isinstance(page, ImageData)
            picture = unpacked(page.data)
            assert picture.height > picture.width > 700


async def test_a_scan_for_a_model_that_sees_no_images_is_refused_or_sent_as_text(
    tmp_path: Path,
) -> None:
    provider = ScriptedProvider(ANSWER)

    async with open_chat(tmp_path, provider) as chat:
        part = await attach_scan(chat)
        with pytest.raises(IllegalChoiceError) as refused:
            await chat.begin("Who wrote it?", ON_DEVICE, None, attachments=(part,))
        assert refused.value.what_happened == (
            "SmolLM2 135M can’t read 2 of 4 pages of letter.pdf, which are images."
        )
        assert "or send text only" in refused.value.what_to_do
        alone = replace(part, detail=TEXT_ONLY)
        await chat.run(await chat.begin("Who wrote it?", ON_DEVICE, None, attachments=(alone,)))
        (sent,) = provider.requests[0].messages[0].parts
        assert isinstance(sent, TextPart)
        assert "[page 2]\n[no text on this page]" in sent.text
        assert "as a picture" not in sent.text


PART = DocumentPart(
    "0" * 64, "s.pdf", "application/pdf", 1, 3, 10, pictured=(PageImage(2, 1240, 1754),)
)


def test_pages_count_as_the_model_charges_for_them() -> None:
    tokens, _ = page_tokens(PART, SEEING)
    low, _ = page_tokens(replace(PART, detail="low"), SEEING)
    assert tokens > low > PAGE_NAME_TOKENS
    assert page_tokens(replace(PART, detail=TEXT_ONLY), SEEING) == (0, True)
    assert page_tokens(PART, replace(SEEING, sees_images=False)) == (0, True)


def test_more_pages_than_can_be_sent_are_refused() -> None:
    many = replace(PART, pages=200, pictured=tuple(PageImage(n, 9, 9) for n in range(1, 102)))
    with pytest.raises(DocumentDoesNotFitError, match="Only 100 page images can be sent at once"):
        require_image_input([many], SEEING)
    require_image_input([replace(many, in_parts=True)], SEEING)  # they go with their parts
