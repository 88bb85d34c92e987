"""The models on this computer in the window: their downloads, their removal, their use.

A download goes on while the page is closed. It pauses at the program's end.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer

from desktop_app.app.session import Controller, Session
from desktop_app.backend.backend import EMBEDDING_SETTING, WEIGHTS_SETTING
from desktop_app.composer.choice.choice_view import ModelEntry
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.local_model.catalog import RemoteFile
    from desktop_app.local_model.fetch import Progress
    from desktop_app.local_model.ui.local_models_page import LocalModelsPage, ModelLine

_REPORT_MS: Final = 250  # between two changes of what the page shows of downloads


class LocalModelsController(Controller):
    """Connection of the page with the store of models and their downloads."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._backend = session.backend
        self._page: LocalModelsPage | None = None
        self._downloads: dict[str, asyncio.Future[None]] = {}  # by address
        self._progress: dict[str, tuple[RemoteFile, Progress]] = {}
        self._timer = QTimer(self, singleShot=True, interval=_REPORT_MS)
        self._timer.timeout.connect(session.tasks.slot(self._fill))

    def show(self) -> None:
        """Show the page."""
        if self._page is None:
            self._page = self._make_page()
        self._window.show_page(self._page)
        self._tasks.start(self._refresh())

    def _make_page(self) -> LocalModelsPage:
        from desktop_app.local_model.ui.local_models_page import LocalModelsPage  # at first use

        page = LocalModelsPage(self._window)
        page.use_requested.connect(self._use)
        page.collections_requested.connect(self._tasks.slot(self._use_in_collections))
        page.download_requested.connect(lambda line: self.download(line.remote))
        page.url_entered.connect(self._download_url)
        page.pause_requested.connect(lambda line: self._downloads[line.key].cancel())
        page.removal_requested.connect(self._tasks.slot(self._remove))
        return page

    # ------------------------------------------------------------------ showing

    async def _refresh(self) -> None:
        await self._backend.local_models.refresh()
        self._providers.listings_changed.emit()
        await self._fill()

    async def _fill(self) -> None:
        """Show all models, and how far their downloads are."""
        from desktop_app.local_model.memory import free_memory

        page = self._page
        if page is None:
            return
        store = self._backend.model_store
        lines = await asyncio.to_thread(self._read_lines)
        page.set_lines(lines)
        page.set_room(
            await asyncio.to_thread(store.free_bytes), await asyncio.to_thread(free_memory)
        )

    def _read_lines(self) -> list[ModelLine]:
        from desktop_app.local_model.catalog import RemoteFile
        from desktop_app.local_model.ui.local_models_page import ModelLine

        store, models = self._backend.model_store, self._backend.local_models
        default = str(self._values[WEIGHTS_SETTING] or "")
        files = [
            ModelLine(file, is_default=file.path == default, is_loaded=models.is_loaded(file.path))
            for file in models.files
        ]
        catalog = {model.id: model for model in store.catalog}
        running = [
            ModelLine(remote=remote, progress=progress)
            for remote, progress in self._progress.values()
        ]
        taken = {line.key for line in (*files, *running)}
        parts = [
            ModelLine(partial=part, remote=catalog.get(part.model) or RemoteFile(part.url))
            for part in store.partial_files()
            if part.url
        ]
        parts = [line for line in parts if line.key not in taken]
        taken |= {line.key for line in parts}
        rest = [ModelLine(remote=model) for model in store.catalog if model.url not in taken]
        return [*files, *running, *parts, *rest]

    # ------------------------------------------------------------------ downloading

    def _download_url(self, text: str) -> None:
        from desktop_app.local_model.catalog import find_remote

        assert self._page is not None
        try:
            self.download(find_remote(text, self._backend.model_store.catalog))
        except UserFacingError as error:
            self._page.status.show_message(error.sentences, is_error=True)
        else:
            self._page.url.clear()

    def download(self, remote: RemoteFile) -> None:
        """Download a model, unless it is being downloaded."""
        if remote.url not in self._downloads:
            self._downloads[remote.url] = self._tasks.start(self._download(remote))

    async def _download(self, remote: RemoteFile) -> None:
        from desktop_app.local_model.fetch import Progress, fetch_model

        def report(progress: Progress) -> None:
            self._progress[remote.url] = (remote, progress)
            if not self._timer.isActive():
                self._timer.start()

        backend = self._backend
        self._say("")
        report(Progress(0, None))
        try:
            profile = self._providers.get(ON_DEVICE.id) or ON_DEVICE
            downloads = await backend.gateway.downloads(profile)
            path = await fetch_model(remote, backend.model_store.folder, downloads.open, report)
            await self._finish(path)
        except UserFacingError as error:
            self._say(error.sentences, is_error=True)
        finally:
            self._downloads.pop(remote.url, None)
            self._progress.pop(remote.url, None)
            self._timer.start()

    async def _finish(self, path: Path) -> None:
        """Offer a model that has been downloaded; the first one is that of new conversations."""
        await self._backend.local_models.refresh()
        file = next(f for f in self._backend.local_models.files if f.path == str(path))
        if await self._backend.use_first_model(file):
            await self._values.load()
            self._values.changed.emit(WEIGHTS_SETTING)
            text = tr("New conversations on this computer use {model}.", model=file.name)
        else:
            text = tr("{model} is ready.", model=file.name)
        await self._providers.reload()
        self._say(text)

    def _say(self, text: str, *, is_error: bool = False) -> None:
        """Show a message on the page, or on a card if another page is shown."""
        if self._page is not None and self._page.isVisible():
            self._page.status.show_message(text, is_error=is_error)
        elif text:
            self._notifications.notify(text)

    # ------------------------------------------------------------------ using, removing

    def _use(self, line: ModelLine) -> None:
        assert line.file is not None
        self._session.choice.choose_model(
            ModelEntry(ON_DEVICE.id, tr(ON_DEVICE.name), line.file.path, line.file.name, None)
        )
        self._window.pane.close_page()

    async def _use_in_collections(self, line: ModelLine) -> None:
        assert line.file is not None
        await self._values.set(EMBEDDING_SETTING, line.file.name)
        await self._values.set("library.embeddings", True)
        self._say(tr("Collections use {model} on this computer.", model=line.file.name))

    async def _remove(self, line: ModelLine) -> None:
        wanted = line.file.path if line.file else line.partial.path if line.partial else ""
        try:
            paths = await asyncio.to_thread(self._backend.model_store.find, wanted)
            freed = await self._backend.remove_model(paths)
        except UserFacingError as error:
            self._say(error.sentences, is_error=True)
            return
        await self._values.load()
        for key in (WEIGHTS_SETTING, "library.embeddings"):
            self._values.changed.emit(key)
        await self._providers.reload()
        self._say(tr("Removed. {size} were freed.", size=formatting.size(freed)))
        await self._refresh()
