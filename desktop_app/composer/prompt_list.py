"""The prompts of the library and of tool servers, as the window offers them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.composer.suggestions import Suggestion
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.prompt import FOR_DOCUMENTS, FOR_TWO_DOCUMENTS, Prompt, fill, task_for_each

if TYPE_CHECKING:
    from desktop_app.app.session import Session


_ICONS = {"executive-summary": "list", "extract-table": "table-2", "differences": "columns-2"}


class PromptList(QObject):
    """All prompts, including hidden ones.

    Attributes:
        library: the prompts of the library, with the titles that are shown.
        skills: the skills that can be switched on, as prompts without a text.

    Signals:
        changed(): prompts were added, removed or changed.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self.library: tuple[Prompt, ...] = ()
        self.skills: tuple[Prompt, ...] = ()
        self._server_prompts: tuple[Prompt, ...] = ()

    @property
    def presets(self) -> dict[str, Prompt]:
        """Return the prompts with settings that are offered, by their ids."""
        return {p.id: p for p in self.library if p.has_settings and not p.hidden}

    @property
    def offered_prompts(self) -> tuple[Prompt, ...]:
        """Return the prompts with a text to insert."""
        library_prompts = (p for p in self.library if not p.hidden and p.text.strip())
        return (*library_prompts, *self._server_prompts)

    def find(self, prompt_id: str | None) -> Prompt | None:
        """Return a prompt of the library, even if hidden; None if there is none."""
        return next((prompt for prompt in self.library if prompt.id == prompt_id), None)

    def set_library(self, prompts: Iterable[Prompt]) -> None:
        self.library = tuple(prompts)
        self.changed.emit()

    def set_served(self, prompts: Iterable[Prompt]) -> None:
        """Set the prompts of tool servers, which are offered after all others."""
        server_prompts = tuple(prompts)
        if server_prompts != self._server_prompts:
            self._server_prompts = server_prompts
            self.changed.emit()

    def set_skills(self, prompts: Iterable[Prompt]) -> None:
        skills = tuple(prompts)
        if skills != self.skills:
            self.skills = skills
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
        prompt = self.find(question.template_id)
        if prompt is None or not question.attachments:
            return ""
        task = fill(prompt.text, {}).text.strip()
        whole = task_for_each(task, prompt.requirements, question.attachments)
        return prompt.title if question.text.strip() == whole.strip() else ""
