"""The prompts of the library and of tool servers, as the window offers them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.composer.suggestions import Suggestion
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.prompt import Prompt, fill
from desktop_app.prompts.prompt_library import (
    FOR_DOCUMENTS,
    FOR_TWO_DOCUMENTS,
    PromptEntry,
    merge_prompts,
    task_for_each,
    translate_names,
)

if TYPE_CHECKING:
    from desktop_app.app.session import Session


_ICONS = {"executive-summary": "list", "extract-table": "table-2", "differences": "columns-2"}


class PromptList(QObject):
    """All prompts, including hidden ones.

    Attributes:
        entries: the built-in and the user's prompts, with their origin.

    Signals:
        changed(): prompts were added, removed or changed.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self.entries: tuple[PromptEntry, ...] = ()
        self._server_prompts: tuple[Prompt, ...] = ()

    @property
    def offered_prompts(self) -> tuple[Prompt, ...]:
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
