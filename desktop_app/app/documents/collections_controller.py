"""Collections in the window: created, filled and asked.

Only one collection is filled at a time. Closing the dialog does not stop that: the prompt's chip,
and the dialog when it is opened again, show the progress.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.commands.command_search import PaletteEntry
from desktop_app.domain.conversations.message_parts import CollectionPart, DocumentPart, part_id
from desktop_app.domain.errors import DocumentDoesNotFitError, StorageError, UserFacingError
from desktop_app.i18n.formatting import money, number
from desktop_app.i18n.translation import N_, tr, tr_context, tr_plural
from desktop_app.ui.widgets.window_activation import bring_to_front

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.state.attachment_origins import AttachmentOrigins
    from desktop_app.app.state.collection_notes import CollectionNotes
    from desktop_app.app.state.open_conversation import OpenConversation
    from desktop_app.app.tasks import Tasks
    from desktop_app.services.collections.collection_service import CollectionProgress, Collections
    from desktop_app.services.collections.embedding_service import EmbeddingPlan
    from desktop_app.ui.library.collections_dialog import CollectionsDialog, CollectionState
    from desktop_app.ui.look.theme import ThemeWatcher
    from desktop_app.ui.window.cards.notifications import Actions
    from desktop_app.ui.window.command_palette import CommandPalette
    from desktop_app.ui.window.conversation_pane import ConversationPane

OFFER: Final = N_("Create collection…")
NEW_NAME: Final = N_("New collection")
_MANAGE: Final = "collections.manage"
_UNDO_MS: Final = 12_000
_RELOAD_MS: Final = 200

FillWork = Callable[[Callable[["CollectionProgress"], None]], Coroutine[Any, Any, None]]


class CollectionsController(QObject):
    """Connection of the collections, their dialog and the prompt.

    Signals:
        document_open_requested(str, str): show a document, by its SHA-256 and name.
    """

    document_open_requested = Signal(str, str)

    def __init__(
        self,
        parent: QWidget,
        theme: ThemeWatcher,
        *,
        pane: ConversationPane,
        current: OpenConversation,
        origins: AttachmentOrigins,
        notes: CollectionNotes,
        tasks: Tasks,
        collections: Callable[[], Collections],
    ) -> None:
        super().__init__(parent)
        self._parent, self._prompt, self._notifications = parent, pane.prompt, pane.notifications
        self._theme, self._tasks = theme, tasks
        self._current, self._draft = current, current.draft
        self._collections = collections
        self._notes, self._origins = notes, origins
        self._dialog: CollectionsDialog | None = None
        self._picker: CommandPalette | None = None
        self._states: dict[str, CollectionState] = {}
        self._fill_task: asyncio.Future[None] | None = None
        self._filled_id = ""  # of the collection that is being filled, or was last
        self._progress: CollectionProgress | None = None
        self._deleted_id = ""  # of the collection to delete, unless the user presses Undo
        self._load_lock = asyncio.Lock()
        self._requested: set[str] = set()  # in the draft, and not loaded yet
        self._deleted_in_draft: set[str] = set()  # in the draft, and deleted
        self._reload_timer = QTimer(self, singleShot=True, interval=_RELOAD_MS)
        self._reload_timer.timeout.connect(self._tasks.slot(self._reload))
        self._undo_timer = QTimer(self, singleShot=True, interval=_UNDO_MS)
        self._undo_timer.timeout.connect(self._tasks.slot(self._forget_deleted))
        self._current.opened.connect(self._load_draft_collections)
        self._draft.changed.connect(self._load_draft_collections)

    @property
    def _service(self) -> Collections:
        return self._collections()

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
        bring_to_front(dialog)
        if collection_id:
            dialog.select(collection_id, is_new=is_new)

    def _get_dialog(self) -> CollectionsDialog:
        if self._dialog is not None:
            return self._dialog
        # Imported here, because the start does not need it.
        from desktop_app.ui.library.collections_dialog import CollectionsDialog

        dialog = self._dialog = CollectionsDialog(self._theme.current, self._parent)
        self._theme.changed.connect(dialog.set_theme)
        dialog.create_requested.connect(self._tasks.slot(self._create))
        dialog.add_requested.connect(self.add)
        dialog.rename_requested.connect(self._tasks.slot(self._rename))
        dialog.delete_requested.connect(self._tasks.slot(self._delete))
        dialog.refresh_requested.connect(self._refresh)
        dialog.embedding_requested.connect(self._embed)
        dialog.ask_requested.connect(self._ask_from_dialog)
        dialog.file_removal_requested.connect(self._tasks.slot(self._remove))
        dialog.file_open_requested.connect(
            lambda file: self.document_open_requested.emit(file.sha256, file.name)
        )
        dialog.cancel_requested.connect(self.cancel)
        dialog.collection_shown.connect(lambda _id: self._tasks.start(self._show_files()))
        dialog.closed.connect(self._tasks.slot(self._forget_deleted))
        return dialog

    async def _reload(self) -> None:
        """Load and show all collections; loads run one after the other."""
        async with self._load_lock:
            await self._load()

    async def _load(self) -> None:
        from desktop_app.ui.library.collections_dialog import CollectionState

        before = self._states
        states: dict[str, CollectionState] = {}
        for collection in await self._service.all():
            if collection.id == self._deleted_id:
                continue
            files = await self._service.files(collection.id)
            counts = [sum(f.status == s for f in files) for s in ("ready", "failed", "waiting")]
            states[collection.id] = CollectionState(collection, *counts)
        self._states = states
        if self._dialog is not None:
            self._dialog.set_collections(list(states.values()))
            await self._show_files()
        in_draft = {part.collection_id for part in self._draft.value.collections}
        were_deleted, self._deleted_in_draft = self._deleted_in_draft, in_draft - set(states)
        notes = {id_: (state.words, True) for id_, state in states.items()}
        notes |= dict.fromkeys(self._deleted_in_draft, (tr_context("collection", "deleted"), False))
        has_changed = bool(in_draft) and (
            states != before or self._deleted_in_draft != were_deleted
        )
        self._notes.set(notes, report=has_changed)

    async def _show_files(self) -> None:
        dialog = self._dialog
        if dialog is None:
            return
        shown_id = dialog.current
        files = await self._service.files(shown_id) if shown_id else []
        plan = await self._service.embedding_plan(shown_id) if shown_id else None
        if shown_id == dialog.current:
            dialog.set_files(files)
            dialog.set_semantic_note(
                _embedding_text(plan) if plan is not None and plan.passages else ""
            )
            self._show_work()

    def _show_work(self) -> None:
        if self._dialog is None:
            return
        progress, state = self._progress, self._states.get(self._filled_id)
        if self._fill_task is None or state is None:
            self._dialog.show_work("", 0, 0)
        elif progress is None:
            self._dialog.show_work(
                tr("Finding files for {collection}…", collection=state.collection.name), 0, 0
            )
        else:
            total = progress.total
            file_number = min(progress.done + 1, total)
            if self._dialog.current == self._filled_id:
                words = tr("Reading {number} of {total}", number=file_number, total=total)
            else:
                words = tr(
                    "{collection}: reading {number} of {total}",
                    collection=state.collection.name,
                    number=file_number,
                    total=total,
                )
            self._dialog.show_work(words, progress.done, total)

    # -------------------------------------------------------------- changes

    async def _create(self, paths: Sequence[Path]) -> str:
        """Create a collection of these files and folders; return its id."""
        taken = {state.collection.name for state in self._states.values()}
        wanted = (paths[0].name if len(paths) == 1 else "") or tr(NEW_NAME)
        names = (wanted, *(f"{wanted} {number}" for number in range(2, len(taken) + 3)))
        created = await self._service.create(next(n for n in names if n not in taken))
        await self._show(created.id, is_new=not paths)
        if paths:
            self.add(created.id, paths)
        return created.id

    def add(self, collection_id: str, paths: Sequence[Path]) -> None:
        """Add files and folders to a collection."""
        self._fill(collection_id, lambda report: self._service.add(collection_id, paths, report))

    def _refresh(self, collection_id: str) -> None:
        self._fill(collection_id, lambda report: self._service.refresh(collection_id, report))

    def _embed(self, collection_id: str) -> None:
        work = partial(self._service.embed, collection_id)
        self._fill(collection_id, work, tr("Semantic search is ready."))

    @property
    def is_busy(self) -> bool:
        """True while a collection is updated, or about to be loaded again."""
        return self._fill_task is not None or self._reload_timer.isActive()

    def cancel(self) -> None:
        """Cancel the update; documents that were read stay."""
        if self._fill_task is not None:
            self._fill_task.cancel()

    def _fill(self, collection_id: str, work: FillWork, done_text: str | None = None) -> None:
        """Run `work` for a collection, then show `done_text`, by default a summary of the files."""
        if self._fill_task is not None:
            self._report(tr("Another collection is being updated. Wait for it or cancel it."))
            return
        self._filled_id, self._progress = collection_id, None
        self._fill_task = self._tasks.start(self._run_filling(work, done_text))
        self._show_work()

    async def _run_filling(self, work: FillWork, done_text: str | None) -> None:
        before = self._states.get(self._filled_id)
        try:
            await work(self._on_progress)
        except asyncio.CancelledError:
            self._report(tr("Interrupted. Select Check for changes to resume."))
            raise
        except UserFacingError as error:
            self._report(error.sentences, is_error=True)
        else:
            await self._reload()
            self._report(self._summary(before) if done_text is None else done_text)
        finally:
            self._fill_task, self._progress = None, None
            self._show_work()
            self._tasks.start(self._reload())

    def _summary(self, before: CollectionState | None) -> str:
        state = self._states.get(self._filled_id)
        if state is None:
            return ""
        added = state.ready - (before.ready if before is not None else 0)
        words = tr("No new documents.")
        if added > 0:
            words = tr_plural("{count} document added.", "{count} documents added.", added)
        if not state.problems:
            return words
        unread = tr_plural(
            "{count} document couldn’t be read. See the list for the reason.",
            "{count} documents couldn’t be read. See the list for the reasons.",
            state.problems,
        )
        return f"{words} {unread}"

    def _on_progress(self, progress: CollectionProgress) -> None:
        self._progress = progress
        self._show_work()
        if not self._reload_timer.isActive():
            self._reload_timer.start()

    async def _rename(self, collection_id: str, name: str) -> None:
        await self._service.rename(collection_id, name)
        await self._reload()

    async def _remove(self, collection_id: str, path: str) -> None:
        await self._service.remove_file(collection_id, path)
        await self._reload()
        self._report(
            tr("“{name}” removed from the collection.", name=Path(path).name),
            lambda: self.add(collection_id, [Path(path)]),
        )

    async def _delete(self, collection_id: str) -> None:
        """Delete a collection, permanently once Undo has expired."""
        await self._forget_deleted()
        state = self._states.get(collection_id)
        if state is None:
            return
        if self._filled_id == collection_id:
            self.cancel()
        self._deleted_id = collection_id
        self._undo_timer.start()
        await self._reload()
        self._report(
            tr("“{name}” deleted. The files weren’t changed.", name=state.collection.name),
            self._undo,
        )

    def _undo(self) -> None:
        collection_id, self._deleted_id = self._deleted_id, ""
        self._undo_timer.stop()
        self._tasks.start(self._show(collection_id))

    async def _forget_deleted(self) -> None:
        self._undo_timer.stop()
        collection_id = self._deleted_id
        if collection_id:
            await self._service.delete(collection_id)
            if self._deleted_id == collection_id:
                self._deleted_id = ""
            if self._dialog is not None:
                self._dialog.status.end_undo(self._undo)
            self._drop_from_draft(collection_id)

    def _report(
        self, words: str, undo: Callable[[], object] | None = None, *, is_error: bool = False
    ) -> None:
        if self._dialog is not None and self._dialog.isVisible():
            self._dialog.status.show_message(words, undo, is_error=is_error)
        elif is_error or self._filled_id:
            self._notifications.notify(words)

    # -------------------------------------------------------------- asking

    def ask(self) -> None:
        """Let the user choose a collection to ask."""
        self._tasks.start(self._offer())

    async def _offer(self) -> None:
        await self._reload()
        if not self._states:
            await self._show()
            return
        if self._picker is None:
            from desktop_app.ui.window.command_palette import (
                CommandPalette,  # not needed at the start
            )

            picker = self._picker = CommandPalette(self._parent, self._theme.current)
            picker.set_labels(
                "collection-picker", tr("Ask a collection"), tr("No matching collections")
            )
            self._theme.changed.connect(picker.set_theme)
            picker.chosen.connect(self._on_picked)
        rows = [
            PaletteEntry(id_, state.collection.name, state.words)
            for id_, state in self._states.items()
        ]
        rows.append(PaletteEntry(_MANAGE, tr("Show collections")))
        self._picker.open_with(rows)

    def _on_picked(self, row: str) -> None:
        if row == _MANAGE:
            self.show()
        else:
            self.put_into_draft(row)

    def _ask_from_dialog(self, collection_id: str) -> None:
        if self._dialog is not None:
            self._dialog.hide()
        self.put_into_draft(collection_id)

    async def names(self) -> list[tuple[str, str]]:
        """Return id and name of all collections."""
        await self._reload()
        return [(id_, state.collection.name) for id_, state in self._states.items()]

    def put_into_draft(self, collection_id: str) -> None:
        """Ask a collection with the next question."""
        state = self._states.get(collection_id)
        if state is None:
            return
        part = CollectionPart(collection_id, state.collection.name)
        others = [p for p in self._draft.value.attachments if part_id(p) != collection_id]
        self._draft.set_attachments((*others, part))
        self._prompt.focus_text()

    def _drop_from_draft(self, collection_id: str) -> None:
        kept = tuple(p for p in self._draft.value.attachments if part_id(p) != collection_id)
        if kept != self._draft.value.attachments:
            self._draft.set_attachments(kept)

    def _load_draft_collections(self) -> None:
        """Load the draft's collections that are not loaded yet."""
        unknown = {p.collection_id for p in self._draft.value.collections} - set(self._states)
        if unknown != self._requested:
            self._requested = unknown
            if unknown:
                self._reload_timer.start()

    # -------------------------------------------------------------- documents that do not fit

    def remedies_for(self, error: UserFacingError) -> Actions:
        """Return the offer to make a collection of documents that do not fit."""
        if not isinstance(error, DocumentDoesNotFitError) or not self._paths():
            return ()
        return [(tr(OFFER), lambda: self._tasks.start(self.replace_documents()))]

    def _paths(self) -> dict[str, Path]:
        """Return the known paths of the documents in the prompt."""
        documents = [p for p in self._draft.value.attachments if isinstance(p, DocumentPart)]
        known = self._origins.paths
        return {p.sha256: known[p.sha256] for p in documents if p.sha256 in known}

    async def replace_documents(self) -> None:
        """Replace the documents in the prompt with a collection of them."""
        origins, opened_id = self._paths(), self._current.id
        created = await self._create(list(origins.values()))
        if opened_id != self._current.id:
            return  # the draft of another conversation is shown
        kept = tuple(p for p in self._draft.value.attachments if part_id(p) not in origins)
        self._draft.set_attachments(kept)
        self.put_into_draft(created)

    async def close(self) -> None:
        """Stop at the program's end, and complete a deletion."""
        self.cancel()
        self._undo_timer.stop()
        self._reload_timer.stop()
        try:
            await self._forget_deleted()
        except StorageError:
            return  # the collection stays and is shown after the next start


def _embedding_text(plan: EmbeddingPlan) -> str:
    """Return a sentence with the passages that embedding sends, the provider and the cost."""
    provider, count = plan.choice.profile.name, number(plan.tokens)
    if plan.cost is None:
        return tr_plural(
            "Creating embeddings sends {count} passage ({tokens} tokens) to {provider}.",
            "Creating embeddings sends {count} passages ({tokens} tokens) to {provider}.",
            plan.passages,
            tokens=count,
            provider=provider,
        )
    return tr_plural(
        "Creating embeddings sends {count} passage ({tokens} tokens, about {cost}) to {provider}.",
        "Creating embeddings sends {count} passages ({tokens} tokens, about {cost}) to {provider}.",
        plan.passages,
        tokens=count,
        cost=money(plan.cost),
        provider=provider,
    )
