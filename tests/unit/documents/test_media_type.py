"""The kind of a file: content decides between binary formats, the name among texts."""

from __future__ import annotations

import io
import zipfile

import pytest

from desktop_app.documents import media_type
from desktop_app.domain.documents import document_types


def archive(**members: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name, text in members.items():
            packed.writestr(name, text)
    return target.getvalue()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"%PDF-1.7\n", document_types.PDF),
        (b"\r\n\r\n%PDF-1.4", document_types.PDF),
        (b"{\\rtf1\\ansi", document_types.RTF),
        (archive(**{"word/document.xml": ""}), document_types.DOCX),
        (archive(**{"xl/workbook.xml": ""}), document_types.XLSX),
        (archive(**{"ppt/presentation.xml": ""}), document_types.PPTX),
        (archive(mimetype="application/epub+zip"), document_types.EPUB),
        (archive(mimetype="application/vnd.oasis.opendocument.text"), document_types.ODT),
        (archive(mimetype="application/vnd.oasis.opendocument.graphics"), ""),
        (archive(anything="x"), document_types.ZIP),
        (b"just text", None),
    ],
)
def test_binary_formats_are_known_by_content(data: bytes, expected: str | None) -> None:
    assert media_type.detect_binary("x", data) == expected


def test_a_late_header_makes_a_pdf_of_what_is_called_so_alone() -> None:
    data = b"Junk from a mail program\n%PDF-1.4\n"
    assert media_type.detect_binary("x.PDF", data) == document_types.PDF
    assert media_type.detect_binary("x.md", data) is None


def test_a_broken_archive_is_told_apart() -> None:
    with pytest.raises(zipfile.BadZipFile):
        media_type.detect_binary("x", b"PK\x03\x04 and no more")


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("notes.md", b"# x", "text/markdown"),
        ("NOTES.MD", b"# x", "text/markdown"),
        ("main.rs", b"fn main() {}", "text/x-rust"),
        ("data.yaml", b"a: 1", "application/yaml"),
        ("run", b"#!/usr/bin/env python3\nprint()", "text/x-python"),
        ("run", b"#!/bin/sh\n", "text/x-shellscript"),
        ("run", b"#!/opt/strange\n", "text/plain"),
        ("page", b"  <!DOCTYPE html><p>", document_types.HTML),
        ("letter.txt", b"<html> is what I want to write about", "text/plain"),
        ("letter.txt", b"Dear Ann", "text/plain"),
        ("unknown.xyz", b"words", "text/plain"),
    ],
)
def test_texts_are_told_apart_by_name_shebang_and_markup(
    name: str, data: bytes, expected: str
) -> None:
    assert media_type.detect_text(name, data) == expected
