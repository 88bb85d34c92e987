"""Documents sent as files, if the provider accepts them and the user wants that; repeated ones.

The provider reads such a file itself, including all that is drawn on the pages of a PDF. Earlier
questions never block a new one: a provider without files gets their documents as text. But a new
question is refused if its document should go as a file and cannot.

A document that a request contains already is reduced to its name. Each request decides again which
copy is left out: once a compaction has removed the first copy, the second is sent in full. The
stored question never changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Final, TypeGuard, TypeVar

from desktop_app.domain.answering.chat_request import FileData
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import DocumentPart, Part
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.documents import document_types
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.model_catalog import FileInputs, ModelInfo
from desktop_app.domain.models.token_counts import image_tokens
from desktop_app.domain.prompt_delimiter import one_line
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.providers.ports import AttachmentSource

_SEND_TEXT: Final = N_("Turn off “Send original file” in the attachment’s menu.")


P = TypeVar("P", bound=Part)

# An A4 page at the size that images are scaled to; the provider's own size is unknown.
_PAGE_PIXELS: Final = (1240, 1754)


def can_be_file(part: DocumentPart, files: FileInputs | None) -> bool:
    """Return True if a provider that accepts `files` accepts this document, size aside."""
    is_other_form = part.in_parts or part.by_tools or part.for_code or part.again_as
    if files is None or is_other_form or part.is_protected:
        return False
    return part.media_type in files.types


def is_file(part: DocumentPart, files: FileInputs | None) -> bool:
    """Return True if a document is sent as a file: wanted, in full and accepted."""
    return part.as_file and part.chosen is None and can_be_file(part, files)


async def file_data(part: DocumentPart, attachments: AttachmentSource) -> FileData:
    """Return a document as a file to be sent. Raises StorageError."""
    return FileData(one_line(part.name), part.media_type, await attachments.bytes(part.sha256))


def file_tokens(part: DocumentPart, text_tokens: int, model: ModelInfo) -> int:
    """Estimate the tokens of a file: its text and, for a PDF, an image per page."""
    if part.media_type != document_types.PDF or model.sees_images is False:
        return text_tokens
    tokens_per_page = image_tokens(_PAGE_PIXELS, "auto", model.image_tokens).tokens
    return text_tokens + tokens_per_page * (part.pages or 0)


def require_files(parts: Iterable[Part], path: Sequence[Message], resolved: ResolvedChoice) -> None:
    """Raise if `parts`, a question after `path`, contain a file that cannot be sent.

    Raises:
        IllegalChoiceError: with the reason and a remedy.
    """
    files = resolved.files
    wanted_files = [part for part in parts if is_wanted_as_file(part)]
    for part in wanted_files:
        if refusal := _refusal(part, resolved):
            raise refusal
    if files is None or not wanted_files:
        return
    path_parts = [part for message in path for part in message.parts]
    sent_documents = [
        part for part in (*path_parts, *wanted_files) if isinstance(part, DocumentPart)
    ]
    total_bytes = sum(
        {part.sha256: part.size for part in sent_documents if is_file(part, files)}.values()
    )
    if total_bytes > files.together_bytes:
        raise IllegalChoiceError(
            N_("The files total {together}, but {provider} accepts {limit} per request."),
            hint=N_("Choose text only in the menu of some attachments."),
            together=formatting.size(total_bytes),
            provider=resolved.profile.short_name,
            limit=formatting.size(files.together_bytes),
        )


def without_files(parts: Iterable[Part], files: FileInputs | None) -> list[Part]:
    """Return the parts that are not sent as files."""
    return [part for part in parts if not (isinstance(part, DocumentPart) and is_file(part, files))]


def text_notice(path: Sequence[Message], resolved: ResolvedChoice) -> NoticeText:
    """Return the notice that earlier files were sent as text instead; "" if there were none."""
    parts = [part for message in path for part in message.parts]
    text_parts = [
        part for part in parts if is_wanted_as_file(part) and not is_file(part, resolved.files)
    ]
    names = ", ".join(dict.fromkeys(part.name for part in text_parts))
    if not names:
        return ""
    return notice(NoticeCode.FILES_AS_TEXT, provider=resolved.profile.name, names=names)


def is_wanted_as_file(part: Part) -> TypeGuard[DocumentPart]:
    """Return True if a document should be sent as a file; selected pages go as text."""
    if not isinstance(part, DocumentPart):
        return False
    return part.as_file and part.chosen is None and not (part.in_parts or part.by_tools)


def _refusal(part: DocumentPart, resolved: ResolvedChoice) -> IllegalChoiceError | None:
    """Return why a document cannot be sent as a file; None if it can."""
    files = resolved.files
    name = part.name
    provider = resolved.profile.name
    if files is None:
        return IllegalChoiceError(
            N_("{provider} doesn’t accept files such as {name}."),
            hint=_SEND_TEXT,
            provider=provider,
            name=name,
        )
    if part.is_protected:
        return IllegalChoiceError(
            N_("{name} is password-protected, so {provider} can’t read it."),
            hint=_SEND_TEXT,
            provider=provider,
            name=name,
        )
    if part.media_type not in files.types:
        ending = PurePath(name).suffix
        return IllegalChoiceError(
            N_("{provider} doesn’t accept {ending} files such as {name}.")
            if ending
            else N_("{provider} doesn’t accept {name} as a file."),
            hint=_SEND_TEXT,
            provider=provider,
            name=name,
            ending=ending,
        )
    if part.size > files.each_bytes:
        size = formatting.size(part.size)
        limit = formatting.size(files.each_bytes)
        return IllegalChoiceError(
            N_("{name} is {size}, but {provider} accepts files up to {limit}."),
            hint=_SEND_TEXT,
            provider=provider,
            name=name,
            size=size,
            limit=limit,
        )
    return None


def file_refusal(part: DocumentPart, resolved: ResolvedChoice) -> IllegalChoiceError | None:
    """Return why a document chosen to go as a file cannot; None if it can or is not chosen."""
    return _refusal(part, resolved) if is_wanted_as_file(part) else None


def deduplicate_messages(
    messages: Iterable[Message], files: FileInputs | None
) -> Iterator[Message]:
    """Yield the messages of a request with each document in full only once.

    Later copies are reduced to their names.

    Args:
        files: the documents that the provider takes as files; None if it takes none.
    """
    names_by_key: dict[object, str] = {}
    for message in messages:
        parts = tuple(_named_if_repeated(part, names_by_key, files) for part in message.parts)
        yield replace(message, parts=parts) if parts != message.parts else message


def deduplicate_parts(
    messages: Iterable[Message], parts: Sequence[P], files: FileInputs | None
) -> list[P]:
    """Return the parts of a question, reduced to their names if `messages` contain them."""
    if not any(isinstance(part, DocumentPart) for part in parts):
        return list(parts)  # avoids a pass over thousands of `messages`
    names_by_key: dict[object, str] = {}
    for message in messages:
        for part in message.sent_parts:
            _named_if_repeated(part, names_by_key, files)
    return [_named_if_repeated(part, names_by_key, files) for part in parts]


def _named_if_repeated(part: P, names_by_key: dict[object, str], files: FileInputs | None) -> P:
    """Return a document reduced to its name if `names_by_key` has it; else add it to them."""
    if not isinstance(part, DocumentPart) or part.in_parts or part.by_tools or part.for_code:
        return part
    image_key = (part.detail, part.pictured) if part.image_pages else ()
    key = (part.text_key, part.chosen and part.chosen.spans, is_file(part, files), image_key)
    if key in names_by_key:
        return replace(part, again_as=names_by_key[key])
    names_by_key[key] = part.name
    return part
