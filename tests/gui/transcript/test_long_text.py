"""A very long paragraph is split into blocks invisibly, and copied as a single paragraph."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QTextCursor

from desktop_app.markdown.incremental import block_stream
from tests.gui.transcript.test_streaming import finished, look, stream_into
from tests.helpers.messages import answer, question, streaming

if TYPE_CHECKING:
    from desktop_app.transcript.view import TranscriptView

WORDS = ("word ", "**bold words** ", "`code` ", "🙂 ", "[link](https://example.com/x) ", "longer ")
KINDS = {"paragraph": "", "item": "- ", "quote": "> ", "question-like": "1. "}
SHORT = 5
"""Blocks of a question and an answer of two paragraphs, if none is split."""


@pytest.fixture
def early_splits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Split texts of a sixth of the length, because an open one is parsed again with each piece."""
    monkeypatch.setattr(block_stream, "_MAX_OPEN_CHARS", 1_000)
    monkeypatch.setattr(block_stream, "_STEP_CHARS", 250)


def text_of(count: int, seed: int = 1) -> str:
    chance = random.Random(seed)
    return "".join(chance.choice(WORDS) for _ in range(count)).strip()


@pytest.mark.usefixtures("early_splits")
@pytest.mark.parametrize("step", [31, 400, 3000])
@pytest.mark.parametrize("kind", KINDS)
def test_streamed_text_is_split_as_if_shown_at_once(
    view: TranscriptView, kind: str, step: int
) -> None:
    source = KINDS[kind] + text_of(200, seed=step) + "\n\nend"
    view.set_messages([asked := question("Why?")])
    message = streaming()
    stream_into(view, message, [source[i : i + step] for i in range(0, len(source), step)])
    arrived = look(view.document())
    view.set_messages([asked, finished(message, source)])
    view.scroll_to_start()
    view.stream.flush()
    assert arrived == look(view.document())
    assert len(arrived) > SHORT


def test_a_split_text_is_copied_as_one_paragraph(view: TranscriptView) -> None:
    source = "word and more " * 400
    view.set_messages([question(source.strip()), answer(f"- {source}\n- end")])
    view.selection.select_all()
    data = view.createMimeDataFromSelection()
    assert data.html().count("<p>") == 1
    assert data.html().count("<li>") == 2
    assert data.text().split("\n") == [source.strip(), f"• {source.strip()}", "• end"]


def test_part_of_a_split_text_can_be_copied(view: TranscriptView) -> None:
    words = [f"w{number}" for number in range(1100)]
    view.set_messages([answer("- " + " ".join(words))])
    view.stream.flush()
    cursor = view.document().find("w300 ")
    cursor.setPosition(cursor.selectionStart())
    end = view.document().find("w900")
    cursor.setPosition(end.selectionEnd(), QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    text = view.createMimeDataFromSelection().text()
    assert text.removeprefix("• ").split(" ") == words[300:901]


def test_a_copy_has_the_text_that_is_still_to_be_parsed(view: TranscriptView) -> None:
    ends = [f"the {number}th end" for number in range(4)]
    view.set_messages([answer("word and more " * 1300 + end) for end in ends])
    view.selection.select_all()
    data = view.createMimeDataFromSelection()
    for text in (data.text(), data.html()):
        assert [end in text for end in ends] == [True] * 4
