"""Reads e-mail files: sender, recipients, date, subject, text and attachments.

Attached messages, such as forwarded ones, follow the text. Attached documents follow these
messages, each under its name. The header lists the attached files, but not the attached messages.
The messages of a mailbox (mbox, RFC 4155) follow each other, each with its attachments.
"""

from __future__ import annotations

import binascii
import email.errors
import email.policy
import re
from collections.abc import Iterator
from contextlib import suppress
from email.header import decode_header
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage, MIMEPart
from functools import cache
from typing import Final

from desktop_app.documents import refusals
from desktop_app.documents.document_bundle import MAX_DEPTH, DocumentBundle
from desktop_app.documents.mail.mail_repair import HEADER_END, mend_structure, mended
from desktop_app.documents.reader_result import LeftOut, ReaderResult
from desktop_app.documents.text import plain_text
from desktop_app.documents.worker.protocol import Progress
from desktop_app.domain.documents import document_types
from desktop_app.domain.documents.document_notes import SkipReason

_HEADERS: Final = ("From", "To", "Cc", "Date", "Subject")
_ENCODED_WORDS: Final = re.compile(
    rb"=\?[\w.-]{1,40}\?[bq]\?[^?\s]{0,1000}\?=(?:\s*=\?[\w.-]{1,40}\?[bq]\?[^?\s]{0,1000}\?=)*",
    re.IGNORECASE,
)
_MESSAGE_START: Final = re.compile(
    rb"(?:\A|(?<=\n\n)|(?<=\n\r\n)|(?<=\n)(?=From - [^\n]*\nX-Mozilla-Status:))"
    rb"From [^\n]*[0-9]{2}:[0-9]{2}[^\n]*\n"
)
_MOZILLA_STATUS: Final = re.compile(rb"^X-Mozilla-Status:[ \t]*([0-9a-f]{4})\b", re.M | re.I)
_EXPUNGED: Final = 0x0008  # nsMsgMessageFlags of Thunderbird
_QUOTED_FROM: Final = re.compile(rb"^>(>*From )", re.M)
_ADDRESS: Final = re.compile(rb"\s*<[^<>\s]+@")
# A word, or a character of a script without spaces.
_WORD: Final = re.compile(r"[^\W\u0e00-\u0eff\u2e80-\uffff]+|[\u0e00-\u0eff\u2e80-\uffff]")
_LINK: Final = re.compile(r"\]\([^)]*\)|https?://\S+")
_LEAST_SHARED_WORDS: Final = 0.5
_PARSER_ERRORS: Final = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    email.errors.MessageError,
    RecursionError,
)
_MAX_MESSAGE_DEPTH: Final = 4  # an arbitrary number; deeper attached messages are listed as files


def read(name: str, data: bytes, bundle: DocumentBundle) -> ReaderResult:
    """Return the message or messages of a file; `bundle` collects their attachments.

    Raises:
        DocumentDamagedError: it has no mail header, or cannot be parsed.
    """
    starts = []
    if data.startswith(b"From "):  # a mailbox; in other mails, lines like these are text
        starts = list(_MESSAGE_START.finditer(data))
    if len(starts) > 1 or (starts and _is_deleted(data[starts[0].end() :])):
        return _read_mailbox(data, starts, bundle)
    message = _parse(_with_readable_header(data))
    try:
        header_lines, text = _read_message(message, bundle, 0)
    except _PARSER_ERRORS as error:
        raise refusals.unparsable_error(name, error) from error
    # The parser accepts any text as a mail.
    is_mail = header_lines or starts or "MIME-Version" in message
    if not is_mail:
        raise refusals.damaged_error(name, "no header of a mail")
    return bundle.with_message(document_types.MAIL, text)


def _read_mailbox(
    data: bytes, starts: list[re.Match[bytes]], bundle: DocumentBundle
) -> ReaderResult:
    """Return the messages of a mailbox, except damaged ones; each begins at a match."""
    ends = [start.start() for start in starts[1:]] + [len(data)]
    number = 0
    for done, (start, end) in enumerate(zip(starts, ends, strict=True)):
        bundle.on_progress(Progress(done, len(starts), "message"))
        is_deleted = _is_deleted(data[start.end() : end])
        if bundle.left_out.leaves_out(is_deleted):
            continue
        number += 1
        message_bytes = _QUOTED_FROM.sub(rb"\1", data[start.end() : end])
        position = len(bundle.texts)  # before the texts of the message's attachments
        try:
            _, text = _read_message(_parse(_with_readable_header(message_bytes)), bundle, 0)
        except _PARSER_ERRORS:
            bundle.skip(f"message {number}", SkipReason.DAMAGED)
        else:
            bundle.texts.insert(position, f"Message {number}:\n\n{text}")
    title = f"Mailbox with {number} messages" if number else ""
    return bundle.with_message(document_types.MAIL, title)


def _is_deleted(message: bytes) -> bool:
    """Return True if Thunderbird has deleted a message: it stays in the file for a while."""
    end = HEADER_END.search(message)
    status = _MOZILLA_STATUS.search(message, 0, end.start() if end else len(message))
    return status is not None and bool(int(status[1], 16) & _EXPUNGED)


@cache
def _policy() -> email.policy.EmailPolicy[EmailMessage]:
    """Return a policy that parses what the structure depends on, and leaves other fields as text.

    Python's parser fails at some addresses, and drops of others what it does not understand.
    """
    fields = HeaderRegistry(use_default_map=False)
    parsed = HeaderRegistry().registry
    for name in ("content-type", "content-disposition", "content-transfer-encoding"):
        fields.registry[name] = parsed[name]
    return email.policy.default.clone(header_factory=fields)


def _parse(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, EmailMessage, policy=_policy())
    mend_structure(message)
    return message


def _with_readable_header(data: bytes) -> bytes:
    """Return a mail with its header in UTF-8, encoded words included, as the parser expects."""
    data = mended(data)
    blank_line = HEADER_END.search(data)
    header_end = len(data) if blank_line is None else blank_line.start()
    header = _ENCODED_WORDS.sub(_join_encoded_words, data[:header_end])
    if not header.isascii() and (decoded := plain_text.decode(header)):
        header = decoded.text.encode()
    return header + data[header_end:]


def _join_encoded_words(words: re.Match[bytes]) -> bytes:
    """Join encoded words to one in UTF-8, because Python's parser keeps the spaces between them."""
    with suppress(ValueError, email.errors.MessageError):  # a damaged word is left to the parser
        pieces = decode_header(words[0].decode())
        text = "".join(_decode(piece, charset) for piece, charset in pieces)
        if text[0] != '"' and {",", ";"} & {*text} and _ADDRESS.match(words.string, words.end()):
            text = f'"{text}"'
        return b"=?utf-8?b?%b?=" % binascii.b2a_base64(text.encode(), newline=False)
    return words[0]


def _read_message(
    message: EmailMessage, bundle: DocumentBundle, depth: int
) -> tuple[list[str], str]:
    """Return the header lines, and the whole text: the header, the body and attached messages.

    `bundle` collects the attached documents.
    """
    header = _readable_header(message)
    header_lines = [header_line(name, header[name]) for name in _HEADERS if header[name]]
    bodies = _bodies(message)
    texts = [_text_of_part(body, bundle) for body in bodies]
    messages = []
    attached: list[tuple[str, bytes]] = []
    for part in _parts_beside(message, bodies[0] if bodies else None):
        try:
            inner = _attached_message(part)
        except _PARSER_ERRORS:  # it is listed as a file
            inner = None
        if inner is not None and depth < _MAX_MESSAGE_DEPTH:
            messages.append(f"Attached message:\n\n{_read_message(inner, bundle, depth + 1)[1]}")
        elif _is_text(part):
            texts.append(_text_of_part(part, bundle))
        elif part.get("Content-Location") and not part.get_filename():
            pass  # an image or a style sheet of a saved web page
        elif part.get_content_type() == "message/delivery-status":
            texts.append("\n\n".join(str(block).strip() for block in part.iter_parts()))
        else:
            payload = part.get_payload(decode=True)
            data = payload if isinstance(payload, bytes) else b""
            attached.append((_readable_header(part).get_filename("without a name"), data))
    header_lines += read_attachments(attached, bundle)
    return header_lines, "\n\n".join(filter(None, ["\n".join(header_lines), *texts, *messages]))


def _readable_header(message: MIMEPart) -> EmailMessage:
    """Return the header of a message, an attached message or an attachment, decoded."""
    lines = "".join(f"{name}: {value}\n" for name, value in message.raw_items())
    return _parse(_with_readable_header(lines.encode("ascii", "surrogateescape")))


def header_line(name: str, value: str) -> str:
    """Return a header field on one line, even if line breaks are encoded in its value."""
    return f"{name}: {' '.join(value.split())}"


def _parts_beside(part: MIMEPart, body: MIMEPart | None) -> Iterator[MIMEPart]:
    """Yield the attachments and the texts after the body.

    Unlike `iter_attachments`, include those in nested parts. Signed mails and mails of mailing
    lists nest the whole message. Apple Mail attaches files to the HTML version.
    """
    if part is body:
        return
    if part.get_content_maintype() != "multipart":
        yield part
        return
    is_alternative = part.get_content_type() == "multipart/alternative"
    if is_alternative and not any(inner is body for inner in part.walk()):
        yield from _bodies(part)
    for inner in part.iter_parts():
        for leaf in _parts_beside(inner, body):
            # The texts of the other versions repeat the body, but their files are new.
            if not (is_alternative and _is_text(leaf)):
                yield leaf


def _attached_message(part: MIMEPart) -> EmailMessage | None:
    inner = part.get_content() if part.get_content_type() == "message/rfc822" else None
    if not isinstance(inner, EmailMessage):
        return None
    if not inner.keys() and part.get("Content-Transfer-Encoding", "").lower() == "base64":
        # Some programs encode the message. The standard forbids that, and the parser does not
        # decode it.
        message_bytes = binascii.a2b_base64(str(inner.get_payload()).encode("ascii", "replace"))
        return _parse(message_bytes)
    return inner


def read_attachments(attached: list[tuple[str, bytes]], bundle: DocumentBundle) -> Iterator[str]:
    """Add the attached files (names and bytes) to `bundle`, and yield header lines that list them.

    The first line lists those that were read, the second those that were not.
    """
    read_names: list[str] = []
    skipped_names: list[str] = []
    for number, (name, data) in enumerate(attached):
        old_count = len(bundle.skipped)
        if bundle.depth >= MAX_DEPTH:
            bundle.skip(name, SkipReason.NESTED)
        else:
            bundle.add(name, data, number, len(attached))
        reasons = (reason for path, reason in bundle.skipped[old_count:] if path == name)
        # A file with pages that are images is read, apart from these pages.
        skip_reasons = [reason for reason in reasons if reason is not SkipReason.IMAGE_PAGES]
        if skip_reasons:
            skipped_names.append(f"{name} ({skip_reasons[0].value})")
        else:
            read_names.append(name)
    if read_names:
        yield f"Attachments: {', '.join(read_names)}"
    if skipped_names:
        yield f"Attachments (not included): {', '.join(skipped_names)}"


def _is_text(part: MIMEPart) -> bool:
    """Return True if a part continues the text, and is not a file."""
    is_file = part.get_filename() or part.get_content_disposition() == "attachment"
    return part.get_content_type() in ("text/plain", "text/html") and not is_file


def _bodies(message: MIMEPart) -> list[MIMEPart]:
    """Return the part with the text of a message: the plain one, unless its page says more.

    Of a page that says something else than a longer plain text, return both.
    """
    plain = message.get_body(("plain",))
    page = message.get_body(("html",))
    if plain is None or page is None:
        return [part for part in (plain, page) if part is not None]
    is_alternative = any(
        part.get_content_type() == "multipart/alternative"
        and {id(plain), id(page)} <= {id(inner) for inner in part.walk()}
        for part in message.walk()
    )
    if not is_alternative:
        return [plain]
    try:
        text = _decoded_text(plain)
    except ValueError:
        return [page]
    with suppress(ValueError):
        shown = _page_text(page, LeftOut())
        if text and not is_stub(text, shown):
            return [plain]
        return [page] if len(shown) >= len(text) else [page, plain]
    return [plain]


def is_stub(text: str, page: str) -> bool:
    """Return True if a plain text lacks most words of the page that it stands for.

    Newsletters and invoices send "Your mail program does not show HTML".
    """
    words = set(_WORD.findall(_LINK.sub("", page)))
    return len(words & set(_WORD.findall(text))) < _LEAST_SHARED_WORDS * len(words)


def _text_of_part(part: MIMEPart, bundle: DocumentBundle) -> str:
    """Return the text of a part; "" for one that cannot be decoded, which is named."""
    is_page = part.get_content_subtype() == "html"
    try:
        return _page_text(part, bundle.left_out) if is_page else _decoded_text(part)
    except _PARSER_ERRORS:
        name = part.get_filename(part.get_content_type())
        bundle.left_out.unread.append((name, SkipReason.DAMAGED))
        return ""


def _page_text(part: MIMEPart, left_out: LeftOut) -> str:
    from desktop_app.documents.text import web_page

    return web_page.to_markdown(_decoded_text(part), left_out)


def _decoded_text(part: MIMEPart) -> str:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    text = _decode(payload, part.get_content_charset())
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if str(part.get_param("format", "")).lower() == "flowed":
        joins_words = str(part.get_param("delsp", "")).lower() == "yes"
        text = "\n".join(_flowed_lines(text, joins_words=joins_words))
    return text.strip()


def _flowed_lines(text: str, *, joins_words: bool) -> Iterator[str]:
    """Yield the lines of a text in the format "flowed" (RFC 3676): a space at the end joins two.

    Args:
        joins_words: True if that space is no part of the text.
    """
    paragraph, depth, is_open = "", 0, False
    for line in text.split("\n"):
        content = line.lstrip(">")
        line_depth = len(line) - len(content)
        content = content.removeprefix(" ")  # put before lines that begin with a space or "From"
        is_signature = content == "-- "
        if is_open and content and line_depth == depth and not is_signature:
            paragraph += content
        else:
            if is_open:
                yield _quoted(paragraph, depth)
            paragraph, depth = content, line_depth
        is_open = content.endswith(" ") and not is_signature
        if not is_open:
            yield _quoted(paragraph, depth)
        elif joins_words:
            paragraph = paragraph[:-1]
    if is_open:
        yield _quoted(paragraph, depth)


def _quoted(paragraph: str, depth: int) -> str:
    mark = f"{'>' * depth} " if depth else ""
    return f"{mark}{paragraph}" if paragraph == "-- " else f"{mark}{paragraph}".rstrip()


def _decode(payload: bytes, charset: str | None) -> str:
    """Decode by the stated charset (UTF-8 if None); if that fails, guess the encoding.

    Raises:
        ValueError: no encoding fits.
    """
    stated_charset = charset or "utf-8"
    # `text_codec` knows how mails use a name, but returns "" for encodings such as UTF-16.
    for encoding in (plain_text.text_codec(stated_charset), stated_charset):
        with suppress(LookupError, ValueError):
            return payload.decode(encoding)
    decoded = plain_text.decode(payload)
    if decoded is None:
        raise ValueError(f"charset {charset}")
    return decoded.text
