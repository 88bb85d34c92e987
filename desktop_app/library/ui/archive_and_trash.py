"""The tabs of the library with the archived conversations, and with all that is in the trash."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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
from desktop_app.library.ui.trash_section import TrashedItem
from desktop_app.widgets.boxes import DIALOG_MARGINS, STRETCH, FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import delete_button, dialog_button
from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.widgets.empty_page import EmptyPage
from desktop_app.widgets.library_list import LibraryDelegate, LibraryModel
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.program_menu import ProgramMenu, run_command
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW
from desktop_app.widgets.text.foreign_text import menu_text, spoken_text, window_title

_CENTER: Final = Qt.AlignmentFlag.AlignCenter
_CONVERSATIONS: Final = "conversations"


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
        self._begin = begin = dialog_button(tr("New conversation"), f"{name}-begin")
        begin.clicked.connect(lambda: run_command(self, "conversation.new"))
        self.note = EmptyPage("list", empty_text, begin, name=f"{name}-empty")
        self._buttons = QWidget()
        self._column = column_of(
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
        for signal in (session.events.store_changed, session.events.trash_changed):
            signal.connect(lambda: session.tasks.start(self._load()) if self.isVisible() else None)

    def add_buttons(self, *buttons: tuple[QPushButton, Callable[[list[str]], object]]) -> None:
        """Add the buttons that act on the marked conversations, with what they do."""
        for button, action in buttons:
            button.clicked.connect(lambda _=False, action=action: self._act(action))
        main, last = [button for button, _ in buttons[:-1]], buttons[-1][0]
        row_of((FlowLayout(*main), 1), last, parent=self._buttons, margins=0, spacing=8)
        self._show_rows()

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

    @property
    def shown_view(self) -> RowView:
        return self.view

    @property
    def chosen_ids(self) -> list[str]:
        return [conversation.id for conversation in self.chosen]

    def _act(self, action: Callable[[list[str]], object]) -> None:
        if ids := self.chosen_ids:
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
            self._show_rows()
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
        view = self.shown_view
        has_rows = view.model().rowCount() > 0
        for part in (view, self._buttons):
            part.setVisible(has_rows)
        if has_rows and self._begin.hasFocus():
            view.setFocus(Qt.FocusReason.OtherFocusReason)
        self.note.setVisible(not has_rows)
        view.update_focus_policy()
        if has_rows and not view.selectedIndexes():
            current = view.current_row
            view.setCurrentIndex(current if current.isValid() else view.edge_row(first=True))

    def _keep_focus(self) -> None:
        """Focus the rows, or the button without rows, if nothing else here has the focus."""
        focused: QWidget | None = self.window().focusWidget()  # PySide's types forget None
        if self.isVisible() and (focused is None or focused is self or not focused.isVisible()):
            has_rows = self.shown_view.model().rowCount() > 0
            follower = self.shown_view if has_rows else self._begin
            follower.setFocus(Qt.FocusReason.OtherFocusReason)

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
    """The trash: conversations, or what a feature has in it, one of which is chosen above the rows.

    Attributes:
        places: the choice; that of which nothing is in the trash is disabled.
        items: the rows of a feature.
    """

    def __init__(self, session: Session) -> None:
        title = tr_context("list", "Trash")
        super().__init__(session, "trash", title, TRASH, tr("Trash is empty"))
        self._items: dict[str, list[TrashedItem]] = {}
        titles = {section.key: section.title for section in self._trash.sections}
        self._titles = {_CONVERSATIONS: tr("Conversations"), **titles}
        self.places = SegmentedControl([*self._titles.items()], name=tr("Show"), padding=12)
        self.places.set_current(_CONVERSATIONS)
        self.places.chosen.connect(lambda _key: self._show_rows())
        self._item_model = LibraryModel(self)
        self.items = RowView("trashed-items", self._item_model, LibraryDelegate(self))
        self.items.clicked.disconnect(self.items.chosen)  # a click marks a row
        self.items.chosen.connect(
            lambda row: self._open_item_menu(
                row, self.items.mapToGlobal(self.items.visualRect(row).center())
            )
        )
        self.items.delete_pressed.connect(lambda _row: self._act(self._erase))
        self.items.menu_requested.connect(self._open_item_menu)
        self._column.insertLayout(0, row_of(self.places, STRETCH))
        self._column.insertWidget(1, self.items, 1)
        self._open_button = dialog_button(tr("Open"), "open-trashed")
        self.add_buttons(
            (dialog_button(tr("Restore"), "restore-trashed"), self._restore),
            (self._open_button, lambda _ids: self.open_chosen()),
            (delete_button(tr("Delete permanently"), "erase-trashed"), self._erase),
            (
                delete_button(tr("Empty trash"), "empty-trash"),
                lambda _ids: self._trash.confirm_and_empty(),
            ),
        )

    @property
    def shown_view(self) -> RowView:
        return self.view if self.places.current() == _CONVERSATIONS else self.items

    @property
    def chosen_ids(self) -> list[str]:
        if self.shown_view is self.view:
            return super().chosen_ids
        return [index.data(ROW).id for index in self.items.selectedIndexes()]

    async def _load(self) -> None:
        sections = self._trash.sections
        self._items = {
            section.key: [item.with_note for item in await section.read()] for section in sections
        }
        await super()._load()

    def _show_rows(self) -> None:
        """Show the rows of the kind that is chosen, or of the first that has any."""
        filled = [key for key, items in self._items.items() if items]
        self.places.setVisible(bool(filled))
        if self.model.rowCount():
            filled.insert(0, _CONVERSATIONS)
        if filled and self.places.current() not in filled:
            self.places.set_current(filled[0])
        for key in self._titles:
            self.places.button(key).setEnabled(key in filled)
        is_items = self.shown_view is self.items
        chosen, key = self.chosen_ids, self.places.current() or ""
        rows = sorted(self._items.get(key, ()), key=lambda item: item.trashed_at, reverse=True)
        if rows != self._item_model.rows:
            self._item_model.set_rows(rows)
            for index in map(self._item_model.index_of, chosen):
                self.items.setCurrentIndex(self.items.row_of(index))
        self.items.setAccessibleName(spoken_text(self._titles[key]))
        (self.view if is_items else self.items).hide()
        self._open_button.setVisible(not is_items)
        super()._show_rows()

    def _item(self, ids: list[str]) -> TrashedItem | None:
        return next((i for items in self._items.values() for i in items if i.id in ids), None)

    def _restore(self, ids: list[str]) -> None:
        if (item := self._item(ids)) is None:
            self._trash.restore(ids)
        else:
            self._session.tasks.start(self._run(item.restore))

    def _erase(self, ids: list[str]) -> None:
        if (item := self._item(ids)) is None:
            self._trash.delete_or_erase(ids)
        else:
            erase = partial(self._run, item.erase)
            self._trash.ask(
                item.question, lambda: self._session.tasks.start(erase()), item.consequence
            )

    async def _run(self, action: Callable[[], Awaitable[object]]) -> None:
        await action()
        await self._load()

    def _open_item_menu(self, row: QModelIndex, position: QPoint) -> None:
        if row.isValid():
            self.items.setCurrentIndex(row)
            menu = ProgramMenu(self)
            menu.addAction(tr("Restore"), lambda: self._act(self._restore))
            label, keys = tr("Delete permanently"), shortcut_text("Del")
            menu.addAction(menu_text(label, keys=keys), lambda: self._act(self._erase))
            open_at(menu, position)
