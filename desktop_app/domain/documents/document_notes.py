"""Notes on how a document was read: a code, parameters, and the skipped members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import Param, filled
from desktop_app.domain.text_enum import TextEnum
from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import N_, tr, tr_plural

_FILES_READ: Final = N_("Files read: {read}.")
_FILES_SKIPPED: Final = N_("Files read: {read}, skipped: {skipped}.")
_UNREAD: Final = N_("Parts that couldn’t be read: {skipped}.")
_HIDDEN: Final = N_("Hidden parts left out: {hidden}.")
_MAX_NAMED: Final = 5
"""Skipped members that a note names; it counts the others."""


class SkipReason(TextEnum):
    """The reason why a part of an archive, folder or mail was not read; models get its code."""

    DAMAGED = "damaged", N_("damaged")
    EMBEDDED = "embedded", N_("embedded")
    EMPTY = "without text", N_("without text")
    HIDDEN = "hidden", N_("hidden")
    IGNORED = "named in .gitignore", N_("named in .gitignore")
    IMAGE = "a picture", N_("an image")
    IMAGE_PAGES = "pages with pictures", N_("image pages")
    LINK = "a link to elsewhere", N_("a link to elsewhere")
    MADE = "made by a program", N_("made by a program")
    MISSING = "missing", N_("missing")
    LOCKED = "protected by a password", N_("password-protected")
    NESTED = "lies in too many files", N_("inside too many files")
    NO_DOCUMENT = "no document", N_("not a document")
    NO_FILE = "no file", N_("not a file")
    REPEATED = "also in another file", N_("also in another file")
    TOO_DEEP = "too deep", N_("too deep")
    TOO_LARGE = "too large", N_("too large")
    UNREAD_PAGES = "pages that were not read", N_("unread pages")
    UNREADABLE = "unreadable or too large", N_("unreadable or too large")
    UNSAFE = "an unsafe name", N_("an unsafe name")


class DocumentNote(NamedTuple):
    """A note on how a document was read.

    Attributes:
        message, params: as in errors.
        skipped: some of the members or parts that were not read completely, each with the reason.
        hidden: how many hidden parts and deletions were left out.
        is_partial: True if some pages were not read.
    """

    message: str
    params: Mapping[str, Param]
    skipped: tuple[tuple[str, SkipReason], ...] = ()
    hidden: int = 0
    is_partial: bool = False

    def __str__(self) -> str:
        sentences = []
        if self.message in (_FILES_READ, _FILES_SKIPPED):
            sentences.append(filled(_FILES_READ, self.params))
        elif self.message not in (_HIDDEN, _UNREAD):
            sentences.append(filled(self.message, self.params))
        if self.skipped:
            sentences.append(self._skipped_sentence())
        if self.hidden:
            sentences.append(filled(_HIDDEN, {"hidden": self.hidden}))
        return " ".join(sentences)

    def _skipped_sentence(self) -> str:
        named_members = self.skipped[:_MAX_NAMED]
        names = [
            tr("{file} ({reason})", file=path, reason=tr(reason.text))
            for path, reason in named_members
        ]
        unnamed_count = int(self.params["skipped"]) - len(named_members)
        if unnamed_count > 0:
            names.append(tr_plural("{count} more", "{count} more", unnamed_count))
        return tr("Skipped: {files}.", files=joined(names))

    @property
    def error_note(self) -> ErrorNote:
        """Return the note as it is stored, without the names of skipped members."""
        return ErrorNote(self.message, params=dict(self.params))


def bundle_note(read: int, left_out: list[tuple[str, SkipReason]]) -> DocumentNote:
    """Return the note on a bundle of which `read` files were read completely.

    The note names hidden files last.
    """
    in_order = sorted(left_out, key=lambda each: each[1] is SkipReason.HIDDEN)
    message = _FILES_SKIPPED if left_out else _FILES_READ
    params: dict[str, Param] = {"read": read}
    if left_out:
        params["skipped"] = len(left_out)
    return DocumentNote(message, params, tuple(in_order[:_MAX_NAMED]))


def add_left_out(
    note: DocumentNote | None, hidden: int, unread: Sequence[tuple[str, SkipReason]]
) -> DocumentNote | None:
    """Return a note that also tells how many hidden parts, and which parts, were left out."""
    if not hidden and not unread:
        return note
    if note is None:
        note = DocumentNote(
            _UNREAD if unread else _HIDDEN, {"skipped": len(unread), "hidden": hidden}
        )
    elif unread:
        count = int(note.params.get("skipped", 0)) + len(unread)
        message = _FILES_SKIPPED if note.message == _FILES_READ else note.message
        note = note._replace(message=message, params={**note.params, "skipped": count})
    skipped = (*note.skipped, *unread)[:_MAX_NAMED]
    return note._replace(skipped=skipped, hidden=note.hidden + hidden)
