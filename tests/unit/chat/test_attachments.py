"""Attached files, images and scans: what is sent of them, and what it counts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from desktop_app.chat.answers.answer_run import AnswerRun
from desktop_app.chat.attachments.file_attachments import (
    deduplicate_messages,
    deduplicate_parts,
    file_refusal,
    is_file,
    require_files,
    text_notice,
)
from desktop_app.chat.attachments.image_attachments import (
    PAGE_NAME_TOKENS,
    page_tokens,
    require_image_input,
    unseen_images_notice,
)
from desktop_app.chat.cost_estimate import Estimator
from desktop_app.chat.prompt_assembly import document_block, request_messages
from desktop_app.chat.send_context import AskSettings, SendContext
from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain.answering.chat_request import FileData, ImageData, ProviderProfile
from desktop_app.domain.answering.stream_events import Completed, StreamEvent, TextDelta
from desktop_app.domain.conversations.conversation import (
    Draft,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
    now,
)
from desktop_app.domain.conversations.message_parts import (
    TEXT_ONLY,
    Attachment,
    ChosenPages,
    DocumentPart,
    ImagePart,
    PageImage,
    TextPart,
)
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.cost import Usage
from desktop_app.domain.errors import DocumentDoesNotFitError, IllegalChoiceError
from desktop_app.domain.models.model_catalog import FileInputs, ModelInfo
from desktop_app.domain.models.variants import Variant
from desktop_app.domain.prompt_delimiter import SAMPLE_DELIMITER
from desktop_app.providers.apis import responses
from desktop_app.providers.gateway.environment_profiles import COMETAPI, ON_DEVICE, OPENAI
from desktop_app.providers.http.transport import pack_body
from desktop_app.providers.models.choice_resolution import ProviderModels, ResolvedChoice
from tests.helpers.pictures import SECRET, exif, packed, photo, unpacked
from tests.helpers.prompt_delimiters import delimiters, plain
from tests.helpers.scripted_provider import ScriptedProvider, WordCounter
from tests.unit.chat.one_text import OneText
from tests.unit.chat.test_chat_service import ChatSetup, open_chat
from tests.unit.providers.samples import CATALOG
from tests.unit.storage.samples import a_conversation, a_question

pytestmark = pytest.mark.usefixtures("forked_children")

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
        body = json.loads(pack_body(body))
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


def test_a_document_that_is_read_in_parts_is_no_file() -> None:
    assert not is_file(replace(PART, in_parts=True), resolved().files)


# ---------------------------------------------------------------- image attachments

PHOTO = packed(photo(2000, 1500), "JPEG", exif=exif(6), quality=50)
PHOTO_PART = ImagePart(sha256(PHOTO).hexdigest(), "IMG 1.jpg", "image/jpeg", len(PHOTO), 1500, 2000)
PHOTO_ANSWER: list[StreamEvent | str] = [TextDelta("A photo."), Completed()]


async def attach_photo(chat: ChatSetup) -> None:
    await chat.attachments.add(
        PHOTO, Attachment(PHOTO_PART.sha256, PHOTO_PART.name, PHOTO_PART.media_type)
    )


async def test_an_image_is_sent_scaled_without_metadata_and_unchanged_on_every_turn(
    tmp_path: Path,
) -> None:
    provider = ScriptedProvider(PHOTO_ANSWER, PHOTO_ANSWER)

    async with open_chat(tmp_path, provider) as chat:
        await attach_photo(chat)
        part = replace(PHOTO_PART, detail="high")
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
        assert await chat.attachments.bytes(PHOTO_PART.sha256) == PHOTO


async def test_an_image_for_a_model_that_sees_none_is_refused(tmp_path: Path) -> None:
    provider = ScriptedProvider()

    async with open_chat(tmp_path, provider) as chat:
        await attach_photo(chat)
        with pytest.raises(IllegalChoiceError) as refused:
            await chat.begin("What is it?", ON_DEVICE, None, attachments=(PHOTO_PART,))
        assert refused.value.what_happened == "SmolLM2 135M doesn’t support images."
        assert "or remove IMG 1.jpg" in refused.value.what_to_do
        assert provider.requests == []
        assert await chat.store.all() == []


async def test_a_model_that_sees_no_images_gets_the_names_of_earlier_ones(tmp_path: Path) -> None:
    provider = ScriptedProvider(PHOTO_ANSWER, PHOTO_ANSWER)

    async with open_chat(tmp_path, provider) as chat:
        await attach_photo(chat)
        began = await chat.begin("What is it?", attachments=(PHOTO_PART,))
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
            await chat.service.begin(blind, path[:1], None, ON_DEVICE, AskSettings())


TEXT_PART = DocumentPart("0" * 64, "a.txt", "text/plain", 9)


@pytest.mark.parametrize(
    ("names", "told"),
    [("", ""), ("aba", "a and b"), ("abc", "a, b, and c"), ("abcde", "a, b, c, and 2 more")],
)
def test_a_model_that_sees_no_images_is_told_their_names(names: str, told: str) -> None:
    images = [replace(PHOTO_PART, name=name) for name in names]
    path = [replace(a_question(a_conversation(), "?"), parts=(TEXT_PART, *images))]
    blind = ModelInfo("m", "M", sees_images=False)
    expected = notice(NoticeCode.IMAGES_NOT_SEEN, model="M", names=told) if told else ""
    assert unseen_images_notice(path, blind) == expected
    for seeing in (None, True):
        assert unseen_images_notice(path, replace(blind, sees_images=seeing)) == ""


# ---------------------------------------------------------------- scanned

SCAN_DATA = (Path(__file__).parents[2] / "data" / "corpus" / "partly-scanned.pdf").read_bytes()
SCAN_ANSWER: list[StreamEvent | str] = [TextDelta("A letter."), Completed()]
SEEING = CATALOG.info("gpt-5.2")


async def attach_scan(chat: ChatSetup) -> DocumentPart:
    document = extract_bytes("letter.pdf", SCAN_DATA, Limits(), lambda _: None)
    await chat.attachments.add(SCAN_DATA, document.attachment)
    assert isinstance(document.part, DocumentPart)
    return document.part


async def test_image_pages_follow_the_text_the_same_on_every_turn(tmp_path: Path) -> None:
    provider = ScriptedProvider(SCAN_ANSWER, SCAN_ANSWER)

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
    provider = ScriptedProvider(SCAN_ANSWER)

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


SCAN_PART = DocumentPart(
    "0" * 64, "s.pdf", "application/pdf", 1, 3, 10, pictured=(PageImage(2, 1240, 1754),)
)


def test_pages_count_as_the_model_charges_for_them() -> None:
    tokens, _ = page_tokens(SCAN_PART, SEEING)
    low, _ = page_tokens(replace(SCAN_PART, detail="low"), SEEING)
    assert tokens > low > PAGE_NAME_TOKENS
    assert page_tokens(replace(SCAN_PART, detail=TEXT_ONLY), SEEING) == (0, True)
    assert page_tokens(SCAN_PART, replace(SEEING, sees_images=False)) == (0, True)


def test_more_pages_than_can_be_sent_are_refused() -> None:
    many = replace(SCAN_PART, pages=200, pictured=tuple(PageImage(n, 9, 9) for n in range(1, 102)))
    with pytest.raises(DocumentDoesNotFitError, match="Only 100 page images can be sent at once"):
        require_image_input([many], SEEING)
    require_image_input([replace(many, in_parts=True)], SEEING)  # they go with their parts


# ---------------------------------------------------------------- attachment dedup

REPORT = DocumentPart("0" * 64, "report.pdf", "application/pdf", 9, pages=20, tokens=300)
WORDS = "The ferry leaves at nine. " * 100
FILES = FileInputs(1 << 20, 1 << 20, ("application/pdf",))
PAGES = ChosenPages("page", ((1, 2),), 20)


def asked(id_: str, *parts: Any, **changes: Any) -> Message:
    question = Message(
        id_, "c", None, Role.USER, MessageStatus.COMPLETE, (*parts, TextPart(id_)), now()
    )
    return replace(question, **changes)


def earlier_names(*parts: DocumentPart, files: FileInputs | None = None) -> list[str]:
    """Return the names under which these documents were sent before."""
    messages = [asked(str(number), part) for number, part in enumerate(parts)]
    return [message.attachments[0].again_as for message in deduplicate_messages(messages, files)]  # type: ignore[union-attr]


def test_a_repeated_document_is_named_by_its_first_copy() -> None:
    copy = replace(REPORT, name="copy.pdf")
    assert earlier_names(REPORT, REPORT, copy) == ["", "report.pdf", "report.pdf"]
    assert earlier_names(REPORT, replace(REPORT, sha256="1" * 64)) == ["", ""]


def test_a_document_in_another_form_is_not_a_repetition() -> None:
    pages = replace(REPORT, chosen=PAGES)
    assert earlier_names(REPORT, pages, pages, REPORT) == ["", "", "report.pdf", "report.pdf"]
    file = replace(REPORT, as_file=True)
    assert earlier_names(file, REPORT, file, files=FILES) == ["", "", "report.pdf"]
    assert earlier_names(file, REPORT) == ["", "report.pdf"], (
        "nobody takes files: both are the text"
    )
    scan = replace(REPORT, pictured=(PageImage(1, 100, 100),))
    low, text = replace(scan, detail="low"), replace(scan, detail=TEXT_ONLY)
    assert earlier_names(scan, low, low, text) == ["", "", "report.pdf", ""]


def test_a_document_read_in_parts_is_not_a_first_copy() -> None:
    in_parts = replace(REPORT, in_parts=True)
    assert earlier_names(in_parts, REPORT, in_parts) == ["", "", ""]


async def test_a_repeated_document_is_sent_once() -> None:
    path = [asked("first", REPORT), asked("second", replace(REPORT, name='a "copy".pdf'))]
    sent = await request_messages(path, OneText(WORDS), SAMPLE_DELIMITER)
    texts = [message.parts[0].text for message in sent]  # type: ignore[union-attr]
    assert [text.count("ferry") for text in texts] == [100, 0]
    assert plain(texts[1]).startswith(
        '<document name="a \'copy\'.pdf" pages="20">\n(The same as “report.pdf” '
    )
    assert plain(texts[1]).endswith("</document>\n\nsecond")
    # After a compaction has replaced the first copy, the second is sent whole.
    (alone,) = await request_messages(path[1:], OneText(WORDS), SAMPLE_DELIMITER)
    assert alone.parts[0].text.count("ferry") == 100  # type: ignore[union-attr]
    assert path[1].attachments[0].again_as == ""  # type: ignore[union-attr]


async def test_a_document_attached_twice_is_counted_once() -> None:
    resolved = ResolvedChoice(OPENAI, CATALOG.info("gpt-5.2"), None, None)
    first = asked("first", REPORT)
    draft = Draft("Again?", (REPORT,))

    async def tokens(path: list[Message], draft: Draft) -> int:
        estimator = Estimator(WordCounter(), OneText(WORDS))
        return (await estimator.estimate(SendContext(path, resolved), draft)).input_tokens

    whole = await tokens([], draft)
    assert whole > 500
    assert await tokens([first], draft) < whole + 50, "a question that was not answered"
    assert await tokens([first, asked("second", REPORT)], Draft("And?")) < whole + 50
    choice = ModelChoice(OPENAI.id, "gpt-5.2")
    answer = replace(
        asked("answer"), role=Role.ASSISTANT, usage=Usage(input_tokens=700), choice=choice
    )
    assert await tokens([first, answer], draft) < 760
    pages = replace(REPORT, chosen=ChosenPages("page", ((1, 20),), 20, 300))
    assert deduplicate_parts([first], [pages], None) == [pages]
