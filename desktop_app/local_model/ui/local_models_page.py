"""The page of the models on this computer: get, pause, remove, use.

The list has what is here, what is unfinished, then what can be downloaded. Nothing is downloaded
before a click on a button that names the host and the size.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from desktop_app.app.activity import ActivityRow, Phase
from desktop_app.app.session import Session
from desktop_app.chat.ui.chat_controller import ChatController
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import paragraph, tr, tr_plural
from desktop_app.local_model.catalog import CatalogModel, RemoteFile, find_remote
from desktop_app.local_model.fetch import Progress, fetch_model, progress_text
from desktop_app.local_model.local_models import WEIGHTS_SETTING
from desktop_app.local_model.memory import free_memory
from desktop_app.local_model.services import (
    local_models,
    model_store,
    remove_model,
    use_first_model,
)
from desktop_app.local_model.store import LocalFile, PartialFile, model_at
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE
from desktop_app.providers.gateway.on_device import EMBEDDING_SETTING
from desktop_app.widgets.boxes import DIALOG_MARGINS, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import delete_button, dialog_button
from desktop_app.widgets.forms.form_widgets import line_field
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW, RowsModel
from desktop_app.widgets.rows.two_lines import TwoLineDelegate, TwoLines
from desktop_app.widgets.status_line import StatusLine
from desktop_app.widgets.text.foreign_text import PlainLabel, one_line, set_tooltip

_MAX_LISTED: Final = 20  # of a tooltip
_REPORT_MS: Final = 250  # between two changes of what the page shows of downloads


class ModelLine(NamedTuple):
    """A model in the list.

    Attributes:
        file: what is here; None for an unfinished download and for the catalog.
        partial: the unfinished download.
        remote: what can be downloaded, or downloaded further.
        progress: of the download that runs now.
        is_default: True for the model of new conversations on this computer.
        is_loaded: True while it is in memory.
        suits: True for the general model that suits this computer best.
    """

    file: LocalFile | None = None
    partial: PartialFile | None = None
    remote: RemoteFile | None = None
    progress: Progress | None = None
    is_default: bool = False
    is_loaded: bool = False
    suits: bool = False

    @property
    def key(self) -> str:
        """Return what stays the same while the model is downloaded."""
        if self.remote is not None:
            return self.remote.url
        if self.file is not None:
            return self.file.info.url if self.file.info else self.file.path
        return self.partial.url if self.partial else ""

    @property
    def title(self) -> str:
        if self.file is not None:
            return self.file.name
        if isinstance(self.remote, CatalogModel):
            return self.remote.label
        if self.partial is not None:
            return self.partial.name
        return self.remote.name if self.remote else ""

    @property
    def facts(self) -> str:
        if self.progress is not None:
            return progress_text(self.progress)
        if self.file is not None:
            return " · ".join(_facts_of(self.file, self))
        if self.partial is not None:
            if not self.partial.done:
                return tr("Nothing downloaded yet")
            done = progress_text(Progress(self.partial.done, self.partial.total))
            if self.partial.is_busy:
                return tr("{progress}, downloaded by another program", progress=done)
            return tr("Paused: {progress}", progress=done)
        if isinstance(self.remote, CatalogModel):
            model = self.remote
            facts = (
                *((tr("Suits this computer"),) if self.suits else ()),
                tr(model.purpose.label),
                formatting.size(model.total_size),
                tr("{size} of memory", size=formatting.size(model.memory)),
                model.license,
                model.publisher,
            )
            return " · ".join(facts)
        return ""

    @property
    def details(self) -> str:
        """Return the tooltip: where the model is, or where it comes from."""
        if self.file is not None:
            return self.file.path
        return tr("From {host}", host=self.remote.host) if self.remote else ""


def _facts_of(file: LocalFile, line: ModelLine) -> list[str]:
    facts = [formatting.size(file.size), tr(file.origin.label)]
    if line.is_loaded:
        facts.append(tr("in memory"))
    elif file.used_at is not None:
        day = formatting.short_date(file.used_at.astimezone().date())
        facts.append(tr("used {day}", day=day))
    else:
        facts.append(tr("never used"))
    if line.is_default:
        facts.append(tr("for new conversations"))
    if file.header.is_embedding:
        facts.append(tr("for project files"))
    if file.is_speech:
        facts.append(tr("for speech"))
    if file.info is not None and not file.info.is_known:
        facts.append(tr("not checked against a known hash"))
    return facts


def _lines_of(line: ModelLine) -> TwoLines:
    progress = line.progress
    share = progress.done / progress.total if progress is not None and progress.total else None
    return TwoLines(line.title, line.facts, share)


class LocalModelsPage(QWidget):
    """The page of the models on this computer.

    A download goes on while the page is closed. It pauses at the program's end.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self._session = session
        self._backend = session.backend
        self._tasks = session.tasks
        self._values = session.values
        self._providers = session.providers
        self._downloads: dict[str, asyncio.Future[None]] = {}  # by address
        self._progress: dict[str, tuple[RemoteFile, Progress]] = {}
        self._timer = QTimer(self, singleShot=True, interval=_REPORT_MS)
        self._timer.timeout.connect(session.tasks.slot(self._fill))
        self.setObjectName("local-models")
        self.setWindowTitle(tr("Models on this computer"))
        self._model: RowsModel[ModelLine] = RowsModel(
            lambda line: line.title,
            lambda line: tr("{name}, {facts}", name=line.title, facts=line.facts),
            self,
            tooltip=lambda line: f"{line.facts}\n{line.details}",
        )
        self.view = RowView("local-models-list", self._model, TwoLineDelegate(self, _lines_of))
        self.view.setAccessibleName(tr("Models on this computer"))
        self._source = PlainLabel(name="local-models-source", role="note", wraps=True)
        self._room = PlainLabel(name="local-models-room", role="note", wraps=True)
        self.status = StatusLine("local-models")
        self.url = line_field(tr("URL of a GGUF file"), "local-models-url")
        self._use_button = dialog_button(tr("Use"), "use-local-model")
        set_tooltip(self._use_button, tr("Use in the current conversation"))
        self._collections_button = dialog_button(tr("Use for project files"), "use-in-collections")
        self._download_button = dialog_button(tr("Download"), "download-model")
        self._pause_button = dialog_button(tr("Pause"), "pause-download")
        self._remove_button = delete_button(tr("Remove"), "remove-model")
        slot = session.tasks.slot
        actions = {
            self._use_button: self._use,
            self._collections_button: slot(self._use_in_collections),
            self._download_button: lambda line: self.start_download(line.remote),
            self._pause_button: lambda line: self._downloads[line.key].cancel(),
            self._remove_button: slot(self._remove),
        }
        for button, action in actions.items():
            button.clicked.connect(
                lambda _=False, action=action: action(self.current) if self.current else None
            )
        foot = row_of((self._source, 1), *actions, spacing=8)
        url_button = dialog_button(tr("Download"), "download-url")
        url_button.clicked.connect(self._download_url)
        self.url.returnPressed.connect(self._download_url)
        address = row_of((self.url, 1), url_button, spacing=8)
        rows = ((self.view, 1), foot, self.status, address, self._room)
        column_of(*rows, parent=self, margins=DIALOG_MARGINS, spacing=12)
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._show_buttons())
        self.view.chosen.connect(lambda _index: self._press_main_button())
        self.view.delete_pressed.connect(lambda _index: self._remove_button.click())
        self._show_buttons()

    def open(self) -> None:
        self._session.window.show_page(self)
        self._tasks.start(self._refresh())

    @property
    def lines(self) -> Sequence[ModelLine]:
        return self._model.rows

    @property
    def current(self) -> ModelLine | None:
        index = self.view.current_row
        return index.data(ROW) if index.isValid() else None

    def set_lines(self, lines: Sequence[ModelLine]) -> None:
        """Show these models; the current one stays current."""
        key = self.current.key if self.current is not None else ""
        position = self.view.verticalScrollBar().value()
        self._model.set_rows(lines)
        keys = [line.key for line in lines]
        self.select(keys.index(key) if key in keys else 0)
        self.view.verticalScrollBar().setValue(position)
        self.view.update_focus_policy()

    def select(self, number: int) -> None:
        self.view.setCurrentIndex(self.view.row_of(self._model.index(number)))

    def _show_buttons(self) -> None:
        line = self.current
        is_running = line is not None and line.progress is not None
        file = line.file if line else None
        is_own = file is not None and file.info is not None
        remote = line.remote if line else None
        self._use_button.setVisible(file is not None and not file.header.is_embedding)
        self._collections_button.setVisible(file is not None and file.header.is_embedding)
        self._download_button.setVisible(remote is not None and not is_running)
        has_part = line is not None and line.partial is not None
        self._download_button.setText(tr("Continue") if has_part else tr("Download"))
        self._pause_button.setVisible(is_running)
        self._remove_button.setVisible(is_own or (has_part and not is_running))
        source = ""
        if remote is not None and remote.host and not is_running:
            total = remote.total_size if isinstance(remote, CatalogModel) else remote.size
            source = tr("From {host}", host=remote.host)
            if total:
                size = formatting.size(total)
                source = tr("{size} from {host}", size=size, host=remote.host)
        self._source.setText(source)

    def _press_main_button(self) -> None:
        for button in (self._use_button, self._collections_button, self._download_button):
            if button.isVisibleTo(self):
                button.click()
                return

    # ------------------------------------------------------------------ showing

    async def _refresh(self) -> None:
        await self._backend.local_models.refresh()
        self._providers.listings_changed.emit()
        await self._fill()

    async def activity(self) -> list[ActivityRow]:
        """Return a row for each download, running or paused."""
        lines = await asyncio.to_thread(self._read_lines)
        return [self._activity_of(line) for line in lines if line.progress or line.partial]

    def _activity_of(self, line: ModelLine) -> ActivityRow:
        is_running = line.progress is not None
        begin_or_end = (
            (tr("Pause"), lambda: self._downloads[line.key].cancel())
            if is_running
            else (tr("Continue"), lambda: self.start_download(line.remote))
        )
        return ActivityRow(
            line.key,
            line.title,
            tr("Download"),
            line.facts,
            Phase.RUNNING,
            now(),
            self.open,
            progress=_lines_of(line).progress,
            actions=(begin_or_end,),
        )

    async def _fill(self) -> None:
        """Show all models, and how far their downloads are."""
        self._session.events.activity_changed.emit("")
        store = self._backend.of(model_store)
        self._session.window.empty_state.show_download(self._download_text())
        self.set_lines(await asyncio.to_thread(self._read_lines))
        text = tr(
            "{disk} are free on the disk, {memory} in memory.",
            disk=formatting.size(await asyncio.to_thread(store.free_bytes)),
            memory=formatting.size(await asyncio.to_thread(free_memory)),
        )
        if unusable := store.unusable:
            count = tr_plural(
                "{count} model file can’t be used.",
                "{count} model files can’t be used.",
                len(unusable),
            )
            text = paragraph(text, count)
        self._room.setText(text)
        listed = unusable[:_MAX_LISTED]
        set_tooltip(self._room, "\n".join(f"{one_line(f.path)}: {f.reason}" for f in listed))

    def _read_lines(self) -> list[ModelLine]:
        store, models = self._backend.of(model_store), self._backend.of(local_models)
        default = str(self._values[WEIGHTS_SETTING] or "")
        files = [
            ModelLine(file, is_default=file.path == default, is_loaded=models.is_loaded(file.path))
            for file in (*models.files, *store.speech_models())
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
        suitable = models.find_suitable()
        rest = [
            ModelLine(remote=model, suits=model is suitable)
            for model in store.offered
            if model.url not in taken
        ]
        rest.sort(key=lambda line: not line.suits)
        return [*files, *running, *parts, *rest]

    # ------------------------------------------------------------------ downloading

    def _download_url(self) -> None:
        text = self.url.text().strip()
        try:
            remote = find_remote(text, self._backend.of(model_store).offered) if text else None
        except UserFacingError as error:
            self.status.show_message(error.sentences, is_error=True)
        else:
            self.start_download(remote)
            self.url.clear()

    def _download_text(self) -> str:
        """Return how far the newest download is, for the first screen; "" if none runs."""
        for remote, progress in reversed(self._progress.values()):
            name = remote.label if isinstance(remote, CatalogModel) else remote.name
            return tr(
                "Downloading {model}: {progress}", model=name, progress=progress_text(progress)
            )
        return ""

    def start_download(self, remote: RemoteFile | None) -> None:
        """Download a model, unless it is being downloaded."""
        if remote is not None and remote.url not in self._downloads:
            self._downloads[remote.url] = self._tasks.start(self._download(remote))

    async def _download(self, remote: RemoteFile) -> None:
        def report(progress: Progress) -> None:
            self._progress[remote.url] = (remote, progress)
            if not self._timer.isActive():
                self._timer.start()

        backend, chat = self._backend, self._session.of(ChatController)
        chat.wait_for_model(remote.label if isinstance(remote, CatalogModel) else remote.name)
        is_ready = False
        self._say("")
        report(Progress(0, None))
        self._session.window.empty_state.show_download(self._download_text())  # at once
        try:
            profile = self._providers.get(ON_DEVICE.id) or ON_DEVICE
            downloads = await backend.gateway.downloads(profile)
            path = await fetch_model(remote, backend.of(model_store).folder, downloads.open, report)
            await self._finish(path)
            is_ready = True
            self._session.events.activity_changed.emit(remote.url)
        except UserFacingError as error:
            self._say(error.sentences, is_error=True)
            self._session.events.activity_changed.emit(remote.url)
        finally:
            self._downloads.pop(remote.url, None)
            self._progress.pop(remote.url, None)
            self._timer.start()
            if not self._downloads:
                chat.end_wait(is_ready=is_ready)

    async def _finish(self, path: Path) -> None:
        """Offer a model that has been downloaded; the first one is that of new conversations."""
        await self._backend.local_models.refresh()
        speech = await asyncio.to_thread(self._backend.of(model_store).speech_models)
        file = model_at(path, (*self._backend.of(local_models).files, *speech))
        if await use_first_model(self._backend, file):
            await self._values.load()
            self._values.changed.emit(WEIGHTS_SETTING)
            text = tr("New conversations on this computer use {model}.", model=file.name)
        else:
            text = tr("{model} is ready.", model=file.name)
        await self._providers.reload()
        self._say(text)

    def _say(self, text: str, *, is_error: bool = False) -> None:
        """Show a message on the page, or on a card if another page is shown."""
        if self.isVisible():
            self.status.show_message(text, is_error=is_error)
        elif text:
            self._session.window.notifications.notify(text)

    # ------------------------------------------------------------------ using, removing

    def _use(self, line: ModelLine) -> None:
        if line.file is None:
            return
        if line.file.is_speech:
            self._tasks.start(self._use_for_speech(line.file))
            return
        self._session.events.model_chosen.emit(
            ModelEntry(ON_DEVICE.id, tr(ON_DEVICE.name), line.file.path, line.file.name, None)
        )
        self._session.window.pane.close_page()

    async def _use_for_speech(self, file: LocalFile) -> None:
        await self._values.set("voice.model", file.path)
        await self._values.set("voice.transcriber", "computer")
        self._say(tr("{model} transcribes speech on this computer.", model=file.name))

    async def _use_in_collections(self, line: ModelLine) -> None:
        if line.file is None:
            return
        await self._values.set(EMBEDDING_SETTING, line.file.name)
        await self._values.set("library.embeddings", True)
        self._say(
            tr(
                "The files of projects are searched with {model} on this computer.",
                model=line.file.name,
            )
        )

    async def _remove(self, line: ModelLine) -> None:
        wanted = line.file.path if line.file else line.partial.path if line.partial else ""
        try:
            paths = await asyncio.to_thread(self._backend.of(model_store).find, wanted)
            freed = await remove_model(self._backend, paths)
        except UserFacingError as error:
            self._say(error.sentences, is_error=True)
            return
        await self._values.load()
        for key in (WEIGHTS_SETTING, "library.embeddings"):
            self._values.changed.emit(key)
        await self._providers.reload()
        self._say(tr("Removed. {size} were freed.", size=formatting.size(freed)))
        await self._refresh()
