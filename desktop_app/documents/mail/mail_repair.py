"""Mends what archives and old programs do to mails, so that Python's parser finds their parts.

A line that is no field ends a header for the parser; what follows is then text. Such lines are
skipped if known fields follow: banners of archives and POP3, broken lines of a header.
"""

from __future__ import annotations

import codecs
import re
from email.message import EmailMessage, MIMEPart
from typing import Final

HEADER_END: Final = re.compile(rb"\r?\n\r?\n")
_LENGTH_LINE: Final = re.compile(rb"[ \t]*([0-9]{1,10})[ \t]*\r?\n")
_FIELD: Final = re.compile(rb"[!-9;-~]{1,80}[ \t]*:|[ \t]")
_KNOWN_FIELD: Final = re.compile(
    rb"(?:from|to|cc|bcc|date|subject|sender|reply-to|message-id|in-reply-to|references|received"
    rb"|return-path|delivered-to|mime-version|user-agent|status|(?:content|x|list|thread|arc|dkim"
    rb"|authentication)-[!-9;-~]{1,60})[ \t]*:",
    re.IGNORECASE,
)
_PART_FIELD: Final = re.compile(rb"content-[a-z-]{1,40}[ \t]*:", re.IGNORECASE)
_SPACE_BEFORE_COLON: Final = re.compile(rb"([!-9;-~]{1,80})[ \t]+:")
_PART_HEADER: Final = re.compile(
    rb"^(--[^\s][^\n]{0,200}\n)((?:[^\s][^\n]*\n|[ \t]+[^\s][^\n]*\n)+)", re.M
)
_OTHER_BOUNDARY: Final = re.compile(
    r"^--([^\s\"][^\"\r\n]{0,80}?)[ \t]*\r?\ncontent-[\w-]{1,40}[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_MAX_SKIPPED_LINES: Final = 100  # in a header; a text between has more


def mended(data: bytes) -> bytes:
    """Return a mail with only fields in its headers, without what Apple Mail puts around it."""
    data = data.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n")
    if length := _LENGTH_LINE.match(data):  # properties follow that many bytes
        end = length.end() + int(length[1])
        data = data[length.end() : end if end <= len(data) else None].lstrip(b"\r\n")
    blank = HEADER_END.search(data)
    if blank and not any(map(_KNOWN_FIELD.match, data[: blank.start()].splitlines())):
        rest = data[blank.end() :].lstrip(b"\r\n")
        lines = rest[:10_000].splitlines()[:2]
        if len(lines) == 2 and all(map(_KNOWN_FIELD.match, lines)):
            data = rest  # a banner, and an empty line after it
            blank = HEADER_END.search(data)
    end = blank.start() if blank else len(data)
    header = _fields_of(data[:end], _KNOWN_FIELD)
    body = _PART_HEADER.sub(lambda part: part[1] + _fields_of(part[2], _PART_FIELD), data[end:])
    return header + body


def _fields_of(header: bytes, known: re.Pattern[bytes]) -> bytes:
    """Return a header without the lines that are no fields, up to its last known field."""
    lines = header.splitlines(keepends=True)
    last = max((n for n, line in enumerate(lines) if known.match(line)), default=-1)
    kept: list[bytes] = []
    for number, line in enumerate(lines[: last + 1]):
        is_start = number == 0 and line.startswith(b"From ") and not known.match(line)
        if is_start or (_FIELD.match(line) and (kept or not line[:1].isspace())):
            kept.append(
                _SPACE_BEFORE_COLON.sub(rb"\1:", line, count=1) if known.match(line) else line
            )
    if last + 1 - len(kept) > _MAX_SKIPPED_LINES:
        return header
    return b"".join([*kept, *lines[last + 1 :]])


def mend_structure(message: EmailMessage) -> None:
    """Make text of each part whose boundary never comes, or find the boundary that does come."""
    for part in message.walk():
        text = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(text, str) and text.strip():
            found = _OTHER_BOUNDARY.search(text)
            if found is None or not _split(part, text, found[1]):
                part.replace_header("Content-Type", "text/plain")


def _split(part: MIMEPart, text: str, boundary: str) -> bool:
    """Split a part at another boundary than it states. Return False if there is none."""
    from email import message_from_bytes

    source = f'Content-Type: multipart/mixed; boundary="{boundary}"\n\n{text}'
    whole = message_from_bytes(
        source.encode("ascii", "surrogateescape"), EmailMessage, policy=part.policy
    )
    if not whole.is_multipart():
        return False
    part.set_payload(whole.get_payload())
    return True
