"""Notes on how documents were read."""

from __future__ import annotations

from desktop_app.domain.documents.document_notes import SkipReason, bundle_note
from desktop_app.domain.error_note import ErrorNote


def test_five_skipped_files_are_named_and_hidden_ones_last() -> None:
    hidden = [(f".{n}", SkipReason.HIDDEN) for n in range(2)]
    note = bundle_note(1, [*hidden, *((f"{n}.bin", SkipReason.NO_DOCUMENT) for n in range(5))])
    assert note.params == {"read": 1, "skipped": 7}
    assert [name for name, _ in note.skipped] == [f"{n}.bin" for n in range(5)]
    assert str(note).endswith("4.bin (not a document), and 2 more.")
    assert note.error_note == ErrorNote(note.message, params={"read": 1, "skipped": 7})
    assert str(bundle_note(1, hidden)).endswith("Skipped: .0 (hidden) and .1 (hidden).")
