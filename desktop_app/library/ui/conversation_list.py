"""The sidebar: search, new conversation, conversations by date, filters and footer.

The *selected* row is the open conversation; the *current* row has the keyboard focus. Arrow
keys move only the current row, Enter opens it. The user can mark several rows for an action.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QMenu, QStackedWidget, QWidget

from desktop_app.i18n.formatting import number
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.library.list_filter import LIST, ListFilter, ListFilterKind
from desktop_app.library.ui.conversation_view import ConversationView
from desktop_app.library.ui.list_menus import DropRow, FilterBar, ListMenus
from desktop_app.library.ui.row_delegates import ConversationDelegate
from desktop_app.library.ui.rows.conversation_model import ConversationModel, Roles
from desktop_app.library.ui.rows.days import DayChange, today
from desktop_app.shortcuts.command import Menu, commands_in
from desktop_app.widgets.boxes import column_of, margins_of, row_of
from desktop_app.widgets.look import icons
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.look.direction import is_mirrored
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.program_menu import ProgramMenu, add_commands, command_of, run_command
from desktop_app.widgets.text.foreign_text import (
    ElidedLabel,
    PlainButton,
    PlainLabel,
    menu_text,
    set_tooltip,
    spoken_text,
)

if TYPE_CHECKING:
    from desktop_app.app.session import Session
    from desktop_app.domain.conversations.conversation import Conversation, Folder
    from desktop_app.library.ui.folders_controller import FoldersController
    from desktop_app.library.ui.list_presenter import ListPresenter, PinnedOrder
    from desktop_app.library.ui.trash import Trash


class ConversationList(QFrame):
    """The sidebar with the conversations. See the module.

    Attributes:
        session, presenter, pinned_order, folders_controller, trash: the session
            of the window, and the controllers that do what the user asks for.
        top: the layout above the rows; what is added to it comes below "New conversation".
        delegate: paints the rows.
        note: the text shown without rows.
        menus: the menus of the rows and of the list.
        day_change: reports that a new day has begun.

    Signals:
        open_requested(str id): the row of a conversation was clicked, or Enter was pressed on it.
        project_requested(str id): the row of a project was chosen.
        new_requested(), new_in_folder_requested(str folder id): open an empty conversation.
    """

    open_requested = Signal(str)
    project_requested = Signal(str)
    new_requested = Signal()
    new_in_folder_requested = Signal(str)
    session: Session
    presenter: ListPresenter
    pinned_order: PinnedOrder
    folders_controller: FoldersController
    trash: Trash

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "side")
        self.setProperty("edge", "left" if is_mirrored() else "right")
        self.model = ConversationModel(today(), self)
        self.search_button = ListButton("search", tr("Search"), "search", role="search")
        self.new_button = ListButton(
            "new-conversation", tr("New conversation"), "square-pen", role="row"
        )
        self.view = ConversationView(self.model)
        self.delegate = ConversationDelegate(self)
        self.view.setItemDelegate(self.delegate)
        self.menus = ListMenus(self)
        self.day_change = DayChange(self)
        self.footer = SidebarFooter()
        self.filter_bar = FilterBar(self)
        self.drop_row = DropRow(self)
        self.note = PlainLabel(role="note", wraps=True, keeps_lines=True)
        self.note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.view)
        self._pages.addWidget(self.note)
        self._build()
        self._connect()
        self.update_theme()

    def request_new(self) -> None:
        """Request an empty conversation, as the button does."""
        self.new_requested.emit()

    def focus_current_row(self) -> None:
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)
        self.view.ensure_current()

    # ------------------------------------------------------------ rows

    def set_folders(self, folders: Iterable[Folder]) -> None:
        self.model.set_folders(folders)
        self._show_filter_name()

    def upsert(self, conversation: Conversation) -> None:
        """Insert, update, move or remove the row to match the conversation."""
        self.regroup()
        self.model.upsert(conversation)

    # ------------------------------------------------------------ parts

    def _build(self) -> None:
        self.view.setAccessibleName(tr("Conversations"))
        top_margins = (0, 0, themes.ROW_MARGIN, 2)
        self.top = column_of(self.search_button, self.new_button, margins=top_margins, spacing=9)
        foot = column_of(self.footer, margins=(0, 6, themes.ROW_MARGIN, 0))
        rows = (self.top, self.filter_bar, (self._pages, 1), self.drop_row, foot)
        column_of(*rows, parent=self, margins=(10, 12, 0, 12), spacing=0)

    def update_theme(self) -> None:
        self.note.setContentsMargins(*margins_of(0, 0, current_theme().px(themes.ROW_MARGIN), 0))

    # ------------------------------------------------------------ behavior

    def _connect(self) -> None:
        self.search_button.clicked.connect(lambda: run_command(self, "palette.open"))
        self.new_button.clicked.connect(self.new_requested)
        self.new_button.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.new_button.customContextMenuRequested.connect(
            lambda position: self.menus.open_new_menu(self.new_button.mapToGlobal(position))
        )
        self.view.chosen.connect(self._open_row)
        self.view.delete_pressed.connect(self._delete_row)
        self.view.up_pressed_at_top.connect(self.search_button.setFocus)
        self.view.menu_requested.connect(lambda *place: self.menus.open_row_menu(*place))
        self.view.drag_began.connect(self.drop_row.show)
        self.view.drag_ended.connect(self.drop_row.hide)
        self.view.moved_to_folder.connect(lambda *moved: self.folders_controller.move(*moved))
        self.view.pinned_before.connect(self._place_pins)
        self.view.back_pressed.connect(self.go_back)
        self.view.undo_pressed.connect(lambda: self.session.window.notifications.undo_last())
        self.view.end_pressed.connect(lambda: self.presenter.load_more(all_rows=True))
        self.view.rename_ended.connect(self.regroup)
        self.day_change.reported.connect(self.regroup)
        for signal in (self.model.rowsInserted, self.model.rowsRemoved, self.model.modelReset):
            signal.connect(self._show_page)
        self.model.modelReset.connect(self._show_filter_name)
        # The note is empty until the rows are loaded: they must not look as if they were lost.
        self._pages.setCurrentWidget(self.note)
        self.filter_bar.hide()

    def _open_row(self, row: QModelIndex) -> None:
        if row.data(Roles.IS_FOLDER):
            self.project_requested.emit(row.data(Roles.IDENTIFIER))
        elif not row.data(Roles.IS_HEADING):
            self.open_requested.emit(row.data(Roles.IDENTIFIER))

    def _place_pins(self, identifiers: list[str], before_id: str) -> None:
        """Pin conversations before another pinned one, or with "" after the last."""
        if before_id in identifiers:
            return
        other_ids = [id_ for id_ in self.model.pinned_ids if id_ not in identifiers]
        position = other_ids.index(before_id) if before_id else len(other_ids)
        order = [*other_ids[:position], *identifiers, *other_ids[position:]]
        if order != self.model.pinned_ids:
            self.pinned_order.arrange(order)

    def _delete_row(self, row: QModelIndex) -> None:
        """Delete a folder or the affected conversations; in the trash, offer to erase them."""
        if row.data(Roles.IS_FOLDER):
            self.folders_controller.delete(row.data(Roles.IDENTIFIER))
        else:
            self.trash.delete_or_erase(
                [affected.data(Roles.IDENTIFIER) for affected in self.view.affected_rows]
            )

    # ------------------------------------------------------------ filters

    def _show_page(self) -> None:
        """Show the rows, or a note without rows."""
        kind = self.model.order.list_filter.kind
        self.filter_bar.setVisible(kind is not ListFilterKind.LIST)
        has_rows = self.model.rowCount() > 0
        is_folder = kind is ListFilterKind.FOLDER
        self.note.setText(tr("No conversations in this project") if is_folder else "")
        # After removing a filter's last row by keyboard, the focus moves to the Back button.
        leaves_view = not has_rows and self.view.hasFocus() and self.view.can_go_back
        self._pages.setCurrentWidget(self.view if has_rows else self.note)
        if leaves_view:
            self.filter_bar.back_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def focus_filtered_rows(self) -> None:
        """Focus the rows; if there are none, the Back button."""
        if self.model.rowCount():
            self.view.setFocus(Qt.FocusReason.TabFocusReason)
            self.view.ensure_current()
        elif self.filter_bar.isVisible():
            self.filter_bar.back_button.setFocus(Qt.FocusReason.TabFocusReason)

    def _show_filter_name(self) -> None:
        list_filter = self.model.order.list_filter
        name = next((f.name for f in self.model.folders if f.id == list_filter.folder_id), "")
        self.filter_bar.title.setText(name)
        self.view.setAccessibleName(spoken_text(name or tr("Conversations")))

    def show_filter(self, list_filter: ListFilter) -> None:
        self.session.tasks.start(self.presenter.apply_filter(list_filter))

    def go_back(self) -> None:
        """Leave the filter, if any."""
        if self.view.can_go_back:
            self.show_filter(LIST)
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def regroup(self) -> None:
        """Group by the current day, but not during a rename: regrouping closes the editor."""
        if not self.view.is_editing:
            self.model.set_today(today())


class ListButton(PlainButton):
    """A button of the width of the list: an icon, a label, and a hint if there is room for it.

    Attributes:
        hint: its shortcut, or another note at its end.
    """

    def __init__(self, name: str, label: str, icon_name: str, role: str) -> None:
        super().__init__(name=name, role=role)
        self.setAccessibleName(spoken_text(label))
        self._icon_name = icon_name
        self._image = PlainLabel()
        self._label = ElidedLabel(label)
        self.hint = PlainLabel(role="key")
        parts = (self._image, (self._label, 1), (self.hint, Qt.AlignmentFlag.AlignVCenter))
        self._line = row_of(*parts, parent=self, margins=(10, 0, 8, 0), spacing=8)
        for part in self.findChildren(QLabel):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.update_theme()

    def set_keys(self, keys: str) -> None:
        """Show the button's shortcut (portable text); "" for none."""
        self.show_hint(shortcut_text(keys))

    def show_hint(self, hint: str) -> None:
        """Show a hint at the end of the button."""
        self.hint.setText(hint)
        self.fit()

    def update_theme(self) -> None:
        theme = current_theme()
        self.setFixedHeight(theme.px(themes.ROW_HEIGHT))
        self._image.setPixmap(icons.pixmap(self._icon_name, theme.text, theme.px(16)))
        self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self, *, keeps_hint: bool = False) -> bool:
        """Hide the hint if the label has no room beside it. Return True if both have room.

        The labels let the mouse through, so the button has the tooltip of what is hidden or cut.
        """
        hint_width = self.hint.sizeHint().width() + self._line.spacing()
        room = self.width() - self._line.minimumSize().width()
        room += hint_width if self.hint.isVisibleTo(self) else 0
        label_width = self._label.fontMetrics().horizontalAdvance(self._label.text())
        fits = label_width + hint_width <= room
        self.hint.setVisible(bool(self.hint.text()) and (fits or keeps_hint))
        set_tooltip(self, "" if fits else self.accessibleName())
        return fits


class SidebarFooter(ListButton):
    """The last line of the sidebar: the provider and its cost, with the menu of the program.

    Attributes:
        shown: the name and the icon of the provider, and its cost.
    """

    def __init__(self) -> None:
        self._is_near_cap = False
        self._note = ""
        self._ended = 0
        self._badge = PlainLabel(name="activity-badge", role="badge")
        self._chevron = PlainLabel()
        super().__init__("program-menu", "", "", role="row")
        self._line.addWidget(self._badge, 0, Qt.AlignmentFlag.AlignVCenter)
        self._line.addWidget(self._chevron)
        self._badge.hide()
        for part in (self._badge, self._chevron):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        themes.set_role(self._label, "note")
        menu = ProgramMenu(self)
        menu.fill_with(self._fill)
        self.setMenu(menu)
        self.show_provider("", "", "")

    def _fill(self, menu: QMenu) -> None:
        """Add the program's places, and the account in use, which leads to its settings."""
        add_commands(menu, *commands_in(Menu.PROGRAM))
        if (activity := command_of(self, "activity.show")) is not None:
            label = activity.text().partition("\t")[0]
            activity.setText(f"{label}\t{number(self._ended)}" if self._ended else label)
        menu.addSeparator()
        name, _, spending = self.shown
        account = menu.addAction(menu_text(name, keys=spending))
        account.setObjectName("account")
        account.triggered.connect(lambda: run_command(self, "provider.show"))

    def show_provider(
        self, name: str, icon_name: str, spending: str, *, is_near_cap: bool = False, note: str = ""
    ) -> None:
        """Show the provider with its icon, and `spending`, the cost of this month ("" for none).

        The cost is highlighted if it is near the provider's cap. The `note` is for the tooltip.
        """
        self.shown = (name, icon_name, spending)
        self._note = note
        self._icon_name = icon_name
        self._label.setText(name)
        self.hint.setText(spending)
        self._name()
        themes.set_style_property(self.hint, "role", "warning" if is_near_cap else "note")
        self._is_near_cap = is_near_cap
        self.update_theme()

    def show_ended(self, count: int) -> None:
        """Show how much has ended or failed that the user has not seen; 0 for nothing."""
        self._ended = count
        self._badge.setText(number(count))
        self._badge.setVisible(count > 0)
        self._name()
        self.fit()

    def _name(self) -> None:
        """Set the name for screen readers: the provider, its cost, and what has ended."""
        name, _, spending = self.shown
        ended = tr_plural("{count} has ended", "{count} have ended", self._ended)
        parts = (name, spending, ended if self._ended else "")
        self.setAccessibleName(spoken_text(", ".join(filter(None, parts))))

    def update_theme(self) -> None:
        theme = current_theme()
        self.setFixedHeight(theme.px(themes.ROW_HEIGHT))
        if self._icon_name:
            self._image.setPixmap(icons.pixmap(self._icon_name, theme.dim, theme.px(15)))
        self._image.setVisible(bool(self._icon_name))
        self._chevron.setPixmap(icons.pixmap("chevron-down", theme.dim, theme.px(12)))
        self.fit()

    def fit(self, *, keeps_hint: bool = False) -> bool:
        """Fit as others, but always show a cost that is near the cap."""
        fits = super().fit(keeps_hint=self._is_near_cap)
        if self._is_near_cap or self._note:
            hidden = self.accessibleName() if not fits else ""
            tip = tr("Spent this month, out of your limit") if self._is_near_cap else ""
            set_tooltip(self, "\n".join(filter(None, (hidden, tip, self._note))))
        return fits
