"""E-mail files: who wrote to whom, when and about what, the words, and the attachments' names.

A message that is attached to another, as when one is forwarded, is read behind it.
"""

from __future__ import annotations

import email.errors
import email.policy
from email.message import EmailMessage
from typing import Final

from desktop_app.documents import plain_text, refusals

_HEADERS: Final = ("From", "To", "Cc", "Date", "Subject")
_DEEPEST: Final = 4


def read(name: str, data: bytes) -> str:
    """The message as text. Files that are attached are named but not read.

    Raises:
        DocumentDamagedError: no header of a mail is in it.
    """
    message = email.message_from_bytes(data, EmailMessage, policy=email.policy.default)
    try:
        heads, text = _message(name, message, 0)
    except (ValueError, LookupError, TypeError, AttributeError, email.errors.MessageError) as error:
        raise refusals.damaged(name, f"{type(error).__name__}: {error}"[:500]) from error
    if not heads:
        raise refusals.damaged(name, "no header of a mail")
    return text


def _message(name: str, message: EmailMessage, depth: int) -> tuple[list[str], str]:
    """The lines of its head, and all of its text, attached messages included."""
    heads = [f"{head}: {message[head]}" for head in _HEADERS if message[head]]
    files, messages = [], []
    for part in message.iter_attachments():
        inner = part.get_content() if part.get_content_type() == "message/rfc822" else None
        if isinstance(inner, EmailMessage) and depth < _DEEPEST:
            messages.append(f"Attached message:\n\n{_message(name, inner, depth + 1)[1]}")
        else:
            files.append(part.get_filename("without a name"))
    if files:
        heads.append(f"Attachments (not included): {', '.join(files)}")
    return heads, "\n\n".join(["\n".join(heads), _body(name, message), *messages])


def _body(name: str, message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    text = _decoded(payload, part.get_content_charset())
    if part.get_content_subtype() == "html":
        from desktop_app.documents.office import html_to_markdown

        return html_to_markdown(name, text)
    return text.replace("\r\n", "\n").strip()


def _decoded(payload: bytes, charset: str | None) -> str:
    """By the charset that the mail states, unless it is wrong.

    Raises:
        ValueError: by no encoding.
    """
    try:
        return payload.decode(charset or "utf-8")
    except (LookupError, UnicodeDecodeError):
        decoded = plain_text.decode(payload)
    if decoded is None:
        raise ValueError(f"charset {charset}")
    return decoded.text
