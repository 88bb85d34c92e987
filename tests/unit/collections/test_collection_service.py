"""Collections with a store, a disk and vectors in memory: filled, refreshed, searched."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_app.budget.budget import Hold
from desktop_app.collections.collection_service import (
    MAX_FOUND_PASSAGES,
    MAX_PASSAGES,
    CollectionProgress,
    Collections,
)
from desktop_app.collections.embedding_service import (
    MAX_TEXTS_PER_CALL,
    EmbeddingChoice,
    EmbeddingPlan,
    Embeddings,
)
from desktop_app.domain import errors
from desktop_app.domain.conversations.message_parts import PassagesPart
from desktop_app.domain.cost import CallCost, Price, Usage
from desktop_app.domain.documents.collections import (
    Collection,
    CollectionFile,
    FoundFile,
    Passage,
    PassageLocation,
)
from desktop_app.domain.documents.extracted_document import ExtractedDocument, IndexedPassage
from desktop_app.domain.error_note import note_from_error
from desktop_app.domain.spending_report import Call
from desktop_app.providers.gateway.environment_profiles import OPENAI
from desktop_app.providers.jobs.vectors import UnembeddedPassage, Vector

A, B, C = (Path(f"/folder/{name}.txt") for name in "abc")
FOLDER = Path("/folder")


class Disk:
    """The files of a folder, by path: their text, or the error of reading them."""

    def __init__(self, **texts: str | errors.UserFacingError) -> None:
        self.files: dict[Path, str | errors.UserFacingError] = {
            FOLDER / f"{name}.txt": text for name, text in texts.items()
        }
        self.modified = dict.fromkeys(self.files, 1)
        self.read_paths: list[Path] = []

    def write(self, path: Path, text: str | errors.UserFacingError) -> None:
        """Write a file with a newer time."""
        self.files[path] = text
        self.modified[path] = self.modified.get(path, 0) + 1

    async def files_in(
        self, paths: Sequence[Path], *, skip_missing: bool = False
    ) -> Sequence[FoundFile]:
        found = []
        for path in paths:
            there = sorted(each for each in self.files if each == path or path in each.parents)
            if not there and not skip_missing:
                raise errors.DocumentError("The project no longer exists.", hint="Choose another.")
            found += [
                FoundFile(each, len(str(self.files[each])), self.modified[each]) for each in there
            ]
        return found

    async def read(self, path: Path) -> ExtractedDocument:
        self.read_paths.append(path)
        text = self.files[path]
        if isinstance(text, errors.UserFacingError):
            raise text
        return ExtractedDocument(path.name, "text/plain", f"sha {text}", len(text), text, 3, 2)

    async def passages(self, text: str, name: str, media_type: str) -> Sequence[IndexedPassage]:
        assert media_type == "text/plain"
        return [(name, text)]  # type: ignore[list-item]


class Memory:
    """The store of collections, of originals and of vectors."""

    def __init__(self) -> None:
        self.collections: dict[str, Collection] = {}
        self.kept: dict[tuple[str, str], tuple[CollectionFile, int]] = {}
        self.removed: set[tuple[str, str]] = set()
        self.indexed: dict[str, Any] = {}
        self.originals: dict[str, str] = {}
        self.cleanups = 0
        self.places: list[PassageLocation] = []
        self.near: list[PassageLocation] = []
        self.by_id: dict[int, str | None] = {}
        self.unembedded: list[UnembeddedPassage] = []
        self.vectors: list[tuple[str, int]] = []
        self.asked: list[tuple[object, ...]] = []

    async def all(self) -> list[Collection]:
        return sorted(self.collections.values(), key=lambda each: each.name)

    async def put(self, *given: Any) -> None:
        if len(given) == 2:
            model, vectors = given
            self.vectors += [(model, number) for number, _ in vectors]
            done = {number for number, _ in vectors}
            self.unembedded = [each for each in self.unembedded if each.id not in done]
        else:
            self.collections[given[0].id] = given[0]

    async def create(self, collection: Collection, project_id: str) -> None:
        self.collections[collection.id] = collection

    async def delete_without_project(self, kept_id: str) -> None:
        self.collections = {kept_id: self.collections[kept_id]} if kept_id else {}

    async def files(self, collection_id: str) -> list[CollectionFile]:
        return [file for (cid, _), (file, _) in sorted(self.kept.items()) if cid == collection_id]

    async def file_counts(self, collection_id: str) -> dict[str, int]:
        return Counter(file.status for file in await self.files(collection_id))

    async def file_stats(self, collection_id: str) -> dict[str, tuple[int, int]]:
        return {
            path: (file.size, at)
            for (cid, path), (file, at) in self.kept.items()
            if cid == collection_id
        }

    async def removed_paths(self, collection_id: str) -> set[str]:
        return {path for cid, path in self.removed if cid == collection_id}

    async def mark_removed(self, collection_id: str, path: str) -> None:
        del self.kept[collection_id, path]
        self.removed.add((collection_id, path))

    async def put_files(self, files: Sequence[tuple[CollectionFile, int]]) -> None:
        for file, at in files:
            self.kept[file.collection_id, file.path] = (file, at)
            self.removed.discard((file.collection_id, file.path))

    async def remove_files(self, collection_id: str, paths: Iterable[str]) -> None:
        for path in paths:
            del self.kept[collection_id, path]

    async def is_indexed(self, sha256: str) -> bool:
        return sha256 in self.indexed

    async def index_passages(self, sha256: str, passages: Sequence[IndexedPassage]) -> None:
        self.indexed[sha256] = list(passages)

    async def remove_unreferenced(self) -> None:
        self.cleanups += 1

    async def add_document(
        self, _source: Path, document: ExtractedDocument, *, is_searchable: bool
    ) -> None:
        assert not is_searchable
        if document.sha256 == "sha full":
            raise errors.StoreFullError("Full.")
        self.originals.setdefault(document.sha256, document.text)

    async def text(self, sha256: str) -> str:
        return self.originals[sha256]

    async def find(
        self, collection_ids: Sequence[str], words: Sequence[str], limit: int
    ) -> Sequence[PassageLocation]:
        self.asked.append((tuple(collection_ids), tuple(words), limit))
        return self.places

    async def texts(self, places: Sequence[PassageLocation]) -> list[str | None]:
        return [self.by_id[place.id] for place in places]

    async def count_missing(self, _collection_id: str, _model: str) -> tuple[int, int]:
        return len(self.unembedded), sum(each.tokens for each in self.unembedded)

    async def has_any(self, _collection_ids: Sequence[str], model: str) -> bool:
        return any(of == model for of, _ in self.vectors)

    async def next_missing(self, _id: str, _model: str, limit: int) -> Sequence[UnembeddedPassage]:
        return self.unembedded[:limit]

    async def nearest(
        self, collection_ids: Sequence[str], model: str, _vector: Vector, limit: int
    ) -> Sequence[PassageLocation]:
        self.asked.append((tuple(collection_ids), model, limit))
        return self.near


PRICE = Price(Decimal("0.02"), Decimal(0))
CHOICE = EmbeddingChoice(OPENAI, "embed", PRICE)


class Embedder:
    """A provider of vectors, its gateway, its budget and its ledger."""

    def __init__(self) -> None:
        self.texts: list[list[str]] = []
        self.held: list[tuple[object, ...]] = []
        self.calls: list[Call] = []
        self.error: errors.UserFacingError | None = None
        self.choice: EmbeddingChoice | None = CHOICE
        self.billed: int | None = 1_000_000
        self.pause: asyncio.Event | None = None

    async def provider(self, _profile: object) -> Embedder:
        return self

    async def embed(self, model: str, texts: Sequence[str]) -> tuple[list[Vector], int | None]:
        assert model == "embed"
        if self.error is not None:
            raise self.error
        self.texts.append(list(texts))
        if self.pause is not None:  # this call never ends
            self.pause.set()
            await asyncio.Event().wait()
        return [Vector.from_values([1.0, 0.0]) for _ in texts], self.billed

    async def add(self, call: Call, _hold: object = None) -> None:
        self.calls.append(call)

    async def hold(self, *about: object) -> Hold:
        self.held.append(about)
        return Hold()

    async def chosen(self) -> EmbeddingChoice | None:
        return self.choice

    def service(self) -> Embeddings:
        budget: Any = self
        return Embeddings(self, self, budget, self.chosen)


def made(disk: Disk | None = None, embedder: Embedder | None = None) -> tuple[Collections, Memory]:
    memory = Memory()
    embeddings = None if embedder is None else embedder.service()
    reader: Any = disk or Disk()
    store: Any = memory
    return Collections(store, store, reader, store, embeddings), memory


async def states(service: Collections, collection: Collection) -> list[tuple[str, str]]:
    return [(file.name, file.status) for file in await service.files(collection.id)]


# ---------------------------------------------------------------- filling


async def test_a_collection_has_a_name() -> None:
    service, memory = made()
    found = await service.create("  My   files\n", Path("rel"))
    assert (found.name, found.folder) == ("My files", str(Path("rel").absolute()))
    assert await service.all() == [found]
    assert (await service.create(" ")).name
    await service.delete_without_project(found.id)
    assert (await service.all(), memory.cleanups) == ([found], 1)
    await service.delete_without_project()
    assert (await service.all(), memory.cleanups) == ([], 2)
    for gone in (service.add(found.id, []), service.refresh("x")):
        with pytest.raises(errors.DocumentError) as missing:
            await gone
        assert "The project no longer exists" in missing.value.message


async def test_files_are_read_and_indexed_once() -> None:
    disk = Disk(a="one", b="two", c="one")
    service, memory = made(disk)
    found = await service.create("x")
    seen: list[CollectionProgress] = []
    await service.add(found.id, [A, B, C], seen.append)
    assert seen == [
        CollectionProgress(0, 3, "a.txt"),
        CollectionProgress(1, 3, "b.txt"),
        CollectionProgress(2, 3, "c.txt"),
        CollectionProgress(3, 3, ""),
    ]
    assert await service.files(found.id) == [
        CollectionFile(found.id, str(path), path.name, f"sha {text}", "text/plain", 3, 3, "ready")
        for path, text in ((A, "one"), (B, "two"), (C, "one"))
    ]
    assert memory.indexed == {"sha one": [("a.txt", "one")], "sha two": [("b.txt", "two")]}
    assert memory.cleanups == 1
    await service.add(found.id, [A, B])  # unchanged
    assert disk.read_paths == [A, B, C]
    disk.write(A, "new")
    await service.add(found.id, [A, B])
    assert disk.read_paths == [A, B, C, A]
    disk.write(B, "longer")
    disk.modified[B] -= 1  # only its size differs
    await service.add(found.id, [A, B])
    assert disk.read_paths[4:] == [B]


async def test_an_unreadable_file_has_its_error_and_a_full_disk_stops_the_indexing() -> None:
    error = errors.DocumentError("The project no longer exists.", hint="Choose another.")
    disk = Disk(a=error, b="two")
    service, memory = made(disk)
    found = await service.create("x")
    await service.add(found.id, [A, B])
    first, second = await service.files(found.id)
    assert (first.status, first.problem, second.status) == (
        "failed",
        note_from_error(error),
        "ready",
    )
    await service.add(found.id, [A])
    assert disk.read_paths == [A, B], "it has not changed"
    disk.write(A, "full")
    disk.write(B, "later")
    with pytest.raises(errors.StoreFullError):
        await service.add(found.id, [A, B])
    assert await states(service, found) == [("a.txt", "waiting"), ("b.txt", "waiting")]
    assert memory.cleanups == 3
    del disk.files[A]
    await service.add(found.id, [])  # what waits is read, too
    assert await states(service, found) == [("a.txt", "failed"), ("b.txt", "ready")]
    assert await memory.file_stats(found.id) == {str(A): (4, 0), str(B): (5, 2)}
    disk.write(A, "fits")
    await service.add(found.id, [A])
    assert await states(service, found) == [("a.txt", "ready"), ("b.txt", "ready")]


@pytest.mark.parametrize(
    ("given", "kept", "folders"),
    [
        ([FOLDER], "", [FOLDER]),
        ([FOLDER, FOLDER / "inside"], "", [FOLDER]),
        ([FOLDER], "/other", [Path("/other"), FOLDER]),
        ([A], "", []),
    ],
)
async def test_each_folder_that_is_added_is_followed(
    given: list[Path], kept: str, folders: list[Path]
) -> None:
    disk = Disk(a="one", b="two")
    disk.write(FOLDER / "inside" / "c.txt", "three")
    service, _ = made(disk)
    found = await service.create("x", Path(kept) if kept else None)
    await service.add(found.id, given)
    (after,) = await service.all()
    assert after.folders == folders
    await service.add(found.id, [FOLDER])  # it has files already
    (after,) = await service.all()
    assert after.folders == (folders or [FOLDER])


async def test_a_removed_file_stays_out_until_its_own_path_is_added() -> None:
    service, memory = made(Disk(a="one", b="two"))
    found = await service.create("x")
    await service.add(found.id, [FOLDER])
    await service.remove_file(found.id, str(A))
    assert memory.cleanups == 2
    for again in (service.add(found.id, [FOLDER]), service.refresh(found.id)):
        await again
        assert await states(service, found) == [("b.txt", "ready")]
    await service.add(found.id, [A])
    assert await states(service, found) == [("a.txt", "ready"), ("b.txt", "ready")]


async def test_a_refresh_reads_what_is_new_and_drops_what_is_gone() -> None:
    disk = Disk(a="one", b="two")
    elsewhere = Path("/elsewhere/d.txt")
    disk.write(elsewhere, "three")
    service, _ = made(disk)
    found = await service.create("x")
    await service.add(found.id, [FOLDER])
    await service.add(found.id, [elsewhere])
    disk.write(C, "new")
    disk.write(B, "changed")
    del disk.files[A]
    seen: list[CollectionProgress] = []
    await service.refresh(found.id, seen.append)
    assert [each.name for each in seen] == ["b.txt", "c.txt", ""]
    assert sorted(await states(service, found)) == [
        ("b.txt", "ready"), ("c.txt", "ready"), ("d.txt", "ready"),
    ]  # fmt: skip
    del disk.files[elsewhere]
    await service.refresh(found.id)
    assert sorted(await states(service, found)) == [("b.txt", "ready"), ("c.txt", "ready")]
    disk.files.clear()
    with pytest.raises(errors.DocumentError):
        await service.refresh(found.id)
    assert len(await service.files(found.id)) == 2, "the folder is missing"


# ---------------------------------------------------------------- retrieval


def place(number: int, collection_id: str = "1", tokens: int = 10) -> PassageLocation:
    return PassageLocation(
        number, collection_id, f"sha {number}", f"{number}.txt", number, "p", 1, 9, tokens
    )


def passage(number: int, at: int, collection_id: str = "1", text: str = "") -> Passage:
    words = text or f"text {number}"
    return Passage(
        *(at, collection_id, f"sha {number}", f"{number}.txt", number, "p", 1, 9), text=words
    )


async def searched(
    places: Sequence[PassageLocation],
    budget: int,
    texts: dict[int, str | None] | None = None,
    near: Sequence[PassageLocation] = (),
    embedder: Embedder | None = None,
    question: str = "What is it?",
    **more: Any,
) -> tuple[tuple[PassagesPart, ...], Memory]:
    service, memory = made(embedder=embedder)
    for number, name in (("1", "One"), ("2", "Two"), ("3", "Three")):
        first = await service.create(name)
        memory.collections[number] = memory.collections.pop(first.id)._replace(id=number)
    memory.places, memory.near = list(places), list(near)
    memory.by_id = {**{each.id: f"text {each.id}" for each in (*places, *near)}, **(texts or {})}
    memory.vectors = [(CHOICE.key, 1)]
    return await service.retrieve(["1", "2", "gone"], question, budget, **more), memory


@pytest.mark.parametrize(
    ("places", "budget", "texts", "found"),
    [
        ([place(1), place(2)], 20, {}, [passage(1, 1), passage(2, 2)]),
        ([place(1), place(2)], 19, {}, [passage(1, 1)]),
        # A passage that is too large is skipped.
        ([place(1), place(2, tokens=50), place(3)], 20, {}, [passage(1, 1), passage(3, 2)]),
        # So are a copy, and a passage whose text is gone.
        (
            [place(1), place(2), place(3), place(4)],
            99,
            {2: "text 1", 3: None},
            [passage(1, 1), passage(4, 2)],
        ),
    ],
)
async def test_the_best_passages_that_fit_are_taken(
    places: list[PassageLocation], budget: int, texts: dict[int, str | None], found: list[Passage]
) -> None:
    parts, memory = await searched(places, budget, texts)
    assert parts == (PassagesPart("1", "One", tuple(found)), PassagesPart("2", "Two", ()))
    assert [each[0] for each in memory.asked] == [("1", "2")]
    assert memory.asked[0][2] == MAX_FOUND_PASSAGES == 96


async def test_distinct_passages_are_limited() -> None:
    places = [place(number, tokens=1) for number in range(2 * MAX_PASSAGES)]
    parts, _ = await searched(places, 999, {1: "text 0"})
    assert [each.sha256 for each in parts[0].passages] == [
        f"sha {number}" for number in range(MAX_PASSAGES + 1) if number != 1
    ]


async def test_passages_near_by_meaning_are_merged_by_rank() -> None:
    embedder = Embedder()
    near = [place(3), place(1), place(4)]
    parts, memory = await searched([place(1), place(2), place(3)], 99, near=near, embedder=embedder)
    # 1: 1/61 + 1/62; 3: 1/63 + 1/61; 2: 1/62; 4: 1/63.
    assert [each.sha256 for each in parts[0].passages] == ["sha 1", "sha 3", "sha 2", "sha 4"]
    assert memory.asked[1] == (("1", "2"), CHOICE.key, MAX_FOUND_PASSAGES)
    assert embedder.texts == [["What is it?"]]
    assert embedder.held == [
        (OPENAI, CallCost.fixed(PRICE.cost(Usage(11 // 3))), "embed", "embedding")
    ]


@pytest.mark.parametrize(
    ("change", "more"),
    [
        ({}, {"is_estimate": True}),
        ({"choice": None}, {}),
        ({}, {"question": " \n"}),
        (
            {
                "error": errors.NetworkError(
                    "Couldn’t connect to {provider} at {host}.",
                    hint="Check the network connection, then try again.",
                )
            },
            {},
        ),
        (
            {
                "error": errors.SpendingCapError(
                    "This usually costs {cost}, but {room} of your {cap} limit is left.",
                    hint="Raise the limit in {provider_page}, or wait until {day}.",
                )
            },
            {},
        ),
    ],
)
async def test_passages_are_found_by_words_without_a_request_for_vectors(
    change: dict[str, Any], more: dict[str, Any]
) -> None:
    embedder = Embedder()
    for name, value in change.items():
        setattr(embedder, name, value)
    parts, memory = await searched([place(1)], 99, near=[place(2)], embedder=embedder, **more)
    assert [each.sha256 for each in parts[0].passages] == ["sha 1"]
    assert (len(memory.asked), embedder.texts) == (1, [])


# ---------------------------------------------------------------- vectors


async def test_vectors_are_requested_in_batches() -> None:
    embedder = Embedder()
    service, memory = made(embedder=embedder)
    memory.unembedded = [
        UnembeddedPassage(number, 2, f"text {number}") for number in range(MAX_TEXTS_PER_CALL + 2)
    ]
    plan = await service.embedding_plan("1")
    assert plan == EmbeddingPlan(CHOICE, MAX_TEXTS_PER_CALL + 2, 2 * (MAX_TEXTS_PER_CALL + 2))
    assert plan.cost == Decimal("0.000002")
    seen: list[CollectionProgress] = []
    await service.embed("1", seen.append)
    assert seen == [
        CollectionProgress(0, MAX_TEXTS_PER_CALL + 2, "embed"),
        CollectionProgress(MAX_TEXTS_PER_CALL, MAX_TEXTS_PER_CALL + 2, "embed"),
        CollectionProgress(MAX_TEXTS_PER_CALL + 2, MAX_TEXTS_PER_CALL + 2, ""),
    ]
    assert [len(texts) for texts in embedder.texts] == [MAX_TEXTS_PER_CALL, 2]
    assert memory.vectors == [(CHOICE.key, number) for number in range(MAX_TEXTS_PER_CALL + 2)]
    assert [cost for _, cost, *_ in embedder.held] == [
        CallCost.fixed(Decimal(cost)) for cost in ("0.00000192", "0.00000008")
    ]


@pytest.mark.parametrize(
    ("billed", "price", "usage", "cost"),
    [
        (1_000_000, PRICE, Usage(1_000_000), Decimal("0.02")),
        (None, PRICE, Usage(), Decimal("0.00000014")),  # what was held
        (5, None, Usage(5), None),
    ],
)
async def test_an_embedding_call_is_recorded(
    billed: int | None, price: Price | None, usage: Usage, cost: Decimal | None
) -> None:
    embedder = Embedder()
    embedder.billed = billed
    choice = replace(CHOICE, price=price)
    assert len(await embedder.service().vectors(choice, ["a"], 7)) == 1
    (call,) = embedder.calls
    assert (call.model, call.usage, call.cost, call.purpose) == ("embed", usage, cost, "embedding")
    assert call.is_estimated == (billed is None)
    assert call.performance.outcome == "complete"
    assert call.performance.duration_s is not None
    assert 0 <= call.performance.duration_s < 60


@pytest.mark.parametrize(
    ("billed", "price", "cost"),
    [
        (1_000_000, PRICE, Decimal("0.02")),
        (None, PRICE, Decimal("0.00000014")),  # what was held
        (0, None, Decimal(0)),
        (5, None, None),
    ],
)
async def test_what_was_billed_before_a_call_failed_is_recorded(
    billed: int | None, price: Price | None, cost: Decimal | None
) -> None:
    embedder = Embedder()
    embedder.error = errors.NetworkError(
        "Couldn’t connect to {provider} at {host}.",
        hint="Check the network connection, then try again.",
    )
    embedder.error.billed_tokens = billed
    with pytest.raises(errors.NetworkError):
        await embedder.service().vectors(replace(CHOICE, price=price), ["a"], 7)
    (call,) = embedder.calls
    assert (call.usage.input_tokens, call.cost) == (billed or 0, cost)


async def test_a_canceled_call_counts_what_was_held() -> None:
    embedder = Embedder()
    embedder.pause = asyncio.Event()
    waiting = asyncio.create_task(embedder.service().vectors(CHOICE, ["a"], 7))
    await embedder.pause.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    (call,) = embedder.calls
    assert (call.usage, call.performance.outcome) == (Usage(), "cancelled")
    assert (call.cost, call.is_estimated) == (Decimal("0.00000014"), True)
