"""What several controllers show: folders, facts about collections, prompts and presets."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject, Signal

from desktop_app.composer.suggestions import Suggestion
from desktop_app.domain.conversations.conversation import Conversation, Folder, Message
from desktop_app.i18n.translation import tr
from desktop_app.library.folder_store import FolderStore
from desktop_app.prompts.preset import Preset
from desktop_app.prompts.prompt import Prompt, fill
from desktop_app.prompts.prompt_library import (
    FOR_DOCUMENTS,
    FOR_TWO_DOCUMENTS,
    PromptEntry,
    merge_prompts,
    task_for_each,
    translate_names,
)
from desktop_app.spending.ledger import Ledger

if TYPE_CHECKING:
    from desktop_app.chat.ui.answer_setup import AnswerSetup


class FolderList(QObject):
    """All folders, as the window shows them; the caller of `replace_all` writes the change.

    Attributes:
        by_id: all folders by id.

    Signals:
        changed(): folders were added, removed or renamed, or have other settings.
    """

    changed = Signal()

    def __init__(self, store: FolderStore, parent: QObject) -> None:
        super().__init__(parent)
        self._store = store
        self.by_id: Mapping[str, Folder] = {}

    async def load(self) -> None:
        """Load the folders from the store."""
        self.by_id = {folder.id: folder for folder in await self.read()}

    async def read(self) -> list[Folder]:
        """Return the folders as they are stored now."""
        return await self._store.all()

    def folder_of(self, conversation: Conversation) -> Folder | None:
        """Return the folder of a conversation, if it has one."""
        return self.by_id.get(conversation.folder_id or "")

    def save(self, folder: Folder) -> Coroutine[Any, Any, None]:
        """Add or change a folder; return its write, which the caller runs."""
        self.replace_all(list({**self.by_id, folder.id: folder}.values()))
        return self._store.save(folder)

    def replace_all(self, folders: Sequence[Folder]) -> None:
        """Replace all folders."""
        self.by_id = {folder.id: folder for folder in folders}
        self.changed.emit()


class ChipText(NamedTuple):
    """The text on the chip of a collection.

    Attributes:
        exists: False if this computer does not have the collection.
    """

    text: str
    exists: bool = True


class CollectionFacts(QObject):
    """Facts about collections by id: their size as text, and whether they still exist.

    Signals:
        changed(): the text or state of an attached collection has changed.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._facts: dict[str, ChipText] = {}

    def facts(self, collection_id: str) -> ChipText:
        """Return the text of a collection's chip."""
        # Before the collections are loaded, none is reported as missing.
        return self._facts.get(collection_id, ChipText(tr("collection")))

    def set(self, facts: Mapping[str, ChipText], *, report: bool) -> None:
        """Replace all facts; emit `changed` if `report` is True."""
        self._facts = dict(facts)
        if report:
            self.changed.emit()


_ICONS = {"executive-summary": "list", "extract-table": "table-2", "differences": "columns-2"}


class PromptList(QObject):
    """All prompts, including hidden ones.

    Attributes:
        entries: the built-in and the user's prompts, with their origin.

    Signals:
        changed(): prompts were added, removed or changed.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.entries: tuple[PromptEntry, ...] = ()
        self._server_prompts: tuple[Prompt, ...] = ()

    @property
    def offered_prompts(self) -> tuple[Prompt, ...]:
        """Return the prompts that `/` lists."""
        prompts = (entry.prompt for entry in self.entries)
        library_prompts = (p for p in prompts if not p.hidden and p.text.strip())
        return (*library_prompts, *self._server_prompts)

    def set_served(self, prompts: Iterable[Prompt]) -> None:
        """Set the prompts of tool servers, which are offered after all others."""
        server_prompts = tuple(prompts)
        if server_prompts != self._server_prompts:
            self._server_prompts = server_prompts
            self.changed.emit()

    def suggestions(self, document_count: int) -> list[Suggestion]:
        """Return the prompts to suggest for this number of documents."""
        prompts_by_id = {p.id: p for p in self.offered_prompts}
        suggested_ids = FOR_TWO_DOCUMENTS if document_count == 2 else FOR_DOCUMENTS
        return [
            Suggestion(id_, prompts_by_id[id_].title, _ICONS[id_])
            for id_ in suggested_ids
            if id_ in prompts_by_id
        ]

    def title_of(self, question: Message) -> str:
        """Return the title of the prompt that a question with files consists of; "" for others."""
        id_ = question.template_id
        prompt = next((entry.prompt for entry in self.entries if entry.prompt.id == id_), None)
        if prompt is None or not question.attachments:
            return ""
        task = fill(prompt.text, {}).text.strip()
        whole = task_for_each(task, prompt.requirements, question.attachments)
        return prompt.title if question.text.strip() == whole.strip() else ""

    def replace_all(self, built_in: Sequence[Prompt], stored: Iterable[Prompt]) -> None:
        """Replace `entries`; a stored prompt replaces the built-in prompt with its id."""
        built_in_by_id = {prompt.id: prompt for prompt in built_in}
        self.entries = tuple(
            entry._replace(prompt=translate_names(entry.prompt, built_in_by_id[entry.prompt.id]))
            if entry.prompt.id in built_in_by_id
            else entry
            for entry in merge_prompts(built_in, stored)
        )
        self.changed.emit()


DEFAULT_PRESET = "default.preset"


class Presets:
    """All presets, in the order of their positions: the user's, then the built-in ones."""

    def __init__(self, setup: AnswerSetup) -> None:
        self._values = setup.values
        self._providers = setup.providers
        self._setup = setup
        self._presets: dict[str, Preset] = {}

    @property
    def by_id(self) -> Mapping[str, Preset]:
        """Return all presets by id."""
        return self._presets

    def replace_all(self, presets: Iterable[Preset]) -> None:
        """Replace all presets."""
        in_order = sorted(presets, key=lambda preset: preset.position)
        self._presets = {preset.id: preset for preset in in_order}

    def put(self, preset: Preset) -> None:
        """Add a preset, or replace the preset with its id."""
        self.replace_all((self._presets | {preset.id: preset}).values())

    def remove(self, preset_id: str) -> Preset:
        """Remove and return a preset."""
        return self._presets.pop(preset_id)

    def preset_of(self, conversation: Conversation) -> Preset | None:
        """Return the preset that was last used in a conversation, if it still exists."""
        return self._presets.get(conversation.preset_id or "")

    def apply_chosen(self, conversation: Conversation) -> Conversation:
        """Apply a new conversation's own preset, else the default, unless the preset is deleted."""
        preset_id = conversation.preset_id or str(self._values[DEFAULT_PRESET])
        preset = self._presets.get(preset_id)
        return conversation if preset is None else self.apply(preset, conversation)

    def apply(self, preset: Preset, conversation: Conversation) -> Conversation:
        """Return a conversation with a preset's settings.

        The provider is the preset's, or the conversation's if the preset names none that exists.
        If that provider serves no variants, the preset's variant is left out. Settings that the
        model does not support stay; the settings panel shows them as refused.
        """
        if self._providers.get(preset.provider_id) is None:
            preset = replace(preset, provider_id="", model="")
        profile = self._providers.get(preset.provider_id) or self._setup.profile_of(conversation)
        choice = preset.choice_from(
            conversation.choice, serves_gpt_family=profile.serves_gpt_family
        )
        return replace(conversation, choice=choice, overrides=preset.overrides, preset_id=preset.id)

    def is_changed(self, conversation: Conversation) -> bool:
        """Return True if a conversation's settings differ from its preset's."""
        preset = self.preset_of(conversation)
        if preset is None:
            return False
        applied = self.apply(preset, conversation)
        return (applied.choice, applied.overrides) != (conversation.choice, conversation.overrides)


class SpendingEvents(QObject):
    """Signals for calls recorded in the ledger, paid or free.

    Signals:
        spent(str): calls to a provider were recorded; the argument is the provider's id.
    """

    spent = Signal(str)

    def __init__(self, ledger: Ledger, parent: QObject) -> None:
        super().__init__(parent)
        ledger.listen(self.spent.emit)
