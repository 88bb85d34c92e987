"""Documents that the provider's code interpreter gets as files, if the user wants that.

The provider client uploads them for each request with the tool, and deletes them afterwards. The
message has only the name of such a document, so a table of any size takes no room in the context.
"""

from __future__ import annotations

from collections.abc import Iterable

from desktop_app.chat.attachments.file_attachments import file_data
from desktop_app.domain.answering.chat_request import FileData
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import DocumentPart, Part
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.tools.tool import CODE_INTERPRETER
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_
from desktop_app.providers.ports import AttachmentSource

MAX_FILE_BYTES = 200 << 20
"""All files of a request are in memory, like the documents that are read."""

GIVEN_TO_CODE = "(A file for the code interpreter, in its folder /mnt/data. Read it there.)"
"""What a message has in place of the text."""


def files_for_code(parts: Iterable[Part]) -> list[DocumentPart]:
    """Return the documents that the code interpreter gets."""
    return [part for part in parts if isinstance(part, DocumentPart) and part.for_code]


def require_code_interpreter(parts: Iterable[Part], tools: Iterable[str]) -> None:
    """Raise IllegalChoiceError if a document is for a tool that is not chosen, or is too large."""
    names = set(tools)
    for part in files_for_code(parts):
        if CODE_INTERPRETER not in names:
            raise IllegalChoiceError(
                N_("“{name}” is for the code interpreter, which isn’t chosen."),
                hint=N_("Choose the tool, or turn off “Give to code” in the attachment’s menu."),
                name=part.name,
            )
        if part.size > MAX_FILE_BYTES:
            raise IllegalChoiceError(
                N_("“{name}” is too large for the code interpreter."),
                hint=N_("Attach a file of at most {limit}."),
                name=part.name,
                limit=formatting.size(MAX_FILE_BYTES),
            )


async def code_files(
    messages: Iterable[Message], attachments: AttachmentSource, tools: Iterable[str]
) -> tuple[FileData, ...]:
    """Return the files to upload for a request with these tools. Raises StorageError."""
    if CODE_INTERPRETER not in set(tools):
        return ()
    parts = {part.sha256: part for m in messages for part in files_for_code(m.sent_parts)}
    return tuple([await file_data(part, attachments) for part in parts.values()])
