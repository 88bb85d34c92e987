"""The media types of documents that the program treats differently."""

from __future__ import annotations

from typing import Final

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
OPENDOCUMENT: Final = "application/vnd.oasis.opendocument"
ODT: Final = f"{OPENDOCUMENT}.text"
ODP: Final = f"{OPENDOCUMENT}.presentation"
ODS: Final = f"{OPENDOCUMENT}.spreadsheet"
OUTLOOK: Final = "application/vnd.ms-outlook"
ZIP: Final = "application/zip"
FOLDER: Final = "inode/directory"
