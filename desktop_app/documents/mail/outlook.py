"""Reads Outlook's messages (.msg): header fields, text and attachments.

Attached messages follow the text. Attached documents follow these messages, each under its name. A
message is a compound file whose streams are named after the properties of [MS-OXMSG]: property and
type as eight hexadecimal digits.
"""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import olefile

from desktop_app.documents import refusals
from desktop_app.documents.document_bundle import DocumentBundle
from desktop_app.documents.mail.mail_reader import header_line, is_stub, read_attachments
from desktop_app.documents.media_type import OLE_ERRORS
from desktop_app.documents.reader_result import LeftOut, ReaderResult
from desktop_app.documents.text import plain_text, web_page
from desktop_app.domain.documents import document_types

_STREAM: Final = "__substg1.0_"
_PROPERTIES: Final = "__properties_version1.0"
_ATTACHMENT: Final = "__attach_version1.0_"
_MESSAGE_CLASS: Final = "001A"
_SENDER: Final = ("0C1A", "0042")
_SENDER_ADDRESS: Final = ("5D01", "0C1F")
_RECIPIENTS: Final = (("To", "0E04"), ("Cc", "0E03"))
_SUBJECT: Final = "0037"
_BODY: Final = "1000"
_HTML: Final = "1013"
_LONG_NAME: Final = "3707"
_NAME: Final = "3704"
_DATA: Final = "3701"
# The types of properties: text in UTF-16, text in the message's code page, and bytes.
_WIDE_TEXT: Final = "001F"
_NARROW_TEXT: Final = "001E"
_BINARY: Final = "0102"
_ATTACHED_MESSAGE: Final = f"{_STREAM}{_DATA}000D"
_MAX_MESSAGE_DEPTH: Final = 4  # deeper attached messages are listed as files
# Bytes before the first property, of a message and of an attached message.
_HEADER_SIZE: Final = 32
_ATTACHED_HEADER_SIZE: Final = 24
_SENT: Final = 0x0039
_DELIVERED: Final = 0x0E06
# The code pages of texts that are not in UTF-16, and of the HTML, which old messages share.
_CODE_PAGES: Final = (0x3FFD, 0x3FDE)
_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)


def is_message(data: bytes) -> bool:
    """Return True if a compound file is a message: its directory names the message class."""
    return f"{_STREAM}{_MESSAGE_CLASS}".encode("utf-16-le") in data


def read(name: str, data: bytes, bundle: DocumentBundle) -> ReaderResult:
    """Return the message and its attachments, which `bundle` collects."""
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as file:
            text = _Message(file).text(bundle, 0)
    except OLE_ERRORS as error:
        raise refusals.unparsable_error(name, error) from error
    return bundle.with_message(document_types.OUTLOOK, text)


class _Message:
    """A message or an attached message; `path` is the folder of its properties in the file."""

    def __init__(self, file: olefile.OleFileIO, path: str = "") -> None:
        self._file = file
        self._path = path

    def text(self, bundle: DocumentBundle, depth: int) -> str:
        """Return header, text and attached messages; `bundle` collects attached files."""
        attached: list[tuple[str, bytes]] = []
        messages: list[str] = []
        for folder in self._attachments():
            inner = f"{self._path}{folder}/{_ATTACHED_MESSAGE}/"
            if self._file.exists(f"{inner}{_PROPERTIES}") and depth < _MAX_MESSAGE_DEPTH:
                message = _Message(self._file, inner)
                messages.append(f"Attached message:\n\n{message.text(bundle, depth + 1)}")
                continue
            name = self._text(_LONG_NAME, f"{folder}/") or self._text(_NAME, f"{folder}/")
            attached.append(
                (name or "without a name", self._bytes(f"{_DATA}{_BINARY}", f"{folder}/"))
            )
        header_lines = [*self.header_lines(), *read_attachments(attached, bundle)]
        body = self.body(bundle.left_out)
        return "\n\n".join(["\n".join(header_lines), *filter(None, [body]), *messages])

    def header_lines(self) -> list[str]:
        """Return the header as lines like those of a mail."""
        sender = next(filter(None, map(self._text, _SENDER)), "")
        address = next((a for a in map(self._text, _SENDER_ADDRESS) if "@" in a), "")
        if address and address not in sender:
            sender = f"{sender} <{address}>".strip()
        rows = [("From", sender), *((name, self._text(key)) for name, key in _RECIPIENTS)]
        rows += [("Date", self._date()), ("Subject", self._text(_SUBJECT))]
        return [header_line(name, text) for name, text in rows if text]

    def body(self, left_out: LeftOut) -> str:
        """Return the text: the plain text, unless the page says more, as in a mail."""
        text = self._text(_BODY).replace("\r\n", "\n").replace("\r", "\n").strip()
        html = self._bytes(f"{_HTML}{_BINARY}") or self._text(_HTML).encode()
        page_left_out = LeftOut(left_out.takes_hidden)
        page = web_page.read(html, self._encoding(), page_left_out) if html else None
        if page is None or (text and not is_stub(text, page.text)):
            return text
        left_out.add(page_left_out)
        shown = page.text.strip()
        return shown if len(shown) >= len(text) else f"{shown}\n\n{text}"

    def _attachments(self) -> list[str]:
        steps = [step for step in self._path.split("/") if step]
        depth = len(steps)
        return sorted(
            {
                path[depth]
                for path in self._file.listdir()
                if path[:depth] == steps
                and len(path) > depth
                and path[depth].startswith(_ATTACHMENT)
            }
        )

    def _text(self, key: str, folder: str = "") -> str:
        """Return a text property, in UTF-16 or in the message's code page; "" for none."""
        if wide := self._bytes(f"{key}{_WIDE_TEXT}", folder):
            return wide.decode("utf-16-le", "replace").rstrip("\0")
        narrow = self._bytes(f"{key}{_NARROW_TEXT}", folder).rstrip(b"\0")
        if not narrow.isascii():
            # Some programs write UTF-8 and state another code page.
            for encoding in filter(None, ("utf-8", self._encoding())):
                with suppress(UnicodeDecodeError):
                    return narrow.decode(encoding)
        decoded = plain_text.decode(narrow)
        return decoded.text if decoded else narrow.decode("latin-1")

    def _encoding(self) -> str:
        """Return Python's name of the message's code page; "" if it is unknown."""
        numbers = self._numbers()
        page = next((numbers[key] & 0xFFFFFFFF for key in _CODE_PAGES if key in numbers), 0)
        return plain_text.text_codec(f"cp{page}")

    def _bytes(self, key: str, folder: str = "") -> bytes:
        path = f"{self._path}{folder}{_STREAM}{key}"
        if not self._file.exists(path):
            return b""
        with self._file.openstream(path) as stream:
            return bytes(stream.read())

    def _date(self) -> str:
        """Return the time of sending, else of delivery, as mails write it; "" if unknown.

        Times are stored as units of 100 ns since 1601.
        """
        times = self._numbers()
        for key in (_SENT, _DELIVERED):
            if units := times.get(key):
                with suppress(OverflowError):  # after the year 9999
                    moment = _EPOCH + timedelta(microseconds=units // 10)
                    return f"{moment:%a, %d %b %Y %H:%M:%S} +0000"
        return ""

    def _numbers(self) -> dict[int, int]:
        """Return the properties of fixed size by tag, as numbers of 64 bits."""
        with self._file.openstream(f"{self._path}{_PROPERTIES}") as stream:
            rows = stream.read()[_ATTACHED_HEADER_SIZE if self._path else _HEADER_SIZE :]
        return dict(
            struct.unpack_from("<2xH4xQ", rows, start) for start in range(0, len(rows) - 15, 16)
        )
