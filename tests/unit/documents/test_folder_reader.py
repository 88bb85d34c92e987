"""The text of a folder: its files in order, those left out, and the limits on all together."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from desktop_app.documents.containers import folder_reader
from desktop_app.documents.reader_result import ReaderResult
from desktop_app.documents.worker.protocol import Limits, Progress
from desktop_app.domain.documents import document_types
from desktop_app.domain.documents.document_notes import SkipReason
from desktop_app.domain.errors import DocumentEmptyError


def opener(*contents: bytes | None) -> Callable[[int], int | None]:
    def open_member(number: int) -> int | None:
        content = contents[number]
        if content is None:
            return None
        reader, writer = os.pipe()
        os.write(writer, content)
        os.close(writer)
        return reader

    return open_member


def read(
    members: list[tuple[str, str]], *contents: bytes | None, limits: Limits | None = None
) -> ReaderResult:
    return folder_reader.read("f", members, opener(*contents), limits or Limits(), lambda _: None)


def test_files_follow_their_paths_and_the_end_lists_those_left_out() -> None:
    members = [("a.txt", ""), ("b", SkipReason.UNREADABLE.value), ("c.txt", ""), ("d/e.txt", "")]
    progress: list[Progress] = []
    found = folder_reader.read(
        "f", members, opener(b"first", None, None, b"last"), Limits(), progress.append
    )
    assert found.kind == document_types.FOLDER
    assert found.text == (
        "# a.txt\n\nfirst\n\n# d/e.txt\n\nlast\n\n"
        f"[not included: b ({SkipReason.UNREADABLE.value}), c.txt ({SkipReason.UNREADABLE.value})]"
    )
    assert progress == [Progress(0, 3, "file"), Progress(2, 3, "file"), Progress(3, 3, "file")]


def test_a_folder_without_text_is_refused() -> None:
    with pytest.raises(DocumentEmptyError):
        read([("a.txt", "")], b"")


def test_a_file_that_cannot_be_read_is_left_out() -> None:
    folder = os.open("/", os.O_RDONLY | os.O_DIRECTORY)  # reading it fails
    open_words = opener(None, b"words")
    members = [("a.txt", ""), ("b.txt", "")]
    found = folder_reader.read(
        "f",
        members,
        lambda number: open_words(number) if number else folder,
        Limits(),
        lambda _: None,
    )
    assert (
        found.text == f"# b.txt\n\nwords\n\n[not included: a.txt ({SkipReason.UNREADABLE.value})]"
    )
