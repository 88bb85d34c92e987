"""Remembered notes: sentences that are sent at the beginning of requests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from desktop_app.domain.value import Value

MAX_NOTES: Final = 40
"""The most notes for all conversations, and for each folder: a person can still read them all."""
MAX_NOTE_CHARS: Final = 1_000
"""The longest note: a passage of a document that somebody selects is no sentence to remember."""
_FOR_ALL: Final = "The person asked you to remember this in all conversations:"
_FOR_PROJECT: Final = "The person asked you to remember this in the conversations of this project:"


class RememberedNote(Value, frozen=True):
    """A sentence to remember.

    Attributes:
        text: on one line.
        folder_id: of the folder in whose conversations it is sent; None for all conversations.
        conversation_id: where it was remembered; "" if that is not stored. It may be deleted.
        is_off: the note is kept but not sent, as one of an import until the user allows it.
    """

    id: str
    text: str
    created_at: datetime
    folder_id: str | None = None
    conversation_id: str = ""
    is_off: bool = False


def sent_notes(
    notes: Iterable[RememberedNote], folder_id: str | None
) -> tuple[RememberedNote, ...]:
    """Return the notes that are sent in a folder's conversations, or in those of no folder."""
    scopes = (None, folder_id)
    return tuple(note for note in notes if note.folder_id in scopes and not note.is_off)


def notes_text(notes: Sequence[RememberedNote]) -> str:
    """Return notes as requests begin with them: those for all conversations, then the folder's."""
    blocks = []
    for heading, is_of_folder in ((_FOR_ALL, False), (_FOR_PROJECT, True)):
        lines = [f"- {note.text}" for note in notes if (note.folder_id is not None) is is_of_folder]
        if lines:
            blocks.append("\n".join((heading, *lines)))
    return "\n\n".join(blocks)
