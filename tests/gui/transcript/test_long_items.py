"""Only the part of an endless paragraph near the viewport is loaded, unnoticed."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QLabel

from desktop_app.widgets.look import theme
from tests.gui.transcript.test_long_message import settle
from tests.gui.transcript.test_message_navigator import on_screen
from tests.gui.transcript.test_streaming import finished
from tests.helpers.messages import answer, question, streaming
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.transcript.view import TranscriptView

pytestmark = pytest.mark.usefixtures("long_slices")

COUNT = 14_000
WORDS = " ".join(f"w{n}" for n in range(COUNT))
KINDS = {
    "paragraph": WORDS,
    "item": f"- {WORDS}",
    "quote": f"> {WORDS}",
    "code": f"```\n{WORDS}\n```",
}


def shown(view: TranscriptView, qtbot: QtBot, text: str = WORDS) -> None:
    view.set_messages([question("Q"), answer(text)])
    settle(view, qtbot)


def numbers(view: TranscriptView) -> list[int]:
    """Return the words on screen, after checking that none is missing."""
    found = [int(n) for n in re.findall(r"\bw(\d+)\b", on_screen(view))]
    assert all(b == a + 1 for a, b in pairwise(found))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_text_is_materialized_wherever_the_user_scrolls(
    view: TranscriptView, qtbot: QtBot, kind: str
) -> None:
    shown(view, qtbot, KINDS[kind])
    bar = view.verticalScrollBar()
    assert numbers(view)[-1] == COUNT - 1
    for share in (0.0, 0.5, 0.2, 0.21, 0.8, 1.0, 0.33):
        bar.setValue(round(bar.maximum() * share))
        assert view.is_filled(), share
        seen = numbers(view)
        assert abs(seen[len(seen) // 2] / COUNT - share) < 0.15
        settle(view, qtbot)
        assert view.is_filled(), share
        assert set(numbers(view)) & set(seen)
        assert len(view._loaded) < 60


def test_a_selection_spans_a_gap(view: TranscriptView, qtbot: QtBot) -> None:
    shown(view, qtbot)
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 4)
    settle(view, qtbot)
    start = view.document().find(f"w{numbers(view)[40]} ")
    view.setTextCursor(start)
    word = start.selectedText()
    bar.setValue(bar.maximum())
    settle(view, qtbot)
    cursor = view.textCursor()
    assert cursor.selectedText() == word
    end = view.document().find(f"w{COUNT - 5} ")
    cursor.setPosition(cursor.selectionStart())
    cursor.setPosition(end.selectionEnd(), QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    copied = view.createMimeDataFromSelection().text()
    assert copied.split() == [f"w{n}" for n in range(int(word[1:]), COUNT - 4)]


def _marked_words(view: TranscriptView) -> list[str]:
    return [mark.cursor.selectedText().rstrip() for mark in view.extraSelections()]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_find_materializes_the_match(view: TranscriptView, qtbot: QtBot, kind: str) -> None:
    shown(view, qtbot, KINDS[kind])
    view.find_in_transcript.open()
    for word in (9000, 3456, 13_210, 17):
        view.find_in_transcript.bar.field.setText(f"w{word} w{word + 1} ")
        qtbot.waitUntil(lambda word=word: word in numbers(view))  # type: ignore[misc]
        marked = [f"w{word} w{word + 1}"]
        qtbot.waitUntil(lambda marked=marked: _marked_words(view) == marked)  # type: ignore[misc]
        (mark,) = view.extraSelections()
        assert view.viewport().rect().contains(view.cursorRect(mark.cursor).center())
        assert view.is_filled()
        settle(view, qtbot)
    view.find_in_transcript.bar.field.setText("w777")
    qtbot.waitUntil(
        lambda: "of 11" in find(view.find_in_transcript.bar, QLabel, "find-count").text()
    )
    met = set()
    for _ in range(11):
        view.find_in_transcript.step(1)
        assert any(str(n).startswith("777") for n in numbers(view))
        met |= {n for n in numbers(view) if str(n).startswith("777")}
    assert len(met) == 11


def test_text_streams_while_the_user_reads_above(view: TranscriptView, qtbot: QtBot) -> None:
    message, half = streaming(), len(WORDS) // 2
    view.set_messages([question("Q"), message])
    view.stream.append_text(message.id, WORDS[:half])
    settle(view, qtbot)
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 3)
    settle(view, qtbot)
    view.set_theme(theme.dark())
    settle(view, qtbot)
    before = on_screen(view)
    for at in range(half, len(WORDS), 3000):
        view.stream.append_text(message.id, WORDS[at : at + 3000])
        view.stream.flush()
    view.stream.update_message(finished(message, WORDS))
    settle(view, qtbot)
    assert on_screen(view) == before
    view.scroll_to_end()
    assert numbers(view)[-1] == COUNT - 1
