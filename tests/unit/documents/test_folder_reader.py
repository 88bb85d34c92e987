"""The text of a folder: its files in order, those left out, and the limits on all together."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop_app.documents.containers import folder_reader
from desktop_app.documents.reader_result import ReaderResult
from desktop_app.documents.worker.protocol import Limits, Progress
from desktop_app.domain.documents import document_types
from desktop_app.domain.documents.document_notes import SkipReason
from desktop_app.domain.errors import DocumentEmptyError, DocumentTooLargeError
from tests.unit.documents.test_archive import archive, within


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


def test_an_oversized_file_is_left_out_but_an_oversized_folder_refused() -> None:
    members = [("a.txt", ""), ("b.txt", "")]
    limits = Limits(file_bytes=5, unpacked_bytes=10)
    assert read(members, b"12345", b"12345", limits=limits).text.count("12345") == 2
    assert read(members, b"1", b"123456", limits=limits).text == (
        f"# a.txt\n\n1\n\n[not included: b.txt ({SkipReason.TOO_LARGE.value})]"
    )
    with pytest.raises(DocumentTooLargeError):
        read(members, b"12345", b"12345", limits=Limits(unpacked_bytes=9))


def test_the_limit_is_shown_in_megabytes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"1" * ((2 << 20) + 1))
    with pytest.raises(DocumentTooLargeError) as error:
        folder_reader.read(
            "f",
            [("a.txt", "")],
            lambda _: os.open(tmp_path / "a.txt", os.O_RDONLY),
            Limits(unpacked_bytes=2 << 20),
            lambda _: None,
        )
    assert error.value.params["limit"] == 2


def test_a_folder_without_text_is_refused() -> None:
    with pytest.raises(DocumentEmptyError):
        read([("a.txt", "")], b"")


def test_nested_archives_in_a_folder_are_read() -> None:
    inner = archive("b.txt")
    assert "words" in read([("a.zip", "")], within(inner, 1)).text
    with pytest.raises(DocumentEmptyError):
        read([("a.zip", "")], within(inner, 2))


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
