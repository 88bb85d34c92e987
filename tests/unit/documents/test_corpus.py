"""Difficult features of each format, with the expected text.

`tests/data/make_corpus.py` makes the files. The expected texts were checked by hand.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits, Progress
from desktop_app.domain import errors
from tests.helpers.extraction import extract_file

CORPUS = Path(__file__).parents[2] / "data" / "corpus"
FILES = sorted(path.name for path in CORPUS.iterdir() if path.is_file() and path.suffix != ".fodt")


@pytest.mark.parametrize("name", FILES)
def test_the_text_is_the_expected_one(name: str) -> None:
    document = extract_file(CORPUS / name, Limits(), lambda _: None)
    expected = (CORPUS / "expected" / f"{name}.txt").read_text("utf-8")
    assert document.text.rstrip("\n") + "\n" == expected


def test_every_expected_text_belongs_to_a_file() -> None:
    expected = {path.name.removesuffix(".txt") for path in (CORPUS / "expected").iterdir()}
    assert expected == set(FILES)


def test_scans_among_pages_with_text_are_named() -> None:
    document = extract_file(CORPUS / "partly-scanned.pdf", Limits(), lambda _: None)
    assert [page.number for page in document.pictured] == [2, 3]
    assert {(page.width, page.height) for page in document.pictured} == {(1240, 1754)}
    assert str(document.note) == "2 of 4 pages are images: 2, 3."


def test_the_note_names_members_left_out_of_an_archive() -> None:
    steps: list[Progress] = []
    document = extract_file(CORPUS / "archive.zip", Limits(), steps.append)
    assert str(document.note).startswith("Files read: 3. Skipped: ../outside.txt (an unsafe name)")
    assert "(hidden)" in str(document.note)
    assert "must not be read" not in document.text
    assert steps[-1] == Progress(8, 8, "file")


def test_hidden_files_links_and_pictures_of_a_folder_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "two.txt").write_text("Second.")
    (folder / "A one.md").write_text("First.")
    (folder / ".secret").write_text("must not be read")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "elsewhere.txt").write_text("must not be read")
    (folder / "link.txt").symlink_to(tmp_path / "elsewhere.txt")
    (folder / "deep").symlink_to(tmp_path)
    document = extract_file(folder, Limits(), lambda _: None)
    assert document.text == (
        "# A one.md\n\nFirst.\n\n# b/two.txt\n\nSecond.\n\n"
        "[not included: deep (a link to elsewhere), link.txt (a link to elsewhere), picture.png "
        "(a picture)]"
    )
    assert document.media_type == "inode/directory"
    assert "(hidden)" in str(document.note)
    assert document.size == len(document.text.encode())


def test_limits_apply_to_pages_files_and_unpacked_bytes(tmp_path: Path) -> None:
    with pytest.raises(errors.DocumentTooLargeError, match=r"exceeds 3 pages or sheets \(4\)"):
        extract_file(CORPUS / "turned.pdf", Limits(pages=3), lambda _: None)
    with pytest.raises(errors.DocumentTooLargeError, match="has more than 7 files"):
        extract_file(CORPUS / "archive.zip", Limits(pages=7), lambda _: None)
    with pytest.raises(errors.DocumentTooLargeError, match="unpacks to more than 0 MB"):
        extract_file(CORPUS / "archive.zip", Limits(unpacked_bytes=100), lambda _: None)
    (tmp_path / "one.txt").write_text("words " * 100)
    with pytest.raises(errors.DocumentTooLargeError, match="contains more than"):
        extract_file(tmp_path, Limits(unpacked_bytes=100), lambda _: None)


@pytest.mark.parametrize("encoding", ["utf-8", "cp437", "cp866"])
def test_names_in_an_archive_are_decoded_in_the_packers_encoding(encoding: str) -> None:
    name = "Отчёт о складе.txt" if encoding == "cp866" else "Größe des Lagers.txt"
    packed = name.encode(encoding)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("X" * len(packed), "words")
    data = target.getvalue().replace(b"X" * len(packed), packed)
    assert extract_bytes("x.zip", data, Limits(), lambda _: None).text == f"# {name}\n\nwords"


def test_an_undecodable_name_is_shown_with_question_marks(tmp_path: Path) -> None:
    (tmp_path / "bad\udcff.txt").write_text("Its words.")
    folder = extract_file(tmp_path, Limits(), lambda _: None)
    assert folder.text == "# bad?.txt\n\nIts words."
    assert extract_file(tmp_path / "bad\udcff.txt", Limits(), lambda _: None).name == "bad?.txt"


def test_a_lone_surrogate_in_json_is_read() -> None:
    notebook = b'{"cells": [{"cell_type": "markdown", "source": "half \\ud83d of it"}]}'
    assert extract_bytes("x.ipynb", notebook, Limits(), lambda _: None).text == "half ? of it"


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


@pytest.mark.parametrize("name", ["x.pages", "x.key", "x.xps", "x.sxw", "x.vsdm"])
def test_packages_of_unsupported_programs_are_refused(name: str) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("Index/Document.txt", "words")
    with pytest.raises(errors.DocumentUnsupportedError, match="Repartee can’t read the format of"):
        extract_bytes(name, target.getvalue(), Limits(), lambda _: None)
