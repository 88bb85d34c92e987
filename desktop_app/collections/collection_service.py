"""Collections of documents, the files of projects: creation, filling, updates and retrieval.

A collection is of one computer, and the project that names it travels between computers.
Files are read one after the other in the documents' worker process. If a file cannot be read, the
collection records the reason and the others continue. After an interruption, the remaining files
are "waiting", and the next `add` or `refresh` continues with them.

A question includes the passages that match its words best (BM25). If the user has enabled
embeddings and the passages have vectors, the nearest passages by meaning count as well: reciprocal
rank fusion combines the two rankings.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desktop_app.collections.embedding_service import MAX_TEXTS_PER_CALL, EmbeddingPlan, Embeddings
from desktop_app.domain import errors, hints
from desktop_app.domain.conversations.conversation import Folder, new_id, now
from desktop_app.domain.conversations.message_parts import PassagesPart
from desktop_app.domain.documents.collections import (
    Collection,
    CollectionFile,
    FoundFile,
    Passage,
    PassageLocation,
)
from desktop_app.domain.documents.letter_folding import fold, unspaced_run
from desktop_app.domain.documents.passage_words import question_terms
from desktop_app.domain.error_note import note_from_error
from desktop_app.i18n.translation import N_, tr

if TYPE_CHECKING:
    from desktop_app.collections.collection_store import CollectionStore, VectorStore
    from desktop_app.documents.index.collection_reader import CollectionReader
    from desktop_app.documents.store.attachment_store import AttachmentStore

# Distinct passages considered for a question; the token budget decides how many are included.
MAX_PASSAGES: Final = 24
# Passages that a search returns, with duplicates.
MAX_FOUND_PASSAGES: Final = 4 * MAX_PASSAGES
# Constant of the reciprocal rank fusion; a higher value favors the top ranks less. 60 is common.
FUSION_K: Final = 60
# Only this much of a question is embedded.
MAX_QUESTION_CHARS: Final = 8_000


@dataclass(frozen=True)
class CollectionProgress:
    """The progress of reading files or embedding passages: `done` of `total`.

    `name` is the file being read, or the embedding model; "" at the end.
    """

    done: int
    total: int
    name: str


OnProgress = Callable[[CollectionProgress], None]


class Collections:
    """All collections: created, filled and searched. All methods raise StorageError."""

    def __init__(
        self,
        store: CollectionStore,
        originals: AttachmentStore,
        reader: CollectionReader,
        vectors: VectorStore,
        embeddings: Embeddings | None = None,
    ) -> None:
        self._store = store
        self._vectors = vectors
        self._embeddings = embeddings
        self._originals = originals
        self._reader = reader
        # Collections are filled one at a time, because they may contain the same files.
        self._fill_lock = asyncio.Lock()

    # -------------------------------------------------------------- collections

    async def all(self) -> list[Collection]:
        """Return all collections, sorted by name."""
        return await self._store.all()

    async def create(self, name: str, folder: Path | None = None) -> Collection:
        """Create a project with an empty collection.

        `refresh` looks for files in `folder`, and in the folders that are added later.
        """
        clean_name = " ".join(name.split()) or tr("New project")
        collection = Collection(new_id(), clean_name, now(), _folder_path(folder))
        await self._store.create(collection, collection.id)
        return collection

    async def create_in(self, project: Folder) -> Collection:
        """Create an empty collection for a project without one."""
        collection = Collection(new_id(), project.name, now())
        await self._store.create(collection, project.id)
        return collection

    async def delete_without_project(self, kept_id: str = "") -> None:
        """Delete the collections of deleted projects; earlier questions keep their passages.

        Args:
            kept_id: one that Undo may need.
        """
        await self._store.delete_without_project(kept_id)
        await self._store.remove_unreferenced()

    async def files(self, collection_id: str) -> list[CollectionFile]:
        """Return the collection's files, sorted by path, without removed ones."""
        return await self._store.files(collection_id)

    async def file_counts(self, collection_id: str) -> dict[str, int]:
        """Return the number of the collection's files with each status."""
        return await self._store.file_counts(collection_id)

    # -------------------------------------------------------------- filling

    async def add(
        self, collection_id: str, paths: Iterable[Path], on_progress: OnProgress | None = None
    ) -> None:
        """Read files, and the files in folders, into a collection.

        Unchanged files are not read again. Waiting files are read too. After a cancellation, the
        remaining files wait.

        Raises:
            DocumentError: the collection or one of the paths no longer exists.
            StoreFullError: the disk is full; files read before stay.
        """
        collection = await self._require_collection(collection_id)
        added_paths = [path.absolute() for path in paths]
        found_files = await self._reader.files_in(added_paths)
        known_stats = await self._store.file_stats(collection_id)
        # A file would be among those that were found.
        files = {file.path for file in found_files}
        folders = collection.folders
        for path in added_paths:
            is_known = any(path.is_relative_to(folder) for folder in folders)
            if path not in files and not is_known and "\n" not in str(path):
                folders.append(path)
        if folders != collection.folders:
            await self._store.put(collection._replace(folder="\n".join(map(str, folders))))
        excluded = await self._store.removed_paths(collection_id) - {
            str(path) for path in added_paths
        }
        await self._mark_waiting(
            collection_id, [f for f in found_files if str(f.path) not in excluded], known_stats
        )
        await self._read_waiting(collection_id, on_progress)

    async def remove_file(self, collection_id: str, path: str) -> None:
        """Remove a file from a collection until its own path is added again."""
        await self._store.mark_removed(collection_id, path)
        await self._store.remove_unreferenced()

    async def refresh(self, collection_id: str, on_progress: OnProgress | None = None) -> None:
        """Read new and changed files of the collection's folders, and remove missing ones.

        Files outside of them, or of a collection without a folder, are checked, too. If one of the
        folders or all files are missing, as on a drive that is not mounted, nothing is removed.

        Raises:
            DocumentError: also if all of its files are missing; otherwise as `add`.
            StoreFullError: as `add`.
        """
        collection = await self._require_collection(collection_id)
        known_stats = await self._store.file_stats(collection_id)
        found_files = await self._reader.files_in(collection.folders)
        folder_files = {str(file.path): file for file in found_files}
        single_files = [Path(path) for path in known_stats if path not in folder_files]
        present_files = folder_files | {
            str(file.path): file
            for file in await self._reader.files_in(single_files, skip_missing=True)
        }
        if known_stats and not present_files:
            raise errors.DocumentError(
                N_("None of this project’s files can be found, so it wasn’t changed."),
                hint=N_("Connect their drive, or remove the files from the project."),
            )
        await self._store.remove_files(
            collection_id, [path for path in known_stats if path not in present_files]
        )
        excluded = await self._store.removed_paths(collection_id)
        await self._mark_waiting(
            collection_id, [f for p, f in present_files.items() if p not in excluded], known_stats
        )
        await self._read_waiting(collection_id, on_progress)

    async def _mark_waiting(
        self,
        collection_id: str,
        found_files: Sequence[FoundFile],
        known_stats: dict[str, tuple[int, int]],
    ) -> None:
        changed = [
            (_make_file(collection_id, file), file.modified)
            for file in found_files
            if known_stats.get(str(file.path)) != (file.size, file.modified)
        ]
        await self._store.put_files(changed)

    async def _read_waiting(self, collection_id: str, on_progress: OnProgress | None) -> None:
        report = on_progress or (lambda _progress: None)
        async with self._fill_lock:
            waiting = [f for f in await self.files(collection_id) if f.status == "waiting"]
            await self._require_collection(collection_id)
            try:
                for number, file in enumerate(waiting):
                    report(CollectionProgress(number, len(waiting), file.name))
                    await self._read(file)
                report(CollectionProgress(len(waiting), len(waiting), ""))
            finally:
                await asyncio.shield(self._store.remove_unreferenced())

    async def _read(self, file: CollectionFile) -> None:
        """Read a file and index its text, or record why it cannot be read."""
        path = Path(file.path)
        modified = 0  # the time of no file: if this one cannot be listed, each refresh tries again
        try:
            # Size and time are those before reading: the next refresh sees a change made meanwhile.
            listed_files = await self._reader.files_in([path])
            found_file = next((found for found in listed_files if found.path == path), None)
            if found_file is None:  # a folder has replaced the file
                raise errors.DocumentError(
                    N_("“{name}” isn’t a file."), hint=hints.CHECK_FILE, name=file.name
                )
            file = file._replace(size=found_file.size)
            modified = found_file.modified
            document = await self._reader.read(path)
            await self._originals.add_document(path, document, is_searchable=False)
            if not await self._store.is_indexed(document.sha256):
                # Index the stored text: an earlier version may have extracted it differently.
                text = await self._originals.text(document.sha256)
                passages = await self._reader.passages(text, document.name, document.media_type)
                await self._store.index_passages(document.sha256, passages)
        except errors.StoreFullError:
            raise
        except (errors.DocumentError, errors.StorageError) as error:
            failed_file = file._replace(status="failed", problem=note_from_error(error))
            await self._store.put_files([(failed_file, modified)])
            return
        ready_file = file._replace(
            sha256=document.sha256,
            media_type=document.media_type,
            pages=document.pages,
            status="ready",
            problem=document.note.error_note if document.note else None,
        )
        await self._store.put_files([(ready_file, modified)])

    async def _require_collection(self, collection_id: str) -> Collection:
        for collection in await self._store.all():
            if collection.id == collection_id:
                return collection
        raise errors.DocumentError(N_("The project no longer exists."), hint=hints.CHOOSE_ANOTHER)

    # -------------------------------------------------------------- embeddings

    async def embedding_plan(self, collection_id: str) -> EmbeddingPlan | None:
        """Return the work and cost of embedding the collection.

        Return None if embeddings are off or no provider is available. Raises UserFacingError.
        """
        choice = await self._embeddings.chosen() if self._embeddings else None
        if choice is None:
            return None
        passages, tokens = await self._vectors.count_missing(collection_id, choice.key)
        return EmbeddingPlan(choice, passages, tokens)

    async def embed(self, collection_id: str, on_progress: OnProgress | None = None) -> None:
        """Create the missing vectors of a collection.

        Vectors made before an interruption or a refusal stay.

        Raises:
            SpendingCapError, UserFacingError: the cap would be exceeded, or the provider failed.
        """
        plan = await self.embedding_plan(collection_id)
        if plan is None or self._embeddings is None:
            return
        report = on_progress or (lambda _progress: None)
        key = plan.choice.key
        embedded_count = 0
        while unembedded := await self._vectors.next_missing(
            collection_id, key, MAX_TEXTS_PER_CALL
        ):
            report(CollectionProgress(embedded_count, plan.passages, plan.choice.model))
            texts = [passage.text for passage in unembedded]
            tokens = sum(passage.tokens for passage in unembedded)
            vectors = await self._embeddings.vectors(plan.choice, texts, tokens)
            vectors_by_id = [
                (passage.id, vector) for passage, vector in zip(unembedded, vectors, strict=True)
            ]
            await asyncio.shield(self._vectors.put(key, vectors_by_id))  # they have been billed
            embedded_count += len(unembedded)
        report(CollectionProgress(embedded_count, plan.passages, ""))

    async def _nearest_by_meaning(
        self, collection_ids: Sequence[str], question: str
    ) -> Sequence[PassageLocation]:
        """Return the passages nearest to the question by meaning.

        Return () without a question, an embedding model or vectors, or if the provider fails: words
        alone find most passages.
        """
        choice = await self._embeddings.chosen() if self._embeddings else None
        if choice is None or self._embeddings is None or not question.strip():
            return ()
        if not await self._vectors.has_any(collection_ids, choice.key):
            return ()
        try:
            searched_text = question[:MAX_QUESTION_CHARS]
            # A token has at least three characters in most texts.
            (vector,) = await self._embeddings.vectors(
                choice, [searched_text], len(searched_text) // 3
            )
        except (errors.ProviderError, errors.CredentialError, errors.SpendingCapError):
            return ()
        return await self._vectors.nearest(collection_ids, choice.key, vector, MAX_FOUND_PASSAGES)

    # -------------------------------------------------------------- retrieval

    async def retrieve(
        self,
        collection_ids: Sequence[str],
        question: str,
        budget_tokens: int,
        *,
        is_estimate: bool = False,
    ) -> tuple[PassagesPart, ...]:
        """Return the best passages of all collections: a part for each that exists.

        They are numbered from 1 and have at most `budget_tokens` tokens together. Duplicate texts
        are included once.

        Args:
            is_estimate: search by words only, because embedding the question costs money.
        """
        names = {c.id: c.name for c in await self._store.all() if c.id in collection_ids}
        words = question_terms(question)
        locations = await self._store.find(list(names), words, MAX_FOUND_PASSAGES)
        if not is_estimate:
            nearest = await self._nearest_by_meaning(list(names), question)
            locations = _fuse_rankings(locations, nearest)
        passages_by_collection: dict[str, list[Passage]] = {
            collection_id: [] for collection_id in names
        }
        for passage in await self._choose_passages(locations, budget_tokens):
            passages_by_collection[passage.collection_id].append(passage)
        return _number_passages(names, passages_by_collection)

    async def _choose_passages(
        self, locations: Sequence[PassageLocation], budget_tokens: int
    ) -> list[Passage]:
        """Return passages, in the order of `locations`, that fit the budget together.

        A passage that is too large is skipped, and so is a duplicate.
        """
        passages: list[Passage] = []
        known_passages, used_tokens, distinct_count = KnownPassages(), 0, 0
        for start in range(0, len(locations), MAX_PASSAGES):
            batch = locations[start : start + MAX_PASSAGES]
            for location, text in zip(batch, await self._store.texts(batch), strict=True):
                if distinct_count == MAX_PASSAGES:
                    return passages
                if text is None or not await asyncio.to_thread(known_passages.add_if_new, text):
                    continue
                distinct_count += 1
                if used_tokens + location.tokens <= budget_tokens:
                    used_tokens += location.tokens
                    passages.append(_make_passage(location, text))
        return passages


def _folder_path(folder: Path | None) -> str:
    return "" if folder is None else str(folder.absolute())


def _make_file(collection_id: str, found_file: FoundFile) -> CollectionFile:
    """Return a file that waits, or has failed because the store cannot hold its path."""
    path = str(found_file.path)
    name = found_file.path.name
    file = CollectionFile(collection_id, path, name, size=found_file.size)
    if path == path.encode("utf-8", "replace").decode():
        return file
    printable_name = name.encode("utf-8", "replace").decode()
    error = errors.DocumentError(
        N_("The name or a folder of “{name}” isn’t valid UTF-8."),
        hint=N_("Rename it, then try again."),
        name=printable_name,
    )
    return file._replace(status="failed", problem=note_from_error(error))


def _fuse_rankings(*rankings: Sequence[PassageLocation]) -> list[PassageLocation]:
    """Merge rankings: each adds 1 / (FUSION_K + rank) to a passage's score."""
    scores: dict[tuple[str, int], float] = {}
    locations: dict[tuple[str, int], PassageLocation] = {}
    for ranking in rankings:
        for rank, location in enumerate(ranking, 1):
            key = (location.collection_id, location.id)
            locations[key] = location
            scores[key] = scores.get(key, 0.0) + 1 / (FUSION_K + rank)
    return [locations[key] for key in sorted(locations, key=lambda key: -scores[key])]


def _make_passage(location: PassageLocation, text: str) -> Passage:
    return Passage(
        number=0,  # `_number_passages` sets it
        collection_id=location.collection_id,
        sha256=location.sha256,
        name=location.name,
        page=location.page,
        place=location.place,
        start=location.start,
        end=location.end,
        text=text,
    )


def _number_passages(
    names: dict[str, str], passages_by_collection: dict[str, list[Passage]]
) -> tuple[PassagesPart, ...]:
    parts, number = [], 1
    for collection_id, passages in passages_by_collection.items():
        numbered = tuple(replace(p, number=n) for n, p in enumerate(passages, number))
        parts.append(PassagesPart(collection_id, names[collection_id], numbered))
        number += len(numbered)
    return tuple(parts)


Run = tuple[str, ...]

# The number of consecutive words that are compared as a unit.
RUN_WORDS: Final = 4
# The minimum share of a new passage's runs that must be known; the others may only be at its ends.
MIN_KNOWN_SHARE: Final = 0.85

_PAGE_MARK: Final = re.compile(r"^\[(?:page|slide|sheet|chapter) \d+\][ \t]*$", re.M)
_LINE_END_HYPHEN: Final = re.compile(r"(?<=[^\W\d_])[-\u00ad]\n(?=[^\W\d_])")
_WORD: Final = re.compile(r"[^\W_]+")


class KnownPassages:
    """The texts of the passages that are known, to recognize duplicates.

    A collection may contain a document several times: as a PDF and its source text, or under two
    names. A duplicate has only words of earlier passages, except for a few at its ends. If one
    figure or one "not" in between differs, the model gets both versions.
    """

    def __init__(self) -> None:
        self._runs: set[Run] = set()
        self._first_runs: set[Run] = set()
        self._last_runs: set[Run] = set()

    def add_if_new(self, text: str) -> bool:
        """Add a passage unless its text is known. Return True if it was added.

        A few extra words at either end of a known passage do not make it new.
        """
        runs = _runs_of(text)
        if self._contains(runs):
            return False
        self._runs.update(runs)
        self._first_runs.add(runs[0])
        self._last_runs.add(runs[-1])
        return True

    def _contains(self, runs: list[Run]) -> bool:
        """Return True if all runs are known, but for a few before or after a known passage."""
        known_flags = [run in self._runs for run in runs]
        if True not in known_flags:
            return False
        start = known_flags.index(True)
        end = len(known_flags) - known_flags[::-1].index(True)
        return (
            all(known_flags[start:end])
            and end - start >= len(runs) * MIN_KNOWN_SHARE
            and (start == 0 or runs[start] in self._first_runs)
            and (end == len(runs) or runs[end - 1] in self._last_runs)
        )


def _runs_of(text: str) -> list[Run]:
    words = _words(text)
    return [
        tuple(words[start : start + RUN_WORDS])
        for start in range(max(1, len(words) - RUN_WORDS + 1))
    ]


def _words(text: str) -> list[str]:
    """Return the words without page marks and punctuation; unspaced scripts by character."""
    folded = fold(_LINE_END_HYPHEN.sub("", _PAGE_MARK.sub("", text)))
    separated = unspaced_run().sub(lambda run: f" {' '.join(run.group())} ", folded)
    return list(chain.from_iterable(_WORD.findall(line) for line in separated.splitlines()))
