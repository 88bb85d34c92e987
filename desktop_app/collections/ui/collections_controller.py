"""The files of projects in the window: added, updated and asked.

Closing the page does not stop an update: the prompt's chip, and the page when it is opened
again, show its progress.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import inf
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QTimer, Signal

from desktop_app.app.session import Controller, Session
from desktop_app.composer.attachments.attachment_facts import ChipText, CollectionFacts
from desktop_app.composer.drafts import AttachmentOrigins
from desktop_app.domain.conversations.message_parts import CollectionPart, DocumentPart, part_id
from desktop_app.domain.documents.collections import Collection, CollectionFile
from desktop_app.domain.errors import DocumentDoesNotFitError, UserFacingError
from desktop_app.i18n.formatting import joined, money, number
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.library.ui.folders_controller import NEW_NAME
from desktop_app.library.ui.projects_page import ProjectsController
from desktop_app.shortcuts.command_search import PaletteEntry
from desktop_app.widgets.cards.notifications import Actions
from desktop_app.widgets.text.foreign_text import menu_text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu

    from desktop_app.app.window.command_palette import CommandPalette
    from desktop_app.collections.collection_service import CollectionProgress, Collections
    from desktop_app.collections.embedding_service import EmbeddingPlan
    from desktop_app.collections.ui.files_section import FilesSection
    from desktop_app.domain.conversations.conversation import Folder


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
        facts = [tr_plural("{count} file", "{count} files", self.count)]
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


def update_summary(old_files: Sequence[CollectionFile], new_files: Sequence[CollectionFile]) -> str:
    """Return sentences that say how the files of a project changed."""
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
        sentences.append(tr_plural("{count} file added.", "{count} files added.", added_count))
    if updated_count:
        sentences.append(
            tr_plural("{count} file updated.", "{count} files updated.", updated_count)
        )
    if removed_count:
        sentences.append(
            tr_plural(
                "{count} file removed from the project.",
                "{count} files removed from the project.",
                removed_count,
            )
        )
    if not sentences:
        sentences.append(tr("No new files."))
    if unread_count:
        sentences.append(
            tr_plural(
                "{count} file couldn’t be read. See the list for the reason.",
                "{count} files couldn’t be read. See the list for the reasons.",
                unread_count,
            )
        )
    return " ".join(sentences)


UpdateWork = Callable[[Callable[["CollectionProgress"], None]], Coroutine[Any, Any, None]]
_CREATE_LABEL: Final = N_("Create project…")
_FOLLOW_S: Final = 30
"""Seconds between two looks at many files: listing 10,000 takes a second."""
_FOLLOW_FEW_S: Final = 2
_FEW: Final = 200
_MAX_NAMED: Final = 5
_MOST_IN_MENU: Final = 12
_RELOAD_MS: Final = 200  # between two reloads, however often an update reports progress


class CollectionsController(Controller):
    """Connection of the collections, their part of the page of projects, and the prompt.

    Attributes:
        section: that part, once it is made.
        states: the collections as they were loaded last, by id.

    Signals:
        changed(): the collections were loaded, or an update went on.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.section: FilesSection | None = None
        self.states: dict[str, CollectionState] = {}
        self._load_lock = asyncio.Lock()
        self._reload_timer = QTimer(self, singleShot=True, interval=_RELOAD_MS)
        self._reload_timer.timeout.connect(self._tasks.slot(self.reload))
        self._update: asyncio.Future[None] | None = None  # only one runs at a time
        self._waiting: deque[Callable[[], None]] = deque()  # updates that follow
        self._updated_id = ""  # the collection that is being updated, or was last
        self._progress: CollectionProgress | None = None
        self._is_embedding = False
        self._unknown_ids: set[str] = set()  # in the draft, but not in `states`
        self._missing_ids: set[str] = set()  # in the draft, but not in the store
        self._followed_at: dict[str, float] = {}  # when collections of folders were last checked
        self._following: asyncio.Future[None] | None = None
        for signal in (self._current.opened, self._draft.changed):
            signal.connect(self.find_unknown)
        session.events.store_changed.connect(self._check_shown)
        session.folders.changed.connect(self._check_projects)
        session.unfinished.append(lambda: self.is_busy)
        session.end_steps.append(self.close)

    @property
    def service(self) -> Collections:
        """Return the collections in the store, which the start does not need."""
        from desktop_app.collections.services import collections

        return self._session.backend.of(collections)

    # -------------------------------------------------------------- the window

    def check_files(self) -> None:
        """Load the collections soon."""
        self._reload_timer.start()

    def _check_shown(self) -> None:
        """Show on the open page what other processes have written to the store."""
        if self.section is not None and self.section.isVisible():
            self._reload_timer.start()

    async def _show_files(self) -> None:
        """Show the files of the shown project, and what embedding them sends."""
        section = self.section
        if section is None or not (shown_id := section.collection_id):
            return
        files = await asyncio.to_thread(sort_files, await self.service.files(shown_id))
        plan = await self.service.embedding_plan(shown_id)
        if shown_id == section.collection_id:
            section.set_files(files)
            section.set_semantic_note(_embedding_text(plan) if plan and plan.passages else "")

    def _show_progress(self) -> None:
        """Show the progress of an update, and load the collections soon."""
        self.changed.emit()
        if not self._reload_timer.isActive():
            self._reload_timer.start()

    def open_file(self, file: CollectionFile) -> None:
        """Show a file, if it has been read."""
        if file.sha256:
            self._session.events.document_requested.emit(file.sha256, file.name, "")

    async def reload(self) -> None:
        """Load and show all collections; loads run one after the other."""
        async with self._load_lock:
            states: dict[str, CollectionState] = {}
            for collection in await self.service.all():
                counts = await self.service.file_counts(collection.id)
                states[collection.id] = CollectionState(
                    collection,
                    ready=counts.get("ready", 0),
                    failed=counts.get("failed", 0),
                    waiting=counts.get("waiting", 0),
                )
            self._show_facts(states)
            self.changed.emit()
            await self._show_files()

    @property
    def is_busy(self) -> bool:
        """Return True while a collection is updated or the collections are to be loaded again."""
        return self._update is not None or self._reload_timer.isActive()

    # -------------------------------------------------------------- changes

    def add_to_project(self, project_id: str, paths: Sequence[Path]) -> None:
        """Add files and folders to a project, to a new one if it no longer exists."""
        self._tasks.start(self._add_to_project(project_id, paths))

    async def _add_to_project(self, project_id: str, paths: Sequence[Path]) -> Folder | None:
        """Return the project, into which the files are then read; None if it is deleted."""
        await self.reload()
        folders = self._session.folders
        former = folders.by_id.get(project_id)
        collection_id = "" if former is None else former.collection_id
        if collection_id not in self.states:
            if former is None:
                made = await self.service.create(self._new_name(paths))
            else:
                made = await self.service.create_in(former)
            collection_id = made.id
            folders.replace_all(await folders.read())
            await self.reload()
        project = self._project_with(collection_id)
        if project is not None and former is None:
            self._session.of(ProjectsController).show(project.id)
        self._add(collection_id, paths)
        return project

    def _new_name(self, paths: Sequence[Path]) -> str:
        taken_names = {project.name for project in self._session.folders.by_id.values()}
        base_name = name = (paths[0].name if len(paths) == 1 else "") or tr(NEW_NAME)
        numbers = itertools.count(2)
        while name in taken_names:
            name = f"{base_name} {next(numbers)}"
        return name

    def remove_file(self, collection_id: str, path: str) -> None:
        """Remove a file from a project; offer Undo."""

        async def remove() -> None:
            await self.service.remove_file(collection_id, path)
            await self.reload()
            self.report(
                tr("“{name}” removed from the project.", name=Path(path).name),
                lambda: self._add(collection_id, [Path(path)]),
            )

        self._tasks.start(remove())

    def _project_with(self, collection_id: str) -> Folder | None:
        projects = self._session.folders.by_id.values()
        return next((each for each in projects if each.collection_id == collection_id), None)

    def _check_projects(self) -> None:
        """Load the collections soon; stop an update of one whose project was deleted."""
        if self._update is not None and self._project_with(self._updated_id) is None:
            self.cancel_update()
        self._reload_timer.start()

    def report(
        self, message: str, undo: Callable[[], object] | None = None, *, is_error: bool = False
    ) -> None:
        """Show a message on the page, or on a card if it has Undo or the page is not shown."""
        if undo is not None:
            self._notifications.notify_undo(message, undo)
        elif self.section is not None and self.section.isVisible():
            self.section.status.show_message(message, is_error=is_error)
        else:
            self._notifications.notify(message)

    # -------------------------------------------------------------- updates

    def _add(self, collection_id: str, paths: Sequence[Path]) -> None:
        """Read files into a collection, after the update that is running."""
        add = partial(
            self._start_update,
            collection_id,
            lambda report: self.service.add(collection_id, paths, report),
        )
        if self._update is None:
            add()
        else:
            self._waiting.append(add)

    def follow(self, collection_id: str) -> None:
        """Read what has changed in a folder's files, unless that was looked for just now."""
        now = monotonic()
        state = self.states.get(collection_id)
        pause_s = _FOLLOW_FEW_S if state is not None and state.count <= _FEW else _FOLLOW_S
        if now - self._followed_at.get(collection_id, -inf) < pause_s or self._following:
            return
        self._followed_at[collection_id] = now
        self._following = self._tasks.start(self._follow(collection_id))
        self._following.add_done_callback(lambda _task: setattr(self, "_following", None))

    async def _follow(self, collection_id: str) -> None:
        await self.reload()
        if collection_id not in self.states or self._update is not None:
            return
        before = {file.name for file in await self.service.files(collection_id)}
        try:
            await self.service.refresh(collection_id)
            gone = before - {file.name for file in await self.service.files(collection_id)}
            if gone:
                self._notifications.notify(
                    tr_plural(
                        "{names} is no longer on disk, so it isn’t sent any more.",
                        "{names} are no longer on disk, so they aren’t sent any more.",
                        len(gone),
                        names=joined(sorted(gone)[:_MAX_NAMED]),
                    )
                )
        except UserFacingError as error:
            self._followed_at[collection_id] = inf  # said once, not before each question
            self._notifications.notify(error)
        await self.reload()

    def refresh(self, collection_id: str) -> None:
        """Read the files of a collection again that have changed."""
        self._start_update(collection_id, partial(self.service.refresh, collection_id))

    def embed(self, collection_id: str) -> None:
        work = partial(self.service.embed, collection_id)
        self._start_update(collection_id, work, is_embedding=True)

    def cancel_update(self) -> None:
        """Cancel the running update, if any; documents that were read stay."""
        if self._update is not None:
            self._update.cancel()

    def _start_update(
        self, collection_id: str, work: UpdateWork, *, is_embedding: bool = False
    ) -> None:
        """Run `work` and report its result; if an update is running, only report that."""
        if self._update is not None:
            if collection_id == self._updated_id:
                message = tr("These files are already being read.")
            else:
                message = tr(
                    "The files of another project are being read. Wait for them or cancel it."
                )
            self.report(message)
            return
        self._updated_id = collection_id
        self._progress = None
        self._is_embedding = is_embedding
        self._update = self._tasks.start(self._run_update(work))
        self._update.add_done_callback(self._on_update_done)  # also if it is canceled at once
        self._show_progress()

    async def _run_update(self, work: UpdateWork) -> None:
        def on_progress(progress: CollectionProgress) -> None:
            self._progress = progress
            self._show_progress()

        try:
            old_files = await self.service.files(self._updated_id)
            await work(on_progress)
        except asyncio.CancelledError:
            self.report(tr("Interrupted. Select Check for changes to resume."))
            raise
        except UserFacingError as error:
            self.report(error.sentences, is_error=True)
        else:
            await self.reload()
            if self._is_embedding:
                self.report(tr("Semantic search is ready."))
            else:
                self.report(update_summary(old_files, await self.service.files(self._updated_id)))

    def _on_update_done(self, _task: asyncio.Future[None]) -> None:
        self._update = None
        if self._waiting:
            self._waiting.popleft()()
        self._show_progress()

    def progress_text(self, shown_id: str) -> tuple[str, int, int]:
        """Return the progress in words, and the numbers of files that are done and of all files.

        While passages are embedded, the numbers are of passages. The text is "" if no update runs.

        Args:
            shown_id: the collection that the user sees; the text names any other.
        """
        state = self.states.get(self._updated_id)
        if self._update is None or state is None:
            return "", 0, 0
        name = state.collection.name
        progress = self._progress
        done, total = (0, 0) if progress is None else (progress.done, progress.total)
        file_number = min(done + 1, total)
        if self._is_embedding:
            text = tr("Preparing semantic search for {project}…", project=name)
        elif progress is None:
            text = tr("Finding files for {project}…", project=name)
        elif shown_id == self._updated_id:
            text = tr("Reading {number} of {total}", number=file_number, total=total)
        else:
            text = tr(
                "{project}: reading {number} of {total}",
                project=name,
                number=file_number,
                total=total,
            )
        return text, done, total

    # -------------------------------------------------------------- asking

    @property
    def _lendable(self) -> list[Folder]:
        """Return the projects with files, by name, without that of the open conversation."""
        own_id = self._current.conversation.folder_id
        projects = self._session.folders.by_id.values()
        found = [each for each in projects if each.collection_id and each.id != own_id]
        return sorted(found, key=lambda each: each.name.casefold())

    def fill_menu(self, menu: QMenu) -> None:
        """Add an entry for each project whose files the open conversation can ask, too."""
        projects = self._lendable
        for project in projects[:_MOST_IN_MENU]:
            menu.addAction(menu_text(project.name), partial(self._lend, project))
        if len(projects) > _MOST_IN_MENU:
            menu.addAction(menu_text(tr("All projects…")), self.ask)
        if not projects:
            show = self._session.of(ProjectsController).show
            menu.addAction(menu_text(tr("Add files to a project…")), show)

    def ask(self) -> None:
        """Let the user choose a project whose files the open conversation asks, too."""
        projects = self._lendable
        if projects:
            self._picker.open_with(
                [PaletteEntry(p.id, p.name, run=partial(self._lend, p)) for p in projects]
            )
        else:
            self._session.of(ProjectsController).show()
            self.report(tr("Add files to a project first."))

    @cached_property
    def _picker(self) -> CommandPalette:
        # Imported here, because the start does not need it.
        from desktop_app.app.window.command_palette import CommandPalette

        label, nothing = tr("Project files"), tr("No matching projects")
        return CommandPalette(self._window, "project-files-picker", label, nothing)

    def _lend(self, project: Folder) -> None:
        """Add a project's files to the prompt, so that questions here ask them."""
        id_ = project.collection_id
        others = [part for part in self._draft.value.attachments if part_id(part) != id_]
        self._draft.set_attachments((*others, CollectionPart(id_, project.name)))
        self._window.pane.close_page()
        self._prompt.focus_text()

    # -------------------------------------------------------------- documents that do not fit

    def remedies_for(self, error: UserFacingError) -> Actions:
        """Return the offer to make a project of documents that do not fit; else ()."""
        if not isinstance(error, DocumentDoesNotFitError) or not self._document_paths():
            return ()
        return [(tr(_CREATE_LABEL), lambda: self._tasks.start(self.replace_documents()))]

    async def replace_documents(self) -> None:
        """Replace the documents in the prompt with a project of them."""
        paths = self._document_paths()
        opened_id = self._current.id
        project = await self._add_to_project("", list(paths.values()))
        if project is not None and opened_id == self._current.id:  # else another draft is shown
            self._remove_from_draft(paths)
            self._lend(project)

    async def close(self) -> None:
        """Stop at the program's end."""
        self._waiting.clear()
        self.cancel_update()
        if self._following is not None:
            self._following.cancel()
        self._reload_timer.stop()

    # -------------------------------------------------------------- in the draft

    def _show_facts(self, states: dict[str, CollectionState]) -> None:
        """Show the size of each collection on its chip, and which are not on this computer."""
        draft_ids = self._ids_in_prompt
        missing_ids = draft_ids - set(states)
        has_changed = states != self.states or missing_ids != self._missing_ids
        self.states = states
        self._missing_ids = missing_ids
        facts = {id_: ChipText(state.summary) for id_, state in states.items()}
        facts |= dict.fromkeys(missing_ids, ChipText(tr("not on this computer"), exists=False))
        report = bool(draft_ids) and has_changed
        self._session.of(CollectionFacts).set(facts, report=report)

    @property
    def _ids_in_prompt(self) -> set[str]:
        """Return the ids of the draft's collections, and of that of the folder."""
        parts = (*self._draft.value.collections, *self._session.setup.ask_settings.collections)
        return {part.collection_id for part in parts}

    def _remove_from_draft(self, ids: Iterable[str]) -> None:
        removed_ids = set(ids)
        parts = self._draft.value.attachments
        remaining_parts = tuple(p for p in parts if part_id(p) not in removed_ids)
        if remaining_parts != parts:
            self._draft.set_attachments(remaining_parts)

    def _document_paths(self) -> dict[str, Path]:
        """Return the known paths of the documents in the draft, by their ids."""
        documents = [p for p in self._draft.value.attachments if isinstance(p, DocumentPart)]
        known_paths = self._session.of(AttachmentOrigins).paths
        return {p.sha256: known_paths[p.sha256] for p in documents if p.sha256 in known_paths}

    def find_unknown(self) -> None:
        """Load the collections if the draft names one that is not loaded yet."""
        unknown_ids = self._ids_in_prompt - set(self.states)
        # Once for the same ids: a missing collection would be looked for without end.
        if unknown_ids != self._unknown_ids:
            self._unknown_ids = unknown_ids
            if unknown_ids:
                self._reload_timer.start()


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
