"""The formats with their expected texts, and documents that are refused."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from desktop_app.documents import extract
from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits, Progress
from desktop_app.domain import errors
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from tests.data.long_pdf import pdf_of
from tests.helpers.extraction import extract_file
from tests.helpers.linux_only import linux_only

DATA = Path(__file__).parents[2] / "data"

FIGURES = """\
| Figure | Q2 2026 | Q3 2026 | Change |
| --- | --- | --- | --- |
| Revenue | €4.10 million | €4.62 million | +12.7 % |
| Operating profit | €0.52 million | €0.47 million | -9.6 % |
| Electricity | €0.61 million | €0.79 million | +29.5 % |
| Pallets in store | 31,400 | 35,900 | +14.3 % |
| Orders delivered on time | 97.8 % | 95.1 % | -2.7 points |
"""
DEPOTS = """\
| Depot | Rooms | Pallets |
| --- | --- | --- |
| Harrow | 7 | 21500 |
| Selby | 4 | 14400 |"""


def read(name: str) -> ExtractedDocument:
    return extract_file(DATA / name, Limits(), lambda _: None)


def read_bytes(name: str, data: bytes, limits: Limits | None = None) -> ExtractedDocument:
    return extract_bytes(name, data, limits or Limits(), lambda _: None)


def zipped(members: dict[str, bytes | str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return target.getvalue()


class TestPdf:
    def test_every_page_follows_its_mark(self) -> None:
        document = read("report.pdf")
        pages = [f"[page{page}" for page in document.text.split("\n\n[page")]
        assert document.pages == len(pages) == 3
        assert [page.partition("\n")[0][-8:] for page in pages] == [
            "[page 1]",
            "[page 2]",
            "[page 3]",
        ]
        assert "Alder & Finch Cold Storage" in pages[0]
        assert "| Orders delivered on time | 97.8 % | 95.1 % | -2.7 points |" in pages[0]
        assert "• Tomasz Wren (finance) brings three offers" in pages[2]
        assert pages[2].endswith("the board has not\ndecided who.")

    def test_a_rotated_page_is_read_in_its_own_order(self) -> None:
        assert read("rotated.pdf").text == (
            "[page 1]\nThis page stands upright.\n\n"
            "[page 2]\nThis page lies on its side.\nIts second line comes after its first."
        )

    def test_pages_without_text_are_marked_and_noted(self) -> None:
        document = read_bytes("x.pdf", pdf_of([["One"], [], ["Three"]]))
        assert document.text == (
            "[page 1]\nOne\n\n[page 2]\n[no text on this page]\n\n[page 3]\nThree"
        )
        assert (document.note, document.pictured) == (None, ())

    def test_pages_that_are_images_are_named(self) -> None:
        document = read("scanned.pdf")
        assert (
            document.text == "[page 1]\n[no text on this page]\n\n[page 2]\n[no text on this page]"
        )
        assert [page.number for page in document.pictured] == [1, 2]
        assert str(document.note) == "All 2 pages are images."
        assert isinstance(document.part, DocumentPart)
        assert document.part.pictured == document.pictured

    def test_progress_goes_page_by_page(self) -> None:
        steps: list[Progress] = []
        extract_file(DATA / "report.pdf", Limits(), steps.append)
        assert steps == [Progress(done, 3, "page") for done in range(4)]

    @pytest.mark.parametrize(
        ("name", "error", "words"),
        [
            ("encrypted.pdf", errors.DocumentEncryptedError, "password-protected"),
            ("damaged.pdf", errors.DocumentDamagedError, "damaged or incomplete"),
            ("empty.pdf", errors.DocumentEmptyError, "contains no text"),
        ],
    )
    def test_unreadable_pdfs_are_refused_with_a_reason(
        self, name: str, error: type[errors.DocumentError], words: str
    ) -> None:
        with pytest.raises(error) as caught:
            read(name)
        assert words in caught.value.what_happened
        assert name in caught.value.what_happened
        assert caught.value.what_to_do

    def test_other_content_named_pdf_is_refused(self) -> None:
        with pytest.raises(errors.DocumentDamagedError, match=r"isn’t a valid \.pdf"):
            read_bytes("report.pdf", b"<html>404 not found</html>")


class TestOffice:
    def test_docx_keeps_headings_tables_and_their_order(self) -> None:
        text = read("report.docx").text
        assert text.startswith("# Alder & Finch Cold Storage: report for the third quarter")
        assert "\n# 1. The quarter in brief\n" in text
        assert FIGURES in text
        assert text.index("# 2. What went wrong") < text.index("# 5. Decisions of the board")
        assert text.rstrip().endswith("the board has not decided who.")

    @pytest.mark.parametrize("name", ["figures.xlsx", "figures.ods"])
    def test_sheets_of_a_workbook_become_tables(self, name: str) -> None:
        assert read(name).text == f"## Figures\n\n{FIGURES}\n## Depots\n\n{DEPOTS}"

    def test_slides_have_marks_and_speaker_notes(self) -> None:
        text = read("slides.pptx").text
        assert text.startswith("[slide 1]\n\n# The quarter in brief\n\nRevenue rose by 12.7 %")
        assert "Say that Selby is full." in text
        assert "[slide 2]\n\n# Depots" in text
        assert "| Harrow | 21,500 |" in text

    def test_rtf_keeps_tables_and_lists(self) -> None:
        text = read("report.rtf").text
        assert text.startswith("Alder & Finch Cold Storage")
        assert FIGURES in text
        assert (
            "- Lena Marsh (facilities) applies for the solar grant by 15 December 2026.\n" in text
        )

    def test_epub_chapters_are_in_reading_order(self) -> None:
        assert read("book.epub").text == (
            "[chapter 1]\n\n# Salt & ice\n\nSalt < 5 % is enough.\n\n"
            "[chapter 2]\n\n# Melting\n\nIce melts at 0 °C."
        )

    def test_html_loses_its_head_styles_and_scripts(self) -> None:
        assert read("page.html").text == (
            "# Opening hours\n\nThe gate in **Harrow** is open – except on Sundays.\n\n"
            "| Day | From |\n| --- | --- |\n| Monday | 05:30 |\n\n"
            "- Ring the bell\n- Wait for the light\n\nThe gate"
        )

    def test_html_is_decoded_as_declared(self) -> None:
        page = '<html><head><meta charset="windows-1250"></head><p>Łódź – pełna</p></html>'
        document = read_bytes("x.html", page.encode("cp1250"))
        assert (document.text, document.note) == ("Łódź – pełna", None)

    @pytest.mark.parametrize(
        ("name", "data", "error"),
        [
            ("x.docx", b"PK\x03\x04 broken", errors.DocumentDamagedError),
            ("x.docx", b"no archive", errors.DocumentDamagedError),
            ("x.docx", zipped({"word/document.xml": "<w:doc"}), errors.DocumentError),
            (
                "x.docx",
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
                errors.DocumentEncryptedError,
            ),
            (
                "x.doc",
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512),
                errors.DocumentUnsupportedError,
            ),
            ("x.docx", zipped({"a.txt": "words"}), errors.DocumentDamagedError),
            ("x.zip", zipped({"a.bin": b"\0\1"}), errors.DocumentEmptyError),
            (
                "x.odg",
                zipped({"mimetype": "application/vnd.oasis.opendocument.graphics"}),
                errors.DocumentUnsupportedError,
            ),
            (
                "x.ods",
                zipped(
                    {
                        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
                        "META-INF/manifest.xml": "<manifest:encryption-data/>",
                    }
                ),
                errors.DocumentEncryptedError,
            ),
        ],
    )
    def test_unreadable_packages_are_refused(
        self, name: str, data: bytes, error: type[errors.DocumentError]
    ) -> None:
        with pytest.raises(error):
            read_bytes(name, data)

    def test_a_zip_bomb_is_refused_before_it_is_unpacked(self) -> None:
        with zipfile.ZipFile(DATA / "report.docx") as source:
            members: dict[str, bytes | str] = {
                name: source.read(name) for name in source.namelist()
            }
        members["word/media/big.xml"] = bytes(3 << 20)
        with pytest.raises(errors.DocumentTooLargeError, match="unpacks to more than 2 MB"):
            read_bytes("x.docx", zipped(members), Limits(unpacked_bytes=2 << 20))

    def test_text_beyond_the_limit_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(extract, "MAX_TEXT_BYTES", 3)
        assert read_bytes("x.txt", b"abc").text == "abc"
        with pytest.raises(errors.DocumentTooLargeError, match="contains more than 64 MB of text"):
            read_bytes("x.txt", "äb".encode() + b"c")


class TestTexts:
    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("notes.md", "text/markdown"),
            ("pallets.py", "text/x-python"),
            ("figures.csv", "text/csv"),
            ("utf-8.txt", "text/plain"),
        ],
    )
    def test_plain_text_is_unchanged(self, name: str, kind: str) -> None:
        document = read(name)
        assert document.text == (DATA / name).read_text("utf-8")
        assert (document.media_type, document.pages, document.note) == (kind, None, None)

    @pytest.mark.parametrize(
        ("name", "encoding", "guessed"),
        [
            ("utf-8-bom.txt", "utf-8-sig", ""),
            ("utf-16.txt", "utf-16", ""),
            ("latin-1.txt", "latin-1", "Windows-1252"),
            ("cp1250.txt", "cp1250", "Windows-1250"),
            ("shift-jis.txt", "shift_jis", "Shift-JIS"),
        ],
    )
    def test_text_in_legacy_encodings_is_decoded(
        self, name: str, encoding: str, guessed: str
    ) -> None:
        document = read(name)
        assert document.text == (DATA / name).read_text(encoding)
        assert guessed in str(document.note)
        assert bool(guessed) == bool(document.note)

    def test_a_notebook_becomes_its_cells_and_outputs(self) -> None:
        assert read("notebook.ipynb").text == (
            "# Pallets\nBoth depots.\n\n```\nprint(21500 + 14400)\n```\n\n```output\n35900\n```"
        )

    @pytest.mark.parametrize("text", ["{", "[]", "{}", '{"cells": [1]}', "[" * 100_000])
    def test_a_broken_notebook_is_refused(self, text: str) -> None:
        with pytest.raises(errors.DocumentDamagedError):
            read_bytes("x.ipynb", text.encode())

    def test_a_mail_becomes_its_header_and_text(self) -> None:
        assert read("message.eml").text == (
            "From: Ines Okafor <ines@alder-finch.example>\n"
            "To: Tomasz Wren <tomasz@alder-finch.example>\n"
            "Date: Fri, 21 Aug 2026 09:12:00 +0200\nSubject: Kühlraum 3: bearings\n\n"
            "Hello Tomasz,\n\nthe compressor runs again since nine o'clock. "
            "The bearing cost €1,140.\n\nInes"
        )

    def test_an_html_mail_with_an_attachment_is_read(self) -> None:
        mail = (
            "From: a@b.example\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
            "Content-Type: text/html; charset=iso-8859-1\n"
            "Content-Transfer-Encoding: quoted-printable\n\n<p>Gr=FC=DFe &amp; <b>more</b></p>\n"
            "--b\nContent-Disposition: attachment; filename=n.txt\n\nhidden\n--b--\n"
        )
        assert read_bytes("x.eml", mail.encode()).text == (
            "From: a@b.example\nSubject: x\nAttachments: n.txt\n\nGrüße & **more**\n\n"
            "# n.txt\n\nhidden"
        )

    def test_a_binary_file_named_txt_is_refused(self) -> None:
        with pytest.raises(errors.DocumentUnsupportedError) as caught:
            read("binary.txt")
        assert "the supported formats" in caught.value.what_to_do

    @pytest.mark.parametrize("data", [b"", b" \n\t ", b"\xef\xbb\xbf"])
    def test_a_document_without_content_is_refused_as_empty(self, data: bytes) -> None:
        with pytest.raises(errors.DocumentEmptyError):
            read_bytes("x.txt", data)


class TestFiles:
    @linux_only("named pipes in folders")
    def test_paths_that_are_no_readable_file_are_refused(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        for path, why in (
            (pipe, "isn’t a file"),
            (Path(os.devnull), "isn’t a file"),
            (tmp_path / "missing", "Couldn’t find"),
        ):
            with pytest.raises(errors.DocumentError, match=why):
                extract_file(path, Limits(), lambda _: None)

    def test_a_file_beyond_the_limit_is_not_read(self, tmp_path: Path) -> None:
        path = tmp_path / "huge.txt"
        with path.open("wb") as file:
            file.truncate(2 << 30)
        with pytest.raises(errors.DocumentTooLargeError, match="larger than 200 MB"):
            extract_file(path, Limits(), lambda _: None)
