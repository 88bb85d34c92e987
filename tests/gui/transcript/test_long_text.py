"""A very long paragraph is split into blocks invisibly, and copied as a single paragraph."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QTextCursor, QTextLayout

from desktop_app.ui.transcript.document import long_text_writer
from desktop_app.ui.transcript.layout.long_text_splitter import MAX_BLOCK_UNITS
from desktop_app.ui.transcript.viewport import viewport_filler
from tests.gui.transcript.test_streaming import finished, look, stream_into
from tests.helpers.messages import answer, question, streaming

if TYPE_CHECKING:
    from desktop_app.ui.transcript.view import TranscriptView

WORDS = ("word ", "**bold words** ", "`code` ", "🙂 ", "[link](https://example.com/x) ", "longer ")
KINDS = {"paragraph": "", "item": "- ", "quote": "> ", "question-like": "1. "}


def text_of(count: int, seed: int = 1) -> str:
    chance = random.Random(seed)
    return "".join(chance.choice(WORDS) for _ in range(count)).strip()


def longest(view: TranscriptView) -> int:
    block, length = view.document().begin(), 0
    while block.isValid():
        length, block = max(length, block.length()), block.next()
    return length


def lines(view: TranscriptView) -> list[str]:
    """Return all lines on screen."""
    seen, block = [], view.document().begin()
    while block.isValid():
        layout: QTextLayout = block.layout()
        text = block.text().encode("utf-16-le")
        for number in range(layout.lineCount()):
            line = layout.lineAt(number)
            start, end = line.textStart(), line.textStart() + line.textLength()
            seen.append(text[2 * start : 2 * end].decode("utf-16-le"))
        block = block.next()
    return seen


@pytest.mark.parametrize("kind", KINDS)
def test_no_block_is_very_long(view: TranscriptView, kind: str) -> None:
    view.set_messages([answer(KINDS[kind] + text_of(2000))])
    view.stream.flush()
    assert MAX_BLOCK_UNITS / 2 < longest(view) <= MAX_BLOCK_UNITS + 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_split_paragraph_has_the_lines_of_a_single_block(
    view: TranscriptView, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = KINDS[kind] + text_of(1500)
    view.set_messages([answer(source)])
    view.stream.flush()
    parted = lines(view)
    monkeypatch.setattr("desktop_app.ui.transcript.document.item_writer.MAX_BLOCK_UNITS", 10**9)
    monkeypatch.setattr("desktop_app.ui.transcript.document.item_updater.MAX_BLOCK_UNITS", 10**9)
    view.set_messages([answer(source)])
    view.stream.flush()
    assert longest(view) > 2 * MAX_BLOCK_UNITS
    assert parted == lines(view)


@pytest.mark.parametrize("step", [31, 400, 3000])
@pytest.mark.parametrize("kind", KINDS)
def test_streamed_text_is_split_as_if_shown_at_once(
    view: TranscriptView, kind: str, step: int
) -> None:
    source = KINDS[kind] + text_of(500, seed=step) + "\n\nend"
    view.set_messages([asked := question("Why?")])
    message = streaming()
    stream_into(view, message, [source[i : i + step] for i in range(0, len(source), step)])
    arrived = look(view.document())
    view.set_messages([asked, finished(message, source)])
    view.navigator.scroll_to_top()
    view.stream.flush()
    assert arrived == look(view.document())


def test_a_late_definition_rerenders_a_split_text(view: TranscriptView) -> None:
    source = "[x] and [some words][x] " * 500 + "\n\n[x]: https://example.com\n\nend"
    view.set_messages([asked := question("Why?")])
    message = streaming()
    stream_into(view, message, [source[i : i + 500] for i in range(0, len(source), 500)])
    arrived = look(view.document())
    view.set_messages([asked, finished(message, source)])
    view.navigator.scroll_to_top()
    view.stream.flush()
    assert arrived == look(view.document())


def test_a_new_width_splits_the_text_again(
    view: TranscriptView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewport_filler, "_MAX_RESIZE_COST", 10**9)  # all of it is written
    monkeypatch.setattr(long_text_writer, "_WHOLE_COST", 10**9)
    source = text_of(1500)
    view.set_messages([answer(source)])
    view.stream.flush()
    view.resize(500, 600)
    resized = look(view.document())
    view.set_messages([answer(source)])
    view.stream.flush()
    assert resized == look(view.document())


def test_a_split_text_is_copied_as_one_paragraph(view: TranscriptView) -> None:
    source = "word and more " * 600
    view.set_messages([question(source.strip()), answer(f"- {source}\n- end")])
    view.selectAll()
    data = view.createMimeDataFromSelection()
    assert data.html().count("<p>") == 1
    assert data.html().count("<li>") == 2
    assert data.text().split("\n") == [source.strip(), f"• {source.strip()}", "• end"]


def test_part_of_a_split_text_can_be_copied(view: TranscriptView) -> None:
    words = [f"w{number}" for number in range(3000)]
    view.set_messages([answer("- " + " ".join(words))])
    view.stream.flush()
    cursor = view.document().find("w500 ")
    cursor.setPosition(cursor.selectionStart())
    end = view.document().find("w2500")
    cursor.setPosition(end.selectionEnd(), QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    text = view.createMimeDataFromSelection().text()
    assert text.removeprefix("• ").split(" ") == words[500:2501]


def test_a_surrogate_pair_at_a_cut_stays_whole(view: TranscriptView) -> None:
    view.wrap_code(False)  # no line start is near the cut
    for letters in range(1998, 2003):
        line = "a" * letters + "🙂" + "b" * 3000
        view.set_messages([answer(f"```\n{line}\n```")])
        view.stream.flush()
        assert longest(view) <= MAX_BLOCK_UNITS + 1
        assert line in view.toPlainText().replace("\n", "")
