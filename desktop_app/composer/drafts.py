"""The drafts of all conversations, in memory and in the store.

While writes are pending, the memory is newer than the store. The blank conversation has a draft,
too, with settings for its answers. It keeps its id until it is stored, so that files still being
read arrive in its draft.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.app.tasks import Tasks
from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.composer.prompt_text import PromptText
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    ModelChoice,
    new_id,
)
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    DraftPart,
    ImagePart,
    part_id,
)
from desktop_app.domain.errors import StorageError
from desktop_app.domain.prompt import CLIPBOARD, SELECTION
from desktop_app.settings.settings_store import SettingsStore

if TYPE_CHECKING:
    from desktop_app.app.session import Session

BLANK_KEY = "window.new_draft"
_LEFT_KEY: Final = "window.left_edits"
QUICK_KEY = "window.quick_draft"
"""Of the quick prompt's unsent question, which belongs to no conversation, also its id here."""
SAVE_MS = 400
MARKS: Final = {name: f"{{{{{name}}}}}" for name in (SELECTION, CLIPBOARD)}
"""In the quick prompt, these stand for the accompanying text and for the clipboard's."""


class QuestionEdit(NamedTuple):
    """An earlier question in the prompt, and the draft that was there before."""

    question: Message
    previous: Draft

    def with_changed_question(self, typed_draft: Draft) -> Draft:
        """Return the previous draft, followed by the question as typed if it was changed."""
        if typed_draft == self.question.as_draft:
            return self.previous
        return join_drafts(self.previous, typed_draft)

    def after_sending(self, draft: Draft) -> Draft:
        """Return the previous draft, followed by what was typed after sending."""
        return join_drafts(self.previous, draft) if draft.has_question else self.previous


class QuickDraft(Draft, frozen=True):
    """The unsent question of the quick prompt.

    Attributes:
        accompanying: text from another program, which is sent with the question.
        clipboard: the text that replaces the clipboard's mark in the draft.
    """

    accompanying: str = ""
    clipboard: str = ""

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> QuickDraft:
        """Return the question that was stored as `row`, {} for none."""
        draft = Draft.from_json({"text": "", "attachments": (), **row})
        texts = draft.text, row.get("brought", ""), row.get("clipboard", "")
        return cls(texts[0], draft.attachments, draft.template_id, *texts[1:])

    def to_json(self) -> dict[str, Any]:
        row = Draft.to_json(self)
        return {**row, "brought": self.accompanying, "clipboard": self.clipboard}

    @property
    def question(self) -> Draft:
        """Return what is sent: the text with its marks filled, and with what accompanies it."""
        text, accompanying = self.text, self.accompanying.strip()
        # Split, because the accompanying text may contain the clipboard's mark.
        pieces = text.split(MARKS[SELECTION])
        if self.clipboard:
            pieces = [piece.replace(MARKS[CLIPBOARD], self.clipboard.strip()) for piece in pieces]
        if len(pieces) > 1 and accompanying:
            text, accompanying = accompanying.join(pieces), ""
        else:
            text = MARKS[SELECTION].join(pieces)
        filled = "\n\n".join(filter(None, (text.strip(), accompanying)))
        return Draft(filled, self.attachments, self.template_id)


class Drafts:
    """Drafts of conversations by id, and of the quick prompt by `QUICK_KEY`.

    Attributes:
        prompts: those in the prompts.
        blank_id: the id of the blank conversation.
        blank_overrides: the settings of its answers.
        blank_preset_id: the id of the preset that was applied to it; None for none.
        choices: the models that the user chose for the next message only, by conversation.
        without_text: the conversations whose next message goes without the text beside them.
    """

    def __init__(
        self, conversations: ConversationStore, settings_store: SettingsStore, tasks: Tasks
    ) -> None:
        self._conversations = conversations
        self._settings_store = settings_store
        self._tasks = tasks
        self._drafts: dict[str, Draft] = {QUICK_KEY: QuickDraft()}
        self._edits: dict[str, QuestionEdit] = {}
        self._held: dict[str, Draft] = {}  # queued questions
        # The last canceled edit of each conversation: the id of its question, and what was typed.
        self._left: dict[str, tuple[str, Draft]] = {}
        self._unwritten: set[str] = set()  # conversations whose last write failed
        self.prompts: list[PromptDraft] = []
        self.blank_id = new_id()
        self.blank_overrides = Overrides()
        self.blank_preset_id: str | None = None
        self.choices: dict[str, ModelChoice] = {}
        self.without_text: set[str] = set()

    def load(self, stored_settings: dict[str, Any]) -> None:
        """Load the drafts of the blank conversation and the quick prompt, and canceled edits."""
        for id_, left in stored_settings.get(_LEFT_KEY, {}).items():
            self._left[id_] = left["question"], Draft.from_json(left)
        self._drafts[QUICK_KEY] = QuickDraft.from_json(stored_settings.get(QUICK_KEY, {}))
        row = stored_settings.get(BLANK_KEY, {})
        self._drafts[self.blank_id] = Draft.from_json({"text": "", "attachments": (), **row})
        self.blank_overrides = Overrides.from_json(row.get("overrides", {}))
        self.blank_preset_id = row.get("preset")

    def draft_of(self, conversation: Conversation) -> Draft:
        """Return the draft of a conversation that was read from the store."""
        return self._drafts.get(conversation.id, conversation.draft)

    def cached(self, conversation_id: str) -> Draft:
        """Return the draft in memory, an empty one for a conversation that was never open."""
        return self._drafts.get(conversation_id, Draft())

    def put(self, conversation_id: str, draft: Draft) -> None:
        """Set a draft, and write it if it has changed or its last write failed."""
        if self._drafts.get(conversation_id) != draft or conversation_id in self._unwritten:
            self._drafts[conversation_id] = draft
            self._tasks.start(self._write(conversation_id, self.unsent(conversation_id)))

    def save_prompts(self) -> None:
        """Save what is in the prompts now."""
        for draft in self.prompts:
            draft.save()

    @property
    def has_unwritten(self) -> bool:
        """Return True if the last write of a draft failed."""
        return bool(self._unwritten)

    async def write_again(self) -> None:
        """Write the drafts whose last write failed."""
        for conversation_id in tuple(self._unwritten):
            with suppress(StorageError):  # it has been reported
                await self._write(conversation_id, self.unsent(conversation_id))

    def hold(self, conversation_id: str, draft: Draft) -> None:
        """Keep a question apart from the draft until it is sent; in the store, both are one."""
        held = self._held.get(conversation_id)
        self._held[conversation_id] = draft if held is None else join_drafts(held, draft)
        self._drafts[conversation_id] = draft.after_sending
        self._tasks.start(self._write(conversation_id, self.unsent(conversation_id)))

    def attach_to_held(self, conversation_id: str, part: DraftPart) -> None:
        """Attach a file that was read to the question that is kept apart, at most once."""
        held = self._held.get(conversation_id)
        if held is None:
            return  # deleted in the meantime
        self._held[conversation_id] = join_drafts(held, Draft("", (part,)))
        self._tasks.start(self._write(conversation_id, self.unsent(conversation_id)))

    def held(self, conversation_id: str) -> Draft | None:
        """Return the question that is kept apart from a draft, None for none."""
        return self._held.get(conversation_id)

    def release(self, conversation_id: str) -> Draft | None:
        """Put a question that was kept apart before the draft, and return both, None for none."""
        held = self._held.pop(conversation_id, None)
        if held is None:
            return None
        self.put(conversation_id, join_drafts(held, self.cached(conversation_id)))
        return self.cached(conversation_id)

    def edit(self, conversation_id: str, edit: QuestionEdit) -> None:
        """Begin an edit: its question becomes the draft, and the previous draft is stored."""
        self._edits[conversation_id] = edit
        self._drafts[conversation_id] = edit.question.as_draft
        self._tasks.start(self._write(conversation_id, edit.previous))

    def leave_edit(self, question: Message, typed: Draft) -> None:
        """Keep what was typed in an edit until it is edited again, also for the next start."""
        self._left.pop(question.conversation_id, None)
        if typed != question.as_draft:
            self._left[question.conversation_id] = question.id, typed
        rows = {id_: {"question": of, **typed.to_json()} for id_, (of, typed) in self._left.items()}
        self._tasks.start(self._settings_store.set(_LEFT_KEY, rows))

    def edited_draft(self, question: Message) -> Draft:
        """Return the question as it was typed in an edit that was canceled, else as it is."""
        of, typed = self._left.get(question.conversation_id, ("", Draft()))
        return typed if of == question.id else question.as_draft

    def edit_in(self, conversation_id: str) -> QuestionEdit | None:
        return self._edits.get(conversation_id)

    def end_edit(self, conversation_id: str) -> QuestionEdit | None:
        return self._edits.pop(conversation_id, None)

    def put_blank_settings(self, overrides: Overrides, preset_id: str | None) -> None:
        """Set and write the settings of the blank conversation."""
        self.blank_overrides = overrides
        self.blank_preset_id = preset_id
        self._tasks.start(self._write(self.blank_id, self.unsent(self.blank_id)))

    def remove_sent(self, conversation_id: str, sent_draft: Draft) -> Draft:
        """Remove a stored question from its draft, end its edit, and return the rest."""
        if self._held.pop(conversation_id, None) is not None:
            remaining = self.cached(conversation_id)
        else:
            remaining = _remaining_draft(self.cached(conversation_id), sent_draft)
        edit = self.end_edit(conversation_id)
        if edit is not None:
            if conversation_id in self._left:
                self.leave_edit(edit.question, edit.question.as_draft)
            remaining = edit.after_sending(remaining)
        self.replace_stored(conversation_id, remaining)
        return remaining

    def replace_stored(self, conversation_id: str, draft: Draft) -> None:
        """Set the draft of a conversation that was just stored, perhaps the blank one."""
        if conversation_id == self.blank_id:
            self.blank_id = new_id()
            self.blank_overrides = Overrides()
            self.blank_preset_id = None
            self._tasks.start(self._settings_store.remove(BLANK_KEY))
        # Written even if empty, because an older state may be about to be written.
        self._drafts[conversation_id] = draft
        self._tasks.start(self._write(conversation_id, self.unsent(conversation_id)))

    def forget(self, conversation_id: str) -> None:
        """Forget the draft of a conversation that was deleted."""
        self._drafts.pop(conversation_id, None)
        self._edits.pop(conversation_id, None)
        self._held.pop(conversation_id, None)
        self._unwritten.discard(conversation_id)

    async def attach(self, conversation_id: str, part: DraftPart) -> None:
        """Attach a part to the draft of a conversation that is not open, at most once."""
        draft = self._drafts.get(conversation_id)
        if draft is None:
            conversation = await self._conversations.get(conversation_id)
            if conversation is None:
                return  # deleted in the meantime
            draft = self.draft_of(conversation)
        if part_id(part) not in map(part_id, draft.attachments):
            self.put(conversation_id, replace(draft, attachments=(*draft.attachments, part)))

    def add_words(self, conversation_id: str, words: str) -> None:
        """Write dictated words at the end of the draft of a conversation that was left."""
        if (draft := self._drafts.get(conversation_id)) is not None:  # else it was deleted
            gap = " " if draft.text[-1:].strip() and words else ""
            self.put(conversation_id, replace(draft, text=f"{draft.text}{gap}{words}"))

    def unsent(self, conversation_id: str) -> Draft:
        """Return the draft to store, with a queued question, or during an edit the previous one."""
        draft = self.cached(conversation_id)
        edit = self._edits.get(conversation_id)
        draft = draft if edit is None else edit.with_changed_question(draft)
        held = self._held.get(conversation_id)
        return draft if held is None else join_drafts(held, draft)

    async def _write(self, conversation_id: str, draft: Draft) -> None:
        try:
            if conversation_id == QUICK_KEY and draft == QuickDraft():
                await self._settings_store.remove(QUICK_KEY)
            elif conversation_id == QUICK_KEY:
                await self._settings_store.set(QUICK_KEY, draft.to_json())
            elif conversation_id == self.blank_id:
                row = {
                    **draft.to_json(),
                    "overrides": self.blank_overrides.to_json(),
                    "preset": self.blank_preset_id,
                }
                await self._settings_store.set(BLANK_KEY, row)
            else:
                await self._conversations.save_draft(conversation_id, draft)
        except StorageError:
            self._unwritten.add(conversation_id)
            raise
        self._unwritten.discard(conversation_id)


def _remaining_draft(draft: Draft, sent_draft: Draft) -> Draft:
    """Return the part of a draft that was typed or attached after `sent_draft`."""
    attachments = sent_draft.question_attachments
    parts = tuple(part for part in draft.attachments if part not in attachments)
    return Draft(_find_inserted_text(sent_draft.text, draft.text), parts)


def _find_inserted_text(sent_text: str, text: str) -> str:
    """Return what was inserted into a sent text; the whole text if some of it was changed."""
    pairs = enumerate(zip(sent_text, text, strict=False))
    start = next(
        (index for index, (sent_character, character) in pairs if sent_character != character),
        min(len(sent_text), len(text)),
    )
    end = start + len(text) - len(sent_text)
    is_insertion = end >= start and text.endswith(sent_text[start:])
    return text[start:end] if is_insertion else text


def join_drafts(first: Draft, second: Draft) -> Draft:
    """Return the texts of two drafts, one below the other, and the attachments of both."""
    text = "\n\n".join(filter(None, (first.text, second.text)))
    parts = {part_id(part): part for part in (*first.attachments, *second.attachments)}
    return Draft(text, tuple(parts.values()), second.template_id or first.template_id)


class AttachmentOrigins:
    """Paths of attached files by SHA-256, as far as known."""

    def __init__(self, session: Session) -> None:
        self._store = session.backend.attachments
        self.paths: dict[str, Path] = {}

    async def load(self, hashes: Iterable[str]) -> None:
        """Load the paths of attachments from the store."""
        unknown = [sha256 for sha256 in hashes if sha256 not in self.paths]
        if unknown:
            self.paths |= await self._store.origins(unknown)


Attached = DocumentPart | ImagePart


class PromptDraft(QObject):
    """Text and attachments of a prompt, which are saved after a pause without another change.

    Attributes:
        store: saves the draft.
        value: the last draft that was set; its text lacks what was typed since. A
            conversation that is opened sets it; `OpenConversation.opened` reports that.

    Signals:
        changed(): attachments were added, removed or changed, or the draft was replaced.
    """

    changed = Signal()

    store: Callable[[], None]

    def __init__(self, drafts: Drafts, field: PromptText) -> None:
        super().__init__(field)
        self._field = field
        self.value = Draft()
        self._timer = QTimer(self, singleShot=True, interval=SAVE_MS)
        self._timer.timeout.connect(self.save)
        self.changed.connect(self.save_soon)
        drafts.prompts.append(self)

    def save_soon(self) -> None:
        """Save after a pause without another change."""
        self._timer.start()

    def save(self) -> None:
        self._timer.stop()
        self.store()

    @property
    def current(self) -> Draft:
        """Return the draft with the text that is in the prompt now."""
        return self.with_text(self._field.toPlainText(), self._field.template_id)

    @property
    def question(self) -> Draft:
        """Return what would be sent now."""
        return self.question_with(self._field.toPlainText(), self._field.template_id)

    def question_with(self, text: str, template_id: str) -> Draft:
        """Return what would be sent with another text."""
        draft = self.with_text(text, template_id)
        return draft.question if isinstance(draft, QuickDraft) else draft

    def replace(self, draft: Draft) -> None:
        self.value = draft
        self.changed.emit()

    def with_text(self, text: str, template_id: str) -> Draft:
        """Return the draft with another text, and the template that produced it."""
        return replace(self.value, text=text, template_id=template_id)

    def read_in_parts(self) -> None:
        """Have all documents read in parts, but those that tools read."""
        self.change_parts(
            lambda part: (
                replace(part, in_parts=True)
                if isinstance(part, DocumentPart) and not (part.by_tools or part.for_code)
                else part
            )
        )

    @property
    def shown_parts(self) -> list[Attached]:
        """Return the documents and images, in order."""
        return [p for p in self.value.attachments if isinstance(p, DocumentPart | ImagePart)]

    def change_parts(self, change: Callable[[Attached], Attached]) -> None:
        """Replace each document and image by the result of `change` for it."""
        self.set_attachments(
            [
                change(part) if isinstance(part, DocumentPart | ImagePart) else part
                for part in self.value.attachments
            ]
        )

    def set_attachments(self, attachments: Sequence[DraftPart]) -> None:
        self.replace(replace(self.value, attachments=tuple(attachments)))
