"""The editor of a text: its looks, typing and undo, pasting, directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, QObject, Qt
from PySide6.QtGui import QGuiApplication, QTextBlock, QTextCursor, QTextOption
from PySide6.QtTest import QTest
from shiboken6 import delete

from desktop_app.domain.prose_words import words_of_line
from desktop_app.texts.text_edits import Replacement
from desktop_app.texts.ui.text_editor import TextEditor
from desktop_app.texts.ui.text_highlighter import TextHighlighter
from desktop_app.texts.ui.tracked_document import TrackedDocument

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def editor(qtbot: QtBot) -> TextEditor:
    field = TextEditor()
    qtbot.addWidget(field)
    field.resize(500, 400)
    field.show()
    return field


def show(editor: TextEditor, text: str) -> TrackedDocument:
    document = TrackedDocument(text)
    document.setParent(editor)
    editor.show_document(document)
    editor.moveCursor(QTextCursor.MoveOperation.End)
    return document


def runs(block: QTextBlock) -> list[tuple[str, str]]:
    """Return the shown pieces of a line, each with what it looks like."""
    plain = block.document().defaultFont()
    layout, found = block.layout(), list[tuple[bytes, str]]()
    formats = {each.start: each for each in layout.formats()}
    units = block.text().encode("utf-16-le")
    position = 0
    while position < block.length() - 1:
        each = formats.get(position)
        length = each.length if each is not None else 1
        font = plain if each is None else each.format.font().resolve(plain)
        looks = (
            ("bold", font.bold() or font.weight() > 500),
            ("italic", font.italic()),
            ("struck", font.strikeOut()),
            ("mono", font.fixedPitch()),
            ("large", font.pointSizeF() > plain.pointSizeF() + 0.1),
            ("link", each is not None and each.format.foreground().color().blue() > 150),
        )
        look = " ".join(name for name, is_so in looks if is_so)
        piece = units[2 * position : 2 * (position + length)]
        if font.pointSizeF() > 1:
            if found and found[-1][1] == look:
                found[-1] = (found[-1][0] + piece, look)
            else:
                found.append((piece, look))
        position += length
    return [(piece.decode("utf-16-le"), look) for piece, look in found]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("plain *, 2 * 3, a_b_c and 1 < 2", [("plain *, 2 * 3, a_b_c and 1 < 2", "")]),
        ("## Causes", [("Causes", "bold large")]),
        (
            "a **b *c* d** e",
            [("a ", ""), ("b ", "bold"), ("c", "bold italic"), (" d", "bold"), (" e", "")],
        ),
        (
            "***both*** __b__ _i_",
            [("both", "bold italic"), (" ", ""), ("b", "bold"), (" ", ""), ("i", "italic")],
        ),
        ("~~no~~ `x*y*`", [("no", "struck"), (" ", ""), ("x*y*", "mono")]),
        ("[sun](https://a.example/b_c_d) 😀 **b**", [("sun", "link"), (" 😀 ", ""), ("b", "bold")]),
        (r"\*no\* ``a`b``", [("*no* ", ""), ("a`b", "mono")]),
        ("1. **one**", [("1. ", ""), ("one", "bold")]),
        ("> quoted", [("quoted", "")]),
        ("---", []),
        ("| a | b |", [("| a | b |", "mono")]),
    ],
)
def test_a_line_reads_as_a_text_and_shows_its_marks_at_the_cursor(
    qtbot: QtBot, editor: TextEditor, line: str, shown: list[tuple[str, str]]
) -> None:
    document = show(editor, f"{line}\n```\n**x**\n```\nend")
    block = document.firstBlock()
    code = block.next().next()
    qtbot.waitUntil(lambda: runs(code) == [("**x**", "mono")])  # code is its source
    assert runs(block) == shown
    editor.moveCursor(QTextCursor.MoveOperation.Start)
    assert "".join(piece for piece, _ in runs(block)) == line
    editor.moveCursor(QTextCursor.MoveOperation.End)
    assert runs(block) == shown
    assert not document.isUndoAvailable()
    assert document.toPlainText().startswith(line)


def test_a_line_with_a_proposed_change_shows_all_of_it(qtbot: QtBot, editor: TextEditor) -> None:
    document = show(editor, "a **b** c\nend")
    qtbot.waitUntil(lambda: len(runs(document.firstBlock())) == 3)
    document.propose(0, [[Replacement(4, 5, "z")]])
    assert "".join(piece for piece, _ in runs(document.firstBlock())) == "a **bz** c"
    document.settle(document.changes, accept=True)
    assert runs(document.firstBlock()) == [("a ", ""), ("z", "bold"), (" c", "")]


def test_a_fence_changes_the_looks_of_all_that_follows(qtbot: QtBot, editor: TextEditor) -> None:
    document = show(editor, "\n" + "**x**\n" * 400)
    last = document.findBlockByNumber(400)
    qtbot.waitUntil(lambda: runs(last) == [("x", "bold")])
    editor.moveCursor(QTextCursor.MoveOperation.Start)
    QTest.keyClicks(editor, "```")
    qtbot.waitUntil(lambda: runs(last) == [("**x**", "mono")])
    QTest.keyClick(editor, Qt.Key.Key_Backspace)
    qtbot.waitUntil(lambda: runs(last) == [("x", "bold")])


def test_undo_stops_before_each_word(editor: TextEditor) -> None:
    show(editor, "")
    QTest.keyClicks(editor, "The sea rises ")
    QTest.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(editor, "twice a")
    states = []
    while editor.toPlainText():
        states.append(editor.toPlainText())
        editor.undo()
    assert states == [
        "The sea rises \ntwice a",
        "The sea rises \ntwice ",
        "The sea rises \n",
        "The sea rises ",
        "The sea ",
        "The ",
    ]


def test_paragraphs_are_aligned_by_their_own_direction(qtbot: QtBot, editor: TextEditor) -> None:
    document = show(editor, "abc\nשלום\n- פריט\n**end**")

    def sides() -> list[Qt.AlignmentFlag]:
        blocks = map(document.findBlockByNumber, range(document.blockCount()))
        return [block.layout().textOption().alignment() for block in blocks]

    left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
    qtbot.waitUntil(lambda: sides() == [left, right, right, left])
    cursor = document.cursor(0, 3)
    cursor.insertText("אבג")
    qtbot.waitUntil(lambda: sides() == [right, right, right, left])
    assert QTextOption(document.defaultTextOption()).alignment() == left


def test_what_is_pasted_into_a_change_is_no_part_of_it(editor: TextEditor) -> None:
    document = show(editor, "It is blue.")
    document.propose(0, [[Replacement(6, 10, "very green")]])
    start = document.ranges()[1].start
    editor.setTextCursor(document.cursor(start + 5, start + 5))
    pastes = []
    editor.rich_text_pasted.connect(pastes.append)
    data = QMimeData()
    data.setHtml("<b>light</b> ")
    QGuiApplication.clipboard().setMimeData(data)
    editor.paste()
    pastes[0].replace_with("**light** ")
    document.settle(document.changes, accept=False)
    assert document.accepted == "It is blue**light** ."
    assert editor.toPlainText() == document.accepted


def test_a_word_across_the_edge_of_a_change_is_no_word_to_underline(qtbot: QtBot) -> None:
    document = TrackedDocument("They knwo it.")
    document.propose(0, [[Replacement(6, 8, "no")]])
    highlighter = TextHighlighter(document, lambda _block, text: words_of_line(text))
    layout = document.firstBlock().layout()
    qtbot.waitUntil(lambda: 6 in {each.start for each in layout.formats()})
    lengths = {each.start: each.length for each in layout.formats()}
    assert (lengths[6], lengths[8]) == (2, 2)
    highlighter.setDocument(None)


def test_moving_the_cursor_over_changes_keeps_them(editor: TextEditor) -> None:
    document = show(editor, "# Tides\n\nThe sea rises.\n\nIt falls.")
    document.propose(9, [[Replacement(4, 7, "water")]])
    for key, is_shifted in (
        (Qt.Key.Key_Home, False),
        (Qt.Key.Key_End, True),
        (Qt.Key.Key_Right, False),
    ):
        modifiers = Qt.KeyboardModifier.ControlModifier
        if is_shifted:
            modifiers |= Qt.KeyboardModifier.ShiftModifier
        QTest.keyClick(editor, key, modifiers)
    assert len(document.changes) == 1


def test_a_copy_is_the_source_and_its_html(editor: TextEditor) -> None:
    document = show(editor, "# A **b**\n\n- *c*\u00a0d")
    document.propose(0, [[Replacement(2, 3, "Z")]])
    editor.selectAll()
    editor.copy()
    editor.moveCursor(QTextCursor.MoveOperation.End)
    editor.insertPlainText("\n")
    editor.paste()
    assert document.accepted == "\n".join(["# Z **b**\n\n- *c*\u00a0d"] * 2)
    data = QGuiApplication.clipboard().mimeData()
    assert data is not None
    assert "<b>b</b>" in data.html() or "<strong>b</strong>" in data.html()


def test_a_shown_document_outlives_what_has_opened_it(editor: TextEditor, qtbot: QtBot) -> None:
    opener = QObject()
    document = TrackedDocument("It is **blue**.\n" * 50)
    document.setParent(opener)
    editor.show_document(document)
    delete(opener)
    editor.moveCursor(QTextCursor.MoveOperation.End)
    assert editor.toPlainText().endswith("blue**.\n")
