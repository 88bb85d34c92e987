"""The page of everything that runs without the user, whose rows features contribute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QWidget

from desktop_app.app.activity import ActivityRow, Do
from desktop_app.app.features import ACTIONS, FEATURES
from desktop_app.app.session import Session
from desktop_app.app.window.activity_badge import ActivityBadge
from desktop_app.i18n.translation import tr
from desktop_app.shortcuts.command import Menu, commands_in
from desktop_app.widgets.boxes import DIALOG_MARGINS, FlowLayout, column_of
from desktop_app.widgets.buttons.dialog_button import MenuButton, dialog_button
from desktop_app.widgets.empty_page import EmptyPage
from desktop_app.widgets.forms.tab_order import order_children
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW, RowsModel
from desktop_app.widgets.rows.two_lines import TwoLineDelegate, TwoLines
from desktop_app.widgets.text.foreign_text import menu_text, spoken_text

_REFRESH_MS: Final = 300
_MOST_ACTIONS: Final = 4


def _facts(row: ActivityRow) -> str:
    return " · ".join(filter(None, (row.kind, row.state)))


class ActivityPage(QWidget):
    """The page Activity: a row for each thing, and below the list what can be done with it.

    Attributes:
        view: the rows: what runs, what will run, what has ended.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self._session = session
        self._badge = session.of(ActivityBadge)
        self._is_opening = False
        self._shown: Sequence[tuple[object, ...]] | None = None
        self.setObjectName("activity")
        self.setWindowTitle(tr("Activity"))
        self._model: RowsModel[ActivityRow] = RowsModel(
            lambda row: row.title,
            lambda row: tr("{name}, {facts}", name=row.title, facts=_facts(row)),
            self,
            tooltip=lambda row: f"{row.title}\n{_facts(row)}",
        )
        delegate = TwoLineDelegate(
            self, lambda row: TwoLines(row.title, _facts(row), row.progress, row.has_failed)
        )
        self.view = RowView("activity-list", self._model, delegate)
        self.view.setAccessibleName(spoken_text(tr("Activity")))
        sentence = tr(
            "Responses in the background, repeated prompts, batch jobs, and downloads are listed "
            "here."
        )
        self._empty = EmptyPage("list", sentence, name="activity-empty")
        titles = {action.id: tr(action.menu_label or action.title) for action in ACTIONS}
        begin = []
        for id_ in commands_in(Menu.ACTIVITY):
            begin.append(dialog_button(titles[id_], f"begin-{id_.replace('.', '-')}"))
            begin[-1].clicked.connect(session.actions[id_].trigger)
        self._begin = begin
        self._open_button = dialog_button(tr("Open"), "activity-open")
        self._open_button.clicked.connect(lambda: self._run(lambda row: row.open()))
        self._buttons = [
            dialog_button("", f"activity-action-{number}") for number in range(_MOST_ACTIONS)
        ]
        for number, button in enumerate(self._buttons):
            button.clicked.connect(
                lambda _=False, number=number: self._run(lambda row: row.actions[number][1]())
            )
        self._history = MenuButton(self._fill_history, object_name="activity-history")
        self._history.setText(tr("Last times"))
        foot = FlowLayout(self._open_button, *self._buttons, self._history)
        self._head = FlowLayout()
        parts = (self._head, (self.view, 1), (self._empty, 1), foot)
        sections = session.make_sections("activity")
        column_of(*parts, *sections, parent=self, margins=DIALOG_MARGINS, spacing=12)
        self.view.clicked.disconnect(self.view.chosen)  # a click chooses what the buttons act on
        self.view.doubleClicked.connect(self.view.chosen)
        self.view.chosen.connect(lambda _index: self._run(lambda row: row.open()))
        self.view.menu_requested.connect(self._open_menu)
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._show_buttons())
        self._timer = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._timer.timeout.connect(session.tasks.slot(self._fill))
        session.events.activity_changed.connect(lambda _id: self._fill_soon())
        session.events.store_changed.connect(self._fill_soon)
        self._show_rows(())

    def open(self) -> None:
        self._session.window.show_page(self)

    @property
    def rows(self) -> Sequence[ActivityRow]:
        return self._model.rows

    @property
    def current(self) -> ActivityRow | None:
        """Return the row that the buttons act on; None without rows."""
        index = self.view.current_row
        return index.data(ROW) if index.isValid() else None

    def select(self, row_id: str) -> None:
        """Choose the row with an id, else the first."""
        ids = [row.id for row in self.rows]
        number = ids.index(row_id) if row_id in ids else 0
        self.view.setCurrentIndex(self.view.row_of(self._model.index(number)))

    # ------------------------------------------------------------ rows

    def _fill_soon(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    async def _fill(self) -> None:
        rows: list[ActivityRow] = []
        for feature in FEATURES:
            if feature.activity is not None:
                rows += await feature.activity(self._session)
        self._show_rows(sorted(rows, key=lambda row: row.order))
        focused: QWidget | None = self.window().focusWidget()  # PySide's types forget None
        if self._is_opening and rows and focused is not None and self.isAncestorOf(focused):
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)
        self._is_opening = False

    def _show_rows(self, rows: Sequence[ActivityRow]) -> None:
        """Show rows; the current one stays current."""
        shown = [(row.id, row.title, _facts(row), row.progress, row.has_failed) for row in rows]
        if shown == self._shown:  # a reset would be read out again
            self._model.rows = rows
            self._show_buttons()
            return
        if not self._shown or not rows:
            self._place_begin(has_rows=bool(rows))
        self._shown = shown
        current = self.current
        position = self.view.verticalScrollBar().value()
        self._model.set_rows(rows)
        self.view.setVisible(bool(rows))
        self._empty.setVisible(not rows)
        self.view.update_focus_policy()
        if rows:
            self.select("" if current is None else current.id)
            self.view.verticalScrollBar().setValue(position)
        self._show_buttons()

    def _place_begin(self, *, has_rows: bool) -> None:
        """Put what begins something in the middle of the empty page, or above the rows."""
        focused = next((button for button in self._begin if button.hasFocus()), None)
        if not has_rows:
            self._empty.add_buttons(*self._begin)
        for button in self._begin if has_rows else ():
            self._head.addWidget(button)
        order_children(self, self._begin)
        if focused is not None:
            focused.show()
            focused.setFocus()

    def _show_buttons(self) -> None:
        """Show what can be done with the current row; a button that goes passes the focus on."""
        row = self.current
        actions = () if row is None else row.actions
        focused: QWidget | None = self.window().focusWidget()  # PySide's types forget None
        self._open_button.setVisible(row is not None)
        for number, button in enumerate(self._buttons):
            button.setVisible(number < len(actions))
            if number < len(actions):
                button.setText(actions[number][0])
        self._history.setVisible(row is not None and bool(row.history))
        if focused is self or (
            focused is not None and self.isAncestorOf(focused) and focused.isHidden()
        ):
            follower = self.view if row is not None else self._begin[0] if self._begin else self
            follower.setFocus(Qt.FocusReason.OtherFocusReason)

    def _run(self, action: Callable[[ActivityRow], object]) -> None:
        if (row := self.current) is not None:
            self._run_action(partial(action, row))

    def _run_action(self, action: Do) -> None:
        action()
        self._fill_soon()

    def _open_menu(self, index: QModelIndex, position: QPoint) -> None:
        if not index.isValid():
            return
        self.view.setCurrentIndex(index)
        row: ActivityRow = index.data(ROW)
        menu = ProgramMenu(self)
        menu.setObjectName("activity-menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for label, action in ((tr("Open"), row.open), *row.actions):
            menu.addAction(menu_text(label), partial(self._run_action, action))
        if row.history:
            menu.addSection(tr("Last times"))
            self._fill_history(menu)
        menu.popup(position)

    def _fill_history(self, menu: QMenu) -> None:
        for text, open_run in () if self.current is None else self.current.history:
            entry = menu.addAction(menu_text(text))
            entry.setEnabled(open_run is not None)
            if open_run is not None:
                entry.triggered.connect(lambda _=False, do=open_run: do())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._badge.set_looking(True)
        self._is_opening = True
        self._session.tasks.start(self._fill())

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._badge.set_looking(False)
