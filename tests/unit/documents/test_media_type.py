"""The kind of a file: content decides for binary formats, name and start for texts."""

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
        (archive(**{"xl/workbook.bin": ""}), document_types.XLSB),
        (archive(**{"ppt/presentation.xml": ""}), document_types.PPTX),
        (archive(mimetype="application/epub+zip"), document_types.EPUB),
        (archive(**{"META-INF/container.xml": ""}), document_types.EPUB),
        (archive(mimetype="application/vnd.oasis.opendocument.text"), document_types.ODT),
        (archive(mimetype="application/vnd.oasis.opendocument.graphics"), ""),
        (
            archive(mimetype="application/vnd.oasis.opendocument.text-template\n"),
            document_types.ODT,
        ),
        (archive(mimetype="application/x-krita"), document_types.ZIP),
        (archive(anything="x"), document_types.ZIP),
        (archive()[:22], document_types.ZIP),
        (archive(**{"[Content_Types].xml": "<Types/>"}), document_types.ZIP),
        (b" " * 59 + b"%PDF-1.7\n", document_types.PDF),
        (b" " * 60 + b"%PDF-1.7\n", None),
        (b"just text", None),
    ],
)
def test_binary_formats_are_detected_by_content(data: bytes, expected: str | None) -> None:
    assert media_type.detect_binary("x", data) == expected


def test_a_broken_archive_raises_an_error() -> None:
    with pytest.raises(zipfile.BadZipFile):
        media_type.detect_binary("x", b"PK\x03\x04 and no more")


TEMPLATE_ENDINGS = (".twig", ".jsp", ".erb", ".j2", ".njk", ".hbs", ".ejs", ".cshtml", ".vue")


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("notes.md", b"# x", "text/markdown"),
        ("NOTES.MD", b"# x", "text/markdown"),
        ("main.rs", b"fn main() {}", "text/x-rust"),
        ("data.yaml", b"a: 1", "application/yaml"),
        ("run", b"#!/opt/strange\n", "text/plain"),
        ("page", b"  <!DOCTYPE html><p>", document_types.HTML),
        ("page", b"<!-- a\nb -->\n<html><p>", document_types.HTML),
        ("letter.txt", b"<html> is what I want to write about", "text/plain"),
        ("letter.txt", b"Dear Ann", "text/plain"),
        ("unknown.xyz", b"words", "text/plain"),
        *((f"a.html{ending}", b"<!doctype html><p>", "text/plain") for ending in TEMPLATE_ENDINGS),
        *((f"a{ending}", b"<html><p>", document_types.HTML) for ending in (".xls", ".doc", ".2")),
    ],
)
def test_texts_are_detected_by_name_and_markup(name: str, data: bytes, expected: str) -> None:
    assert media_type.detect_text(name, data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
        (b"RIFF\1\2\3\4WEBPVP8", "image/webp"),
        (b"RIFF\1\2\3\4WAVEfmt", None),
        (b"RIFX\1\2\3\4WEBPVP8", None),
        *((b"BM" + bytes(12) + bytes((n, 0, 0, 0)), "image/bmp") for n in (12, 40, 52, 56)),
        *((b"BM" + bytes(12) + bytes((n, 0, 0, 0)), "image/bmp") for n in (64, 108, 124)),
        (b"BM" + bytes(12) + b"\15\0\0\0", None),
        (b"BM" + bytes(12) + b"\50\1\0\0", None),
        (b"BA" + bytes(12) + b"\50\0\0\0", None),
        (b"BM are two letters.", None),
        (b"<svg/>", None),
    ],
)
def test_images_are_detected_by_their_first_bytes(data: bytes, expected: str | None) -> None:
    assert media_type.detect_image(data + b" and more") == expected


@pytest.mark.parametrize(("name", "expected"), [("a.PAGES", True), ("a.zip", False), ("", False)])
def test_unsupported_packages_are_detected_by_name(name: str, expected: bool) -> None:
    assert media_type.is_unsupported_package(name) is expected
