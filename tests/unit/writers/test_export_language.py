"""Files for people have their captions in the user's language; what was said stays as it is."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app.domain.conversations.conversation import Message, MessageStatus, ModelChoice
from desktop_app.domain.conversations.message_parts import (
    ChosenPages,
    DocumentPart,
    ImagePart,
    PassagesPart,
    ToolCallPart,
)
from desktop_app.domain.cost import Usage
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.tools.tool import ToolCallState
from desktop_app.writers import html_page, markdown_file
from desktop_app.writers.html_page import HtmlPage
from desktop_app.writers.office.office_content import messages_of
from tests.helpers.messages import answer, question
from tests.unit.domain.test_collections import a_passage
from tests.unit.storage.samples import a_conversation

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "⟦n⟧"
CONVERSATION = replace(a_conversation(), title=NAME)
CHOICE = ModelChoice("openai", NAME, None, Effort.HIGH)

pytestmark = pytest.mark.usefixtures("pseudo_language")


def messages() -> list[Message]:
    """Return messages with every kind of caption, whose data is in brackets."""
    document = DocumentPart("s", NAME, "application/pdf", 1, pages=48, tokens=314)
    chosen = replace(document, chosen=ChosenPages("page", ((3, 10),), 48, 8))
    passages = tuple(
        a_passage(number, name=NAME, place=place, text=NAME)
        for number, place in enumerate(("page 3", "pages 3–5", "slide 2", "chapters 1–2"), 1)
    )
    asked = question(
        NAME,
        document,
        chosen,
        ImagePart("b" * 64, NAME, "image/png", 9, 4, 5),
        PassagesPart("c" * 32, NAME, passages),
    )
    call = ToolCallPart("1", NAME, '{"⟦n⟧": "⟦n⟧"}', state=ToolCallState.DONE, seconds=2.0)
    made: list[Message] = [asked]
    for status in MessageStatus:
        said: Any = answer(NAME, status, f"**{NAME}** {NAME}", choice=CHOICE, duration_s=9.0)
        said = replace(said, usage=Usage(1000, 0, 200, 0), cost=Decimal("0.01"), answered_by=NAME)
        made.append(replace(said, parts=(call, *said.parts)))
    return made


def in_markdown() -> str:
    return markdown_file.to_markdown(CONVERSATION, messages(), str)


def in_html() -> str:
    page = HtmlPage(str, lambda _tex, *, display: None)
    return "".join(page.render_message(message, {}) for message in messages())


def on_the_clipboard() -> str:
    return "".join(html_page.html_pieces(CONVERSATION, messages(), str))


def in_office_files() -> str:
    found = messages_of(messages(), str)
    return "\n".join(text for message in found for text in (message.heading, *message.notes))


@pytest.mark.parametrize("export", [in_markdown, in_html, on_the_clipboard, in_office_files])
def test_no_caption_is_outside_the_catalog(export: Callable[[], str]) -> None:
    rest = unescape(re.sub(r"<[^>]*>", "", export()))
    assert NAME in rest
    while rest != (shorter := re.sub("⟦[^⟦⟧]*⟧", "", rest)):
        rest = shorter
    assert set(re.findall(r"[^\W\d_]{2,}", rest)) <= {"json"}  # the language of arguments
