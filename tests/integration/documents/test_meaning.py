"""Passages found by embeddings: requests to a provider, costs, storage, and rank fusion."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from desktop_app.budget.budget import Budget, SpendingHolds
from desktop_app.budget.ledger import Ledger
from desktop_app.collections.collection_service import Collections
from desktop_app.collections.collection_store import CollectionStore, VectorStore
from desktop_app.collections.embedding_service import (
    MAX_TEXTS_PER_CALL,
    EmbeddingChoice,
    Embeddings,
)
from desktop_app.documents.index.collection_reader import CollectionReader
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.cost import Price
from desktop_app.domain.documents.collections import Collection
from desktop_app.domain.errors import NetworkError, SpendingCapError
from desktop_app.domain.spending_report import Grouping
from desktop_app.providers.gateway.environment_profiles import OPENAI
from desktop_app.providers.jobs.vectors import Vector
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database

pytestmark = pytest.mark.usefixtures("forked_children")

TOPICS = ("dog puppy hound", "car automobile lorry", "rain storm weather")


class Meanings:
    """A provider whose vectors tell the topics of a text."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.fails = False
        self.fails_behind = 1_000  # texts sent

    async def provider(self, _profile: ProviderProfile) -> Meanings:
        return self

    async def embed(self, _model: str, texts: Sequence[str]) -> tuple[list[Vector], int]:
        if self.fails or len(self.sent) + len(texts) > self.fails_behind:
            raise NetworkError("There is no connection.")
        self.sent += texts
        return [Vector.from_values(self._of(text)) for text in texts], 10 * len(texts)

    def _of(self, text: str) -> list[float]:
        words = {word.strip(".?").lower() for word in text.split()}
        counts = [len(words & set(topic.split())) for topic in TOPICS]
        return [*counts, 0.1]


@dataclass
class CollectionSetup:
    """Collections with vectors over a store on disk."""

    provider: Meanings
    ledger: Ledger
    collections: Collections
    vectors: VectorStore
    choice: EmbeddingChoice | None

    async def chosen(self) -> EmbeddingChoice | None:
        return self.choice

    async def found(self, collection: Collection, question: str, **how: bool) -> list[str]:
        parts = await self.collections.retrieve([collection.id], question, 4000, **how)
        return [passage.name for part in parts for passage in part.passages]


@asynccontextmanager
async def open_collections(
    folder: Path, cap: Decimal | None = None
) -> AsyncIterator[CollectionSetup]:
    database, worker = Database(folder / "store.sqlite3"), DocumentWorker()
    await database.open()
    ledger, provider = Ledger(database), Meanings()
    profile = ProviderProfile("openai", "OpenAI", OPENAI.kind, OPENAI.base_url, monthly_cap=cap)
    choice = EmbeddingChoice(profile, "text-embedding-3-small", Price(Decimal("0.02"), Decimal(0)))
    vectors = VectorStore(database)
    budget = Budget(SpendingHolds(database), SettingsStore(database))
    made = CollectionSetup(provider, ledger, None, vectors, choice)  # type: ignore[arg-type]
    embeddings = Embeddings(provider, ledger, budget, made.chosen)
    made.collections = Collections(
        CollectionStore(database),
        AttachmentStore(database, folder / "attachments"),
        CollectionReader(worker),
        vectors,
        embeddings,
    )
    try:
        yield made
    finally:
        await worker.aclose()
        await database.close()


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "pets.txt").write_text("A hound sleeps beside the fire.")
    (folder / "traffic.txt").write_text("The automobile and the lorry stand outside.")
    (folder / "sky.txt").write_text("A storm comes up.")
    return folder


async def filled(here: CollectionSetup, papers: Path) -> Collection:
    made = await here.collections.create("Papers")
    await here.collections.add(made.id, [papers])
    return made


async def test_synonyms_are_found_after_the_vectors_were_paid_for(
    tmp_path: Path, papers: Path
) -> None:
    async with open_collections(tmp_path) as here:
        made = await filled(here, papers)
        assert await here.found(made, "Where is the puppy?") == []
        plan = await here.collections.embedding_plan(made.id)
        assert plan is not None
        assert plan.passages == 3
        assert plan.cost == Decimal("0.02") * plan.tokens / 1_000_000
        assert here.provider.sent == []
        await here.collections.embed(made.id)
        assert len(here.provider.sent) == 3
        assert (await here.found(made, "Where is the puppy?"))[0] == "pets.txt"
        assert (await here.ledger.spent_in_month(now())).cost == Decimal("0.02") * 40 / 1_000_000
        again = await here.collections.embedding_plan(made.id)
        assert again is not None
        assert (again.passages, again.tokens) == (0, 0)
        await here.collections.embed(made.id)
        assert len(here.provider.sent) == 4


async def test_nothing_is_sent_for_an_estimate_or_if_vectors_are_switched_off(
    tmp_path: Path, papers: Path
) -> None:
    async with open_collections(tmp_path) as here:
        made = await filled(here, papers)
        await here.collections.embed(made.id)
        sent = len(here.provider.sent)
        await here.found(made, "Where is the puppy?", is_estimate=True)
        here.choice = None
        assert await here.found(made, "Where is the puppy?") == []
        assert await here.collections.embedding_plan(made.id) is None
        await here.collections.embed(made.id)
        assert len(here.provider.sent) == sent


async def test_a_question_is_searched_by_its_words_if_the_provider_fails(
    tmp_path: Path, papers: Path
) -> None:
    async with open_collections(tmp_path) as here:
        made = await filled(here, papers)
        await here.collections.embed(made.id)
        here.provider.fails = True
        assert await here.found(made, "Which lorry?") == ["traffic.txt"]


async def test_embedding_continues_after_a_failure_with_the_missing_vectors(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(MAX_TEXTS_PER_CALL + 5):
        (folder / f"{number}.txt").write_text(f"A hound, number {number}.")

    async with open_collections(tmp_path) as here:
        made = await filled(here, folder)
        here.provider.fails_behind = MAX_TEXTS_PER_CALL
        with pytest.raises(NetworkError):
            await here.collections.embed(made.id)
        plan = await here.collections.embedding_plan(made.id)
        assert plan is not None
        assert plan.passages == 5
        calls = {row.key: row.spent for row in await here.ledger.group_spending(Grouping.OUTCOME)}
        assert (calls["complete"].calls, calls["failed"].calls) == (1, 1)
        assert calls["failed"].cost == 0
        here.provider.fails_behind = 1_000
        await here.collections.embed(made.id)
        assert len(here.provider.sent) == len(set(here.provider.sent)) == MAX_TEXTS_PER_CALL + 5


async def test_a_spent_cap_refuses_embeddings(tmp_path: Path, papers: Path) -> None:
    async with open_collections(tmp_path, Decimal("0.0000001")) as here:
        made = await filled(here, papers)
        with pytest.raises(SpendingCapError):
            await here.collections.embed(made.id)
        assert here.provider.sent == []
