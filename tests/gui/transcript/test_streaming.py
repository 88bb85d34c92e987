"""A streamed answer ends as the same document as an answer shown at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint
from PySide6.QtGui import QTextBlock, QTextCursor, QTextDocument, QTextFormat, QTextTable

from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.transcript.segment import Place
from desktop_app.transcript.view import TranscriptView
from tests.helpers.examples import examples
from tests.helpers.messages import answer, question, streaming
from tests.helpers.nested_markdown import sources

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.transcript.media.json_process import JsonProcess
    from desktop_app.widgets.look.theme import Theme

PIECES = [
    "Some words ", "**bold** ", "*it* ", "`c` ", "- item\n", "  - nested\n", "1. one\n", "\n",
    "\n\n", "# Head\n", "```\n", "code line\n", "| a | b |\n|---|--:|\n", "| 1 | two |\n" * 3,
    "> quote\n", "[x]: /url\n", "[x] ", "[^1] ", "[^1]: note\n", "$x$ ", "$$\ny\n$$\n", "---\n",
    "- [ ] t\n", "🙂 ",
]  # fmt: skip


def look(document: QTextDocument) -> list[str]:
    """Return all visible features of a document: text, formats and tables."""
    seen = []
    block = document.begin()
    while block.isValid():
        fragments = []
        at = block.begin()
        while not at.atEnd():
            char = at.fragment().charFormat()
            style = (char.fontWeight(), char.fontItalic(), char.fontStrikeOut(), char.anchorHref())
            fragments.append(
                (at.fragment().text(), char.foreground().color().name(), char.font().key(), style)
            )
            at += 1
        made = block.blockFormat()
        tabs = QTextFormat.Property.TabPositions.value
        plain = sorted((key, str(value)) for key, value in made.properties().items() if key != tabs)
        stops = [tab.position for tab in made.tabPositions()]
        seen.append(f"{fragments} {plain} {stops} {_table(block)}")
        block = block.next()
    return seen


def _table(block: QTextBlock) -> str:
    table: QTextTable | None = QTextCursor(block).currentTable()
    if table is None:
        return ""
    made = table.format().toTableFormat()
    return f"{[width.rawValue() for width in made.columnWidthConstraints()]} {made.bottomMargin()}"


def finished(message: Message, text: str) -> Message:
    return replace(message, parts=(TextPart(text),), status=MessageStatus.COMPLETE)


def stream_into(view: TranscriptView, message: Message, pieces: list[str]) -> None:
    view.stream.append_message(message)
    for piece in pieces:
        view.stream.append_text(message.id, piece)
        view.stream.flush()
    view.stream.update_message(finished(message, "".join(pieces)))


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=14), st.integers(1, 9))
@example(["| a | b |\n|---|---|\n", *["| a *b* | [x] |\n"] * 40, "\n[x]: /u\n\nend"], 5)
@example(["| a |\n|---|\n| b<br>c |\n\n| a |\n|---|\n| 1 |\n"], 5)
@example(["| a |\n|---|\n| b<br>c |\n\n| a<br>b |\n|---|\n| 1 |\n"], 5)
def test_a_streamed_document_equals_the_one_shown_at_once(
    view: TranscriptView, pieces: list[str], length: int
) -> None:
    text = "".join(pieces)
    view.set_messages([asked := question("Why?")])
    message = streaming()
    stream_into(view, message, [text[i : i + length] for i in range(0, len(text), length)])
    arrived = look(view.document())
    view.set_messages([asked, finished(message, text)])
    assert arrived == look(view.document())


@settings(max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sources, st.integers(1, 9))
@example("- foo\n  - bar\n    - baz\n\n      bim\n- foo", 3)
@example("> - a\n> - b\n>\n> - c\n* d", 1)
@example("- a\n- ```\n  x\n  ```\n- [y]\n\n  [y]: /u", 2)
@example("a|b\n-|-\n1|2\nnote[^1]\n> a|b\n> -|-\n> 1|2\n> words", 1)
def test_lists_that_arrive_equal_those_shown_at_once(
    view: TranscriptView, source: str, length: int
) -> None:
    view.set_messages([asked := question("Why?")])
    message = streaming()
    pieces = [source[i : i + length] for i in range(0, len(source), length)]
    stream_into(view, message, pieces)
    arrived = look(view.document())
    view.set_messages([asked, finished(message, source)])
    assert arrived == look(view.document())


def gap_above(view: TranscriptView, words: str) -> float:
    return float(view.document().find(words).block().blockFormat().topMargin())


def test_a_list_becomes_loose_once_that_is_certain(
    view: TranscriptView, light_theme: Theme
) -> None:
    tight, loose = light_theme.px(4), light_theme.px(10)
    message = streaming()
    view.stream.append_message(message)
    shown = []
    for piece in ("- one\n- two\n", "\n", "\n", "-", " ", "three", " more\n", "\n", "the end"):
        view.stream.append_text(message.id, piece)
        view.stream.flush()
        shown.append(gap_above(view, "two"))
    assert shown == [tight] * 5 + [loose] * 4


def test_each_word_that_arrives_is_on_screen_and_lines_are_as_high_as_at_once(
    view: TranscriptView,
) -> None:
    view.set_messages([asked := question("Why?")])
    message = streaming()
    view.stream.append_message(message)
    words = [f"word{number % 7} " for number in range(400)]
    for count, word in enumerate(words, 1):
        view.stream.append_text(message.id, word)
        view.stream.flush()
        end = view.rect_of(Place(message.id, 0, 0, len("".join(words[:count]).rstrip())))
        assert end is not None
        assert end.bottom() <= view.viewport().height()
    arrived = view.messages.total_height
    view.set_messages([asked, message])
    view.stream.append_text(message.id, "".join(words))
    view.stream.flush()
    assert arrived == view.messages.total_height


def test_the_reading_position_stays_when_a_list_becomes_loose(view: TranscriptView) -> None:
    message = streaming()
    view.stream.append_message(message)
    view.stream.append_text(
        message.id, "".join(f"- item {number} of it\n" for number in range(150))
    )
    view.stream.flush()
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    before = view.cursorForPosition(QPoint(0, 0)).block().text()
    view.stream.append_text(message.id, "\n- one more\n")
    view.stream.flush()
    assert view.cursorForPosition(QPoint(0, 0)).block().text() == before


def test_streamed_pieces_are_shown_as_one_text(view: TranscriptView, qtbot: QtBot) -> None:
    message = streaming()
    view.stream.append_message(message)
    for piece in ("Hello", " **wor", "ld**"):
        view.stream.append_text(message.id, piece)
    qtbot.waitUntil(lambda: "Hello world" in view.toPlainText())


def test_a_different_final_text_replaces_the_streamed_text(view: TranscriptView) -> None:
    message = streaming()
    stream_into(view, message, ["one", " two"])
    view.stream.update_message(finished(message, "something else"))
    assert "something else" in view.toPlainText()
    assert "one two" not in view.toPlainText()


def test_complete_code_is_highlighted_as_a_whole(
    view: TranscriptView, lexer: JsonProcess, qtbot: QtBot
) -> None:
    view.highlighter.set_lexer(lexer)
    text = '```python\nx = """\ndef not_code():\n"""\ndef code(): pass\n```\n'
    stream_into(view, streaming(), [text[i : i + 3] for i in range(0, len(text), 3)])

    def colors(line: str) -> list[str]:
        block = view.document().find(line).block()
        return [r.format.foreground().color().name() for r in block.layout().formats()]

    theme = view.theme
    qtbot.waitUntil(lambda: theme.keyword.name() in colors("def code"))
    qtbot.waitUntil(lambda: colors("def not_code") == [theme.string.name()])


def test_text_in_the_place_of_code_has_no_colors(
    view: TranscriptView, lexer: JsonProcess, qtbot: QtBot
) -> None:
    view.highlighter.set_lexer(lexer)
    message = streaming()
    stream_into(view, message, ["```diff\n- old\n+ new\n```"])
    qtbot.waitUntil(lambda: bool(view.document().find("+ new").block().layout().formats()))
    view.stream.update_message(finished(message, "something else"))
    assert not view.document().find("something").block().layout().formats()


def test_code_without_a_lexer_answer_stays_plain_and_other_code_is_highlighted(
    view: TranscriptView, lexer: JsonProcess, qtbot: QtBot
) -> None:
    view.highlighter.set_lexer(lexer)
    slow = "```gherkin\n" + " \n" * 4_000 + "```\n\n"
    view.set_messages([answer(f"```nothing\nx\n```\n\n{slow}```python\nimport os\n```")])
    view.stream.flush()
    qtbot.waitUntil(lambda: not view.highlighter.is_busy)
    assert view.document().find("import os").block().layout().formats()


@pytest.mark.parametrize("at_bottom", [True, False])
def test_the_view_follows_new_text_only_at_the_bottom(
    view: TranscriptView, qtbot: QtBot, at_bottom: bool
) -> None:
    message = streaming()
    view.stream.append_message(message)
    view.stream.append_text(message.id, "A paragraph.\n\n" * 60)
    view.stream.flush()
    bar = view.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0
    if not at_bottom:
        with qtbot.waitSignal(view.anchor.following_changed):
            bar.setValue(bar.maximum() // 2)
        assert view.latest_button.isVisible()
    before = bar.value()
    view.stream.append_text(message.id, "More.\n\n" * 20)
    view.stream.flush()
    qtbot.waitUntil(lambda: bar.maximum() > before + 100)
    assert bar.value() == (bar.maximum() if at_bottom else before)
    if not at_bottom:
        view.latest_button.click()
        assert bar.value() == bar.maximum()
        assert not view.latest_button.isVisible()


def test_an_answer_outside_the_document_keeps_its_text_after_a_step(view: TranscriptView) -> None:
    older, reply = [answer("words " * 900) for _ in range(60)], streaming()
    view.set_messages([*older, reply])
    view.stream.append_text(reply.id, "One. ")
    view.stream.flush()
    view.scroll_to_message(older[0].id)
    view.stream.set_status_line(reply.id, "Running…")
    view.stream.update_message(replace(reply, parts=(TextPart("One. "),)))
    view.stream.append_text(reply.id, "Two.")
    view.stream.flush()
    view.scroll_to_end()
    assert "One. Two." in view.toPlainText()
    assert "Running…" in view.toPlainText()
