"""Collections in the window: created, updated and asked.

Closing the page does not stop an update: the prompt's chip, and the page when it is opened
again, show its progress.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from desktop_app.app.session import Session
from desktop_app.app.shared_lists import ChipText, CollectionFacts
from desktop_app.app.window.main_window import MainWindow
from desktop_app.chat.ui.open_conversation import OpenConversation
from desktop_app.collections.ui.collection_updates import CollectionUpdates
from desktop_app.composer.drafts import AttachmentOrigins
from desktop_app.domain.conversations.message_parts import CollectionPart, DocumentPart, part_id
from desktop_app.domain.errors import DocumentDoesNotFitError, StorageError, UserFacingError
from desktop_app.i18n.formatting import money, number
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.shortcuts.command_search import PaletteEntry
from desktop_app.widgets.cards.notifications import Actions

if TYPE_CHECKING:
    from desktop_app.app.window.command_palette import CommandPalette
    from desktop_app.collections.collection_service import Collections
    from desktop_app.collections.embedding_service import EmbeddingPlan
    from desktop_app.collections.ui.collections_dialog import CollectionsPage, CollectionState

_CREATE_LABEL: Final = N_("Create collection…")
NEW_NAME: Final = N_("New collection")
_UNDO_MS: Final = 12_000
_RELOAD_MS: Final = 200  # between two reloads, however often an update reports progress


class CollectionsController(QObject):
    """Connection of the collections, their dialog and the prompt.

    Signals:
        document_open_requested(str, str): show a document, by its SHA-256 and name.
    """

    document_open_requested = Signal(str, str)

    def __init__(
        self, window: MainWindow, state: Session, *, collections: Callable[[], Collections]
    ) -> None:
        super().__init__(window)
        self._window = window
        self._prompt = window.pane.prompt
        self._notifications = window.pane.notifications
        self._tasks = state.tasks
        self._current = state.current
        self._collections = collections
        self._dialog: CollectionsPage | None = None
        self._picker = CollectionPicker(window)
        self._picker.chosen.connect(self.ask_in_draft)
        self._picker.dialog_requested.connect(self.show)
        self._states: dict[str, CollectionState] = {}
        self._load_lock = asyncio.Lock()
        self._reload_timer = QTimer(self, singleShot=True, interval=_RELOAD_MS)
        self._reload_timer.timeout.connect(self._tasks.slot(self._reload))
        self._deleted_id = ""  # of the collection to delete, unless the user presses Undo
        self._deletion_timer = QTimer(self, singleShot=True, interval=_UNDO_MS)
        self._deletion_timer.timeout.connect(state.tasks.slot(self._complete_deletion))
        self._draft_collections = DraftCollections(
            self,
            current=state.current,
            origins=state.origins,
            collection_facts=state.collection_facts,
        )
        self._draft_collections.unknown_found.connect(self._reload_timer.start)
        self._updates = CollectionUpdates(
            self,
            tasks=state.tasks,
            collections=collections,
            states=lambda: self._states,
            reload=self._reload,
        )

        def on_progress() -> None:
            if self._dialog is not None:
                self._show_work(self._dialog)
            if not self._reload_timer.isActive():
                self._reload_timer.start()

        self._updates.progressed.connect(on_progress)
        self._updates.reported.connect(
            lambda message, is_error: self._report(message, is_error=is_error)
        )

    # -------------------------------------------------------------- the window

    def show(self) -> None:
        """Show the dialog."""
        self._tasks.start(self._show())

    def check_store(self) -> None:
        """Show in the open dialog what other processes have written to the store."""
        if self._dialog is not None and self._dialog.isVisible():
            self._reload_timer.start()

    async def _show(self, collection_id: str = "", *, is_new: bool = False) -> None:
        dialog = self._get_dialog()
        await self._reload()
        self._window.show_page(dialog)
        if collection_id:
            dialog.select(collection_id, is_new=is_new)

    def _get_dialog(self) -> CollectionsPage:
        if self._dialog is not None:
            return self._dialog
        # Imported here, because the start does not need it.
        from desktop_app.collections.ui.collections_dialog import CollectionsPage

        dialog = self._dialog = CollectionsPage(self._window)
        dialog.create_requested.connect(self._tasks.slot(self._create))
        dialog.add_requested.connect(self._updates.add)
        dialog.rename_requested.connect(self._tasks.slot(self._rename))
        dialog.delete_requested.connect(self._tasks.slot(self._delete))
        dialog.refresh_requested.connect(self._updates.refresh)
        dialog.embedding_requested.connect(self._updates.embed)
        dialog.ask_requested.connect(self.ask_in_draft)
        dialog.file_removal_requested.connect(self._tasks.slot(self._remove_file))
        dialog.file_open_requested.connect(
            lambda file: self.document_open_requested.emit(file.sha256, file.name)
        )
        dialog.cancel_requested.connect(self._updates.cancel)
        dialog.collection_shown.connect(lambda _id: self._tasks.start(self._show_files(dialog)))
        dialog.closed.connect(self._tasks.slot(self._complete_deletion))
        return dialog

    async def _show_files(self, dialog: CollectionsPage) -> None:
        """Show the files of the shown collection, what embedding them sends, and the progress."""
        from desktop_app.collections.ui.collections_dialog import (
            sort_files,  # not needed at the start
        )

        collections = self._collections()
        shown_id = dialog.current
        unsorted_files = await collections.files(shown_id) if shown_id else []
        files = await asyncio.to_thread(sort_files, unsorted_files)
        plan = await collections.embedding_plan(shown_id) if shown_id else None
        if shown_id == dialog.current:
            dialog.set_files(files)
            dialog.set_semantic_note(
                _embedding_text(plan) if plan is not None and plan.passages else ""
            )
            self._show_work(dialog)

    def _show_work(self, dialog: CollectionsPage) -> None:
        """Show the progress of an update."""
        dialog.show_work(*self._updates.progress_text(dialog.current))

    async def _reload(self) -> None:
        """Load and show all collections but a deleted one; loads run one after the other."""
        from desktop_app.collections.ui.collections_dialog import CollectionState

        async with self._load_lock:
            states: dict[str, CollectionState] = {}
            for collection in await self._collections().all():
                if collection.id == self._deleted_id:
                    continue
                counts = await self._collections().file_counts(collection.id)
                states[collection.id] = CollectionState(
                    collection,
                    ready=counts.get("ready", 0),
                    failed=counts.get("failed", 0),
                    waiting=counts.get("waiting", 0),
                )
            self._states = states
            if self._dialog is not None:
                self._dialog.set_collections(list(states.values()))
                await self._show_files(self._dialog)
            self._draft_collections.show_states(states)

    @property
    def is_busy(self) -> bool:
        """Return True while a collection is updated or the collections are to be loaded again."""
        return self._updates.is_running or self._reload_timer.isActive()

    # -------------------------------------------------------------- changes

    async def _create(self, paths: Sequence[Path]) -> str:
        """Create a collection of these files and folders; return its id."""
        taken_names = {state.collection.name for state in self._states.values()}
        base_name = name = (paths[0].name if len(paths) == 1 else "") or tr(NEW_NAME)
        numbers = itertools.count(2)
        while name in taken_names:
            name = f"{base_name} {next(numbers)}"
        collection = await self._collections().create(name)
        await self._show(collection.id, is_new=not paths)
        if paths:
            self._updates.add(collection.id, paths)
        return collection.id

    async def _rename(self, collection_id: str, name: str) -> None:
        await self._collections().rename(collection_id, name)
        await self._reload()

    async def _remove_file(self, collection_id: str, path: str) -> None:
        await self._collections().remove_file(collection_id, path)
        await self._reload()
        self._report(
            tr("“{name}” removed from the collection.", name=Path(path).name),
            lambda: self._updates.add(collection_id, [Path(path)]),
        )

    async def _delete(self, collection_id: str) -> None:
        """Delete a collection, permanently once Undo has expired."""
        await self._complete_deletion()
        state = self._states.get(collection_id)
        if state is None:
            return
        if self._updates.collection_id == collection_id:
            self._updates.cancel()
        self._deleted_id = collection_id
        self._deletion_timer.start()
        await self._reload()
        self._report(
            tr("“{name}” deleted. The files weren’t changed.", name=state.collection.name),
            self._undo_deletion,
        )

    def _undo_deletion(self) -> None:
        """Keep the collection."""
        collection_id = self._deleted_id
        self._deleted_id = ""
        self._deletion_timer.stop()
        self._tasks.start(self._show(collection_id))

    async def _complete_deletion(self) -> None:
        """Delete the collection now, if any. Raises StorageError."""
        self._deletion_timer.stop()
        if collection_id := self._deleted_id:
            await self._collections().delete(collection_id)
            if self._deleted_id == collection_id:
                self._deleted_id = ""
            if self._dialog is not None:
                self._dialog.status.end_undo(self._undo_deletion)
            self._draft_collections.remove([collection_id])

    def _report(
        self, message: str, undo: Callable[[], object] | None = None, *, is_error: bool = False
    ) -> None:
        if self._dialog is not None and self._dialog.isVisible():
            self._dialog.status.show_message(message, undo, is_error=is_error)
        else:
            self._notifications.notify(message)

    # -------------------------------------------------------------- asking

    def ask(self) -> None:
        """Let the user choose a collection to ask."""
        self._tasks.start(self._show_picker())

    async def _show_picker(self) -> None:
        await self._reload()
        if not self._states:
            await self._show()
            return
        self._picker.open(self._states.values())

    async def names(self) -> list[tuple[str, str]]:
        """Return id and name of all collections."""
        await self._reload()
        return [(id_, state.collection.name) for id_, state in self._states.items()]

    def ask_in_draft(self, collection_id: str) -> None:
        """Add a collection to the draft, so that the next question asks it."""
        state = self._states.get(collection_id)
        if state is not None:
            self._draft_collections.add(CollectionPart(collection_id, state.collection.name))
            self._window.pane.close_page()
            self._prompt.focus_text()

    # -------------------------------------------------------------- documents that do not fit

    def remedies_for(self, error: UserFacingError) -> Actions:
        """Return the offer to make a collection of documents that do not fit; else ()."""
        if (
            not isinstance(error, DocumentDoesNotFitError)
            or not self._draft_collections.document_paths()
        ):
            return ()
        return [(tr(_CREATE_LABEL), lambda: self._tasks.start(self.replace_documents()))]

    async def replace_documents(self) -> None:
        """Replace the documents in the prompt with a collection of them."""
        paths = self._draft_collections.document_paths()
        opened_id = self._current.id
        collection_id = await self._create(list(paths.values()))
        if opened_id != self._current.id:
            return  # the draft of another conversation is shown
        self._draft_collections.remove(paths)
        self.ask_in_draft(collection_id)

    async def close(self) -> None:
        """Stop at the program's end, and complete a deletion."""
        self._updates.cancel()
        self._deletion_timer.stop()
        self._reload_timer.stop()
        try:
            await self._complete_deletion()
        except StorageError:
            return  # the collection stays and is shown after the next start


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


_MANAGE: Final = "collections.manage"


class CollectionPicker(QObject):
    """A palette of collections, created on first use.

    Signals:
        chosen(str): the id of the chosen collection.
        dialog_requested(): show all collections.
    """

    chosen = Signal(str)
    dialog_requested = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._palette: CommandPalette | None = None

    def open(self, states: Iterable[CollectionState]) -> None:
        """Open the palette with these collections."""
        if self._palette is None:
            # Imported here, because the start does not need it.
            from desktop_app.app.window.command_palette import CommandPalette

            palette = self._palette = CommandPalette(
                self._window,
                name="collection-picker",
                label=tr("Ask a collection"),
                empty_text=tr("No matching collections"),
            )
            palette.chosen.connect(self._on_chosen)
        rows = [PaletteEntry(s.collection.id, s.collection.name, s.summary) for s in states]
        rows.append(PaletteEntry(_MANAGE, tr("Show collections")))
        self._palette.open_with(rows)

    def _on_chosen(self, row: str) -> None:
        if row == _MANAGE:
            self.dialog_requested.emit()
        else:
            self.chosen.emit(row)


def _embedding_text(plan: EmbeddingPlan) -> str:
    """Return a sentence with the passages that embedding sends, the provider and the cost."""
    provider = plan.choice.profile.name
    tokens = number(plan.tokens)
    if plan.cost is None:
        return tr_plural(
            "Creating embeddings sends {count} passage ({tokens} tokens) to {provider}.",
            "Creating embeddings sends {count} passages ({tokens} tokens) to {provider}.",
            plan.passages,
            tokens=tokens,
            provider=provider,
        )
    return tr_plural(
        "Creating embeddings sends {count} passage ({tokens} tokens, about {cost}) to {provider}.",
        "Creating embeddings sends {count} passages ({tokens} tokens, about {cost}) to {provider}.",
        plan.passages,
        tokens=tokens,
        cost=money(plan.cost),
        provider=provider,
    )
