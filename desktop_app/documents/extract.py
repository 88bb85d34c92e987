"""Reads a document: picks the reader for its type, and counts the text (child process)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import PurePath
from typing import Final

from desktop_app.documents import media_type, refusals
from desktop_app.documents.document_bundle import DocumentBundle
from desktop_app.documents.embedded_data import leave_out_data
from desktop_app.documents.reader_result import LeftOut, ReaderResult
from desktop_app.documents.text import content_lines, plain_text
from desktop_app.documents.worker.protocol import (
    MAX_TEXT_BYTES,
    Limits,
    OnProgress,
    replace_surrogates,
)
from desktop_app.domain.documents import document_types
from desktop_app.domain.documents.document_notes import SkipReason, add_left_out
from desktop_app.domain.documents.document_sections import UNITS
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from desktop_app.domain.errors import DocumentUnsupportedError
from desktop_app.i18n.translation import N_

_SAVE_AS_PDF: Final = N_("Save it as PDF.")
_READABLE_FORMATS: Final = N_("See the supported formats in {formats_help}.")
_LOSSES: Final = (SkipReason.MISSING, SkipReason.DAMAGED)
_ENCRYPTED_STREAM: Final = "EncryptedPackage".encode("utf-16-le")


def extract_bytes(
    name: str,
    data: bytes,
    limits: Limits,
    on_progress: OnProgress,
    password: str = "",
    *,
    takes_hidden: bool = False,
) -> ExtractedDocument:
    """Return a document's text and facts, or an image's size.

    Args:
        name: the file name.
        takes_hidden: True to read hidden parts and deletions, too.
    """
    if len(data) > limits.file_bytes:
        raise refusals.file_too_large_error(name, limits)
    if not data:
        raise refusals.empty_error(name)
    if image_type := media_type.detect_image(data):
        from desktop_app.documents import image_reader  # loads Pillow, which only images need

        return image_reader.inspect(name, data, image_type, limits)
    result = read(name, data, limits, on_progress, password=password, takes_hidden=takes_hidden)
    sha256 = hashlib.sha256(data).hexdigest()
    return counted(name, result, sha256, len(data), is_protected=bool(password))


def counted(
    name: str, result: ReaderResult, sha256: str, size: int, *, is_protected: bool
) -> ExtractedDocument:
    """Return the document that was read, with its tokens.

    Args:
        sha256, size: those of its bytes.
    """
    text = replace_surrogates(result.text).replace("\0", "")
    if not text.strip():
        lost = [part for part, reason in result.unread if reason in _LOSSES]
        raise (
            refusals.damaged_error(name, ", ".join(lost[:5]))
            if lost
            else refusals.empty_error(name)
        )
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise refusals.too_much_text_error(name)
    # tiktoken takes 0.2 s to load, so documents are refused before it is imported.
    from desktop_app.documents.index.token_count import count_tokens

    return ExtractedDocument(
        name=name,
        media_type=result.kind,
        sha256=sha256,
        size=size,
        text=text,
        pages=result.pages,
        tokens=count_tokens(text),
        note=add_left_out(result.note, result.hidden, result.unread),
        pictured=result.pictured,
        is_protected=is_protected,
    )


def read(
    name: str,
    data: bytes,
    limits: Limits,
    on_progress: OnProgress,
    depth: int = 0,
    password: str = "",
    takes_hidden: bool = False,
) -> ReaderResult:
    """Read a document that is not an image.

    Args:
        depth: the number of archives and mails around it.
        takes_hidden: True to read hidden parts and deletions, too.
        password: opens a protected PDF; "" if there is none.
    """
    kind = _binary_kind(name, data)
    left_out = LeftOut(takes_hidden)
    bundle = DocumentBundle(limits, on_progress, depth=depth, read=read, left_out=left_out)
    try:
        document = (
            _read_binary(name, kind, data, bundle, password)
            if kind
            else _read_text(name, data, bundle)
        )
    except RecursionError as error:
        raise refusals.damaged_error(name, "nested too deeply") from error
    text, data_notes = leave_out_data(document.text)
    left_out.unread += ((note.strip("[]"), SkipReason.EMBEDDED) for note in data_notes)
    document = replace(document, text=text)
    if document.pages is not None and document.pages > limits.pages:
        unit = UNITS.get(document.kind, "page")
        raise refusals.too_many_pages_error(name, document.pages, unit, limits.pages)
    return replace(document, hidden=left_out.hidden, unread=tuple(left_out.unread))


def _read_binary(
    name: str, kind: str, data: bytes, bundle: DocumentBundle, password: str
) -> ReaderResult:
    """Read a binary document; the reader's libraries are imported when they are first needed."""
    limits, on_progress, left_out = bundle.limits, bundle.on_progress, bundle.left_out
    match kind:
        case document_types.ZIP:
            from desktop_app.documents import document_bundle

            return document_bundle.read_archive(name, data, bundle)
        case document_types.OUTLOOK:
            from desktop_app.documents.mail import outlook

            return outlook.read(name, data, bundle)
        case document_types.PDF:
            from desktop_app.documents.pdf import pdf_reader

            return pdf_reader.read(name, data, limits, on_progress, password)
        case document_types.DOCX:
            from desktop_app.documents.office import wordprocessing

            text = wordprocessing.read(name, data, limits, bundle.read_embedded, left_out)
            return ReaderResult(kind, text)
        case document_types.ODT | document_types.ODP | document_types.ODS:
            from desktop_app.documents.office import opendocument

            return ReaderResult(kind, *opendocument.read(name, kind, data, limits, left_out))
        case document_types.PPTX:
            from desktop_app.documents.office import presentation

            return ReaderResult(kind, *presentation.read(name, data, limits, left_out))
        case document_types.EPUB:
            from desktop_app.documents.office import book

            return ReaderResult(kind, *book.read(name, data, limits, on_progress, left_out))
        case document_types.RTF:
            from desktop_app.documents.office import rich_text

            return ReaderResult(kind, rich_text.read(name, data, left_out))
        case document_types.XLSX:
            from desktop_app.documents.spreadsheets import workbook

            return ReaderResult(kind, workbook.read(name, data, limits, left_out))
        case document_types.XLSB:
            from desktop_app.documents.spreadsheets import binary_workbook

            return ReaderResult(kind, binary_workbook.read_xlsb(name, data, limits, left_out))
        case document_types.XLS:
            from desktop_app.documents.spreadsheets import binary_workbook

            return ReaderResult(kind, binary_workbook.read_xls(name, data, left_out))
        case _:
            raise DocumentUnsupportedError(
                N_("Repartee can’t read “{name}”."), hint=_READABLE_FORMATS, name=name
            )


def _binary_kind(name: str, data: bytes) -> str | None:
    """Return the media type of a binary document; None if the data may be text."""
    kind_of_ending = media_type.type_of_ending(name)
    try:
        kind = media_type.detect_binary(name, data)
    except media_type.ZIP_ERRORS as error:
        raise refusals.damaged_error(name, str(error)) from error
    if data.startswith(media_type.OLE):
        return _compound_file_kind(name, data)
    if kind == document_types.ZIP and media_type.is_unsupported_package(name):
        raise _unsupported_format_error(name)
    # An archive with the ending of another format, such as .docx, is not that format.
    is_misnamed_zip = kind == document_types.ZIP and kind_of_ending not in (None, kind)
    if kind and not is_misnamed_zip:
        return kind
    if kind_of_ending:
        raise refusals.misnamed_error(name, PurePath(name).suffix.lower())
    if kind is not None:  # "", an OpenDocument format without a reader
        raise _unsupported_format_error(name)
    return None


def _unsupported_format_error(name: str) -> DocumentUnsupportedError:
    return DocumentUnsupportedError(
        N_("Repartee can’t read the format of “{name}”."), hint=_SAVE_AS_PDF, name=name
    )


def _compound_file_kind(name: str, data: bytes) -> str:
    """Return the media type of a compound file: a workbook or a message.

    Raises:
        DocumentError: it is in another old Office format, damaged, or has a password.
    """
    from desktop_app.documents.mail import outlook
    from desktop_app.documents.spreadsheets import binary_workbook

    if binary_workbook.has_workbook(data):
        return document_types.XLS
    if outlook.is_message(data):
        return document_types.OUTLOOK
    if _ENCRYPTED_STREAM in data:
        raise refusals.encrypted_error(name)
    suffix = PurePath(name).suffix.lower()
    if suffix == document_types.DOCUMENT_FORMATS[document_types.XLS].suffix:
        raise refusals.misnamed_error(name, suffix)
    raise DocumentUnsupportedError(
        N_("“{name}” is in an old Office format."), hint=N_("Save it as .docx or .xlsx."), name=name
    )


def _read_text(name: str, data: bytes, bundle: DocumentBundle) -> ReaderResult:
    decoded = plain_text.decode(data)
    if decoded is None:
        raise DocumentUnsupportedError(
            N_("Repartee can’t read “{name}”."), hint=_READABLE_FORMATS, name=name
        )
    kind = media_type.detect_text(name, data)
    if kind == document_types.MAIL:
        from desktop_app.documents.mail import mail_reader

        return mail_reader.read(name, data, bundle)
    if kind == document_types.NOTEBOOK:
        from desktop_app.documents.text import notebook

        return ReaderResult(kind, notebook.read(name, decoded.text), note=decoded.note)
    if kind == document_types.HTML:
        from desktop_app.documents.text import web_page

        page = web_page.read(data, left_out=bundle.left_out) or decoded
        return ReaderResult(kind, page.text, note=page.note)
    if content_kind := content_lines.kind_of(decoded.text):
        text = content_lines.read(data, bundle.left_out)
        return ReaderResult(content_kind, text, note=decoded.note)
    xml_kind = media_type.detect_xml(data)
    if xml_kind is not None:
        return _read_xml(name, xml_kind, data, bundle)
    return ReaderResult(kind, decoded.text, note=decoded.note)


def _read_xml(name: str, kind: str, data: bytes, bundle: DocumentBundle) -> ReaderResult:
    match kind:
        case document_types.EVERNOTE:
            from desktop_app.documents.text import evernote

            return ReaderResult(kind, evernote.read(name, data, bundle.left_out))
        case media_type.FLAT_PACKAGE:
            from desktop_app.documents.office import flat_package

            package = flat_package.packed(name, data)
            inner_kind = media_type.detect_binary(name, package) or ""
            if inner_kind in document_types.FLAT:
                document = _read_binary(name, inner_kind, package, bundle, "")
                return replace(document, kind=document_types.FLAT[inner_kind])
        case kind if kind:
            from desktop_app.documents.office import opendocument

            text, pages = opendocument.read_flat(name, kind, data, bundle.left_out)
            return ReaderResult(kind, text, pages)
    raise _unsupported_format_error(name)
