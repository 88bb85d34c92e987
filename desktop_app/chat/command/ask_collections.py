"""`repartee ask --project-files`: the files of projects, or of folders."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_app.backend.backend import Backend
from desktop_app.cli import console
from desktop_app.cli.command_setup import expand_path
from desktop_app.domain import hints
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import CollectionPart
from desktop_app.domain.documents.collections import Collection
from desktop_app.domain.errors import DocumentError, IllegalChoiceError
from desktop_app.i18n.formatting import money, number
from desktop_app.i18n.translation import N_, tr, tr_plural

if TYPE_CHECKING:
    from desktop_app.collections.collection_service import Collections
    from desktop_app.collections.embedding_service import EmbeddingPlan

# "[2]", or several as "[2, 5]".
_CITATION = re.compile(r"\[(\d{1,9}(?:\s*,\s*\d{1,9})*)\]")


async def find_collections(backend: Backend, names: Sequence[str]) -> tuple[CollectionPart, ...]:
    """Return the files of projects by their names, ids or folders; read folders again first.

    Raises:
        IllegalChoiceError: there is no such project with files here, and no such folder.
        UserFacingError: it could not be read.
    """
    parts = [await _find_collection(backend, name) for name in names]
    return tuple(dict.fromkeys(parts))


def _service(backend: Backend) -> Collections:
    """Return the service of collections. Raises IllegalChoiceError if the program lacks it."""
    found: Collections | None = backend.part("collections")
    if found is None:
        raise IllegalChoiceError(N_("This program was built without project files."))
    return found


async def _find_collection(backend: Backend, name: str) -> CollectionPart:
    collections = await _service(backend).all()
    folder = await asyncio.to_thread(lambda: expand_path(name).absolute())
    is_folder = bool(name) and await asyncio.to_thread(folder.is_dir)
    # A folder that has a collection is read again, even if the collection has the typed name.
    has_collection = is_folder and any(each.folder == str(folder) for each in collections)
    if not has_collection:
        for collection in collections:
            if name == collection.id or name.casefold() == collection.name.casefold():
                return CollectionPart(collection.id, collection.name)
    if not is_folder:
        known_names = ", ".join(collection.name for collection in collections)
        raise IllegalChoiceError(
            N_("There is no project with files, and no folder, “{name}”."),
            hint=hints.LIST_AVAILABLE
            if known_names
            else N_("Name a folder to make a project of it."),
            name=name,
            known=known_names,
        )
    collection = await _collection_of_folder(backend, collections, folder)
    return CollectionPart(collection.id, collection.name)


async def _collection_of_folder(
    backend: Backend, collections: Sequence[Collection], folder: Path
) -> Collection:
    """Return the collection of a folder, created if needed and brought up to date."""
    collection = next((each for each in collections if each.folder == str(folder)), None)
    if collection is None:
        collection = await _service(backend).create(folder.name or str(folder), folder)
    await _refresh(backend, collection)
    return collection


async def refresh_files(backend: Backend, parts: Sequence[CollectionPart]) -> None:
    """Read what has changed in the files of a folder; if they are gone, say so."""
    ids = [part.collection_id for part in parts]
    if not ids or backend.part("collections") is None:
        return
    for collection in await _service(backend).all():
        if collection.id in ids:
            try:
                await _refresh(backend, collection)
            except DocumentError as error:
                console.write_diagnostic(console.terminal_error_text(error))


async def _refresh(backend: Backend, collection: Collection) -> None:
    reporter = console.ProgressReporter(collection.name)
    await _service(backend).refresh(collection.id, lambda p: reporter.show(p.done, p.total))
    for file in await _service(backend).files(collection.id):
        if file.status == "failed":
            problem = file.problem.what_happened if file.problem else ""
            console.write_diagnostic(f"{collection.name}: {problem}")


async def embed_missing(
    backend: Backend, collections: Sequence[CollectionPart], *, without_asking: bool
) -> None:
    """Create the missing embeddings of collections, after stating their number and cost.

    Args:
        without_asking: create them at once; the backend must have `wants_embeddings`.
            If False, ask on a terminal. If there is no terminal, only report the number.

    Raises:
        IllegalChoiceError: `without_asking`, but the default provider has no embeddings.
        UserFacingError: the provider failed, or the monthly limit would be exceeded.
    """
    for part in collections:
        plan = await _service(backend).embedding_plan(part.collection_id)
        if plan is None:
            if without_asking:
                raise IllegalChoiceError(
                    N_("Semantic search is off, or this provider has no embeddings."),
                    hint=N_("Turn it on in {advanced_page}, or leave out --create-embeddings."),
                )
            continue
        if not plan.passages:
            continue
        console.write_diagnostic(f"{part.name}: {_missing_text(plan)}")
        if without_asking or await console.confirm(
            tr("Create embeddings now? [y/N]"), default=False
        ):
            await _embed(backend, part)
        elif not console.can_ask():
            console.write_diagnostic(tr("Add --create-embeddings to create them."))


async def _embed(backend: Backend, part: CollectionPart) -> None:
    reporter = console.ProgressReporter(part.name)
    await _service(backend).embed(part.collection_id, lambda p: reporter.show(p.done, p.total))


def _missing_text(plan: EmbeddingPlan) -> str:
    cost = tr("unknown cost") if plan.cost is None else tr("about {cost}", cost=money(plan.cost))
    return tr_plural(
        "{count} passage without an embedding ({tokens} tokens, {cost}, {model} at {provider}).",
        "{count} passages without embeddings ({tokens} tokens, {cost}, {model} at {provider}).",
        plan.passages,
        tokens=number(plan.tokens),
        cost=cost,
        model=plan.choice.model,
        provider=plan.choice.profile.name,
    )


def cited_sources(question: Message | None, answer: Message) -> list[str]:
    """Return the sources of the question's passages that the answer cites, a line each."""
    if question is None:
        return []
    cited_together = _CITATION.findall(answer.text)
    numbers = {int(number) for numbers in cited_together for number in numbers.split(",")}
    return [
        f"[{passage.number}] {passage.source}"
        for part in question.passage_parts
        for passage in part.passages
        if passage.number in numbers
    ]


def passages_json(question: Message | None) -> list[dict[str, Any]]:
    """Return the passages that were sent with a question, for JSON."""
    if question is None:
        return []
    return [
        {
            "number": passage.number,
            "collection": part.name,
            "document": passage.name,
            "page": passage.page,
            "place": passage.place,
            "sha256": passage.sha256,
            "text": passage.text,
        }
        for part in question.passage_parts
        for passage in part.passages
    ]
