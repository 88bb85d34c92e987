"""Collections of documents: made, filled, kept up to date, and asked.

Files are read one after the other, each by the documents' worker; one that cannot be read stands in
the collection with the reason, and the others go on. What is broken off leaves the rest "waiting":
the next `add` or `refresh` goes on with it. A question takes along the passages that hold its words
best, by BM25; where the person has switched that on, and a collection's passages have vectors, those
that mean the same as well: both orders are put together by reciprocal ranks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from desktop_app.domain.conversations.conversation import new_id, now
from desktop_app.domain.conversations.message_parts import PassagesPart
from desktop_app.domain.documents.collections import Collection, CollectionFile, Passage
from desktop_app.domain.documents.passage_words import question_words
from desktop_app.domain.errors import (
    CredentialError,
    DocumentError,
    ProviderError,
    SpendingCapError,
    StorageError,
    StoreFullError,
    UserFacingError,
)
from desktop_app.services.collections.collection_ports import (
    Document,
    Found,
    Originals,
    PassageLocation,
    PassageReader,
    Store,
    Vectors,
)
from desktop_app.services.collections.embedding_service import AT_ONCE, EmbeddingPlan, Embeddings
from desktop_app.services.collections.passage_dedup import DuplicatePassages

# Passages that are looked at for a question, copies not counted; the budget decides how many of
# them go in.
MOST_PASSAGES: Final = 24
# With their copies.
MOST_FOUND: Final = 4 * MOST_PASSAGES
# Of reciprocal ranks: the higher, the less the first few count. 60 is the usual.
FUSION: Final = 60
# Characters of a question that are asked for their meaning.
LONGEST_QUESTION: Final = 8_000


@dataclass(frozen=True)
class CollectionProgress:
    """How far reading has come: `done` of `total` files; `name` is the one that is read now, "" at
    the end."""

    done: int
    total: int
    name: str


OnProgress = Callable[[CollectionProgress], None]


class Collections:
    """See the module's paragraph. All methods raise StorageError."""

    def __init__(
        self,
        store: Store,
        originals: Originals,
        reader: PassageReader,
        vectors: Vectors,
        embeddings: Embeddings | None = None,
    ) -> None:
        self._store = store
        self._vectors = vectors
        self._embeddings = embeddings
        self._originals = originals
        self._reader = reader
        # Of two that fill collections at once one waits: they may hold the same files.
        self._filling = asyncio.Lock()

    # -------------------------------------------------------------- collections

    async def all(self) -> list[Collection]:
        """Every collection, by name."""
        return await self._store.all()

    async def create(self, name: str, folder: Path | None = None) -> Collection:
        """A new, empty collection; `folder` is where `refresh` looks for its files: without one, the
        folder that is the first thing added."""
        where = "" if folder is None else str(_absolute([folder])[0])
        made = Collection(new_id(), _name(name), now(), where)
        await self._store.put(made)
        return made

    async def rename(self, collection_id: str, name: str) -> None:
        """Call it something else. Raises DocumentError: it is gone."""
        collection = await self._one(collection_id)
        await self._store.put(replace(collection, name=_name(name)))

    async def delete(self, collection_id: str) -> None:
        """Remove it; what was asked of it keeps its passages."""
        await self._store.delete(collection_id)
        await self._store.tidy()

    async def files(self, collection_id: str) -> list[CollectionFile]:
        """Its files by path."""
        return await self._store.files(collection_id)

    # -------------------------------------------------------------- filling

    async def add(
        self, collection_id: str, paths: Iterable[Path], on_progress: OnProgress | None = None
    ) -> None:
        """Read files, and those in folders and below, into a collection; what is in it unchanged
        already is not read again. Goes on with what was left waiting. Cancelling leaves the rest
        waiting.

        Raises:
            DocumentError: the collection or one of the paths is gone.
            StoreFullError: no space; what was read until then is kept.
        """
        collection = await self._one(collection_id)
        given = _absolute(paths)
        found = await self._reader.files_in(given)
        known = await self._store.modified(collection_id)
        is_folder = len(given) == 1 and given[0] not in [file.path for file in found]
        if is_folder and not known and not collection.folder:
            await self._store.put(replace(collection, folder=str(given[0])))
        out = await self._store.removed(collection_id) - {str(path) for path in given}
        await self._note(collection_id, [f for f in found if str(f.path) not in out], known)
        await self._read_waiting(collection_id, on_progress)

    async def remove_file(self, collection_id: str, path: str) -> None:
        """Take a file out of a collection, until it is added by its own path again."""
        await self._store.take_out(collection_id, path)
        await self._store.tidy()

    async def refresh(self, collection_id: str, on_progress: OnProgress | None = None) -> None:
        """Look at its folder again, or at its files where it has none: what is new or changed is
        read, what is gone goes. Raises as `add`; nothing goes where the folder itself is gone."""
        collection = await self._one(collection_id)
        known = await self._store.modified(collection_id)
        folder = [Path(collection.folder)] if collection.folder else []
        found = {str(file.path): file for file in await self._reader.files_in(folder)}
        by_hand = [Path(path) for path in known if path not in found]
        there = found | {
            str(file.path): file for file in await self._reader.files_in(by_hand, skip_missing=True)
        }
        await self._store.remove_files(collection_id, [path for path in known if path not in there])
        out = await self._store.removed(collection_id)
        await self._note(collection_id, [f for p, f in there.items() if p not in out], known)
        await self._read_waiting(collection_id, on_progress)

    async def _note(
        self,
        collection_id: str,
        found: Sequence[Found],
        known: dict[str, tuple[int, int]],
    ) -> None:
        """Have new and changed files wait."""
        news = [
            (
                CollectionFile(collection_id, str(file.path), file.path.name, size=file.size),
                file.modified,
            )
            for file in found
            if known.get(str(file.path)) != (file.size, file.modified)
        ]
        await self._store.put_files(news)

    async def _read_waiting(self, collection_id: str, on_progress: OnProgress | None) -> None:
        report = on_progress or (lambda _progress: None)
        async with self._filling:
            waiting = [f for f in await self.files(collection_id) if f.status == "waiting"]
            try:
                for number, file in enumerate(waiting):
                    report(CollectionProgress(number, len(waiting), file.name))
                    await self._read(file)
                report(CollectionProgress(len(waiting), len(waiting), ""))
            finally:
                await asyncio.shield(self._store.tidy())

    async def _read(self, file: CollectionFile) -> None:
        """Read one file and enter what it says; or why it cannot be read."""
        path, modified = Path(file.path), 0
        try:
            # Before it is read: what changes while it is being read is seen by the next refresh.
            (lies,) = await self._reader.files_in([path])
            file, modified = replace(file, size=lies.size), lies.modified
            document = await self._reader.read(path)
            await self._keep(path, document)
        except StoreFullError:
            raise
        except (DocumentError, StorageError) as error:
            failed = replace(file, status="failed", problem=error.what_happened)
            await self._store.put_files([(failed, modified)])
            return
        ready = replace(
            file,
            sha256=document.sha256,
            media_type=document.media_type,
            pages=document.pages,
            status="ready",
            problem=document.note,
        )
        await self._store.put_files([(ready, modified)])

    async def _keep(self, path: Path, document: Document) -> None:
        await self._originals.add(
            path,
            sha256=document.sha256,
            name=document.name,
            media_type=document.media_type,
            text=document.text,
            pages=document.pages,
            tokens=document.tokens,
            is_found=False,
        )
        if not await self._store.is_indexed(document.sha256):
            # The text that is kept: an earlier version may have read it otherwise.
            text = await self._originals.text(document.sha256)
            found = await self._reader.passages(text, document.name, document.media_type)
            await self._store.enter(document.sha256, found)

    async def _one(self, collection_id: str) -> Collection:
        for collection in await self._store.all():
            if collection.id == collection_id:
                return collection
        raise DocumentError("The collection is no longer there.", what_to_do="Choose another.")

    # -------------------------------------------------------------- meaning

    async def embedding_plan(self, collection_id: str) -> EmbeddingPlan | None:
        """What it takes to find its passages by their meaning, too; None where that is switched
        off, or nobody is there who could make vectors. Raises UserFacingError."""
        choice = await self._embeddings.chosen() if self._embeddings else None
        if choice is None:
            return None
        passages, tokens = await self._vectors.missing(collection_id, choice.key)
        return EmbeddingPlan(choice, passages, tokens)

    async def embed(self, collection_id: str, on_progress: OnProgress | None = None) -> None:
        """Have vectors made of every passage that has none. What is broken off, or refused, keeps
        what was made.

        Raises:
            SpendingCapError, UserFacingError: the provider failed, or the cap has no room.
        """
        plan = await self.embedding_plan(collection_id)
        report = on_progress or (lambda _progress: None)
        done = 0
        while plan is not None and self._embeddings is not None:
            key = plan.choice.key
            some = await self._vectors.next_missing(collection_id, key, AT_ONCE)
            report(CollectionProgress(done, plan.passages, plan.choice.model if some else ""))
            if not some:
                return
            texts, tokens = [each.text for each in some], sum(each.tokens for each in some)
            made = await self._embeddings.vectors(plan.choice, texts, tokens)
            kept = [(each.id, vector) for each, vector in zip(some, made, strict=True)]
            await asyncio.shield(self._vectors.put(key, kept))  # they are paid for
            done += len(some)

    async def _near(self, collection_ids: Sequence[str], question: str) -> Sequence[Any]:
        """Places that mean what is asked; none where there are no vectors, or where the provider
        cannot be asked now: words alone find most of them."""
        choice = await self._embeddings.chosen() if self._embeddings else None
        if choice is None or self._embeddings is None or not question.strip():
            return ()
        if not await self._vectors.has_any(collection_ids, choice.key):
            return ()
        try:
            asked = question[:LONGEST_QUESTION]
            (vector,) = await self._embeddings.vectors(choice, [asked], len(asked) // 3)
        except (ProviderError, CredentialError, SpendingCapError):
            return ()
        return await self._vectors.nearest(collection_ids, choice.key, vector, MOST_FOUND)

    # -------------------------------------------------------------- asking

    async def retrieve(
        self,
        collection_ids: Sequence[str],
        question: str,
        budget_tokens: int,
        *,
        is_estimate: bool = False,
    ) -> tuple[PassagesPart, ...]:
        """What goes in of each collection that there is, the best first, numbered from 1 on; at most
        so many tokens in all. What copies of a document say is among it once."""
        names = {c.id: c.name for c in await self._store.all() if c.id in collection_ids}
        words = question_words(question)
        places = await self._store.find(list(names), words, MOST_FOUND)
        if not is_estimate:
            near = await self._near(list(names), question)
            places = _together(places, near) if near else places
        found: dict[str, list[Passage]] = {collection_id: [] for collection_id in names}
        for passage in await self._chosen(places, budget_tokens):
            found[passage.collection_id].append(passage)
        return _numbered(names, found)

    async def _chosen(self, places: Sequence[PassageLocation], budget_tokens: int) -> list[Passage]:
        """The first of `places` that fit together; one that alone is too large is passed over, as is
        what others say already."""
        chosen: list[Passage] = []
        copies, used, distinct = DuplicatePassages(), 0, 0
        for at in range(0, len(places), MOST_PASSAGES):
            some = places[at : at + MOST_PASSAGES]
            for place, text in zip(some, await self._store.texts(some), strict=True):
                if distinct == MOST_PASSAGES:
                    return chosen
                if text is None or not await asyncio.to_thread(copies.is_new, text):
                    continue
                distinct += 1
                if used + place.tokens <= budget_tokens:
                    used += place.tokens
                    chosen.append(_passage(place, text))
        return chosen


def _together(by_words: Sequence[Any], by_meaning: Sequence[Any]) -> list[Any]:
    """Two orders as one: each gives a place 1 / (60 + its rank), as is usual for that."""
    scores: dict[tuple[str, int], float] = {}
    places: dict[tuple[str, int], Any] = {}
    for order in (by_words, by_meaning):
        for rank, place in enumerate(order, 1):
            key = (place.collection_id, place.id)
            places[key] = place
            scores[key] = scores.get(key, 0.0) + 1 / (FUSION + rank)
    return [places[key] for key in sorted(places, key=lambda key: -scores[key])]


def _passage(place: PassageLocation, text: str) -> Passage:
    return Passage(
        0,
        place.collection_id,
        place.sha256,
        place.name,
        place.page,
        place.place,
        place.start,
        place.end,
        text,
    )


def _numbered(names: dict[str, str], found: dict[str, list[Passage]]) -> tuple[PassagesPart, ...]:
    parts, number = [], 1
    for collection_id, passages in found.items():
        numbered = tuple(replace(p, number=n) for n, p in enumerate(passages, number))
        parts.append(PassagesPart(collection_id, names[collection_id], numbered))
        number += len(numbered)
    return tuple(parts)


def _absolute(paths: Iterable[Path]) -> list[Path]:
    return [path.absolute() for path in paths]


def _name(name: str) -> str:
    """A name as it is kept. Raises UserFacingError: it is empty."""
    kept = " ".join(name.split())
    if not kept:
        raise UserFacingError("A collection needs a name.", what_to_do="Type one.")
    return kept
