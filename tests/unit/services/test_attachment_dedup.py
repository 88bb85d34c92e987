"""A document attached again is sent by name only if the request holds it in full."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from desktop_app.backend.environment_profiles import OPENAI
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
    ChosenPages,
    DocumentPart,
    PageImage,
    TextPart,
)
from desktop_app.domain.models.model_catalog import FileInputs
from desktop_app.domain.spending.cost import Usage
from desktop_app.services.chat.prompt_assembly import request_messages
from desktop_app.services.chat.send_context import SendContext
from desktop_app.services.documents.attachment_dedup import deduplicate_messages, deduplicate_parts
from desktop_app.services.models.choice_resolution import ResolvedChoice
from desktop_app.services.prompt_delimiter import SAMPLE_DELIMITER
from desktop_app.services.spending.cost_estimate import Estimator
from tests.helpers.one_text import OneText
from tests.helpers.prompt_delimiters import plain
from tests.helpers.scripted_provider import WordCounter
from tests.unit.providers.samples import CATALOG

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
