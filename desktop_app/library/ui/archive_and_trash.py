"""The tabs of the library with the conversations in the archive and in the trash."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QPushButton, QWidget

from desktop_app.app.navigator import Navigator
from desktop_app.app.session import Session
from desktop_app.domain.conversations.conversation import Conversation
from desktop_app.i18n.translation import tr, tr_context
from desktop_app.library.list_filter import ARCHIVE, TRASH, ListFilter
from desktop_app.library.ui.conversation_list import ConversationList
from desktop_app.library.ui.list_menus import open_at
from desktop_app.library.ui.list_presenter import PAGE_SIZE, ListPresenter, read_page
from desktop_app.library.ui.row_delegates import ConversationDelegate
from desktop_app.library.ui.rows.conversation_model import ConversationModel
from desktop_app.library.ui.rows.days import today
from desktop_app.library.ui.trash import Trash
from desktop_app.widgets.boxes import DIALOG_MARGINS, FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import delete_button, dialog_button
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.text.foreign_text import PlainLabel, spoken_text, window_title

_CENTER: Final = Qt.AlignmentFlag.AlignCenter


class _FilteredPage(QWidget):
    """A page with the conversations of a filter, several of which can be marked.

    Attributes:
        model, view: the conversations, newest first, under headings of days.
        note: what is shown without conversations.
    """

    def __init__(
        self, session: Session, name: str, title: str, list_filter: ListFilter, empty_text: str
    ) -> None:
        super().__init__(session.window)
        self._session = session
        self._presenter = session.of(ListPresenter)
        self._trash = session.of(Trash)
        self._filter = list_filter
        self._load_number = 0
        self.setObjectName(name)
        self.setWindowTitle(window_title(title))
        self.model = ConversationModel(today(), self)
        self.view = RowView(f"{name}-list", self.model, ConversationDelegate(self, has_menu=False))
        self.view.setAccessibleName(spoken_text(title))
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.note = PlainLabel(empty_text, name=f"{name}-empty", role="note", wraps=True)
        self.note.setAlignment(_CENTER)
        self._buttons = QWidget()
        column_of(
            (self.view, 1), self._buttons, (self.note, 1), parent=self, margins=DIALOG_MARGINS
        )
        self.view.clicked.disconnect(self.view.chosen)  # a click marks a row
        self.view.doubleClicked.connect(self.view.chosen)
        self.view.chosen.connect(lambda _row: self.open_chosen())
        self.view.delete_pressed.connect(lambda _row: self._act(self._trash.delete_or_erase))
        self.view.menu_requested.connect(self._open_menu)
        self.model.more_requested.connect(lambda: session.tasks.start(self._load_more()))
        for signal in (self.model.rowsInserted, self.model.rowsRemoved, self.model.modelReset):
            signal.connect(self._show_rows)
            signal.connect(self._keep_focus)
        self._presenter.changed.connect(self.model.upsert)
        self._presenter.forgotten.connect(self.model.remove)
        session.events.store_changed.connect(
            lambda: session.tasks.start(self._load()) if self.isVisible() else None
        )
        self._show_rows()

    def add_buttons(self, *buttons: tuple[QPushButton, Callable[[list[str]], object]]) -> None:
        """Add the buttons that act on the marked conversations, with what they do."""
        for button, action in buttons:
            button.clicked.connect(lambda _=False, action=action: self._act(action))
        main, last = [button for button, _ in buttons[:-1]], buttons[-1][0]
        row_of((FlowLayout(*main), 1), last, parent=self._buttons, margins=0, spacing=8)

    def open(self) -> None:
        self._session.window.show_page(self)

    @property
    def chosen(self) -> list[Conversation]:
        sources = map(self.view.source_of, sorted(self.view.selectedIndexes()))
        return [c for source in sources if (c := self.model.conversation_at(source)) is not None]

    def open_chosen(self) -> None:
        """Open the first of the marked conversations."""
        for conversation in self.chosen[:1]:
            self._session.tasks.start(self._session.of(Navigator).open(conversation.id))

    def _act(self, action: Callable[[list[str]], object]) -> None:
        if ids := [conversation.id for conversation in self.chosen]:
            action(ids)

    def _open_menu(self, row: QModelIndex, position: QPoint) -> None:
        if row.isValid() and row not in self.view.selectedIndexes():
            self.view.setCurrentIndex(row)
        if chosen := self.chosen:
            open_at(self._session.of(ConversationList).menus.conversations_menu(chosen), position)

    # ------------------------------------------------------------ rows

    async def _load(self) -> None:
        """Show the first page of the conversations; a later call supersedes an earlier one."""
        self._load_number += 1
        load_number = self._load_number
        count = max(PAGE_SIZE, len(self.model.conversations))
        page = await self._read(count, None)
        if load_number == self._load_number:
            marked = {conversation.id for conversation in self.chosen}
            last = page[-1] if len(page) == count else None
            self.model.set_conversations(page, list_filter=self._filter, last=last)
            for conversation in page:
                if conversation.id in marked:
                    self.view.setCurrentIndex(
                        self.view.row_of(self.model.index_of(conversation.id))
                    )
                    break
            self._keep_focus()

    async def _load_more(self) -> None:
        load_number = self._load_number
        page = await self._read(PAGE_SIZE, self.model.last_of_pages)
        if load_number == self._load_number:
            self.model.append(page, page[-1] if len(page) == PAGE_SIZE else None)

    async def _read(self, count: int, after: Conversation | None) -> list[Conversation]:
        read = partial(read_page, self._session.backend.conversations, self._filter, count, after)
        return self._presenter.cache.set_stored(await self._presenter.writes.read_settled(read))

    def _show_rows(self) -> None:
        """Show the rows, of which one is always marked, or the note without rows."""
        has_rows = self.model.rowCount() > 0
        for part in (self.view, self._buttons):
            part.setVisible(has_rows)
        self.note.setVisible(not has_rows)
        self.view.update_focus_policy()
        if has_rows and not self.view.selectedIndexes():
            current = self.view.current_row
            self.view.setCurrentIndex(
                current if current.isValid() else self.view.edge_row(first=True)
            )

    def _keep_focus(self) -> None:
        """Focus the rows if nothing else here has the focus; the tab if there are no rows."""
        focused: QWidget | None = self.window().focusWidget()  # PySide's types forget None
        if self.isVisible() and (focused is None or focused is self or not focused.isVisible()):
            if self.model.rowCount():
                self.view.setFocus(Qt.FocusReason.OtherFocusReason)
            else:
                self._session.window.pane.tabs.focus()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._session.tasks.start(self._load())


class ArchivePage(_FilteredPage):
    """The archived conversations."""

    def __init__(self, session: Session) -> None:
        title = tr_context("list", "Archive")
        super().__init__(session, "archive", title, ARCHIVE, tr("No archived conversations"))
        self.add_buttons(
            (dialog_button(tr("Open"), "open-archived"), lambda _ids: self.open_chosen()),
            (
                dialog_button(tr("Unarchive"), "unarchive"),
                lambda ids: self._trash.archive(ids, archived=False),
            ),
            (delete_button(tr("Delete"), "delete-archived"), self._trash.delete),
        )


class TrashPage(_FilteredPage):
    """The conversations in the trash."""

    def __init__(self, session: Session) -> None:
        title = tr_context("list", "Trash")
        super().__init__(session, "trash", title, TRASH, tr("Trash is empty"))
        self.add_buttons(
            (dialog_button(tr("Restore"), "restore-trashed"), self._trash.restore),
            (dialog_button(tr("Open"), "open-trashed"), lambda _ids: self.open_chosen()),
            (delete_button(tr("Delete permanently"), "erase-trashed"), self._trash.delete_or_erase),
            (
                delete_button(tr("Empty trash"), "empty-trash"),
                lambda _ids: self._trash.confirm_and_empty(),
            ),
        )
