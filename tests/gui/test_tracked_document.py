"""Proposed changes in a document: positions, acceptance, rejection, undo."""

from __future__ import annotations

from time import process_time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.conversations.written_text import Mark, cut
from desktop_app.texts.text_edits import word_edits
from desktop_app.texts.ui.text_editor import TextEditor
from desktop_app.texts.ui.tracked_document import TrackedDocument, stored_form

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

TEXTS = st.lists(
    st.sampled_from(
        ["a", "bb", "😀", "\n", "é.", "c c", " ", "d\n\n", "\t", "e\u0301", "שלום", "\u2028"]
    )
).map("".join)
EDITS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 8), TEXTS), max_size=6)


def stored(document: TrackedDocument) -> tuple[str, tuple[Mark, ...]]:
    return stored_form(document.toRawText(), document.ranges())


def rejected(document: TrackedDocument) -> str:
    text, marks = stored(document)
    return cut(text, [mark for mark in marks if mark.is_insertion])


@given(TEXTS, EDITS, st.lists(st.booleans(), max_size=4), st.text("xy", min_size=1), st.integers(0))
def test_changes_follow_the_text(
    qapp: QApplication,
    text: str,
    edits: list[tuple[int, int, str]],
    decisions: list[bool],
    typed: str,
    place: int,
) -> None:
    document = TrackedDocument(text)
    accepted = text
    for start, length, new in edits:
        at = min(start, len(accepted))
        old = accepted[at : at + length]
        document.propose(at, [word_edits(old, new)])
        accepted = accepted[:at] + new + accepted[at + len(old) :]
        assert document.accepted == accepted
        assert rejected(document) == text
    # A text that is read again has the same changes, and can be decided as a whole and undone.
    written = stored(document)
    for accept, whole in ((True, accepted), (False, text)):
        again = TrackedDocument(*written)
        assert stored(again) == written
        again.settle(again.changes, accept=accept)
        assert stored(again) == (whole, ())
        again.undo()
        assert stored(again) == written
    # What is typed stays, however the changes around it are decided.
    position = place % document.characterCount()
    document.cursor(position, position).insertText(typed)
    document.unmark(position, position + len(typed))
    for change, accept in zip(document.changes, decisions, strict=False):
        document.settle([change], accept=accept)
    document.settle(document.changes, accept=False)
    assert typed in stored(document)[0]
    while document.isUndoAvailable():
        document.undo()
    assert stored(document) == (text, ())


def test_a_change_whose_text_is_removed_is_reported(qapp: QApplication) -> None:
    document = TrackedDocument("ab cd")
    document.propose(0, [word_edits("ab", "xy")])
    (change,) = document.changes
    reports: list[None] = []
    document.changes_changed.connect(lambda: reports.append(None))
    start, end = min(r.start for r in document.ranges()), max(r.end for r in document.ranges())
    document.cursor(start, end).removeSelectedText()
    assert document.changes == []
    assert reports
    assert change


def test_a_change_over_a_deleted_passage_keeps_it(qapp: QApplication) -> None:
    document = TrackedDocument("abc def")
    document.propose(1, [word_edits("b", "")])
    document.propose(0, [word_edits("ac def", "x")])
    assert (document.accepted, rejected(document)) == ("x", "abc def")


def test_what_is_typed_into_a_change_ends_its_step(qapp: QApplication) -> None:
    document = TrackedDocument("ab cd")
    document.propose(0, [word_edits("ab", "xyz")])
    (inserted,) = (each for each in document.ranges() if each.is_insertion)
    place = inserted.start + 1
    document.cursor(place, place).insertText("!")
    document.unmark(place, place + 1)
    reports: list[None] = []
    document.contentsChanged.connect(lambda: reports.append(None))
    end = document.characterCount() - 1
    document.cursor(end, end).insertText("?")
    assert reports


def test_a_line_of_open_brackets_is_highlighted_in_time(qapp: QApplication) -> None:
    editor = TextEditor()
    editor.show_document(TrackedDocument("[" * 100_000))
    began = process_time()
    qapp.processEvents()  # which highlights it
    assert process_time() - began < 3  # 0.2 s; each bracket looked for its end for 43 s in all


@pytest.mark.parametrize(
    ("old", "new", "typed_after", "rejected_text"),
    [
        ("gamma delta", "gamma brand new delta", "brand", "gamma MINE delta"),
        ("gamma delta", "gamma wide big delta", "wide ", "gamma MINE delta"),
        ("gamma delta", "gamma delta, brand new", "brand", "gamma deltaMINE"),
        ("gamma delta", "gamma deltas", "gamma", "gammaMINE delta"),
    ],
)
def test_what_is_typed_within_a_rejected_change_keeps_its_space(
    qapp: QApplication, old: str, new: str, typed_after: str, rejected_text: str
) -> None:
    document = TrackedDocument(old)
    document.propose(0, [word_edits(old, new)])
    at = document.toRawText().index(typed_after) + len(typed_after)
    document.cursor(at, at).insertText("MINE")
    document.unmark(at, at + len("MINE"))
    document.settle(document.changes, accept=False)
    assert document.toRawText() == rejected_text
    document.undo()
    document.undo()
    assert rejected(document) == old


@pytest.mark.parametrize(
    ("text", "new", "shown"),
    [
        ("The brown fox.", "The red fox.", "The brown red fox."),
        ("The fox.", "The dog.", "The fox dog."),
        ("Fox", "Dog", "FoxDog"),
        ("one two three", "eins zwei three", "one two eins zwei three"),
    ],
)
def test_a_space_parts_old_words_from_new_ones(
    qapp: QApplication, text: str, new: str, shown: str
) -> None:
    document = TrackedDocument(text)
    document.propose(0, [word_edits(text, new)])
    assert document.toRawText() == shown
    assert (document.accepted, rejected(document)) == (new, text)
