"""The transcript's Markdown, checked with the examples of CommonMark and GitHub.

Each example's expected HTML and the transcript's document are converted to a common form
(structure.py) and must be equal. `shown-instead.json` lists each example that this program shows
differently on purpose, with the result and the reason:

- "raw-html": raw HTML is shown as text, and Markdown inside it is Markdown,
- "bare-address": a bare address is linked, which CommonMark by itself does not do,
- "all-cells": cells beyond those of the header get columns.

A line end is a line break, as in chats, also in what the examples expect.

An image is shown by name and address, and linked, but never fetched. The reader of the expected
HTML does the same, so such examples need no entry.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt

from desktop_app.transcript.transcript_styles import INDENT, QUOTE
from desktop_app.transcript.view import TranscriptView
from tests.gui.transcript import structure
from tests.helpers.messages import answer, streaming
from tests.helpers.segment_views import QUOTED_AT, SegmentView
from tests.helpers.transcript_views import count_body_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop_app.widgets.look.theme import Theme

DATA = Path(__file__).parents[2] / "data" / "markdown"
CHOICES = {"raw-html", "bare-address", "all-cells"}
WIDE = "many words that are too wide for a line " * 5
"""The source of a table that becomes a QTextTable."""


def _examples(name: str) -> list[dict[str, Any]]:
    return list(json.loads((DATA / name).read_text()))


SPECS = {"commonmark": "commonmark-0.31.2.json", "gfm": "gfm-extensions.json"}
EXAMPLES = {
    f"{spec}-{example['example']}": example
    for spec, name in SPECS.items()
    for example in _examples(name)
}
SHOWN_INSTEAD: dict[str, dict[str, Any]] = json.loads((DATA / "shown-instead.json").read_text())


@pytest.fixture(scope="module")
def made() -> Iterator[list[TranscriptView]]:
    """Yield a list for the view that the tests share."""
    views: list[TranscriptView] = []
    yield views
    for view in views:
        view.deleteLater()


@pytest.fixture
def view(light_theme: Theme, made: list[TranscriptView]) -> TranscriptView:
    """Return a view for all examples: one takes longer to make than to show an example."""
    if not made:
        made.append(SegmentView(light_theme))
    made[0].resize(900, 600)
    return made[0]


def shown(view: TranscriptView, theme: Theme, markdown: str) -> list[str]:
    """Return the structure of an answer in the transcript, without its footer."""
    message = answer(markdown)
    view.set_messages([message])
    return structure.of_document(view.document(), theme, count_body_blocks(view, message.id))


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_is_shown_as_specified(
    view: TranscriptView, light_theme: Theme, name: str
) -> None:
    example = EXAMPLES[name]
    if name in SHOWN_INSTEAD:
        expected = SHOWN_INSTEAD[name]["shown"]
    else:
        expected = structure.of_html(example["html"])
    assert shown(view, light_theme, example["markdown"]) == expected


def test_every_deviation_from_the_specification_has_a_listed_choice() -> None:
    assert set(SHOWN_INSTEAD) <= set(EXAMPLES)
    assert {entry["choice"] for entry in SHOWN_INSTEAD.values()} == CHOICES


def _words(markdown: str) -> list[str]:
    """Return the words of a source, except link definitions and their names."""
    visible = re.sub(r"^\[\w+\]: .*$|\]\[\w+\]", "", html.unescape(markdown), flags=re.M)
    return re.findall(r"[^\W_]+", visible)


RAW_HTML = [name for name, entry in SHOWN_INSTEAD.items() if entry["choice"] == "raw-html"]


@pytest.mark.parametrize("name", RAW_HTML)
def test_raw_html_is_shown_completely(name: str) -> None:
    """Check that every word of the source is shown, also the words in tags."""
    entry = SHOWN_INSTEAD[name]
    assert EXAMPLES[name]["markdown"] == entry["markdown"]
    seen = "".join(entry["shown"])
    assert all(word in seen for word in _words(entry["markdown"]))


def test_every_example_of_the_specification_is_tested() -> None:
    assert len(EXAMPLES) == 652 + 28


def test_right_to_left_lists_are_complete(view: TranscriptView) -> None:
    view.set_messages([answer("- قائمة أولى\n- قائمة\n  1. عنصر")])
    layout = view.document().documentLayout()
    for words in ("قائمة أولى", "عنصر"):
        block = view.document().find(words).block()
        box = layout.blockBoundingRect(block)
        line = block.layout().lineAt(0)
        # The ink of the last letter may hang over its advance by a part of a pixel.
        right = box.x() + line.naturalTextRect().left() + line.horizontalAdvance()
        assert right <= view.viewport().width()


def test_items_stand_at_the_side_of_their_list(view: TranscriptView) -> None:
    source = "הנה:\n\n1. `git` שולחת\n2. Alibaba היא\n   - ls מציגה\n\nEnd.\n\n- one\n- שלום"
    for streamed in (False, True):
        view.set_messages([message := streaming() if streamed else answer(source)])
        for character in source if streamed else "":
            view.stream.append_text(message.id, character)
            view.stream.flush()
        sides = {"שולחת": 1, "Alibaba": 1, "מציגה": 1, "one": 0, "שלום": 0}
        for words, side in sides.items():
            block = view.document().find(words).block()
            line = block.layout().lineAt(0)
            mark = line.cursorToX(0)[0]  # type: ignore[index]
            half = block.layout().boundingRect().width() / 2
            assert (mark > half) == bool(side), (words, streamed)


@pytest.mark.parametrize(
    "source", ["- قائمة", "1. עברית", "- [ ] **משימה**", "- 5 ספרים", "> - اقتباس", "- english"]
)
def test_a_marker_has_a_gap_to_its_text_in_both_directions(
    view: TranscriptView, light_theme: Theme, source: str
) -> None:
    view.set_messages([message := streaming()])
    for character in source:
        view.stream.append_text(message.id, character)
        view.stream.flush()
    block = view.document().begin()
    while "\t" not in block.text():
        block = block.next()
    line, tab = block.layout().lineAt(0), block.text().index("\t")
    mark, text = (line.cursorToX(at)[0] for at in (tab, tab + 1))  # type: ignore[index]
    assert abs(text - mark) > light_theme.px(4)


def test_a_quote_in_a_list_has_its_bar_beside_the_text(view: TranscriptView) -> None:
    view.set_messages([answer("- item\n  > inside\n\n> > two\n> > - deep\n> >   > third")])

    def depths(words: str) -> list[int] | None:
        found: list[int] | None = view.document().find(words).blockFormat().property(QUOTED_AT)
        return found

    assert depths("inside") == [1]
    assert not depths("two")
    assert depths("third") == [0, 0, 1]


def test_a_formula_in_a_list_item_is_beside_its_marker(view: TranscriptView) -> None:
    view.set_messages([answer("1. $$x$$\n2. two\n\n$$y$$")])
    block = view.document().begin()
    while "1." not in block.text():
        block = block.next()
    assert block.blockFormat().alignment() != Qt.AlignmentFlag.AlignHCenter


@pytest.mark.parametrize(
    ("source", "x"),
    [
        ("> one\n\n> two", 1),
        ("> > one\n>\n> > two", QUOTE + 1),
        ("> - one\n\n> - two", 1),
        ("- > one\n- > two", INDENT + 1),
        ("> ```\n> one\n> ```\n\n> | two |\n> |---|\n", 1),
        (f"> one\n\n> | two | b |\n> |---|---|\n> | {WIDE} | {WIDE} |\n", 1),
        (f"> | a | b |\n> |---|---|\n> | one | {WIDE} |\n\n> two", 1),
    ],
)
def test_two_quotes_have_two_bars(
    view: TranscriptView, light_theme: Theme, source: str, x: int
) -> None:
    for message in (answer(source), streaming()):
        view.set_messages([message])
        for character in source if not message.text else "":
            view.stream.append_text(message.id, character)
            view.stream.flush()
        view.verticalScrollBar().setValue(0)
        found = [view.document().find(words) for words in ("one", "two")]
        middles = [view.cursorRect(cursor).center().y() for cursor in found]
        image = view.viewport().grab().toImage()
        colors = [
            image.pixelColor(light_theme.px(x), y) == light_theme.line for y in range(*middles)
        ]
        assert colors[0]
        assert colors[-1]
        assert colors.count(False) >= light_theme.px(6)


@pytest.mark.parametrize("width", [900, 300])
def test_cells_are_aligned_as_their_columns(
    view: TranscriptView, light_theme: Theme, width: int
) -> None:
    view.resize(width, 600)
    long = "many words that are too wide " * (3 if width == 300 else 1)
    head = "| a | b | c | d |\n|:--|---|:-:|--:|\n"
    table = shown(view, light_theme, f"{head}| 1 | 2 | 3 | 4 |\n|  |  |  | {long}|\n")[0]
    assert table.startswith("table 0 0 '' ['left', 'left', 'center', 'right'] ")
    is_qts = bool(view.document().rootFrame().childFrames())
    assert is_qts is (width == 300)


@pytest.mark.parametrize(
    "between",
    [
        "```py\n> x\n> ```\n>\n> - two",
        f"| a | b |\n> |---|---|\n> | {WIDE} | short |\n> | short | {WIDE} |",
    ],
)
@pytest.mark.parametrize("scale", [1.0, 1.1])
def test_the_bar_of_a_quote_has_no_gaps(
    view: TranscriptView, light_theme: Theme, between: str, scale: float
) -> None:
    view.set_theme(replace(light_theme, scale=scale))
    view.set_messages([answer(f"> one\n>\n> {between}\n>\n> three")])
    layout = view.document().documentLayout()
    first, last = (view.document().find(words).block() for words in ("one", "three"))
    top = round(layout.blockBoundingRect(first).top())
    bottom = round(layout.blockBoundingRect(last).bottom())
    view.verticalScrollBar().setValue(0)
    image = view.viewport().grab().toImage()
    gaps = [y - top for y in range(top, bottom) if image.pixelColor(1, y) != light_theme.line]
    assert not gaps
