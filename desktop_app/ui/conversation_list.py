"""The left side: search, a new conversation, all conversations by day, and what the month cost.

The row that is *selected* is the open conversation; the *current* row is where the keyboard is.
Arrow keys move only the latter, Enter opens it. Only the program selects (`select`), so that what
is marked is always what is shown.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_app.ui import icons
from desktop_app.ui import theme as themes
from desktop_app.ui.header import ElidedLabel
from desktop_app.ui.models import hit_model
from desktop_app.ui.models.conversation_model import ConversationModel, Roles
from desktop_app.ui.models.hit_model import HitModel
from desktop_app.ui.row_delegates import ConversationDelegate, HitDelegate
from desktop_app.ui.row_view import RowView
from desktop_app.ui.search_field import NewButton, SearchField

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from desktop_app.domain.conversation import Conversation, SearchHit
    from desktop_app.ui.theme import Theme

# A pause in typing that is long enough to look for what was typed.
_SEARCH_PAUSE_MS: Final = 120
_EMPTY: Final = "Your conversations\nwill be listed here."
_NOTHING_FOUND: Final = "Nothing found."


class ConversationList(QFrame):
    """See the module.

    Signals:
        opened(str id): a row was clicked or Enter pressed on it.
        new_requested()
        renamed(str id, str title): the row shows the title already.
        deleted(str id): asked for; the row stays until `remove`.
        pinned(str id, bool): asked for; the row moves with `upsert`.
        search_changed(str): after a pause in typing; "" at once when the field is cleared.
        hit_opened(str conversation id, str message id or ""): a hit was chosen.
        rename_ended(): the title is no longer being edited.
    """

    opened = Signal(str)
    new_requested = Signal()
    renamed = Signal(str, str)
    deleted = Signal(str)
    pinned = Signal(str, bool)
    search_changed = Signal(str)
    hit_opened = Signal(str, str)
    rename_ended = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "side")
        self.setProperty("edge", "right")
        self._selected: str | None = None
        self._is_searching, self._searched = False, ""
        self._foot_icon = ""
        self.model = ConversationModel(_today(), self)
        self.hits = HitModel(self)
        self.search = SearchField()
        self.new_button = NewButton()
        self._delegates = ConversationDelegate(theme, self), HitDelegate(theme, self)
        self.view = RowView("conversations", self.model, self._delegates[0])
        self.hit_view = RowView("search-hits", self.hits, self._delegates[1])
        self.foot_icon, self.foot_name, self.foot_month = QLabel(), ElidedLabel(), QLabel()
        self.note = QLabel(_EMPTY)
        self._pages = QStackedWidget()
        self._typing = QTimer(self, singleShot=True, interval=_SEARCH_PAUSE_MS)
        self._midnight = QTimer(self, singleShot=True)
        self._name_parts()
        self._connect_list()
        self._connect_search()
        self.set_theme(theme)
        self._turn_the_day()

    # ------------------------------------------------------------ what the program tells

    def set_conversations(self, conversations: Iterable[Conversation]) -> None:
        """Show these and no others."""
        self.model.set_conversations(conversations)

    def upsert(self, conversation: Conversation) -> None:
        """Show a conversation as it is now."""
        self.model.set_today(_today())
        self.model.upsert(conversation)
        self._mark_selected()

    def remove(self, identifier: str) -> None:
        """Forget a conversation."""
        self.model.remove(identifier)

    def select(self, identifier: str | None) -> None:
        """Mark the open conversation; None where it is not in the list yet."""
        self._selected = identifier
        self._mark_selected()
        row = self._row_of(identifier)
        if row.isValid():
            self.view.setCurrentIndex(row)
            self.view.scrollTo(row)

    def set_streaming(self, identifier: str, streaming: bool) -> None:
        """Show or remove the dot of a conversation."""
        self.model.set_streaming(identifier, streaming)

    def show_hits(self, hits: Sequence[SearchHit] | None) -> None:
        """Show what was found instead of the conversations; None goes back to them."""
        self.hits.set_hits(hits or [])
        self._show_page(searching=hits is not None)

    def set_foot(
        self, provider_name: str, icon: str, month: str, *, is_near_cap: bool = False
    ) -> None:
        """The provider with its icon, and what the month cost ("" where nothing is paid); it
        stands out where it comes near its cap."""
        self._foot_icon = icon
        self.foot_name.setText(provider_name)
        self.foot_month.setText(month)
        self.foot_month.setToolTip("Spent this month, of its cap" if is_near_cap else "")
        themes.set_style_property(self.foot_month, "role", "warning" if is_near_cap else "note")
        self._draw_foot_icon()

    def set_shortcuts(self, search: str, new: str) -> None:
        """Show these beside their actions ("Ctrl+N"; "" for none)."""
        self.search.set_hint(_hint(search))
        self.new_button.set_hint(_hint(new))

    def focus_search(self) -> None:
        """Put the keyboard into the search field."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def rename_selected(self) -> bool:
        """Edit in place the title that the keyboard is on, else that of the open conversation;
        False where there is none."""
        row = self.view.currentIndex() if self.view.hasFocus() else self._row_of(self._selected)
        if row.isValid():
            self.view.scrollTo(row)
            self.view.setCurrentIndex(row)
            self.view.edit(row)
        return row.isValid()

    def neighbour(self, step: int) -> str | None:
        """The id of the conversation `step` rows below (or above) the open one."""
        index = self.model.index_of(self._selected or "")
        row = index.row() + (1 if step > 0 else -1)
        while 0 <= row < self.model.rowCount():
            found = self.model.conversation_at(self.model.index(row))
            if found is not None:
                return found.id
            row += 1 if step > 0 else -1
        return None

    def set_theme(self, theme: Theme) -> None:
        """Draw with this theme from now on."""
        self._theme = theme
        self._lay_out(theme.px)
        for view, delegate in zip((self.view, self.hit_view), self._delegates, strict=True):
            delegate.theme = theme
            view.lay_out_anew()
        self.search.set_theme(theme)
        self.new_button.set_theme(theme)
        self._draw_foot_icon()

    # ------------------------------------------------------------ parts

    def _name_parts(self) -> None:
        self.view.setAccessibleName("Conversations")
        self.hit_view.setAccessibleName("Search results")
        self.note.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter)
        self.note.setWordWrap(True)
        for label in (self.note, self.foot_name, self.foot_month):
            label.setProperty("role", "note")
        for page in (self.view, self.hit_view, self.note):
            self._pages.addWidget(page)
        self.foot_name.setTextFormat(Qt.TextFormat.PlainText)
        self._column = QVBoxLayout(self)
        self._column.setSpacing(0)
        self._top = QVBoxLayout()
        self._top.addWidget(self.search)
        self._top.addWidget(self.new_button)
        self._column.addLayout(self._top)
        self._column.addWidget(self._pages, 1)
        self._foot = QHBoxLayout()
        self._foot.addWidget(self.foot_icon)
        self._foot.addWidget(self.foot_name, 1)
        self._foot.addWidget(self.foot_month)
        self._column.addLayout(self._foot)

    def _lay_out(self, px: Callable[[float], int]) -> None:
        self._column.setContentsMargins(px(10), px(12), 0, px(20))
        self._top.setContentsMargins(0, 0, px(themes.ROW_MARGIN), px(2))
        self._top.setSpacing(px(9))
        self._foot.setContentsMargins(px(10), px(8), px(17), 0)
        self._foot.setSpacing(px(8))
        self.note.setContentsMargins(0, 0, px(themes.ROW_MARGIN), 0)

    def _draw_foot_icon(self) -> None:
        if self._foot_icon:
            size = self._theme.px(15)
            self.foot_icon.setPixmap(icons.pixmap(self._foot_icon, self._theme.dim, size))
        self.foot_icon.setVisible(bool(self._foot_icon))

    # ------------------------------------------------------------ behaviour

    def _connect_list(self) -> None:
        self.new_button.clicked.connect(lambda: self.new_requested.emit())
        self.view.chosen.connect(self._open)
        self.view.delete_pressed.connect(self._delete)
        self.view.left_upwards.connect(self.focus_search)
        self.view.menu_requested.connect(self._pop_up_menu)
        self.model.renamed.connect(self.renamed)
        self._delegates[0].closeEditor.connect(lambda *_: self.rename_ended.emit())
        self.model.modelReset.connect(self._mark_selected)
        for changed in (self.model.rowsInserted, self.model.rowsRemoved, self.model.modelReset):
            changed.connect(self._show_page)
        self._midnight.timeout.connect(self._turn_the_day)
        self._show_page()

    def _connect_search(self) -> None:
        self.search.textChanged.connect(self._search_typed)
        self.search.went_down.connect(self._enter_list)
        self.search.returnPressed.connect(self._open_first_hit)
        self._typing.timeout.connect(self._search)
        self.hit_view.chosen.connect(self._open_hit)
        self.hit_view.left_upwards.connect(self.focus_search)

    def _row_of(self, identifier: str | None) -> QModelIndex:
        return self.view.row_of(self.model.index_of(identifier or ""))

    def _mark_selected(self) -> None:
        row, selection = self._row_of(self._selected), self.view.selectionModel()
        if not row.isValid():
            selection.clearSelection()
        elif not selection.isSelected(row):
            selection.select(row, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _show_page(self, *_: object, searching: bool | None = None) -> None:
        if searching is None:
            searching = self._is_searching
        self._is_searching = searching
        view, empty = (self.hit_view, _NOTHING_FOUND) if searching else (self.view, _EMPTY)
        has_rows = view.model().rowCount() > 0
        self.note.setText(empty)
        self._pages.setCurrentWidget(view if has_rows else self.note)

    def _open(self, row: QModelIndex) -> None:
        if not row.data(Roles.IS_HEADING):
            self.opened.emit(row.data(Roles.IDENTIFIER))

    def _open_hit(self, row: QModelIndex) -> None:
        hit: SearchHit = row.data(hit_model.Roles.HIT)
        self.hit_opened.emit(hit.conversation_id, hit.message_id or "")

    def _open_first_hit(self) -> None:
        if self._is_searching and self.hits.rowCount():
            self._open_hit(self.hits.index(0))

    def _delete(self, row: QModelIndex) -> None:
        self.deleted.emit(row.data(Roles.IDENTIFIER))

    def _search_typed(self, text: str) -> None:
        if text.strip():
            self._typing.start()
        else:
            self._search()

    def _search(self) -> None:
        self._typing.stop()
        wanted = self.search.text().strip()
        if wanted != self._searched:
            self._searched = wanted
            self.search_changed.emit(wanted)

    def _enter_list(self) -> None:
        view = self.hit_view if self._is_searching else self.view
        view.setFocus(Qt.FocusReason.TabFocusReason)
        view.ensure_current()

    def menu_for(self, row: QModelIndex) -> QMenu | None:
        """The menu of a row; None for a heading."""
        if not row.isValid() or row.data(Roles.IS_HEADING):
            return None
        identifier, is_pinned = row.data(Roles.IDENTIFIER), row.data(Roles.PINNED)
        menu, colour, size = QMenu(self), self._theme.dim, self._theme.px(15)
        word, sign = ("Unpin", "pin-off") if is_pinned else ("Pin", "pin")
        for name, words, action in (
            ("pencil", "Rename\tF2", lambda: self.view.edit(self._row_of(identifier))),
            (sign, word, lambda: self.pinned.emit(identifier, not is_pinned)),
            ("trash-2", "Delete\tDel", lambda: self.deleted.emit(identifier)),
        ):
            menu.addAction(icons.icon(name, colour, size), words, action)
        return menu

    def _pop_up_menu(self, row: QModelIndex, position: QPoint) -> None:
        menu = self.menu_for(row)
        if menu is not None:
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(position)

    def _turn_the_day(self) -> None:
        """Group by the day it is now, and again when it ends."""
        self.model.set_today(_today())
        now = datetime.now(UTC).astimezone()
        next_day = datetime.combine(now.date() + timedelta(days=1), time()).astimezone()
        self._midnight.start(int((next_day - now).total_seconds() * 1000) + 1000)


def _today() -> date:
    return datetime.now(UTC).astimezone().date()


def _hint(shortcut: str) -> str:
    """A shortcut as it stands beside its action: "Ctrl ⇧ F" for "Ctrl+Shift+F"."""
    native = QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
    return native.replace("Shift", "⇧").replace("+", " ")
