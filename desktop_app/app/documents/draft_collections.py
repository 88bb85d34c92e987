"""The collections that the next question searches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.app.state.conversation.open_conversation import OpenConversation
from desktop_app.app.state.draft.drafts import AttachmentOrigins
from desktop_app.app.state.shared_lists import ChipText, CollectionFacts
from desktop_app.domain.conversations.message_parts import CollectionPart, DocumentPart, part_id
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from desktop_app.ui.library.collections_dialog import CollectionState


class DraftCollections(QObject):
    """The collections in the draft, and the facts on their chips.

    Signals:
        unknown_found(): the draft has a collection that the last `show_states` did not contain.
    """

    unknown_found = Signal()

    def __init__(
        self,
        parent: QObject,
        *,
        current: OpenConversation,
        origins: AttachmentOrigins,
        collection_facts: CollectionFacts,
    ) -> None:
        super().__init__(parent)
        self._draft = current.draft
        self._origins = origins
        self._facts = collection_facts
        self._states: Mapping[str, CollectionState] = {}
        self._unknown_ids: set[str] = set()  # not in `_states`, which may be out of date
        self._missing_ids: set[str] = set()  # not in the states when they were shown
        current.opened.connect(self._find_unknown)
        current.draft.changed.connect(self._find_unknown)

    def show_states(self, states: Mapping[str, CollectionState]) -> None:
        """Show the size of each collection on its chip, and which are not on this computer.

        Args:
            states: all collections by id.
        """
        draft_ids = {part.collection_id for part in self._draft.value.collections}
        missing_ids = draft_ids - set(states)
        has_changed = states != self._states or missing_ids != self._missing_ids
        self._states = states
        self._missing_ids = missing_ids
        facts = {id_: ChipText(state.summary) for id_, state in states.items()}
        facts |= dict.fromkeys(missing_ids, ChipText(tr("not on this computer"), exists=False))
        self._facts.set(facts, report=bool(draft_ids) and has_changed)

    def add(self, part: CollectionPart) -> None:
        """Add a collection to the draft, after the other attachments."""
        other_parts = [
            each for each in self._draft.value.attachments if part_id(each) != part.collection_id
        ]
        self._draft.set_attachments((*other_parts, part))

    def remove(self, ids: Iterable[str]) -> None:
        """Remove the attachments with these ids from the draft."""
        removed_ids = set(ids)
        remaining_parts = tuple(
            p for p in self._draft.value.attachments if part_id(p) not in removed_ids
        )
        if remaining_parts != self._draft.value.attachments:
            self._draft.set_attachments(remaining_parts)

    def document_paths(self) -> dict[str, Path]:
        """Return the known paths of the documents in the draft, by their ids."""
        documents = [p for p in self._draft.value.attachments if isinstance(p, DocumentPart)]
        known_paths = self._origins.paths
        return {p.sha256: known_paths[p.sha256] for p in documents if p.sha256 in known_paths}

    def _find_unknown(self) -> None:
        unknown_ids = {p.collection_id for p in self._draft.value.collections} - set(self._states)
        # Once for the same ids: a missing collection would be looked for without end.
        if unknown_ids != self._unknown_ids:
            self._unknown_ids = unknown_ids
            if unknown_ids:
                self.unknown_found.emit()
