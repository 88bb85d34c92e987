"""Notes on how documents were read."""

from __future__ import annotations

import pytest

from desktop_app.domain.documents.document_notes import (
    DocumentNote,
    SkipReason,
    bundle_note,
    note_from_json,
    note_to_json,
)
from desktop_app.domain.error_note import ErrorNote


@pytest.mark.parametrize(
    "note",
    [
        None,
        bundle_note(3, []),
        bundle_note(2, [("a.bin", SkipReason.NO_DOCUMENT), ("b/c.zip", SkipReason.NESTED)]),
    ],
)
def test_a_note_is_read_back_as_it_was_written(note: DocumentNote | None) -> None:
    assert note_from_json(note_to_json(note)) == note


def test_five_skipped_files_are_named_and_hidden_ones_last() -> None:
    hidden = [(f".{n}", SkipReason.HIDDEN) for n in range(2)]
    note = bundle_note(1, [*hidden, *((f"{n}.bin", SkipReason.NO_DOCUMENT) for n in range(5))])
    assert note.params == {"read": 1, "skipped": 7}
    assert [name for name, _ in note.skipped] == [f"{n}.bin" for n in range(5)]
    assert str(note).endswith("4.bin (not a document), and 2 more.")
    assert note.error_note == ErrorNote(note.message, params={"read": 1, "skipped": 7})
    assert str(bundle_note(1, hidden)).endswith("Skipped: .0 (hidden) and .1 (hidden).")
