"""Documents that are sent as the files they are, where the provider takes them and the person wants
that: it then reads them its own way, the pages of a PDF with all that is drawn on them.

What was asked before is never held up by this: a document of an earlier message is sent as text to a
provider that takes no files. A question that says "as a file" and cannot be sent so is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Final, TypeGuard, TypeVar

from desktop_app.domain.conversations.chat_request import FileData
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import DocumentPart, Part
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.errors import IllegalChoiceError, Kept
from desktop_app.domain.models.image_tokens import image_tokens
from desktop_app.domain.models.model_catalog import FileInputs, ModelInfo
from desktop_app.services.fence import one_line

if TYPE_CHECKING:
    from desktop_app.services.chat.model_choice import ResolvedChoice
    from desktop_app.services.ports import AttachmentSource

P = TypeVar("P", bound=Part)

_PDF: Final = "application/pdf"
# A page of A4 at the size in which it is looked at; what a provider draws is not known.
_PAGE: Final = (1240, 1754)
SEND_TEXT: Final = "Send its text instead: the menu on its chip."


def can_be_file(part: DocumentPart, files: FileInputs | None) -> bool:
    """Whether a provider that takes `files` takes this document as one, its size aside."""
    if files is None or part.in_parts or part.is_protected or part.again_as:
        return False
    return part.media_type in files.types


def is_file(part: DocumentPart, files: FileInputs | None) -> bool:
    """Whether a document is sent as a file: that is wanted, all of it, and taken."""
    return part.as_file and part.chosen is None and can_be_file(part, files)


async def file_data(part: DocumentPart, attachments: AttachmentSource) -> FileData:
    """A document as it is sent as a file. Raises StorageError."""
    return FileData(one_line(part.name), part.media_type, await attachments.bytes(part.sha256))


def file_tokens(part: DocumentPart, text_tokens: int, model: ModelInfo) -> int:
    """About what a provider makes of a file: its text, and of a PDF every page as a picture."""
    if part.media_type != _PDF or model.sees_images is False:
        return text_tokens
    of_page, _ = image_tokens(_PAGE, "auto", model.image_tokens)
    return text_tokens + of_page * (part.pages or 0)


def require_files(parts: Iterable[Part], path: Sequence[Message], resolved: ResolvedChoice) -> None:
    """Refuse to send `parts`, a question after `path`, where one that is to go as a file cannot.

    Raises:
        IllegalChoiceError: with the reason, and what to do.
    """
    files, wanted = resolved.files, [part for part in parts if _is_wanted(part)]
    for part in wanted:
        if why := _refusal(part, resolved):
            raise IllegalChoiceError(why, what_was_kept=Kept.PROMPT, what_to_do=SEND_TEXT)
    if files is None or not wanted:
        return
    asked = [part for message in path for part in message.parts]
    sent = [part for part in (*asked, *wanted) if isinstance(part, DocumentPart)]
    together = sum({part.sha256: part.size for part in sent if is_file(part, files)}.values())
    if together > files.together_bytes:
        raise IllegalChoiceError(
            f"The files of this conversation are {_megabytes(together)} together; "
            f"{resolved.profile.name} takes {_megabytes(files.together_bytes)} in one request.",
            what_was_kept=Kept.PROMPT,
            what_to_do="Send the text of some: the menu on their chips.",
        )


def preferred(part: P, resolved: ResolvedChoice, *, as_files: bool) -> P:
    """An attachment as it is attached by somebody who wants documents sent as files: where that can
    be done."""
    if not as_files or not isinstance(part, DocumentPart) or not can_be_file(part, resolved.files):
        return part
    wanted = replace(part, as_file=True)
    return part if _refusal(wanted, resolved) else wanted


def not_files(parts: Iterable[Part], files: FileInputs | None) -> list[Part]:
    """Those that are not sent as files."""
    return [part for part in parts if not (isinstance(part, DocumentPart) and is_file(part, files))]


def text_notice(path: Sequence[Message], resolved: ResolvedChoice) -> NoticeText:
    """Return the notice that earlier files were sent as text instead; "" if there were none."""
    parts = [part for message in path for part in message.parts]
    wanted = [part for part in parts if _is_wanted(part) and not is_file(part, resolved.files)]
    names = ", ".join(dict.fromkeys(part.name for part in wanted))
    if not names:
        return ""
    return notice(NoticeCode.FILES_AS_TEXT, provider=resolved.profile.name, names=names)


def _is_wanted(part: Part) -> TypeGuard[DocumentPart]:
    """Whether a document would be sent as a file. Of chosen pages the text is."""
    if not isinstance(part, DocumentPart):
        return False
    return part.as_file and part.chosen is None and not part.in_parts


def _refusal(part: DocumentPart, resolved: ResolvedChoice) -> str:
    """Why a document cannot be sent as a file; "" where it can."""
    files, who = resolved.files, resolved.profile.name
    if files is None:
        return f"{who} takes no files from here, and {part.name} is to be sent as one."
    if part.is_protected:
        return f"{part.name} asks for a password, which {who} does not have."
    if part.media_type not in files.types:
        ending = PurePath(part.name).suffix or "such"
        return f"{who} reads {ending} files as text alone, and {part.name} is to be sent as a file."
    if part.size > files.each_bytes:
        limit = _megabytes(files.each_bytes)
        return f"{part.name} is {_megabytes(part.size)}; {who} takes files of up to {limit}."
    return ""


def refusal_of(part: DocumentPart, resolved: ResolvedChoice) -> str:
    """Why the choice to send a document as a file does not hold; "" where it does or is not made."""
    return _refusal(part, resolved) if _is_wanted(part) else ""


def _megabytes(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MB".replace(".0 MB", " MB")
