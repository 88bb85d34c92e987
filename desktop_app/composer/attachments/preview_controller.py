"""The preview of an attachment as it is sent, and the choice of its pages.

The text is made as for a request: by `chat.prompt_assembly`, or by the `ChunkedReader` for
a document that is read in parts. Large texts are built and searched off the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from desktop_app.app.tasks import Tasks
from desktop_app.chat.attachments.file_attachments import is_file
from desktop_app.chat.attachments.image_attachments import ImageForm
from desktop_app.chat.chat_service import ChatService
from desktop_app.chat.prompt_assembly import is_first_delimited, sent_block, sent_text
from desktop_app.chat.ui.answer_setup import AnswerSetup
from desktop_app.composer.attachment_chips import AttachmentChips
from desktop_app.composer.attachments.attachment_facts import (
    AS_FILE_ACTION,
    BY_TOOLS_ACTION,
    CHOOSE_ACTION,
    PREVIEW_ACTION,
    SEND_ALL_ACTION,
    document_chip,
)
from desktop_app.composer.attachments.images_controller import ImageChips, to_qimage
from desktop_app.composer.drafts import AttachmentSources
from desktop_app.domain.conversations.message_parts import (
    ChosenPages,
    DocumentPart,
    ImagePart,
    TextPart,
)
from desktop_app.domain.documents.document_sections import (
    DocumentSection,
    chosen_text,
    find_sections,
    format_spans,
    parse_spans,
    unit_of,
)
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.i18n.formatting import size
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.models.choice_resolution import ResolvedChoice

if TYPE_CHECKING:
    from desktop_app.composer.text.prompt_text import PromptText
    from desktop_app.documents.ui.attachment_preview import AttachmentPreview

NOTHING_ATTACHED = N_("Nothing is attached")
NO_PAGES = N_("“{name}” has no pages, slides, sheets, or chapters to choose from.")
_MAX_LISTED_SHEETS: Final = 12  # in the hint of the field for sheets
# Notes on how an attachment is sent.
WHOLE = N_("Sent with your message exactly as shown.")
TOO_LARGE = N_("Too large for {model}. Select fewer pages, or send it to be read in parts.")
IN_PARTS = N_(
    "Too large for one request. Sent in parts as shown. The response is written from notes on all "
    "parts."
)
BEGINNING_NOTE = N_("Too large to send. Only what is shown is sent, and tools read the rest.")
AGAIN = N_("Only this reference is sent, because the conversation already contains the text.")
FILE = N_("File, {size}. The text below is for reference and isn’t sent.")
FILE_UNREAD = N_("File, {size}. It has no readable text.")


class PromptWithChips(Protocol):
    """The parts of a prompt that the preview needs."""

    @property
    def chips(self) -> AttachmentChips: ...
    @property
    def field(self) -> PromptText: ...


class PreviewController(QObject):
    """Connection of a prompt's chips, the preview and the attachments.

    Args:
        window: the parent of the preview.
        notify: notifies the user.
    """

    def __init__(
        self,
        window: QWidget,
        prompt: PromptWithChips,
        holder: AttachmentHolder,
        image_chips: ImageChips,
        notify: Callable[[str], object],
        *,
        setup: AnswerSetup,
        tasks: Tasks,
        chat_service: ChatService,
        sources: AttachmentSources,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._prompt = prompt
        self._holder = holder
        self._setup = setup
        self._tasks = tasks
        self._attachment_store = sources.attachment_store
        self._image_scaler = sources.image_scaler
        self._delimiters = sources.delimiters
        self._chat_service = chat_service
        self._image_chips = image_chips
        self._notify = notify
        self._dialog: AttachmentPreview | None = None
        self._shown_sha256 = ""
        self._load_number = 0
        self._shown_part: Attached | None = None
        self._selection = PageSelection(holder, self, tasks=tasks, sources=sources)
        prompt.chips.preview_requested.connect(self.show)
        prompt.chips.action_requested.connect(self._run_action)
        holder.changed.connect(self._refresh)

    # -------------------------------------------------------------- by command

    def show_focused(self) -> None:
        """Preview the chip with keyboard focus, or the last attachment."""
        part = self._focused_or_last(lambda _part: True)
        if part is None:
            self._notify(tr(NOTHING_ATTACHED))
        else:
            self.show(part.sha256)

    def choose_pages(self) -> None:
        """Choose pages of the chip with keyboard focus, or of the last document with pages."""
        part = self._focused_or_last(
            lambda part: isinstance(part, DocumentPart) and bool(unit_of(part))
        )
        if part is not None:
            self._choose(part.sha256)
            return
        last_part = self._focused_or_last(lambda _part: True)
        message = tr(NOTHING_ATTACHED) if last_part is None else tr(NO_PAGES, name=last_part.name)
        self._notify(message)

    def _focused_or_last(self, is_suitable: Callable[[Attached], bool]) -> Attached | None:
        parts = [part for part in self._selection.parts if is_suitable(part)]
        focused_sha256 = self._prompt.chips.focused_chip_id
        focused_parts = [part for part in parts if part.sha256 == focused_sha256]
        return next(iter(focused_parts or parts[::-1]), None)

    def _run_action(self, sha256: str, action: str) -> None:
        if action == PREVIEW_ACTION:
            self.show(sha256)
        elif action == CHOOSE_ACTION:
            self._choose(sha256)
        elif action == SEND_ALL_ACTION:
            self._selection.change(sha256, lambda part: replace(part, chosen=None))
        elif action == BY_TOOLS_ACTION:  # offered while it is on, so it only switches it off
            self._selection.change(sha256, lambda part: replace(part, by_tools=False))
        elif action == AS_FILE_ACTION:
            self._selection.change(sha256, lambda part: replace(part, as_file=not part.as_file))

    # -------------------------------------------------------------- the dialog

    def show(self, sha256: str) -> None:
        """Preview an attachment."""
        self._open(sha256).focus_text()

    def _choose(self, sha256: str) -> None:
        self._open(sha256).focus_pages()

    def _open(self, sha256: str) -> AttachmentPreview:
        dialog = self._dialog or self._make_dialog()
        self._shown_sha256 = sha256
        self._shown_part = None
        self._refresh()
        dialog.open()
        return dialog

    def _make_dialog(self) -> AttachmentPreview:
        # Not needed at the start.
        from desktop_app.documents.ui.attachment_preview import AttachmentPreview

        dialog = self._dialog = AttachmentPreview(self._window)
        dialog.selected.connect(self._open)
        dialog.pages_chosen.connect(self._tasks.slot(self._choose_spans))
        dialog.image_requested.connect(self._tasks.slot(self._show_image))
        dialog.finished.connect(lambda _: self._on_closed())
        return dialog

    def _on_closed(self) -> None:
        """Free the text, which may be large, and focus the chip of the attachment."""
        self._load_number += 1
        if self._dialog is not None:
            self._dialog.show_text("", [])
        self._prompt.chips.focus_chip(self._shown_sha256)
        self._shown_sha256 = ""
        self._shown_part = None

    async def _choose_spans(self, spans: str) -> None:
        assert self._dialog is not None
        try:
            await self._selection.choose(self._shown_sha256, spans)
        except UserFacingError as error:
            self._dialog.show_pages_error(f"{error.what_happened} {error.what_to_do}")

    def _refresh(self) -> None:
        """Show the attachment in its current state, for the current model."""
        if not self._shown_sha256 or self._dialog is None:
            return
        part = self._selection.part(self._shown_sha256)
        if part is None:
            self._dialog.reject()
            return
        part = self._holder.deduplicate(part)
        self._show_facts(part)
        previous_part = self._shown_part
        self._shown_part = part
        if previous_part is None or self._sending_state(previous_part) != self._sending_state(part):
            self._tasks.start(self._load(part))

    def _sending_state(self, part: Attached) -> object:
        """Return what decides how an attachment is sent, without the selection's token count."""
        resolved = self._holder.resolved
        if isinstance(part, DocumentPart) and part.chosen is not None:
            part = replace(part, chosen=replace(part.chosen, tokens=None))
        is_first = self._holder.is_first_delimited(part)
        return part, is_first, resolved.model.id, resolved.profile.id, resolved.files

    def _show_facts(self, part: Attached) -> None:
        assert self._dialog is not None
        resolved = self._holder.resolved
        names = [(attached.sha256, attached.name) for attached in self._selection.parts]
        self._dialog.set_attachments(names, part.sha256)
        if isinstance(part, ImagePart):
            chip = self._image_chips.chip(part, resolved)
            note = ""
        else:
            chip = document_chip(part, resolved)
            note = self._sending_note(part)
        self._dialog.show_facts(
            chip.summary, "\n".join(line for line in (note, chip.tooltip) if line)
        )

    def _sending_note(self, part: DocumentPart) -> str:
        """Return a note on how a document's text is sent."""
        model = self._holder.resolved.model
        limit = self._holder.resolved.model.input_limit
        if part.in_parts:
            return tr(IN_PARTS)
        if part.by_tools:
            return tr(BEGINNING_NOTE)
        if part.again_as:
            return tr(AGAIN)
        if is_file(part, self._holder.resolved.files):
            return tr(FILE if part.tokens else FILE_UNREAD, size=size(part.size))
        if limit and (part.sent_tokens or 0) > limit:
            return tr(TOO_LARGE, model=model.name)
        return tr(WHOLE)

    async def _load(self, part: Attached) -> None:
        """Load the text to be sent; a later call supersedes an earlier one."""
        self._load_number += 1
        load_number = self._load_number
        text = await self._build_sent_text(part)
        unit, spans, hint = await self._describe_sections(part)
        from desktop_app.documents.ui.paged_text import page_ends

        end_positions = await asyncio.to_thread(page_ends, text)
        if load_number != self._load_number or self._dialog is None:
            return
        self._dialog.show_pages_field(unit, spans, hint)
        is_as_file = isinstance(part, DocumentPart) and is_file(part, self._holder.resolved.files)
        self._dialog.show_text(text, end_positions, is_sent=not is_as_file)
        self._dialog.show_images(self._image_captions(part), has_text=bool(text))

    async def _build_sent_text(self, part: Attached) -> str:
        """Return the text that requests have for an attachment, "" if an image is sent."""
        resolved = self._holder.resolved
        if isinstance(part, ImagePart):
            sendable = await ImageForm(resolved.model, self._image_scaler).sendable(part)
            return sendable.text if isinstance(sendable, TextPart) else ""
        delimiter = await self._delimiters.delimiter_for(self._holder.conversation_id)
        if part.in_parts:
            question = self._prompt.field.toPlainText()
            reader = self._chat_service.chunked_reader
            instructions = self._setup.ask_settings.instructions
            return "\n\n".join(
                await reader.texts(part, question, resolved, delimiter, instructions)
            )
        if is_file(part, resolved.files):
            return await self._attachment_store.text(part.sha256)
        block = await sent_block(part, self._attachment_store, delimiter)
        if self._holder.is_first_delimited(part):
            block = f"{delimiter.explanation}\n\n{block}"
        return sent_text(part, block, sees_images=resolved.model.sees_images is not False)

    async def _describe_sections(self, part: Attached) -> tuple[str, str, str]:
        """Return the unit of the sections, the selected spans ("" for all), and a hint.

        Without sections, all three are "".
        """
        if not isinstance(part, DocumentPart) or not (unit := unit_of(part)):
            return "", "", ""
        try:
            sections = await self._selection.sections_of(part)
        except IllegalChoiceError:  # the text has no marked sections
            return "", "", ""
        spans = format_spans(part.chosen.spans) if part.chosen else ""
        count = len(sections)
        if unit == "sheet":
            listed_names = " · ".join(
                f"{section.number} {section.name}" for section in sections[:_MAX_LISTED_SHEETS]
            )
            ellipsis = " …" if count > _MAX_LISTED_SHEETS else ""
            hint = tr("All {count}: {names}", count=count, names=listed_names + ellipsis)
        elif count > 3:
            hint = tr("All {count}, or for example 1-3, {last}", count=count, last=str(count))
        else:
            hint = tr("All {count}, or for example 1, 3", count=count)
        return unit, spans, hint

    def _image_captions(self, part: Attached) -> list[str]:
        resolved = self._holder.resolved
        if resolved.model.sees_images is False:
            return []
        if isinstance(part, ImagePart):
            return [part.name]
        is_as_file = is_file(part, resolved.files)
        return [_page_name(page.number, is_as_file=is_as_file) for page in part.image_pages]

    async def _show_image(self, index: int) -> None:
        """Show the image with this index, unless the attachment was reloaded meanwhile.

        Images are shown exactly as sent. The pages of a file that is sent whole are rendered here,
        because the provider renders them itself.
        """
        part = self._shown_part
        scaler = self._image_scaler
        load_number = self._load_number
        rule = self._holder.resolved.model.image_tokens
        try:
            if isinstance(part, ImagePart):
                sent_image = await scaler.scaled_image(part, rule)
                name = part.name
            elif isinstance(part, DocumentPart) and index < len(part.image_pages):
                page = part.image_pages[index]
                single_page = replace(part, pictured=(page,), chosen=None, in_parts=False)
                (sent_image,) = await scaler.page_images(single_page, rule)
                is_as_file = is_file(part, self._holder.resolved.files)
                name = _page_name(page.number, is_as_file=is_as_file)
            else:
                return
            pixels = await scaler.decode(sent_image.data, sent_image.media_type)
        except UserFacingError as error:
            if self._dialog is not None and load_number == self._load_number:
                self._dialog.show_image(index, QImage(), error.what_happened)
            return
        image = await asyncio.to_thread(to_qimage, pixels)
        format_name = sent_image.media_type.partition("/")[2].upper()
        facts = f"{image.width()} × {image.height()} · {format_name} · {size(len(sent_image.data))}"
        if self._dialog is not None and load_number == self._load_number:
            self._dialog.show_image(index, image, f"{name} · {facts}")


def _page_name(number: int, *, is_as_file: bool) -> str:
    if is_as_file:  # the provider renders it differently
        return tr("Page {number}, as rendered here", number=number)
    return tr("Page {number}", number=number)


Attached = DocumentPart | ImagePart


class AttachmentHolder(Protocol):
    """The attachments of a prompt: the window's or the quick prompt's.

    Attributes:
        changed: emitted when the attachments or the chosen model change.
    """

    @property
    def changed(self) -> SignalInstance: ...

    @property
    def attached(self) -> list[Attached]:
        """Return the documents and images, in order."""

    @property
    def conversation_id(self) -> str:
        """Return the id of the conversation in which the attachments would be sent."""

    @property
    def resolved(self) -> ResolvedChoice:
        """Return the model that would be asked now."""

    def deduplicate(self, part: Attached) -> Attached:
        """Return an attachment as it would be sent: reduced to its name if sent before."""

    def is_first_delimited(self, part: Attached) -> bool:
        """Return True if an attachment would be the first delimited text in its request."""

    def change(self, change: Callable[[Attached], Attached]) -> None:
        """Replace each attachment by the result of `change` for it."""


class DraftAttachmentHolder(QObject):
    """The attachments of the window's prompt, as an `AttachmentHolder`.

    Signals:
        changed(): the attachments, the conversation or the chosen model changed.
    """

    changed = Signal()

    def __init__(self, parent: QObject, *, setup: AnswerSetup) -> None:
        super().__init__(parent)
        self._current = setup.current
        self._draft = setup.current.draft
        self._setup = setup
        for signal in (
            self._current.opened,
            self._draft.changed,
            self._setup.choice_changed,
            self._current.path_changed,
            self._current.compactions_changed,
        ):
            signal.connect(self.changed)

    @property
    def attached(self) -> list[Attached]:
        """Return the documents and images in the draft."""
        parts = self._draft.value.attachments
        return [part for part in parts if isinstance(part, DocumentPart | ImagePart)]

    @property
    def conversation_id(self) -> str:
        """Return the open conversation's id."""
        return self._current.id

    @property
    def resolved(self) -> ResolvedChoice:
        """Return the model of the open conversation."""
        return self._setup.resolved

    def deduplicate(self, part: Attached) -> Attached:
        """Return an attachment as the next question would send it."""
        return self._setup.deduplicate([part])[0]

    def is_first_delimited(self, part: Attached) -> bool:
        """Return True if an attachment would be the first delimited text in its request."""
        sent_messages = self._setup.context.sent.messages
        return is_first_delimited(part, self.attached, sent_messages, self.resolved.files)

    def change(self, change: Callable[[Attached], Attached]) -> None:
        """Replace each attachment by the result of `change` for it."""
        attachments = tuple(
            change(part) if isinstance(part, DocumentPart | ImagePart) else part
            for part in self._draft.value.attachments
        )
        self._draft.set_attachments(attachments)


class PageSelection(QObject):
    """The sections of a prompt's attachments that are sent."""

    def __init__(
        self, holder: AttachmentHolder, parent: QObject, *, tasks: Tasks, sources: AttachmentSources
    ) -> None:
        super().__init__(parent)
        self._holder = holder
        self._tasks = tasks
        self._attachment_store = sources.attachment_store
        self._documents = sources.documents
        self._pending_counts: set[tuple[str, ChosenPages]] = set()
        holder.changed.connect(self._count_missing)

    @property
    def parts(self) -> list[Attached]:
        """Return the documents and images in the prompt."""
        return self._holder.attached

    def part(self, sha256: str) -> Attached | None:
        """Return an attachment by its hash, None if it is not attached."""
        return next((part for part in self.parts if part.sha256 == sha256), None)

    def change(self, sha256: str, change: Callable[[DocumentPart], DocumentPart]) -> None:
        """Replace a document by the result of `change` for it."""

        def change_matching(part: Attached) -> Attached:
            if isinstance(part, DocumentPart) and part.sha256 == sha256:
                return change(part)
            return part

        self._holder.change(change_matching)

    async def choose(self, sha256: str, selection: str) -> None:
        """Send only the selected sections of a document, such as "1, 3-5"; "" sends all.

        Raises:
            IllegalChoiceError: they do not exist; nothing changes.
            StorageError: the text is missing.
        """
        part = self.part(sha256)
        if not isinstance(part, DocumentPart):
            return
        chosen = None
        if selection.strip():
            unit = unit_of(part)
            sections = await self.sections_of(part)
            names = [section.name for section in sections] if unit == "sheet" else []
            spans = parse_spans(selection, len(sections), unit, names)
            if spans != ((1, len(sections)),):  # all of them: no selection is needed
                chosen = ChosenPages(unit, spans, len(sections))
        self.change(sha256, lambda part: replace(part, chosen=chosen))

    async def sections_of(self, part: DocumentPart) -> list[DocumentSection]:
        """Return the sections to choose from.

        Raises:
            IllegalChoiceError: there are none.
            StorageError: the text is missing.
        """
        text = await self._attachment_store.text(part.sha256)
        sections = await asyncio.to_thread(find_sections, text, unit_of(part))
        if not sections:
            raise IllegalChoiceError(
                N_("Can’t select parts of {name}."),
                hint=N_("Send all of it."),
                unit=unit_of(part),
                name=part.name,
            )
        return sections

    def _count_missing(self) -> None:
        """Count the tokens of each selection that has no count."""
        for part in self.parts:
            if isinstance(part, DocumentPart) and part.chosen and part.chosen.tokens is None:
                key = (part.sha256, part.chosen)
                if key not in self._pending_counts:
                    self._pending_counts.add(key)
                    self._tasks.start(self._count_tokens(part, part.chosen))

    async def _count_tokens(self, part: DocumentPart, chosen: ChosenPages) -> None:
        try:
            text = await self._attachment_store.text(part.sha256)
            text = await asyncio.to_thread(chosen_text, part, text)
            tokens = await self._documents.count_tokens(text)
        finally:
            self._pending_counts.discard((part.sha256, chosen))
        current_part = self.part(part.sha256)
        if isinstance(current_part, DocumentPart) and current_part.chosen == chosen:
            counted_pages = replace(chosen, tokens=tokens)
            self.change(part.sha256, lambda part: replace(part, chosen=counted_pages))
