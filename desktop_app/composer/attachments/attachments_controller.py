"""Attaches to prompts what is chosen, dropped or pasted, and tells what can be sent.

A drop on a conversation opens it and goes into its prompt; a drop on a folder goes into a new
conversation there. A separate process converts rich text to Markdown, so that a paste never waits
for a document.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from desktop_app.app.navigator import Navigator
from desktop_app.app.provider_list import PROVIDER_REMOVED
from desktop_app.app.session import ConversationSession, Session
from desktop_app.chat.answer_forms import is_built_in
from desktop_app.chat.attachments.file_attachments import require_files, without_files
from desktop_app.chat.attachments.image_attachments import require_image_input
from desktop_app.composer.attachments.attachment_facts import exceeds_window
from desktop_app.composer.attachments.file_readings import PASTED_NAME, FileReadings
from desktop_app.composer.attachments.prompt_chips import PromptChips
from desktop_app.composer.available_models import AvailableModels
from desktop_app.composer.dropped_content import DroppedContent, DroppedData
from desktop_app.composer.prompt_list import PromptList
from desktop_app.composer.prompt_text import MAX_TEXT_CHARACTERS
from desktop_app.composer.suggestions import Suggestion
from desktop_app.composer.written_field import RichTextPaste, is_richer, text_of_html
from desktop_app.documents.worker.document_worker import DocumentWorker, Limits
from desktop_app.domain import errors
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.i18n.formatting import duration, rough_money
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.library.ui.conversation_list import ConversationList
from desktop_app.providers.models.choice_resolution import ResolvedChoice

CONVERSION_LIMIT_S = 15.0
USE_ACCOUNT = "use-account"  # the ids of suggestions that are no prompts
GET_MODEL = "get-model"


class RichTexts:
    """Conversion of formatted text to Markdown, in a process of its own."""

    def __init__(self, _session: Session) -> None:
        self._reader: DocumentWorker | None = None

    async def convert(self, paste: RichTextPaste) -> None:
        """Replace a pasted text by Markdown if that has more."""
        with suppress(errors.DocumentError):  # the plain text stays
            markdown = await self._markdown_of(paste.html)
            if await asyncio.to_thread(is_richer, markdown, paste.plain_text, paste.html):
                paste.replace_with(markdown)

    async def markdown_or_text(self, text: str, html: str) -> str:
        """Return rich text as Markdown if that has more than the plain text, else plain text."""
        try:
            markdown = await self._markdown_of(html) if html else ""
        except errors.DocumentError:
            markdown = ""
        if await asyncio.to_thread(is_richer, markdown, text, html):
            return markdown
        return text or text_of_html(html)

    async def _markdown_of(self, html: str) -> str:
        """Return rich text as Markdown, "" if it has no formatting.

        Raises:
            DocumentError: it cannot be read.
        """
        if self._reader is None:
            self._reader = DocumentWorker(Limits(seconds=CONVERSION_LIMIT_S))
        return await self._reader.markdown_of(html)

    async def aclose(self) -> None:
        """End the reader's process."""
        if self._reader is not None:
            await self._reader.aclose()


class PromptAttachments(QObject):
    """Attaching to a conversation's prompt, and what its attachments allow to send."""

    def __init__(self, session: Session, conversation: ConversationSession) -> None:
        super().__init__(conversation.window)
        self._session, self._tasks = session, session.tasks
        self._providers = session.providers
        self._prompt, self._notifications = conversation.prompt, conversation.notices
        self._current, self._draft = conversation.current, conversation.draft
        self._setup = conversation.setup
        self._readings = conversation.of(FileReadings)
        self._prompt.attach_requested.connect(self.attach)
        field = self._prompt.field
        field.data_pasted.connect(self.attach_content)
        field.rich_text_pasted.connect(self._tasks.slot(session.of(RichTexts).convert))
        self._current.opened.connect(self._show_refusal)
        conversation.of(PromptChips).shown.connect(self._show_refusal)

    def attach(self, paths: Iterable[Path], conversation_id: str = "") -> None:
        """Read files and attach them to a conversation's draft, by default the open one's."""
        self._readings.read([(path.name or str(path), path) for path in paths], conversation_id)
        self._prompt.focus_text()

    def attach_text(self, text: str, conversation_id: str = "") -> None:
        """Attach a long pasted text as a document to a draft, by default the open one's."""
        self._readings.read([(tr(PASTED_NAME), text)], conversation_id)

    def attach_content(self, content: DroppedData, conversation_id: str = "") -> None:
        """Attach dropped or pasted data without a file: an image, a message or rich text."""
        self._readings.read([(content.name, content)], conversation_id)
        self._prompt.focus_text()

    def _show_refusal(self) -> None:
        if not self._current.opening_number:  # no model is chosen yet
            return
        if self._providers.has_provider(self._current.conversation):
            refusal = self._find_refusal()
        else:
            refusal = tr(PROVIDER_REMOVED)
        # A question waits for its files, but not for another choice of the user.
        readings = self._readings.in_open_conversation
        can_queue = bool(readings) and not refusal
        if can_queue:
            refusal = tr("Reading {name}…", name=next(iter(readings.values())).name)
        self._prompt.set_refusal(refusal, can_queue=can_queue)

    def _find_refusal(self) -> str:
        """Return why the chosen model cannot take the attachments; "" if it can."""
        parts = self._draft.value.attachments
        resolved = self._setup.resolved
        try:
            require_files(parts, self._current.path_before_question, resolved)
            require_image_input(without_files(parts, resolved.files), resolved.model)
        except errors.IllegalChoiceError as error:
            return error.sentences
        except errors.DocumentDoesNotFitError:
            pass  # sending then offers to read the documents in parts
        return ""


class AttachmentsController(PromptAttachments):
    """Attaching to the main window's prompt, and what its attachments allow to send and suggest.

    Signals:
        suggestion_chosen(str): ask the suggested prompt of this id.
    """

    suggestion_chosen = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__(session, session.main)
        self._chat_service = session.backend.chat
        self._plan_texts: dict[tuple[str, ...], str] = {}
        self._session.of(ConversationList).view.content_dropped.connect(self.insert_drop)
        field = self._prompt.field
        field.large_text_pasted.connect(self.attach_text)
        field.large_rich_text_pasted.connect(self._tasks.slot(self._attach_rich))
        field.notice_raised.connect(lambda note: self._notifications.notify(note))
        self._prompt.text_changed.connect(self._show_suggestions)
        session.of(PromptList).changed.connect(self._show_suggestions)
        self._prompt.suggestions.chosen.connect(self._choose)
        self._readings.text_attached.connect(self._offer_as_text)

    def insert_as_text(self) -> None:
        """Move the last attached plain text, pasted or from a file, into the prompt."""
        documents = [p for p in self._draft.value.attachments if isinstance(p, DocumentPart)]
        texts = [part for part in documents if part.media_type == "text/plain"]
        if texts:
            self._tasks.start(self._insert_as_text(texts[-1].sha256))
        else:
            self._notifications.notify(tr("No text is attached"))

    async def _insert_as_text(self, sha256: str) -> None:
        conversation_id = self._current.id
        text = await self._session.backend.attachments.text(sha256)
        if conversation_id != self._current.id:  # the prompt now belongs to another conversation
            return
        if len(text) > MAX_TEXT_CHARACTERS:
            self._notifications.notify(tr("This text is too long for the message box."))
            return
        self._prompt.field.insert_plain(text)
        self._session.main.of(PromptChips).remove_part(sha256)
        self._prompt.focus_text()

    def _offer_as_text(self, conversation_id: str, sha256: str) -> None:
        if conversation_id == self._current.id:
            self._notifications.notify(
                tr("Long text attached as a document"),
                [(tr("Insert as text"), lambda: self._tasks.start(self._insert_as_text(sha256)))],
            )

    # -------------------------------------------------------------- drops on the list, rich text

    def insert_drop(self, dropped: DroppedContent, identifier: str, is_folder: bool) -> None:
        """Open a row's conversation, or a new one in the row's folder, and insert the content.

        If `identifier` is empty, the content goes into the open prompt.
        """
        if identifier and not is_folder:
            self._tasks.start(self._drop_on_conversation(dropped, identifier))
            return
        if identifier:
            self._session.of(Navigator).open_new(identifier)
        self._prompt.insert_dropped(self._attach_dropped(dropped, self._current.id))
        self._prompt.focus_text()

    async def _drop_on_conversation(self, dropped: DroppedContent, conversation_id: str) -> None:
        # Attachments go to that conversation even if another is opened meanwhile; text is inserted
        # only if it is open.
        text_content = self._attach_dropped(dropped, conversation_id)
        await self._session.of(Navigator).open(conversation_id)
        if self._current.id == conversation_id:
            self._prompt.insert_dropped(text_content)
            self._prompt.focus_text()
        elif dropped.is_text:
            self._notifications.notify(tr("Text not inserted because you switched conversations."))

    def _attach_dropped(self, dropped: DroppedContent, conversation_id: str) -> DroppedContent:
        """Attach the files and the data of dropped content, and return the rest."""
        if dropped.files:
            self.attach(dropped.files, conversation_id)
        if dropped.data is not None:
            self.attach_content(dropped.data, conversation_id)
        return replace(dropped, files=(), data=None)

    async def _attach_rich(self, text: str, html: str) -> None:
        conversation_id = self._current.id
        markdown = await self._session.of(RichTexts).markdown_or_text(text, html)
        self.attach_text(markdown, conversation_id)

    # -------------------------------------------------------------- sending

    def _show_refusal(self) -> None:
        super()._show_refusal()
        if self._current.opening_number:
            self._show_suggestions()

    def _show_suggestions(self) -> None:
        documents = [p for p in self._draft.value.attachments if isinstance(p, DocumentPart)]
        can_suggest = bool(documents) and not self._readings.in_open_conversation
        suggestions: Sequence[Suggestion] = ()
        if can_suggest and not self._prompt.text().strip():
            suggestions = self._session.of(PromptList).suggestions(len(documents))
            if is_built_in(self._setup.resolved):
                suggestions = [self._better_model(documents)]
            elif self._current.opening_number and exceeds_window(documents, self._setup.resolved):
                suggestions = [self._summary_in_parts(s, documents) for s in suggestions[:1]]
        self._prompt.suggestions.set_suggestions(suggestions)

    def _better_model(self, documents: Sequence[DocumentPart]) -> Suggestion:
        """Return the suggestion of a model that can summarize, in place of the built-in one."""
        account = self._session.of(AvailableModels).account
        if account is None:
            return Suggestion(GET_MODEL, tr("Get a better model"), "cpu")
        label = self._session.of(AvailableModels).account_offer(account, documents)
        return Suggestion(USE_ACCOUNT, label, "sparkles")

    def _choose(self, suggestion_id: str) -> None:
        if suggestion_id == USE_ACCOUNT:
            self._session.of(AvailableModels).use_account()
        elif suggestion_id == GET_MODEL:
            self._session.run("models.local")
        else:
            self.suggestion_chosen.emit(suggestion_id)

    def _summary_in_parts(
        self, summary: Suggestion, documents: Sequence[DocumentPart]
    ) -> Suggestion:
        """Return the suggestion to read documents in parts, with the cost once it is planned."""
        resolved = self._setup.resolved
        plan = (resolved.profile.id, resolved.model.id, *(part.sha256 for part in documents))
        label = tr("Summarize in parts")
        if plan not in self._plan_texts:
            self._plan_texts[plan] = ""
            self._tasks.start(self._plan_parts(plan, documents, resolved))
        facts = self._plan_texts[plan]
        return summary._replace(label=f"{label} · {facts}" if facts else label)

    async def _plan_parts(
        self, plan: tuple[str, ...], documents: Sequence[DocumentPart], resolved: ResolvedChoice
    ) -> None:
        with suppress(errors.UserFacingError):  # sending reports it
            reader = self._chat_service.chunked_reader
            settings = self._setup.ask_settings
            chunks = await reader.plan(documents, "", resolved, settings)
            ledger = self._session.backend.ledger
            seconds = chunks.seconds(resolved, await ledger.typical_answers(resolved.profile.id))
            facts = [tr_plural("{count} part", "{count} parts", chunks.calls)]
            if seconds is not None:
                about = tr("about {time}", time=duration(seconds, digits=0))
                facts = [f"{facts[0]}, {about}"]
            if chunks.cost:
                facts.append(rough_money(chunks.cost))
            self._plan_texts[plan] = " · ".join(facts)
            self._show_suggestions()
