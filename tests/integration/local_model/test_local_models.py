"""Loading, choosing and unloading of models on this computer, with the shipped weights."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop_app.domain.answering.stream_events import Failed, Incomplete, StreamEvent
from desktop_app.domain.errors import LocalModelError
from desktop_app.domain.models.model_facts import ModelKind
from desktop_app.local_model import server
from desktop_app.local_model.local_models import LocalModels, RunOptions
from desktop_app.local_model.memory import OVERHEAD_BYTES
from desktop_app.local_model.server import find_weights
from desktop_app.local_model.store import ModelStore
from desktop_app.providers import template_check
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE
from desktop_app.providers.gateway.on_device import BUILT_IN
from desktop_app.providers.template_check import TemplateCheck
from desktop_app.storage.database import Database
from tests.helpers.gguf_files import TEMPLATE, write_gguf, write_variant
from tests.helpers.stored_gateway import gateway_over
from tests.integration.local_model.test_server import built_in, until, write_with_template
from tests.unit.providers.samples import ask as chat_request

GIGABYTE = 1 << 30


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    (tmp_path / "models").mkdir()
    return ModelStore(tmp_path / "models", tmp_path / "cache", tmp_path / "home")


def add_model(store: ModelStore, name: str) -> str:
    """Add the shipped model under another name; return its path."""
    path = store.folder / f"{name}.gguf"
    path.symlink_to(built_in())
    return str(path)


@asynccontextmanager
async def models_of(store: ModelStore, free: int, **options: float) -> AsyncIterator[LocalModels]:
    models = LocalModels(lambda: store, free_memory=lambda: free, watch_s=0.02)
    models.options = RunOptions(**options)
    try:
        yield models
    finally:
        await models.aclose()
        assert not models.is_running


async def test_what_the_files_say_is_offered(store: ModelStore) -> None:
    write_gguf(store.folder / "thinks.gguf", "qwen3", tokenizer__chat_template=TEMPLATE)
    write_gguf(store.folder / "vectors.gguf", "qwen3", pooling_type=3)
    async with models_of(store, 8 * GIGABYTE) as models:
        await models.refresh()
        thinks, vectors = models.facts()
        assert [effort.value for effort in thinks.efforts or ()] == ["none", "medium"]
        assert (thinks.tools, thinks.images, thinks.window) == (True, False, 4096)
        assert (thinks.kind, vectors.kind) == (ModelKind.CHAT, ModelKind.EMBEDDING)
        assert models.find_embedding("vectors", is_needed=False) == vectors.id
        assert models.find_embedding("text-embedding-3-small", is_needed=False) is None
        assert models.find_embedding("text-embedding-3-small", is_needed=True) == vectors.id


async def test_a_model_is_loaded_when_it_is_asked_and_makes_room_for_another(
    store: ModelStore,
) -> None:
    first, second = add_model(store, "a"), add_model(store, "b")
    size = Path(first).stat().st_size
    enough = size + 2048 * 23_040 + OVERHEAD_BYTES
    async with models_of(store, enough, context=2048) as models:
        await models.refresh()
        assert not models.is_running
        await models.endpoint(first)
        assert models.is_loaded(first)
        models.is_busy = lambda path: path == first
        models._free_memory = lambda: enough - 1  # too little for a second one
        with pytest.raises(LocalModelError, match=r"b needs 538\.8 MB of memory, but only"):
            await models.endpoint(second)
        assert models.is_loaded(first), "it answers"
        models.is_busy = lambda _: False
        models._used_at.clear()
        models._free_memory = lambda: enough if not models.is_loaded(first) else 0
        await models.endpoint(second)
        assert not models.is_loaded(first)
        assert models.is_loaded(second)
        await models.refresh()
        assert [file.used_at is None for file in models.files] == [False]


async def test_an_idle_model_is_unloaded_and_a_busy_one_is_not(store: ModelStore) -> None:
    async with models_of(store, 8 * GIGABYTE, idle_minutes=0.001) as models:
        is_answering = True
        models.is_busy = lambda _: is_answering
        await models.endpoint(BUILT_IN)
        watched = models._used_at[BUILT_IN]
        await until(lambda: models._used_at[BUILT_IN] > watched + 0.1)
        assert models.is_loaded(BUILT_IN)
        is_answering = False
        await until(lambda: not models.is_running)
        await models.endpoint(BUILT_IN)
        assert models.is_loaded(BUILT_IN)


async def test_a_missing_or_damaged_file_is_named(store: ModelStore, tmp_path: Path) -> None:
    async with models_of(store, 8 * GIGABYTE) as models:
        for path in (tmp_path / "none.gguf", write_gguf(tmp_path / "bad.gguf")):
            with pytest.raises(LocalModelError, match=path.name):
                await models.endpoint(str(path))
        assert not models.is_running


async def test_vectors_of_a_local_embedding_model(tmp_path: Path, store: ModelStore) -> None:
    weights = find_weights()
    assert weights is not None
    path = write_variant(tmp_path / "vectors.gguf", weights, llama__pooling_type=1)
    database = Database(tmp_path / "store.sqlite3")
    await database.open()
    gateway = gateway_over(database, models=LocalModels(lambda: store))
    try:
        client = await gateway.provider(replace(ON_DEVICE, models=(str(path),)))
        vectors, tokens = await client.embed(str(path), ["A cat.", "A dog."])
    finally:
        await gateway.aclose()
        await database.close()
    assert len(vectors) == 2
    assert {len(vector.numbers) for vector in vectors} == {576}
    assert tokens is None or tokens > 0


ODD_TEMPLATE = (
    b"{% set x = messages[0]['content'] %}{% if 'fill' in x %}{% for i in range(1000000000) %}"
    b"{% endfor %}{% elif 'loop' in x %}{% for i in range(9999) %}{% for j in range(9999) %}"
    b"{% for k in range(9999) %}{% endfor %}{% endfor %}{% endfor %}{% endif %}{{ x }}"
)


@pytest.mark.slow
async def test_a_template_that_goes_astray_at_a_question_is_named_and_ended(
    tmp_path: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "memory_limit", lambda *_, **__: 500 << 20)
    monkeypatch.setattr(template_check, "LONGEST_S", 2.0)
    write_with_template(tmp_path / "odd.gguf", ODD_TEMPLATE)
    path = str(tmp_path / "odd.gguf")
    database = Database(tmp_path / "store.sqlite3")
    await database.open()
    gateway = gateway_over(database, models=LocalModels(lambda: store))
    render, is_rendering = TemplateCheck.require_rendering, asyncio.Event()

    async def tell_and_render(check: TemplateCheck, body: Mapping[str, Any]) -> None:
        is_rendering.set()
        await render(check, body)

    async def ask(words: str) -> StreamEvent:
        client = await gateway.provider(replace(ON_DEVICE, models=(path,)))
        question = chat_request(words, model=path, max_output_tokens=1)
        return [event async for event in client.stream(question)][-1]

    try:
        full = await ask("fill")
        assert isinstance(full, Failed)
        assert full.error.what_happened.startswith("odd.gguf asks for more memory")
        assert isinstance(await ask("plain"), Incomplete)
        endless = await ask("loop")
        assert isinstance(endless, Failed)
        assert "template of odd.gguf didn’t finish within 2 seconds" in endless.error.what_happened
        assert not gateway.local_models.is_loaded(path)
        monkeypatch.setattr(TemplateCheck, "require_rendering", tell_and_render)
        asking = asyncio.create_task(ask("loop"))
        await is_rendering.wait()
        assert gateway.local_models.is_loaded(path)
        asking.cancel()
        await asyncio.wait({asking})
        assert not gateway.local_models.is_loaded(path)
    finally:
        await gateway.aclose()
        await database.close()


async def test_two_models_answer_at_the_same_time(store: ModelStore) -> None:
    first, second = add_model(store, "a"), add_model(store, "b")
    async with models_of(store, 8 * GIGABYTE, context=2048) as models:
        endpoints = await asyncio.gather(models.endpoint(first), models.endpoint(second))
        assert len({endpoint.socket_path for endpoint in endpoints}) == 2
        again = await asyncio.gather(*(models.endpoint(first) for _ in range(3)))
        assert {endpoint.socket_path for endpoint in again} == {endpoints[0].socket_path}


async def test_a_question_to_a_model_that_loads_needs_no_further_memory(store: ModelStore) -> None:
    path = add_model(store, "a")
    free = iter([GIGABYTE] * 2)  # for the list, and for the first question
    models = LocalModels(lambda: store, free_memory=lambda: next(free, 0))
    try:
        await models.refresh()
        endpoints = await asyncio.gather(models.endpoint(path), models.endpoint(path))
        assert endpoints[0] == endpoints[1]
    finally:
        await models.aclose()
