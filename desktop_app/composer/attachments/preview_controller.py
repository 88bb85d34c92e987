"""The preview of an attachment as it is sent, and the choice of its pages.

The text is made as for a request: by `chat.prompt_assembly`, or by the `ChunkedReader` for
a document that is read in parts. Large texts are built and searched off the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, SignalInstance
from PySide6.QtGui import QImage

from desktop_app.app.session import ConversationSession, Session
from desktop_app.chat.attachments.file_attachments import is_file
from desktop_app.chat.attachments.image_attachments import ImageForm
from desktop_app.chat.passage_context import find_passages, passages_block
from desktop_app.chat.prompt_assembly import is_first_delimited, sent_block, sent_text, text_block
from desktop_app.composer.attachment_chips import PREVIEW_ACTION
from desktop_app.composer.attachments.attachment_facts import (
    AS_FILE_ACTION,
    AS_TEXT_ACTION,
    BY_TOOLS_ACTION,
    CHOOSE_ACTION,
    FOR_CODE_ACTION,
    OPEN_ACTION,
    SEND_ALL_ACTION,
    WITH_HIDDEN_ACTION,
    document_chip,
    image_chip,
)
from desktop_app.composer.attachments.images_controller import to_qimage
from desktop_app.composer.drafts import Attached
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.conversations.message_facts import token_count
from desktop_app.domain.conversations.message_parts import (
    WITH_HIDDEN,
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
from desktop_app.domain.documents.document_types import FOLDER
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.i18n.formatting import size
from desktop_app.i18n.translation import N_, paragraph, tr
from desktop_app.tools.ui.tools_controller import ToolsController

if TYPE_CHECKING:
    from desktop_app.documents.ui.attachment_preview import AttachmentPreview
    from desktop_app.documents.ui.viewer_text import TextSearch
    from desktop_app.markdown.document_text import DocumentText

BEGINNING: Final = "beginning"
"""The id of what is sent besides the attachments: instructions, and passages of the folder."""
OPEN_TEXT: Final = "open-text"
"""The id of the text beside the conversation."""
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
FOLDER_NOTE = N_(
    "With the passages of the files in “{name}” that fit the words typed so far. Before sending, "
    "they are searched again."
)
AGAIN = N_("Only this reference is sent, because the conversation already contains the text.")
FILE = N_("File, {size}. The text below is for reference and isn’t sent.")
FILE_UNREAD = N_("File, {size}. It has no readable text.")


class PreviewController(QObject):
    """Connection of a prompt's chips, the preview and the attachments."""

    def __init__(self, session: Session, conversation: ConversationSession) -> None:
        super().__init__(conversation.window)
        self._session = session
        self._conversation = conversation
        self._prompt = conversation.prompt
        self._draft = conversation.draft
        self._setup = conversation.setup
        self._tasks = session.tasks
        self._attachment_store = session.backend.attachments
        self._documents = session.backend.documents
        self._image_scaler = session.backend.image_scaler
        self._dialog: AttachmentPreview | None = None
        self._search: TextSearch | None = None
        self._shown_sha256 = ""
        self._load_number = 0
        self._shown_part: Attached | None = None
        self._pending_counts: set[tuple[str, ChosenPages]] = set()
        for signal in change_signals(conversation):
            signal.connect(self._refresh)
            signal.connect(self._count_missing)

    # -------------------------------------------------------------- by command

    def show_focused(self) -> None:
        """Preview the chip with keyboard focus, or the last attachment."""
        part = self._focused_or_last(lambda _part: True)
        if part is not None:
            self.show(part.sha256)
        elif names := self._shown_names():
            self.show(names[0][0])
        else:
            self._conversation.notices.notify(tr(NOTHING_ATTACHED))

    def choose_pages(self) -> None:
        """Choose pages of the chip with keyboard focus, or of the last document with pages."""
        part = self._focused_or_last(
            lambda part: isinstance(part, DocumentPart) and bool(unit_of(part))
        )
        if part is not None:
            self._open(part.sha256).focus_pages()
            return
        last_part = self._focused_or_last(lambda _part: True)
        message = tr(NOTHING_ATTACHED) if last_part is None else tr(NO_PAGES, name=last_part.name)
        self._conversation.notices.notify(message)

    def _focused_or_last(self, is_suitable: Callable[[Attached], bool]) -> Attached | None:
        parts = [part for part in self._draft.shown_parts if is_suitable(part)]
        focused_sha256 = self._prompt.chips.focused_chip_id
        focused_parts = [part for part in parts if part.sha256 == focused_sha256]
        return next(iter(focused_parts or parts[::-1]), None)

    def run_action(self, sha256: str, action: str) -> None:
        if action == PREVIEW_ACTION:
            self.show(sha256)
        elif action in (OPEN_ACTION, AS_TEXT_ACTION):
            part = self._part(sha256)
            events = self._session.events
            as_text = action == AS_TEXT_ACTION
            requested = events.text_requested if as_text else events.document_requested
            if isinstance(part, DocumentPart):
                requested.emit(sha256, part.name, part.text_key)
        elif action == CHOOSE_ACTION:
            self._open(sha256).focus_pages()
        elif action == SEND_ALL_ACTION:
            self._change(sha256, lambda part: replace(part, chosen=None))
        elif action == BY_TOOLS_ACTION:  # offered while it is on, so it only switches it off
            self._change(sha256, lambda part: replace(part, by_tools=False))
        elif action == WITH_HIDDEN_ACTION:
            self._tasks.start(self._toggle_hidden(sha256))
        elif action == FOR_CODE_ACTION:
            self._give_to_code(sha256)
        elif action == AS_FILE_ACTION:
            self._change(sha256, lambda part: replace(part, as_file=not part.as_file))

    def _give_to_code(self, sha256: str) -> None:
        """Give a document to the provider's code interpreter instead of its text, or no more."""
        part = self._part(sha256)
        if isinstance(part, DocumentPart) and not part.for_code:
            self._session.of(ToolsController).run_code()

        def toggle(part: DocumentPart) -> DocumentPart:
            whole = replace(part, in_parts=False, by_tools=False, as_file=False, chosen=None)
            return replace(whole, for_code=not part.for_code)

        self._change(sha256, toggle)

    # -------------------------------------------------------------- the dialog

    def show(self, sha256: str) -> None:
        self._open(sha256).focus_text()

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
        from desktop_app.documents.ui.viewer_text import TextSearch

        dialog = self._dialog = AttachmentPreview(self._conversation.window)
        dialog.selected.connect(self._open)
        dialog.pages_chosen.connect(self._tasks.slot(self._choose_spans))
        dialog.image_requested.connect(self._tasks.slot(self._show_image))
        dialog.finished.connect(lambda _: self._on_closed())

        async def show_match(match: tuple[int, int] | None) -> None:
            dialog.text.mark(match)

        self._search = TextSearch(dialog.find_bar, self._tasks, show_match, skips_marks=False)
        return dialog

    def _on_closed(self) -> None:
        """Free the text, which may be large, and focus the chip of the attachment."""
        self._load_number += 1
        if self._dialog is not None and self._search is not None:
            self._dialog.show_text("", None)
            self._search.begin("")
        self._prompt.chips.focus_chip(self._shown_sha256)
        self._shown_sha256 = ""
        self._shown_part = None

    def _refresh(self) -> None:
        if not self._shown_sha256 or self._dialog is None:
            return
        if self._shown_sha256 in (BEGINNING, OPEN_TEXT):
            if self._shown_sha256 in dict(self._shown_names()):
                self._tasks.start(self._load_beside(self._shown_sha256))
            else:
                self._dialog.reject()
            return
        part = self._part(self._shown_sha256)
        if part is None:
            self._dialog.reject()
            return
        part = self._setup.deduplicate([part])[0]
        self._show_facts(part)
        previous_part = self._shown_part
        self._shown_part = part
        if previous_part is None or self._sending_state(previous_part) != self._sending_state(part):
            self._tasks.start(self._load(part))

    async def _load_beside(self, shown_id: str) -> None:
        """Show what is sent besides the attachments."""
        if shown_id != self._shown_sha256:  # closed before this began
            return
        self._load_number += 1
        load_number = self._load_number
        open_text, facts, note = self._setup.ask_settings.open_text, "", tr(WHOLE)
        if shown_id == OPEN_TEXT and open_text is not None:
            delimiters = self._session.backend.delimiters
            text = text_block(open_text, await delimiters.delimiter_for(self._setup.current.id))
            facts = token_count(open_text.likely_tokens, is_exact=False)
        else:
            text, note = await self._build_beginning()
        document = await asyncio.to_thread(_parse_code, text)
        if load_number != self._load_number or self._dialog is None:
            return
        self._dialog.set_attachments(self._shown_names(), shown_id)
        self._dialog.show_facts(facts, note)
        self._dialog.show_pages_field("", "", "")
        self._dialog.show_text(text, document)
        self._dialog.show_images([], has_text=True)
        assert self._search is not None
        self._search.begin(text)

    async def _build_beginning(self) -> tuple[str, str]:
        """Return the instructions with passages for the typed words, and a note on these."""
        context, backend = self._setup.context, self._session.backend
        draft = Draft(self._prompt.field.toPlainText())
        passages = await find_passages(
            partial(backend.part, "collections"), context, draft, is_estimate=True
        )
        delimiter = await backend.delimiters.delimiter_for(self._setup.current.id)
        blocks = [passages_block(part, delimiter) for part in passages]
        text = "\n\n".join(filter(None, (context.settings.sent_instructions, *blocks)))
        names = [part.name for part in context.settings.collections]
        return text, tr(FOLDER_NOTE, name=names[0]) if names else ""

    def _shown_names(self) -> list[tuple[str, str]]:
        """Return what the dialog can show, as (id, name)."""
        names = [(attached.sha256, attached.name) for attached in self._draft.shown_parts]
        settings = self._setup.ask_settings
        if settings.open_text is not None:
            names.append((OPEN_TEXT, settings.open_text.name))
        if settings.sent_instructions or settings.collections:
            names.append((BEGINNING, tr("Instructions")))
        return names

    def _sending_state(self, part: Attached) -> object:
        """Return what decides how an attachment is sent, without the selection's token count."""
        resolved = self._setup.resolved
        if isinstance(part, DocumentPart) and part.chosen is not None:
            part = replace(part, chosen=replace(part.chosen, tokens=None))
        is_first = self._is_first_delimited(part)
        return part, is_first, resolved.model.id, resolved.profile.id, resolved.files

    def _is_first_delimited(self, part: Attached) -> bool:
        """Return True if an attachment would be the first delimited text in its request."""
        sent_messages = self._setup.context.sent.messages
        files = self._setup.resolved.files
        return is_first_delimited(part, self._draft.shown_parts, sent_messages, files)

    def _show_facts(self, part: Attached) -> None:
        assert self._dialog is not None
        resolved = self._setup.resolved
        self._dialog.set_attachments(self._shown_names(), part.sha256)
        if isinstance(part, ImagePart):
            chip = image_chip(part, resolved, None)
            note = ""
        else:
            chip = document_chip(part, resolved)
            note = self._sending_note(part)
        self._dialog.show_facts(chip.summary, paragraph(note, chip.tooltip))

    def _sending_note(self, part: DocumentPart) -> str:
        model = self._setup.resolved.model
        limit = self._setup.resolved.model.input_limit
        if part.in_parts:
            return tr(IN_PARTS)
        if part.by_tools:
            return tr(BEGINNING_NOTE)
        if part.again_as:
            return tr(AGAIN)
        if is_file(part, self._setup.resolved.files):
            return tr(FILE if part.tokens else FILE_UNREAD, size=size(part.size))
        if limit and (part.sent_tokens or 0) > limit:
            return tr(TOO_LARGE, model=model.name)
        return tr(WHOLE)

    async def _load(self, part: Attached) -> None:
        """Load the text to be sent; a later call supersedes an earlier one."""
        if part.sha256 != self._shown_sha256:  # closed before this began
            return
        self._load_number += 1
        load_number = self._load_number
        text = await self._build_sent_text(part)
        unit, spans, hint = await self._describe_sections(part)

        delimiter = await self._session.backend.delimiters.delimiter_for(self._setup.current.id)
        shown = text.removeprefix(f"{delimiter.explanation}\n\n")
        document = await asyncio.to_thread(_parse_code, shown)
        if load_number != self._load_number or self._dialog is None:
            return
        self._dialog.show_pages_field(unit, spans, hint)
        is_as_file = isinstance(part, DocumentPart) and is_file(part, self._setup.resolved.files)
        introduction = "" if shown == text else delimiter.explanation
        self._dialog.show_text(text, document, introduction=introduction, is_sent=not is_as_file)
        assert self._search is not None
        self._search.begin(shown)
        self._dialog.show_images(self._image_captions(part), has_text=bool(text))

    async def _build_sent_text(self, part: Attached) -> str:
        """Return the text that requests have for an attachment, "" if an image is sent."""
        resolved = self._setup.resolved
        if isinstance(part, ImagePart):
            sendable = await ImageForm(resolved.model, self._image_scaler).sendable(part)
            return sendable.text if isinstance(sendable, TextPart) else ""
        delimiter = await self._session.backend.delimiters.delimiter_for(self._setup.current.id)
        if part.in_parts:
            question = self._prompt.field.toPlainText()
            reader = self._session.backend.chat.chunked_reader
            instructions = self._setup.ask_settings.sent_instructions
            return "\n\n".join(
                await reader.texts(part, question, resolved, delimiter, instructions)
            )
        if is_file(part, resolved.files):
            return await self._attachment_store.text(part.text_key)
        block = await sent_block(part, self._attachment_store, delimiter)
        if self._is_first_delimited(part):
            block = f"{delimiter.explanation}\n\n{block}"
        return sent_text(part, block, sees_images=resolved.model.sees_images is not False)

    async def _describe_sections(self, part: Attached) -> tuple[str, str, str]:
        """Return the unit of the sections, the selected spans ("" for all), and a hint.

        Without sections, all three are "".
        """
        if not isinstance(part, DocumentPart) or not (unit := unit_of(part)):
            return "", "", ""
        try:
            sections = await self._sections_of(part)
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
        resolved = self._setup.resolved
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
        rule = self._setup.resolved.model.image_tokens
        try:
            if isinstance(part, ImagePart):
                sent_image = await scaler.scaled_image(part, rule)
                name = part.name
            elif isinstance(part, DocumentPart) and index < len(part.image_pages):
                page = part.image_pages[index]
                single_page = replace(part, pictured=(page,), chosen=None, in_parts=False)
                (sent_image,) = await scaler.page_images(single_page, rule)
                is_as_file = is_file(part, self._setup.resolved.files)
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

    # -------------------------------------------------------------- the selection

    def _part(self, sha256: str) -> Attached | None:
        return next((part for part in self._draft.shown_parts if part.sha256 == sha256), None)

    def _change(self, sha256: str, change: Callable[[DocumentPart], DocumentPart]) -> None:
        self._draft.change_parts(
            lambda part: (
                change(part) if isinstance(part, DocumentPart) and part.sha256 == sha256 else part
            )
        )

    async def _choose_spans(self, selection: str) -> None:
        """Send only the selected sections of a document, such as "1, 3-5"; "" sends all."""
        sha256 = self._shown_sha256
        part = self._part(sha256)
        assert self._dialog is not None
        if not isinstance(part, DocumentPart):
            return
        chosen = None
        try:
            if selection.strip():
                unit = unit_of(part)
                sections = await self._sections_of(part)
                names = [section.name for section in sections] if unit == "sheet" else []
                spans = parse_spans(selection, len(sections), unit, names)
                if spans != ((1, len(sections)),):  # all of them: no selection is needed
                    chosen = ChosenPages(unit, spans, len(sections))
        except UserFacingError as error:
            self._dialog.show_pages_error(error.sentences)
        else:
            self._change(sha256, lambda part: replace(part, chosen=chosen))

    async def _sections_of(self, part: DocumentPart) -> list[DocumentSection]:
        """Return the sections to choose from.

        Raises:
            IllegalChoiceError: there are none.
            StorageError: the text is missing.
        """
        text = await self._attachment_store.text(part.text_key)
        sections = await asyncio.to_thread(find_sections, text, unit_of(part))
        if not sections:
            raise IllegalChoiceError(
                N_("Can’t select parts of {name}."),
                hint=N_("Send all of it."),
                unit=unit_of(part),
                name=part.name,
            )
        return sections

    async def _toggle_hidden(self, sha256: str) -> None:
        """Send a document's text with its hidden parts, or again without them."""
        part = self._part(sha256)
        if not isinstance(part, DocumentPart):
            return
        with_hidden = not part.with_hidden
        store = self._attachment_store
        if with_hidden and part.media_type == FOLDER:  # whose text with hidden parts is stored
            full_text = await store.text(f"{sha256}{WITH_HIDDEN}")
            tokens = await self._documents.count_tokens(full_text)
            facts = replace(await store.metadata(sha256), tokens=tokens)
        elif with_hidden:
            document = await self._documents.extract_bytes(
                part.name,
                await store.bytes(sha256),
                password=self._documents.passwords.get(sha256, ""),
                takes_hidden=True,
            )
            await store.add_full_text(sha256, document.text)
            facts = document.attachment
        else:
            facts = await store.metadata(sha256)

        def change(part: DocumentPart) -> DocumentPart:
            return replace(
                part,
                with_hidden=with_hidden,
                pages=facts.pages,
                tokens=facts.tokens,
                chosen=None,  # other sheets may have the numbers that were chosen
            )

        self._change(sha256, change)

    def _count_missing(self) -> None:
        """Count the tokens of each selection that has no count."""
        for part in self._draft.shown_parts:
            if isinstance(part, DocumentPart) and part.chosen and part.chosen.tokens is None:
                key = (part.sha256, part.chosen)
                if key not in self._pending_counts:
                    self._pending_counts.add(key)
                    self._tasks.start(self._count_tokens(part, part.chosen))

    async def _count_tokens(self, part: DocumentPart, chosen: ChosenPages) -> None:
        try:
            text = await self._attachment_store.text(part.text_key)
            text = await asyncio.to_thread(chosen_text, part, text)
            tokens = await self._documents.count_tokens(text)
        finally:
            self._pending_counts.discard((part.sha256, chosen))
        current_part = self._part(part.sha256)
        if isinstance(current_part, DocumentPart) and current_part.chosen == chosen:
            counted_pages = replace(chosen, tokens=tokens)
            self._change(part.sha256, lambda part: replace(part, chosen=counted_pages))


def _page_name(number: int, *, is_as_file: bool) -> str:
    if is_as_file:  # the provider renders it differently
        return tr("Page {number}, as rendered here", number=number)
    return tr("Page {number}", number=number)


def change_signals(conversation: ConversationSession) -> tuple[SignalInstance, ...]:
    """Return the signals after which attachments may be sent in another form."""
    current = conversation.current
    return (
        current.opened,
        conversation.draft.changed,
        conversation.setup.choice_changed,
        current.path_changed,
        current.compactions_changed,
    )


def _parse_code(text: str) -> DocumentText:
    from desktop_app.markdown.document_text import DocumentText, TextForm

    return DocumentText(text, TextForm.CODE)
