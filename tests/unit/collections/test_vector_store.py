"""Vectors of passages, and the search for the nearest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.collections import collection_store
from desktop_app.collections.collection_store import VectorStore
from desktop_app.providers.jobs.vectors import UnembeddedPassage, Vector
from tests.unit.collections.test_collection_store import A, B, fill
from tests.unit.storage.samples import opened

if TYPE_CHECKING:
    import pytest

MODEL = "small"
NORTH, EAST = Vector.from_values([0.1, 1.0]), Vector.from_values([1.0, 0.1])


async def test_passages_get_vectors_and_are_found_by_them(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        store = VectorStore(database)
        await fill(database, tmp_path / "files", A, "one", ["Harbour. ", "Heron. ", "Tide. "])
        await fill(database, tmp_path / "files", B, "two", ["Boat. "])
        assert await store.count_missing(A, MODEL) == (3, 27)
        assert not await store.has_any([A, B], MODEL)
        passages = await store.next_missing(A, MODEL, 2)
        first = passages[0].id
        assert passages == [
            UnembeddedPassage(first, 9, "Harbour. "),
            UnembeddedPassage(first + 1, 9, "Heron. "),
        ]
        await store.put(MODEL, [(first, NORTH), (first + 1, EAST), (999, EAST)])
        assert await store.count_missing(A, MODEL) == (1, 9)
        assert await store.count_missing(A, "other") == (3, 27)
        assert await store.next_missing(A, MODEL, 2) == [UnembeddedPassage(first + 2, 9, "Tide. ")]
        (boat,) = await store.next_missing(B, MODEL, 2)
        await store.put(MODEL, [(boat.id, Vector.from_values([0.1, 0.2, 0.3]))])
        for given, expected in (([A, B], True), ([A], True), ([B], True), ([], False)):
            assert await store.has_any(given, MODEL) is expected
        assert not await store.has_any([A], "other")
        near = await store.nearest([A, B], MODEL, Vector.from_values([0.2, 1.0]), 5)
        assert [(place.id, place.name) for place in near] == [(first, "one"), (first + 1, "one")]
        near = await store.nearest([A, B], MODEL, Vector.from_values([1.0, 0.2]), 1)
        assert [place.id for place in near] == [first + 1]
        assert await store.nearest([], MODEL, NORTH, 5) == []
        await store.put(MODEL, [(first, EAST)])
        near = await store.nearest([A], MODEL, NORTH, 5)
        assert [place.id for place in near] == [first, first + 1]


async def test_only_passages_with_the_nearest_signs_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        store = VectorStore(database)
        await fill(database, tmp_path / "files", A, "one", ["Harbour. ", "Heron. ", "Tide. "])
        passages = await store.next_missing(A, MODEL, 3)
        numbers = [passage.id for passage in passages]
        directions = [(-1.0, -1.0), (1.0, 0.9), (1.0, -1.0)]
        vectors = [Vector.from_values(each) for each in directions]
        await store.put(MODEL, list(zip(numbers, vectors, strict=True)))
        question = Vector.from_values([1.0, 1.0])
        nearest_first = [numbers[1], numbers[2], numbers[0]]
        for compared in (3, 2):
            monkeypatch.setattr(collection_store, "MAX_COMPARED", compared)
            near = await store.nearest([A], MODEL, question, 5)
            assert [place.id for place in near] == nearest_first[:compared]
