"""The page of the models on this computer: get, pause, remove, use.

The list has what is here, what is unfinished, then what can be downloaded. Nothing is downloaded
before a click on a button that names the host and the size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionViewItem, QWidget

from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr
from desktop_app.local_model.catalog import CatalogModel, RemoteFile
from desktop_app.local_model.fetch import Progress
from desktop_app.local_model.store import LocalFile, PartialFile
from desktop_app.local_model.wording import progress_text
from desktop_app.widgets.boxes import DIALOG_MARGINS, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import delete_button, dialog_button
from desktop_app.widgets.forms.form_widgets import line_field
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.rows.row_delegate import RowDelegate
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW, Index, RowsModel
from desktop_app.widgets.status_line import StatusLine
from desktop_app.widgets.text.foreign_text import PlainLabel, set_tooltip

_INSET = 10


class ModelLine(NamedTuple):
    """A model in the list.

    Attributes:
        file: what is here; None for an unfinished download and for the catalog.
        partial: the unfinished download.
        remote: what can be downloaded, or downloaded further.
        progress: of the download that runs now.
        is_default: True for the model of new conversations on this computer.
        is_loaded: True while it is in memory.
    """

    file: LocalFile | None = None
    partial: PartialFile | None = None
    remote: RemoteFile | None = None
    progress: Progress | None = None
    is_default: bool = False
    is_loaded: bool = False

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
        """Return the model's name."""
        if self.file is not None:
            return self.file.name
        if isinstance(self.remote, CatalogModel):
            return self.remote.label
        if self.partial is not None:
            return self.partial.name
        return self.remote.name if self.remote else ""

    @property
    def facts(self) -> str:
        """Return the line below the name."""
        if self.progress is not None:
            return progress_text(self.progress)
        if self.file is not None:
            return " · ".join(_facts_of(self.file, self))
        if self.partial is not None:
            done = progress_text(Progress(self.partial.done, self.partial.total))
            if self.partial.is_busy:
                return tr("{progress}, downloaded by another program", progress=done)
            return tr("Paused: {progress}", progress=done)
        if isinstance(self.remote, CatalogModel):
            model = self.remote
            facts = (
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
        facts.append(tr("for collections"))
    if file.info is not None and not file.info.is_known:
        facts.append(tr("not checked against a known hash"))
    return facts


class _LineDelegate(RowDelegate):
    """The painter of a model's name with its facts below, and of a download's progress."""

    height = 50

    def paint_content(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, px = current_theme(), current_theme().px
        line: ModelLine = index.data(ROW)
        rect = self.row_rect(option).adjusted(px(_INSET), px(4), -px(_INSET), -px(4))
        upper = rect.adjusted(0, 0, 0, -rect.height() // 2)
        lower = rect.adjusted(0, rect.height() // 2, 0, 0)
        is_here = line.file is not None or line.progress is not None
        color = theme.text if is_here else theme.dim
        painting.draw_text(painter, upper, line.title, theme.interface(), color)
        painting.draw_text(painter, lower, line.facts, theme.note(), theme.dim)
        progress = line.progress
        if progress is not None and progress.total:
            share = min(1.0, progress.done / progress.total)
            bar = rect.adjusted(0, rect.height() - px(2), 0, 0)
            painting.fill_background(painter, bar, theme.hover, 1)
            bar.setWidth(round(bar.width() * share))
            painting.fill_background(painter, bar, theme.accent, 1)


class LocalModelsPage(QWidget):
    """The page of the models on this computer.

    Signals:
        use_requested(ModelLine): answer with this model in the open conversation.
        collections_requested(ModelLine): use this embedding model in collections.
        download_requested(ModelLine): download it, or go on.
        url_entered(str): download the GGUF file at this address.
        pause_requested(ModelLine): stop its download and keep what has come.
        removal_requested(ModelLine): remove its file, or what has come.
    """

    use_requested = Signal(object)
    collections_requested = Signal(object)
    download_requested = Signal(object)
    url_entered = Signal(str)
    pause_requested = Signal(object)
    removal_requested = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("local-models")
        self.setWindowTitle(tr("Models on this computer"))
        self._model: RowsModel[ModelLine] = RowsModel(
            lambda line: line.title,
            lambda line: tr("{name}, {facts}", name=line.title, facts=line.facts),
            self,
            tooltip=lambda line: f"{line.facts}\n{line.details}",
        )
        self.view = RowView("local-models-list", self._model, _LineDelegate(self))
        self.view.setAccessibleName(tr("Models on this computer"))
        self._source = PlainLabel(name="local-models-source", role="note", wraps=True)
        self._room = PlainLabel(name="local-models-room", role="note", wraps=True)
        self.status = StatusLine("local-models")
        self.url = line_field(tr("URL of a GGUF file"), "local-models-url")
        self._url_button = dialog_button(tr("Download"), "download-url")
        self._use_button = dialog_button(tr("Use"), "use-local-model")
        set_tooltip(self._use_button, tr("Use in the current conversation"))
        self._collections_button = dialog_button(tr("Use in collections"), "use-in-collections")
        self._download_button = dialog_button(tr("Download"), "download-model")
        self._pause_button = dialog_button(tr("Pause"), "pause-download")
        self._remove_button = delete_button(tr("Remove"), "remove-model")
        self._buttons = (
            self._use_button,
            self._collections_button,
            self._download_button,
            self._pause_button,
            self._remove_button,
        )
        foot = row_of((self._source, 1), *self._buttons, spacing=8)
        address = row_of((self.url, 1), self._url_button, spacing=8)
        rows = ((self.view, 1), foot, self.status, address, self._room)
        column_of(*rows, parent=self, margins=DIALOG_MARGINS, spacing=12)
        self._connect()
        self._show_buttons()

    def _connect(self) -> None:
        self.view.selectionModel().currentChanged.connect(self._on_current)
        self.view.chosen.connect(lambda _index: self._press_main_button())
        self.view.delete_pressed.connect(lambda _index: self._remove_button.click())
        for button, signal in (
            (self._use_button, self.use_requested),
            (self._collections_button, self.collections_requested),
            (self._download_button, self.download_requested),
            (self._pause_button, self.pause_requested),
            (self._remove_button, self.removal_requested),
        ):
            button.clicked.connect(lambda _=False, signal=signal: self._emit(signal))
        self._url_button.clicked.connect(self._enter_url)
        self.url.returnPressed.connect(self._enter_url)

    def _emit(self, signal: Signal) -> None:
        if self.current is not None:
            signal.emit(self.current)  # type: ignore[attr-defined]  # bound when it is called

    def _enter_url(self) -> None:
        if text := self.url.text().strip():
            self.url_entered.emit(text)

    @property
    def lines(self) -> Sequence[ModelLine]:
        """Return the shown models."""
        return self._model.rows

    @property
    def current(self) -> ModelLine | None:
        """Return the current model, None if there is none."""
        index = self.view.currentIndex()
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
        """Make a model current."""
        self.view.setCurrentIndex(self.view.row_of(self._model.index(number)))

    def set_room(self, disk: int, memory: int) -> None:
        """Show how much of the disk and of the memory is free."""
        self._room.setText(
            tr(
                "{disk} are free on the disk, {memory} in memory.",
                disk=formatting.size(disk),
                memory=formatting.size(memory),
            )
        )

    def _on_current(self, current: QModelIndex) -> None:
        self.view.select_only(current)
        self._show_buttons()

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
