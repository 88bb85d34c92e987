"""Documents that a model wrote and changed in a conversation, as they stood at its end.

Claude and ChatGPT export only the calls that made a document and those that changed it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final, NamedTuple

import regex

from desktop_app.domain.code_fence import fenced
from desktop_app.exchange.importers.imported_conversation import titled

_MAX_BODY_CHARS: Final = 5_000_000
"""A replacement in many places could grow without end; a model writes far less."""
_MAX_DOCUMENTS: Final = 200
_PATTERN_TIMEOUT_S: Final = 0.5
_MAX_CHANGES_S: Final = 5.0
"""For all changes of a conversation: the patterns of a crafted file could search for hours."""
_WHOLE_PATTERNS: Final = (".*", ".+", "(?s).*", "(?s).+", "[\\s\\S]*", "[\\s\\S]+", "^.*$")
_PROSE_SUFFIXES: Final = ("", ".md", ".markdown", ".txt")

Change = Callable[[str], str | None]
"""Returns a body from the one before, which is "" for a new document; None if it does not fit."""


class DocumentChange(NamedTuple):
    """A call that makes or changes a document.

    Attributes:
        document: its id in the conversation; "" for the one that was changed last.
        title: "" if the call does not name it.
        language: of code; "" for prose; None if the call does not say.
        is_whole: the call has the whole document, which its message shows.
    """

    document: str
    change: Change
    title: str = ""
    language: str | None = None
    is_whole: bool = False


@dataclass(frozen=True)
class WrittenDocument:
    """A document as it stood at the end.

    Attributes:
        node: the id of the node that changed it last.
        is_shown: that node shows it.
    """

    id: str
    node: str
    title: str = ""
    body: str = ""
    language: str = ""
    is_shown: bool = True

    @property
    def markdown(self) -> str:
        """Return the document as a message shows it."""
        return as_markdown(self.title, self.body, self.language)


def as_markdown(title: str, body: str, language: str | None) -> str:
    """Return a document below its title; code in a fence. None is code of an unknown language."""
    return titled(title, body if language == "" else fenced(body.rstrip("\n"), language or ""))


def made(document: str, title: str, body: str, language: str | None) -> DocumentChange:
    """Return the change that makes a document, or writes all of it again."""
    return DocumentChange(document, lambda _body: body, title, language, is_whole=True)


def replaced(document: str, old: str, new: str) -> DocumentChange:
    """Return the change of the one passage that is `old`."""
    return DocumentChange(
        document, lambda body: body.replace(old, new, 1) if old and old in body else None
    )


def inserted(document: str, after_line: int, text: str) -> DocumentChange:
    """Return the change that inserts lines after a line, counted from 1; 0 is the beginning."""

    def change(body: str) -> str | None:
        lines = body.splitlines(keepends=True)
        if not 0 <= after_line <= len(lines):
            return None
        return "".join((*lines[:after_line], text.rstrip("\n") + "\n", *lines[after_line:]))

    return DocumentChange(document, change)


def is_whole_pattern(pattern: str) -> bool:
    """Return True for a pattern that models write for the whole document."""
    return pattern in _WHOLE_PATTERNS


def substituted(pattern: str, replacement: str, *, is_multiple: bool) -> Change:
    """Return the change of what a Python pattern matches: the first match, or each.

    A pattern that is not one, or does not match, is taken for the words themselves.
    """

    def change(body: str) -> str | None:
        count = 0 if is_multiple else 1
        try:
            found, number = regex.subn(
                pattern, replacement, body, count=count, timeout=_PATTERN_TIMEOUT_S
            )
        except (regex.error, TimeoutError, IndexError, RecursionError, MemoryError):
            number = 0
        if number:
            return str(found)
        return body.replace(pattern, replacement, count or -1) if pattern in body else None

    return change


def language_of(path: str) -> str:
    """Return the language of a file by its suffix; "" for prose.

    >>> language_of("/mnt/user-data/outputs/report.md"), language_of("a/run.py")
    ('', 'py')
    """
    suffix = PurePosixPath(path).suffix.lower()
    return "" if suffix in _PROSE_SUFFIXES else suffix.removeprefix(".")


def documents_at_end(
    nodes: Iterable[str], changes: Mapping[str, tuple[DocumentChange, ...]]
) -> list[WrittenDocument]:
    """Return the documents after all changes of a path, the one that was changed last at the end.

    A change that does not fit is left out: the model's tool refused it, too.

    Args:
        nodes: the ids of the path's nodes, from its beginning.
    """
    documents: dict[str, WrittenDocument] = {}
    end = time.monotonic() + _MAX_CHANGES_S
    for node in nodes:
        for each in changes.get(node, ()):
            if time.monotonic() > end:
                break
            id_ = each.document or next(reversed(documents), "")
            known = documents.get(id_)
            if known is None and (not each.is_whole or len(documents) >= _MAX_DOCUMENTS):
                continue
            former = known or WrittenDocument(id_, node)
            body = each.change(former.body)
            if body is None or len(body) > _MAX_BODY_CHARS:
                continue
            documents.pop(id_, None)  # the newest stands at the end
            documents[id_] = replace(
                former,
                node=node,
                title=each.title or former.title,
                body=body,
                language=former.language if each.language is None else each.language,
                is_shown=each.is_whole,
            )
    return [document for document in documents.values() if document.body.strip()]
