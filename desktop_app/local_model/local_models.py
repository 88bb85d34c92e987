"""The models on this computer that can answer, and those that are loaded.

A model is loaded with the first question to it, and unloaded after some idle minutes or when
another one needs its memory. A model that does not fit into the free memory is not loaded at all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from desktop_app.domain.models.model_facts import ModelFacts, ModelKind
from desktop_app.domain.models.variants import Effort
from desktop_app.local_model.catalog import CatalogModel, model_for
from desktop_app.local_model.memory import (
    choose_context,
    free_memory,
    needed_memory,
    require_memory,
)
from desktop_app.providers.gateway.on_device import BUILT_IN, LocalEndpoint, OnDeviceModels

if TYPE_CHECKING:
    from desktop_app.local_model.gguf import Header
    from desktop_app.local_model.server import LoadOptions, LocalModel
    from desktop_app.local_model.store import LocalFile, ModelStore

WEIGHTS_SETTING: Final = "local_model.weights"
_EMBEDDING_CONTEXT: Final = 2048  # tokens; passages are far shorter
_SWITCHED_EFFORTS: Final = (Effort.NONE, Effort.MEDIUM)
_STATED_EFFORTS: Final = (Effort.LOW, Effort.MEDIUM, Effort.HIGH)
_WATCH_S: Final = 20.0
_ASKED_S: Final = 1.0


class RunOptions(NamedTuple):
    """How the user wants models to run; None lets the program choose.

    Attributes:
        context: tokens.
        threads: for generating.
        idle_minutes: a model is unloaded after so many minutes without a question; 0 for never.
    """

    context: int | None = None
    threads: int | None = None
    idle_minutes: float = 10

    @classmethod
    def from_settings(cls, values: Mapping[str, Any]) -> RunOptions:
        """Return the options in stored settings, of which any may be missing."""
        given = {name: values.get(f"local_model.{name}") for name in cls._fields}
        return cls(**{name: value for name, value in given.items() if value is not None})


class LocalModels(OnDeviceModels):
    """The models on this computer.

    Attributes:
        options: how they run; a change takes effect when a model is loaded.

    Args:
        open_store: returns the store of the files, when it is first needed.
        free_memory: returns the bytes that programs can still take; tests replace it.
    """

    def __init__(
        self,
        open_store: Callable[[], ModelStore],
        *,
        free_memory: Callable[[], int] = free_memory,
        watch_s: float = _WATCH_S,
    ) -> None:
        super().__init__()
        self.options = RunOptions()
        self._open_store = open_store
        self._free_memory = free_memory
        self._watch_s = watch_s
        self._files: dict[str, LocalFile] = {}
        self._was_refreshed = False
        self._contexts: dict[str, int] = {}  # of files: planned, or of the loaded model
        self._loaded: dict[str, LocalModel] = {}
        self._used_at: dict[str, float] = {}
        self._lock = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None

    def use(self, stored: Mapping[str, Any]) -> None:
        """Use the model that the user chose for this computer, and the options to run it."""
        path = stored.get(WEIGHTS_SETTING)
        self.weights = Path(path) if path else None
        self.options = RunOptions.from_settings(stored)

    # ------------------------------------------------------------------ which there are

    @property
    def built_in_file(self) -> Path | None:
        """Return the file of the built-in model; None if it is missing. Blocking."""
        from desktop_app.local_model.server import find_weights

        return find_weights()

    @property
    def files(self) -> tuple[LocalFile, ...]:
        """Return the models that `refresh` found last."""
        return tuple(self._files.values())

    async def refresh(self) -> None:
        """Look for models in the folders of this program and of other apps."""
        store = await asyncio.to_thread(self._open_store)
        files = await asyncio.to_thread(store.scan)
        free = await asyncio.to_thread(self._free_memory)
        self._files = {file.path: file for file in files}
        self._was_refreshed = True
        for file in files:
            if file.path not in self._loaded:
                self._contexts[file.path] = self._context_of(file.header, file.size, free)

    async def suitable_model(self) -> CatalogModel | None:
        """Return the model to fetch for this computer; None if a model is here, or none suits."""
        await self.refresh_once()
        return None if self._files else await asyncio.to_thread(self.find_suitable)

    def find_suitable(self) -> CatalogModel | None:
        """Return the general model that suits this computer; None if none does. Blocking."""
        store = self._open_store()
        return model_for(store.catalog, memory=self._free_memory(), disk=store.free_bytes())

    async def refresh_once(self) -> None:
        """Look for models, unless that was done before."""
        if not self._was_refreshed:
            await self.refresh()

    def find_embedding(self, name: str, *, is_needed: bool) -> str | None:
        """Return the path of the embedding model of this name; None if there is none.

        Args:
            is_needed: return any embedding model if none has this name.
        """
        file = self.find(name)
        if file is not None and file.header.is_embedding:
            return file.path
        found = [file.path for file in self._files.values() if file.header.is_embedding]
        return found[0] if found and is_needed else None

    def facts(self) -> tuple[ModelFacts, ...]:
        """Return what the files say about the models that `refresh` found."""
        return tuple(self._facts_of(file) for file in self._files.values())

    def _facts_of(self, file: LocalFile) -> ModelFacts:
        header = file.header
        efforts: tuple[Effort, ...] = ()
        if header.efforts:
            efforts = _STATED_EFFORTS
        elif header.can_think:
            efforts = _SWITCHED_EFFORTS
        return ModelFacts(
            file.path,
            name=file.name,
            window=self._contexts.get(file.path),
            kind=ModelKind.EMBEDDING if header.is_embedding else ModelKind.CHAT,
            efforts=efforts,
            images=bool(file.projector),
            tools=header.takes_tools,
            schema=True,  # by a grammar
        )

    def find(self, name: str) -> LocalFile | None:
        """Return the model that a name, a path or an id of the catalog means; None if none."""
        return next((file for file in self._files.values() if file.is_named(name)), None)

    # ------------------------------------------------------------------ which are loaded

    @property
    def is_running(self) -> bool:
        return any(model.is_running for model in self._loaded.values())

    def is_loaded(self, model: str) -> bool:
        """Return True if a model is loaded; a path, or BUILT_IN."""
        return model in self._loaded and self._loaded[model].is_running

    async def endpoint(self, path: str | None = None) -> LocalEndpoint:
        """Return the address of a model. Load it if needed, once for all concurrent callers.

        Args:
            path: its file, or BUILT_IN; None for the model of new conversations.

        Raises:
            LocalModelError: there is no such model, it does not fit into the free memory, or it
                did not load.
        """
        if path is None:
            path = str(self.weights) if self.weights else BUILT_IN
        self._used_at[path] = time.monotonic()
        if self._watch is None:
            self._watch = asyncio.create_task(self._unload_idle_models())
        async with self._lock:
            model = await self._prepare(path)
        endpoint = await model.endpoint()
        self._used_at[path] = time.monotonic()
        return endpoint

    async def _prepare(self, path: str) -> LocalModel:
        """Return a model that is loaded, loads, or can be loaded."""
        from desktop_app.local_model.server import LocalModel

        model = self._loaded.get(path)
        if model is not None and (model.is_running or model.is_loading):
            return model
        await self._unload(path)
        if path == BUILT_IN:
            model = LocalModel()
        else:
            model = LocalModel(Path(path), await self._options_for(path))
            store = await asyncio.to_thread(self._open_store)
            await asyncio.to_thread(store.remember_use, path)
        self._loaded[path] = model
        return model

    async def _options_for(self, path: str) -> LoadOptions:
        """Plan how a model runs. Raises LocalModelError if it does not fit, with the figure."""
        from desktop_app.local_model.header_reader import read_header
        from desktop_app.local_model.server import LoadOptions

        file = self._files.get(path)
        if file is None:
            header = await asyncio.to_thread(read_header, Path(path))
            size = (await asyncio.to_thread(Path(path).stat)).st_size
            name, projector = Path(path).stem, ""
        else:
            header, size, name, projector = file.header, file.size, file.name, file.projector
        free = await asyncio.to_thread(self._free_memory)
        context = self._context_of(header, size, free)
        for other in [p for p in self._loaded if p != path and not self._is_in_use(p)]:
            if needed_memory(size, header.token_bytes, context) <= free:
                break
            await self._unload(other)
            free = await asyncio.to_thread(self._free_memory)
            context = self._context_of(header, size, free)
        require_memory(name, size, header.token_bytes, context, free)
        self._contexts[path] = context
        return LoadOptions(
            context_window=context,
            threads=self.options.threads or 0,
            projector=projector,
            is_embedding=header.is_embedding,
            name=name,
            needed_bytes=needed_memory(size, header.token_bytes, context),
        )

    def _context_of(self, header: Header, size: int, free: int) -> int:
        wanted = self.options.context
        if header.is_embedding:
            wanted = min(wanted or _EMBEDDING_CONTEXT, _EMBEDDING_CONTEXT)
        return choose_context(size, header.token_bytes, header.window, free, wanted)

    def _is_in_use(self, path: str) -> bool:
        """Return True if a model answers, loads, or was asked for just now and will answer."""
        asked_s = time.monotonic() - self._used_at.get(path, 0.0)
        return self.is_busy(path) or not self.is_loaded(path) or asked_s < _ASKED_S

    async def _unload(self, path: str) -> None:
        model = self._loaded.pop(path, None)
        if model is not None:
            await model.aclose()

    async def unload(self, path: str) -> None:
        """Unload a model, as before its file is removed."""
        async with self._lock:
            await self._unload(path)

    async def _unload_idle_models(self) -> None:
        while True:
            await asyncio.sleep(self._watch_s)
            for path in list(self._loaded):
                if self.is_busy(path) or not self.is_loaded(path):
                    self._used_at[path] = time.monotonic()
                idle_s = time.monotonic() - self._used_at.get(path, 0.0)
                if self.options.idle_minutes and idle_s > self.options.idle_minutes * 60:
                    async with self._lock:
                        await self._unload(path)

    async def aclose(self) -> None:
        """Unload all models. They are loaded again when they are needed."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
        loaded = list(self._loaded.values())
        self._loaded.clear()
        for model in loaded:
            await model.aclose()
