"""Detects a file's type by its content, or by its name if the content cannot tell.

Names can be wrong (a photo called report.txt), and content does not tell texts apart (Markdown or
Python?). So magic bytes decide between binary formats. The name decides between texts, and whether
a ZIP package is refused.
"""

from __future__ import annotations

import io
import lzma
import re
import struct
import zipfile
import zlib
from pathlib import PurePath
from typing import Final
from urllib.parse import unquote
from xml.etree import ElementTree

from desktop_app.documents.office import flat_package
from desktop_app.domain.documents.document_types import (
    CSV,
    DOCUMENT_FORMATS,
    DOCX,
    EPUB,
    EVERNOTE,
    FLAT,
    HTML,
    IMAGE_SUFFIXES,
    MAIL,
    MARKDOWN,
    NOTEBOOK,
    ODP,
    ODS,
    ODT,
    OPENDOCUMENT,
    PDF,
    PPTX,
    RTF,
    TSV,
    XLS,
    XLSB,
    XLSX,
    ZIP,
)

ZIP_ERRORS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    EOFError,
    ValueError,
    KeyError,
    RuntimeError,
    OSError,
)
"""The exceptions of the standard library for damaged or encrypted archives."""

OLE_ERRORS: Final = (
    OSError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
    OverflowError,
)
"""The exceptions of olefile, and of what reads streams, for damaged compound files."""

# Endings of binary formats. A file with such a name is refused if its content is not binary, or is
# an ordinary ZIP archive in place of another format. Not .xls: programs export web pages and texts
# under this ending.
_TYPE_OF_ENDING: Final = {
    **{
        known.suffix: kind
        for kind, known in DOCUMENT_FORMATS.items()
        if kind != XLS and not known.is_text
    },
    **{suffix: kind for kind, suffix in IMAGE_SUFFIXES.items()},
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".heif": "image/heic",
}
_UNSUPPORTED_PACKAGES: Final = (
    *(".pages", ".numbers", ".key", ".jar", ".apk", ".xps", ".oxps", ".idml"),
    *(".sxw", ".sxc", ".sxi", ".vsdx", ".vsdm", ".vssx", ".vssm", ".vstx", ".vstm"),
)
_IMAGE_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
)
_SUFFIXES: Final = {
    "text/plain": "txt log",
    MARKDOWN: "md markdown",
    HTML: "html htm xhtml",
    NOTEBOOK: "ipynb",
    MAIL: "eml emlx mbox mht mhtml",
    "application/json": "json",
    "application/jsonl": "jsonl",
    "application/yaml": "yaml yml",
    "application/toml": "toml",
    "application/xml": "xml",
    "image/svg+xml": "svg",
    CSV: "csv",
    TSV: "tsv",
    "text/x-rst": "rst",
    "text/x-tex": "tex",
    "text/css": "css",
    "application/sql": "sql",
    "text/x-python": "py pyi",
    "text/javascript": "js mjs jsx",
    "text/x-typescript": "ts tsx",
    "text/x-c": "c h",
    "text/x-c++": "cpp cc hpp",
    "text/x-csharp": "cs",
    "text/x-java": "java",
    "text/x-kotlin": "kt",
    "text/x-go": "go",
    "text/x-rust": "rs",
    "text/x-ruby": "rb",
    "text/x-php": "php",
    "text/x-perl": "pl",
    "text/x-lua": "lua",
    "text/x-swift": "swift",
    "text/x-r": "r",
    "text/x-shellscript": "sh bash",
}
_HEIF_BRANDS: Final = (b"heic", b"heix", b"mif1", b"msf1", b"avif")  # the formats of phones
_TEXT_TYPES: Final = {
    f".{suffix}": kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes.split()
}
_ENDING: Final = re.compile(r"\.[a-z][a-z0-9_-]*")
# Office saves web pages with these endings, and programs export tables as web pages.
_PAGE_ENDINGS: Final = (".doc", ".dot", ".xls", ".shtml")
_HTML_START: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html)\b", re.I | re.S
)
# Word saves web pages, and other programs save documents for Word, as mails (MHTML).
_MIME_HEADER: Final = re.compile(
    rb"(?:[A-Za-z][A-Za-z-]{0,60}:.*\n(?:[ \t].*\n)*){0,50}?MIME-Version:[ \t]*1", re.I
)
# Thunderbird's mailboxes have no ending.
_MAILBOX_START: Final = re.compile(rb"From [^\n]*[0-9]{2}:[0-9]{2}[^\n]*\n[A-Za-z][A-Za-z-]{0,60}:")
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BMP_HEADER_SIZES: Final = {bytes((size, 0, 0, 0)) for size in (12, 40, 52, 56, 64, 108, 124)}
_ZIP_SIGNATURES: Final = (b"PK\x03\x04", b"PK\x05\x06")
_OOXML_PARTS: Final = (
    ("word/document.xml", DOCX),
    ("xl/workbook.xml", XLSX),
    ("xl/workbook.bin", XLSB),
    ("ppt/presentation.xml", PPTX),
)
# As `part_key` writes them.
_BOOK_CONTAINER: Final = "meta-inf/container.xml"
_CONTENT_TYPES: Final = "[content_types].xml"
_MAIN_PART: Final = re.compile(
    rb"(wordprocessingml|ms-word|spreadsheetml|presentationml|ms-powerpoint)"
    rb"\.(?:document|sheet|presentation|slideshow|template)[\w.]*main\+xml"
)
_TYPE_OF_MAIN_PART: Final = {
    b"wordprocessingml": DOCX,
    b"ms-word": DOCX,
    b"spreadsheetml": XLSX,
    b"presentationml": PPTX,
    b"ms-powerpoint": PPTX,
}
# Templates are read like the documents made from them.
_STATED_TYPES: Final = {kind: kind for kind in (ODT, ODP, ODS, EPUB)} | {
    f"{kind}-template": kind for kind in (ODT, ODP, ODS)
}


_XML_START: Final = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*<")
_MAX_ROOT_BYTES: Final = 1 << 16  # LibreOffice writes 4 kB of namespaces
_FLAT_OPENDOCUMENT: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}document"
_STATED_TYPE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}mimetype"
FLAT_PACKAGE: Final = "application/x-flat-package"
"""An Office Open XML document in one file, which its parts tell apart."""


def detect_binary(name: str, data: bytes) -> str | None:
    """Detect a binary document by its magic bytes.

    Returns:
        Its media type; "" for an OpenDocument format that is not supported; None for other data,
        such as texts, images and compound files.

    Raises:
        one of ZIP_ERRORS: the data begins like a ZIP archive, but is damaged.
    """
    if is_pdf(name, data):
        return PDF
    if data.startswith(b"{\\rtf"):
        return RTF
    return _detect_zip(data) if data.startswith(_ZIP_SIGNATURES) else None


def is_pdf(name: str, data: bytes) -> bool:
    # Readers accept a PDF with a late header, but a text may mention PDF headers, too.
    has_late_header = type_of_ending(name) == PDF and b"%PDF-" in data[:1024]
    return has_late_header or data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF-")


def detect_image(data: bytes) -> str | None:
    """Return the media type of an image by its first bytes, else None. SVG counts as text."""
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    # Many texts begin with these two letters, so the size of BMP's second header is checked, too.
    if data.startswith(b"BM") and data[14:18] in _BMP_HEADER_SIZES:
        return "image/bmp"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return "image/avif" if b"avif" in data[8:64] else "image/heic"
    return next((kind for magic, kind in _IMAGE_SIGNATURES if data.startswith(magic)), None)


def part_key(name: str) -> str:
    """Return the form of a part's name by which names are compared.

    Names of parts have no case (ISO/IEC 29500-2, 6.2.2.3), and some programs on Windows write them
    with backslashes.
    """
    return unquote(name).replace("\\", "/").strip("/").casefold()


def _detect_zip(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = {part_key(name): name for name in archive.namelist()}
        for part, media_type in _OOXML_PARTS:
            if part in names:
                return media_type
        if _CONTENT_TYPES in names:
            with archive.open(names[_CONTENT_TYPES]) as member:  # its main part has an unusual name
                main_part = _MAIN_PART.search(member.read(1 << 20))
            return _TYPE_OF_MAIN_PART[main_part[1]] if main_part else ZIP
        if "mimetype" not in names:
            return EPUB if _BOOK_CONTAINER in names else ZIP
        with archive.open(names["mimetype"]) as member:
            stated_type = member.read(100).decode("ascii", "replace").strip()
        return _STATED_TYPES.get(stated_type, "" if stated_type.startswith(OPENDOCUMENT) else ZIP)


def is_unsupported_package(name: str) -> bool:
    """Return True if the name belongs to a ZIP-based format that is not supported."""
    return PurePath(name).suffix.lower() in _UNSUPPORTED_PACKAGES


def type_of_ending(name: str) -> str | None:
    """Return the media type of the binary format that the name's ending stands for, if any."""
    return _TYPE_OF_ENDING.get(PurePath(name).suffix.lower())


def detect_xml(data: bytes) -> str | None:
    """Return the media type of a document in XML by its root, FLAT_PACKAGE, or None for others.

    "" is an OpenDocument format that is not supported.
    """
    if not _XML_START.match(data):
        return None
    beginning = io.BytesIO(data[:_MAX_ROOT_BYTES])
    try:
        _, root = next(ElementTree.iterparse(beginning, ("start",)))
    except (ElementTree.ParseError, StopIteration, ValueError, LookupError):
        return None
    if root.tag == _FLAT_OPENDOCUMENT:
        stated_type = root.get(_STATED_TYPE, "").strip()
        return FLAT.get(_STATED_TYPES.get(stated_type, ""), "")
    if root.tag == f"{flat_package.NAMESPACE}package":
        return FLAT_PACKAGE
    return EVERNOTE if root.tag == "en-export" else None


def detect_text(name: str, data: bytes) -> str:
    """Return the media type of a text: by ending, else by header or markup.

    A file with another ending that begins like a web page is the source of one: a template.
    """
    ending = PurePath(name).suffix.lower()
    by_ending = _TEXT_TYPES.get(ending)
    if by_ending:
        return by_ending
    if _MIME_HEADER.match(data[:8000]) or _MAILBOX_START.match(data[:8000]):
        return MAIL
    is_source = _ENDING.fullmatch(ending) and ending not in _PAGE_ENDINGS
    return HTML if _HTML_START.match(data[:2000]) and not is_source else "text/plain"
