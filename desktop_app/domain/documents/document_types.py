"""Media types that the code mentions by name, and the document formats by media type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

PDF: Final = "application/pdf"
RTF: Final = "application/rtf"
HTML: Final = "text/html"
MARKDOWN: Final = "text/markdown"
CSV: Final = "text/csv"
TSV: Final = "text/tab-separated-values"
NOTEBOOK: Final = "application/x-ipynb+json"
MAIL: Final = "message/rfc822"
EPUB: Final = "application/epub+zip"
_OPENXML: Final = "application/vnd.openxmlformats-officedocument"
DOCX: Final = f"{_OPENXML}.wordprocessingml.document"
PPTX: Final = f"{_OPENXML}.presentationml.presentation"
XLSX: Final = f"{_OPENXML}.spreadsheetml.sheet"
XLS: Final = "application/vnd.ms-excel"
XLSB: Final = "application/vnd.ms-excel.sheet.binary.macroEnabled.12"
OPENDOCUMENT: Final = "application/vnd.oasis.opendocument"
ODT: Final = f"{OPENDOCUMENT}.text"
ODP: Final = f"{OPENDOCUMENT}.presentation"
ODS: Final = f"{OPENDOCUMENT}.spreadsheet"
FLAT: Final = {
    **{kind: f"{kind}-flat-xml" for kind in (ODT, ODP, ODS)},
    **{kind: f"{kind}+xml" for kind in (DOCX, PPTX)},  # which have no official name
}
"""The types of documents in one XML file, by those of their packages."""
VCARD: Final = "text/vcard"
CALENDAR: Final = "text/calendar"
EVERNOTE: Final = "application/enex+xml"
OUTLOOK: Final = "application/vnd.ms-outlook"
ZIP: Final = "application/zip"
FOLDER: Final = "inode/directory"
EDITABLE_TYPES: Final = (MARKDOWN, "text/plain", DOCX)
"""The documents that can be opened as a text beside the conversation."""

IMAGE_SUFFIXES: Final = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tiff",
    "image/heic": ".heic",
    "image/avif": ".avif",
}
"""The endings of image files by media type, in the order in which a dropped image is preferred.

Screenshots come in many formats, and PNG is lossless.
"""


_SOUND: Final = "mp3:mpeg wav:wav m4a:mp4 aac:aac flac:flac ogg:ogg oga:ogg opus:opus wma:x-ms-wma"
_VIDEO: Final = "mp4:mp4 m4v:mp4 mov:quicktime webm:webm mkv:matroska avi:x-msvideo wmv:x-ms-wmv"
RECORDINGS: Final[Mapping[str, str]] = {
    f".{suffix}": f"{kind}/{name}"
    for kind, suffixes in (("audio", _SOUND), ("video", _VIDEO))
    for suffix, name in (pair.split(":") for pair in suffixes.split())
}
"""The media types of recordings, whose speech is their text, by the endings of their names."""


class DocumentFormat(NamedTuple):
    """A format that is detected by a file's content.

    Attributes:
        suffix: the ending of file names.
        unit: the name of a section of its documents, such as "page"; "" if they have none.
        is_plain: True if its reader returns plain text instead of Markdown.
        is_text: True if its files are texts.
    """

    suffix: str
    unit: str = ""
    is_plain: bool = False
    is_text: bool = False


DOCUMENT_FORMATS: Final[Mapping[str, DocumentFormat]] = {
    PDF: DocumentFormat(".pdf", "page", is_plain=True),
    DOCX: DocumentFormat(".docx"),
    PPTX: DocumentFormat(".pptx", "slide"),
    XLSX: DocumentFormat(".xlsx", "sheet"),
    XLSB: DocumentFormat(".xlsb", "sheet"),
    XLS: DocumentFormat(".xls", "sheet"),
    ODT: DocumentFormat(".odt"),
    ODP: DocumentFormat(".odp", "slide"),
    ODS: DocumentFormat(".ods", "sheet"),
    FLAT[ODT]: DocumentFormat(".fodt", is_text=True),
    FLAT[ODP]: DocumentFormat(".fodp", "slide", is_text=True),
    FLAT[ODS]: DocumentFormat(".fods", "sheet", is_text=True),
    FLAT[DOCX]: DocumentFormat(".xml", is_text=True),
    FLAT[PPTX]: DocumentFormat(".xml", "slide", is_text=True),
    EPUB: DocumentFormat(".epub", "chapter"),
    RTF: DocumentFormat(".rtf"),
    OUTLOOK: DocumentFormat(".msg", is_plain=True),
    VCARD: DocumentFormat(".vcf", is_plain=True, is_text=True),
    CALENDAR: DocumentFormat(".ics", is_plain=True, is_text=True),
    EVERNOTE: DocumentFormat(".enex", is_text=True),
    ZIP: DocumentFormat(".zip", is_plain=True),
}
"""The formats of documents except plain texts, pages and mail, by media type."""

_TEXT_SUFFIXES: Final = (".txt", ".md", ".csv", ".html", ".eml", ".ipynb", ".json", ".xml")
DOCUMENT_PATTERNS: Final = " ".join(
    f"*{suffix}"
    for suffix in dict.fromkeys(
        (
            *(each.suffix for each in DOCUMENT_FORMATS.values()),
            *_TEXT_SUFFIXES,
            *IMAGE_SUFFIXES.values(),
            ".jpeg",
            ".heic",
            *RECORDINGS,
        )
    )
)
"""What dialogs list as documents and images; other texts can be read, too."""
