"""Updates of collections: files are added or read again, and passages are embedded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from desktop_app.app.tasks import Tasks
from desktop_app.domain.documents.collections import Collection, CollectionFile
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import tr, tr_plural

if TYPE_CHECKING:
    from desktop_app.collections.collection_service import CollectionProgress
    from desktop_app.collections.ui.collections_controller import CollectionsController

UpdateWork = Callable[[Callable[["CollectionProgress"], None]], Coroutine[Any, Any, None]]
_STATUS_ORDER: Final = {"failed": 0, "waiting": 1, "ready": 2}


@dataclass(frozen=True)
class CollectionState:
    """A collection, and how many of its files are read, have failed or are waiting."""

    collection: Collection
    ready: int
    failed: int
    waiting: int

    @property
    def count(self) -> int:
        """Return the number of documents."""
        return self.ready + self.failed + self.waiting

    @property
    def summary(self) -> str:
        """Describe the documents: their number, and how many are unreadable or waiting."""
        facts = [tr_plural("{count} document", "{count} documents", self.count)]
        if self.failed:
            facts.append(tr_plural("{count} unreadable", "{count} unreadable", self.failed))
        if self.waiting:
            facts.append(tr_plural("{count} waiting", "{count} waiting", self.waiting))
        return " · ".join(facts)


def sort_files(files: Sequence[CollectionFile]) -> list[CollectionFile]:
    """Return unreadable files first, then waiting ones, then the rest, each by name.

    20,000 files take 20 ms: call it in a thread.
    """
    return sorted(files, key=lambda f: (_STATUS_ORDER[f.status], f.name.casefold(), f.path))


class CollectionUpdates:
    """The running update of a collection; only one runs at a time.

    Attributes:
        collection_id: the collection that is being updated, or was last; "" before the first.
    """

    def __init__(self, controller: CollectionsController, tasks: Tasks) -> None:
        self._controller = controller
        self._tasks = tasks
        self.collection_id = ""
        self._task: asyncio.Future[None] | None = None
        self._progress: CollectionProgress | None = None
        self._is_embedding = False

    @property
    def is_running(self) -> bool:
        """Return True while a collection is updated."""
        return self._task is not None

    def add(self, collection_id: str, paths: Sequence[Path]) -> None:
        """Add files and folders to a collection."""
        service = self._controller.service
        self._start(collection_id, lambda report: service.add(collection_id, paths, report))

    def refresh(self, collection_id: str) -> None:
        """Read the files of a collection again that have changed."""
        self._start(collection_id, partial(self._controller.service.refresh, collection_id))

    def embed(self, collection_id: str) -> None:
        """Create the missing embeddings of a collection."""
        work = partial(self._controller.service.embed, collection_id)
        self._start(collection_id, work, is_embedding=True)

    def cancel(self) -> None:
        """Cancel the update; documents that were read stay."""
        if self._task is not None:
            self._task.cancel()

    def progress_text(self, shown_id: str) -> tuple[str, int, int]:
        """Return the progress in words, and the numbers of files that are done and of all files.

        While passages are embedded, the numbers are of passages. The text is "" if no update runs.

        Args:
            shown_id: the collection that the user sees; the text names any other.
        """
        state = self._controller.states.get(self.collection_id)
        if self._task is None or state is None:
            return "", 0, 0
        name = state.collection.name
        progress = self._progress
        done, total = (0, 0) if progress is None else (progress.done, progress.total)
        if self._is_embedding:
            text = tr("Preparing semantic search for {collection}…", collection=name)
            return text, done, total
        if progress is None:
            return tr("Finding files for {collection}…", collection=name), done, total
        file_number = min(done + 1, total)
        if shown_id == self.collection_id:
            text = tr("Reading {number} of {total}", number=file_number, total=total)
        else:
            text = tr(
                "{collection}: reading {number} of {total}",
                collection=name,
                number=file_number,
                total=total,
            )
        return text, done, total

    def _start(self, collection_id: str, work: UpdateWork, *, is_embedding: bool = False) -> None:
        """Run `work` and report its result; if an update is running, only report that."""
        if self._task is not None:
            if collection_id == self.collection_id:
                message = tr("This collection is already being updated.")
            else:
                message = tr("Another collection is being updated. Wait for it or cancel it.")
            self._controller.report(message)
            return
        self.collection_id = collection_id
        self._progress = None
        self._is_embedding = is_embedding
        self._task = self._tasks.start(self._run(work))
        self._task.add_done_callback(self._on_done)  # a task canceled at once runs no `finally`
        self._controller.show_progress()

    async def _run(self, work: UpdateWork) -> None:
        """Run an update, and report what it changed, or its error."""
        try:
            old_files = await self._controller.service.files(self.collection_id)
            await work(self._on_progress)
        except asyncio.CancelledError:
            self._controller.report(tr("Interrupted. Select Check for changes to resume."))
            raise
        except UserFacingError as error:
            self._controller.report(error.sentences, is_error=True)
        else:
            await self._controller.reload()
            new_files = await self._controller.service.files(self.collection_id)
            if self._is_embedding:
                summary = tr("Semantic search is ready.")
            else:
                summary = _update_summary(old_files, new_files)
            self._controller.report(summary)

    def _on_done(self, _task: asyncio.Future[None]) -> None:
        self._task = None
        self._progress = None
        self._controller.show_progress()

    def _on_progress(self, progress: CollectionProgress) -> None:
        self._progress = progress
        self._controller.show_progress()


def _update_summary(
    old_files: Sequence[CollectionFile], new_files: Sequence[CollectionFile]
) -> str:
    """Return sentences that say how the documents of a collection changed."""
    old_hashes = {file.path: file.sha256 for file in old_files if file.sha256}
    new_hashes = {file.path: file.sha256 for file in new_files if file.status == "ready"}
    added_count = len(new_hashes.keys() - old_hashes.keys())
    updated_count = sum(
        new_hashes[path] != old_hashes[path] for path in new_hashes.keys() & old_hashes.keys()
    )
    removed_count = len(old_hashes.keys() - {file.path for file in new_files})
    unread_count = sum(file.status == "failed" for file in new_files)
    sentences = []
    if added_count:
        sentences.append(
            tr_plural("{count} document added.", "{count} documents added.", added_count)
        )
    if updated_count:
        sentences.append(
            tr_plural("{count} document updated.", "{count} documents updated.", updated_count)
        )
    if removed_count:
        sentences.append(
            tr_plural(
                "{count} document removed from the collection.",
                "{count} documents removed from the collection.",
                removed_count,
            )
        )
    if not sentences:
        sentences.append(tr("No new documents."))
    if unread_count:
        sentences.append(
            tr_plural(
                "{count} document couldn’t be read. See the list for the reason.",
                "{count} documents couldn’t be read. See the list for the reasons.",
                unread_count,
            )
        )
    return " ".join(sentences)
