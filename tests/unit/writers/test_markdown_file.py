"""A conversation as Markdown, and as plain HTML for the clipboard."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.conversations.written_text import Mark, WrittenText
from desktop_app.domain.error_note import ErrorNote
from desktop_app.markdown.block_model import Kind
from desktop_app.markdown.incremental.block_stream import render
from desktop_app.writers import html_page, markdown_file
from desktop_app.writers.markdown_file import unique_footnotes
from tests.helpers.messages import answer, question
from tests.unit.storage.samples import a_conversation


def test_tool_calls_and_endings_are_written() -> None:
    said = answer("Rain.", MessageStatus.CANCELLED, notices=("Sent without a summary.",))
    call = ToolCallPart("1", "weather", '{"city": "```"}')
    said = replace(said, parts=(call, *said.parts))
    text = markdown_file.to_markdown(a_conversation(), [question("Well?"), said], str)
    for words in ("Tool: weather", "*Stopped*", "*Sent without a summary.*", "Rain."):
        assert words in text, words
    [line] = [block.text for block in render(text) if block.kind is Kind.CODE]
    assert line == '{"city": "```"}'


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("```py\nx = 1", ["x = 1"]),
        ("````\n```\n", ["```"]),
        ("```", []),
        ("```\nx\n    ```", ["x", "    ```"]),
        ("```\n~~~", ["~~~"]),
        ("> ~~~\n> x", ["x"]),
    ],
)
def test_an_open_code_block_of_an_answer_is_closed(said: str, code: list[str]) -> None:
    cut = answer(said, MessageStatus.CANCELLED)
    text = markdown_file.to_markdown(a_conversation(), [cut, question("And?")], str)
    blocks = render(text)
    assert [block.text for block in blocks if block.kind is Kind.CODE] == code
    assert [block.text for block in blocks][-3] == "Stopped"
    assert blocks[-1].text == "And?"
    assert sum(block.kind is Kind.HEADING for block in blocks) == 3


def test_footnotes_of_several_answers_get_unique_names() -> None:
    first = answer("One[^1].\n\n[^1]: First.")
    second = answer(
        "`[^1]` \\[^1] two[^1], [^b] | c\n\n| x[^1] |\n|---|\n\n[^1]: Second.\n\n[^b]: B."
    )
    third = answer(
        "```\n[^1]: no\n```\n\nThree[^1].\n\n> [^1]: Third.", reasoning="So[^B].\n\n[^B]: R."
    )
    blocks = render(markdown_file.to_markdown(a_conversation(), [first, second, third], str))
    notes = {block.marker: block.text for block in blocks if block.note}
    assert notes == {"1": "First.", "1_2": "Second.", "b": "B.", "B_2": "R.", "1_3": "Third."}
    cells = (cell for block in blocks for row in block.rows for cell in row)
    runs = [run for runs in (*(block.runs for block in blocks), *cells) for run in runs]
    assert sorted(run.text for run in runs if run.note) == ["1", "1_2", "1_2", "1_3", "B_2", "b"]
    texts = [block.text for block in blocks]
    assert "[^1]: no" in texts
    assert any("[^1] [^1] two" in text for text in texts)


def test_a_text_with_free_footnote_names_is_unchanged() -> None:
    text = "One[^1].\n\n[^1]: First."
    taken: set[str] = set()
    assert unique_footnotes(text, taken) == text
    assert unique_footnotes(text, taken) == "One[^1_2].\n\n[^1_2]: First."
    assert unique_footnotes("No [^1] or [x]: y", taken) == "No [^1] or [x]: y"


def test_rich_text_has_questions_answers_and_errors() -> None:
    said = answer("So **it** [p](http://x.y) is.", error=ErrorNote("It broke."))
    text = "".join(html_page.html_pieces(a_conversation(), [question("a <b>\nc"), said], str))
    assert "<p>a &lt;b&gt;<br>c</p>" in text
    assert '<p>So <strong>it</strong> <a href="http://x.y">p</a> is.</p>' in text
    assert "<p><em>It broke.</em></p>" in text


def test_texts_follow_the_messages() -> None:
    marks = (Mark(14, 18, 1, is_insertion=False), Mark(18, 22, 1, is_insertion=True))
    texts = [WrittenText("t", "c", "Tides", "Tide[^1]\n\nTherisefall\n```\nx\n\n[^1]: Low.", marks)]
    texts.append(WrittenText("u", "c", "Waves", "Wave[^1]\n\n[^1]: High."))
    said = answer("Rain[^1].\n\n[^1]: Wet.")
    text = markdown_file.to_markdown(a_conversation(), [question("Well?"), said], str, texts)
    assert text.index("Wet.") < text.index("## Text: Tides") < text.index("## Text: Waves")
    assert "Therise" not in text
    headings = [block.text for block in render(text) if block.kind is Kind.HEADING]
    assert headings[-2:] == ["Text: Tides", "Text: Waves"]
    assert "[^1_2]: High." in text
