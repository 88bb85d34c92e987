"""Difficult features of each format, with the words that must be found.

The expected texts were checked by hand.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain import errors
from tests.helpers.extraction import extract_file

CORPUS = Path(__file__).parents[2] / "data" / "corpus"
LEAST_RECALL = 0.9
FILES = sorted(path.name for path in CORPUS.iterdir() if path.is_file())


@pytest.mark.parametrize("name", FILES)
def test_nine_of_ten_expected_words_are_found(name: str) -> None:
    document = extract_file(CORPUS / name, Limits(), lambda _: None)
    expected = words_of((CORPUS / "expected" / f"{name}.txt").read_text("utf-8"))
    assert (expected & words_of(document.text)).total() >= LEAST_RECALL * expected.total()


def words_of(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


def test_every_expected_text_belongs_to_a_file() -> None:
    expected = {path.name.removesuffix(".txt") for path in (CORPUS / "expected").iterdir()}
    assert expected == set(FILES)


def test_scans_among_pages_with_text_are_named() -> None:
    document = extract_file(CORPUS / "partly-scanned.pdf", Limits(), lambda _: None)
    assert [page.number for page in document.pictured] == [2, 3]
    assert {(page.width, page.height) for page in document.pictured} == {(1240, 1754)}
    assert str(document.note) == "2 of 4 pages are images: 2, 3."


def locked_zip(members: dict[str, str], locked: set[str]) -> bytes:
    """Return an archive some of whose members are marked as encrypted."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    data = bytearray(target.getvalue())
    with zipfile.ZipFile(target) as archive:
        starts = {info.filename: info.header_offset for info in archive.infolist()}
        entry = archive.start_dir
    for name in members:
        for flags in (starts[name] + 6, entry + 8):
            data[flags] |= name in locked
        entry += 46 + len(name)
    return bytes(data)


def test_a_locked_file_in_an_archive_does_not_lock_the_others() -> None:
    data = locked_zip({"a.txt": "open", "b.txt": "shut"}, {"b.txt"})
    document = extract_bytes("x.zip", data, Limits(), lambda _: None)
    assert document.text.startswith("# a.txt\n\nopen")
    assert "b.txt (password-protected)" in str(document.note)


def test_an_archive_of_locked_files_is_protected() -> None:
    data = locked_zip({"a.txt": "shut", "b.txt": "shut"}, {"a.txt", "b.txt"})
    with pytest.raises(errors.DocumentEncryptedError):
        extract_bytes("x.zip", data, Limits(), lambda _: None)
