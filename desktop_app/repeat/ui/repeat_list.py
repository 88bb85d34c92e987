"""The list of the prompts that repeat, below the batch jobs."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QCheckBox, QSizePolicy, QWidget

from desktop_app.desktop.user_timer import UserTimer
from desktop_app.domain.conversations.conversation import title_from
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.ui.navigator import Navigator
from desktop_app.paths import folders
from desktop_app.repeat.ui.repeat_controller import RepeatController, RepeatState
from desktop_app.repeat.wording import run_text, time_text
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import MenuButton, dialog_button
from desktop_app.widgets.forms.form_widgets import Note
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainLabel, menu_text, spoken_text
from desktop_app.widgets.windows import scroll_area_of

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent, QShowEvent
    from PySide6.QtWidgets import QMenu

    from desktop_app.app.session import Session
    from desktop_app.repeat.repeat import Repeat
    from desktop_app.repeat.repeat_store import Run

_ABOUT: Final = N_("Have a prompt asked every day, weekday, week, or month.")
_MOST_HEIGHT: Final = 220  # of the rows, in pixels at the default text size


class _Row(QWidget):
    """A prompt with its times, its last run, and its menu."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._controller = session.of(RepeatController)
        self.repeat: Repeat
        self._runs: list[Run] = []
        self._title = PlainLabel(name="repeat-title")
        self._facts = PlainLabel(name="repeat-facts", role="note", wraps=True)
        self._last = PlainLabel(name="repeat-last", role="note", wraps=True)
        self.button = MenuButton(self._fill, object_name="repeat-menu")
        texts = column_of(self._title, self._facts, self._last, spacing=0)
        row_of((texts, 1), self.button, parent=self, margins=0, spacing=12)

    def show_repeat(self, repeat: Repeat, runs: list[Run]) -> None:
        self.repeat, self._runs = repeat, runs
        title = title_from(repeat.prompt)
        self._title.setText(title)
        self._facts.setText(time_text(repeat))
        self._last.setText(tr("Last: {run}", run=run_text(runs[0])) if runs else "")
        self._last.setVisible(bool(runs))
        self.button.setText(tr("Paused") if repeat.paused else tr("On"))
        self.button.setAccessibleName(spoken_text(tr("Repeated prompt {title}", title=title)))

    def _fill(self, menu: QMenu) -> None:
        repeat, controller = self.repeat, self._controller
        menu.addAction(tr("Ask now"), partial(controller.ask, repeat))
        menu.addAction(tr("Edit…"), partial(controller.edit, repeat))
        pause = partial(controller.set_paused, repeat, not repeat.paused)
        menu.addAction(tr("Resume") if repeat.paused else tr("Pause"), pause)
        menu.addAction(tr("Remove"), partial(controller.remove, repeat))
        if self._runs:
            menu.addSection(tr("Last times"))
        for run in self._runs:
            entry = menu.addAction(menu_text(run_text(run)), partial(self._open, run))
            entry.setEnabled(bool(run.conversation_id))

    def _open(self, run: Run) -> None:
        self._session.tasks.start(self._session.of(Navigator).open(run.conversation_id))


class RepeatList(QWidget):
    """The prompts that repeat, with what can be done with them.

    Attributes:
        repeats: as shown.
        rows: a row for each of them.
        add_button: asks for another one.
        timer_box: has systemd ask them while the program is closed.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("repeat-list")
        self._session = session
        self._controller = session.of(RepeatController)
        self.repeats: list[Repeat] = []
        self.rows: list[_Row] = []
        self._about = PlainLabel(tr(_ABOUT), role="note", wraps=True)
        self.add_button = dialog_button(tr("Repeat a prompt…"), "repeat-new")
        self.add_button.clicked.connect(self._controller.begin)
        head = row_of(
            (PlainLabel(tr("Repeated prompts"), role="strong"), 1), self.add_button, spacing=12
        )
        inner = QWidget()
        self._column = column_of(STRETCH, parent=inner, margins=0, spacing=8)
        self._area = scroll_area_of(inner)
        self._damage = Note(object_name="repeat-damage")
        self._damaged: list[str] = []
        self._remove_button = dialog_button(tr("Remove"), "repeat-remove-damaged")
        self._remove_button.clicked.connect(self._remove_damaged)
        damage = row_of((self._damage, 1), self._remove_button, spacing=12)
        self._timer = UserTimer(folders().scope)
        self.timer_box = QCheckBox(tr("Also while Repartee is closed"))
        self.timer_box.setObjectName("repeat-timer")
        self.timer_box.setVisible(self._timer.is_possible)
        self.timer_box.clicked.connect(self._set_timer)
        self._timer_note = Note(object_name="repeat-timer-problem")
        parts = (head, self._about, self._area, damage, self.timer_box, self._timer_note)
        column_of(*parts, parent=self, margins=0, spacing=6)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._show(RepeatState([], {}, []))
        self._controller.changed.connect(self._show)
        session.tasks.start(self._controller.check())

    def _show(self, state: RepeatState) -> None:
        self.repeats = state.repeats
        self._about.setVisible(not state.repeats)
        known = {row.repeat.id: row for row in self.rows}  # keeps the focus
        self.rows = []
        for repeat in state.repeats:
            row = known.pop(repeat.id, None) or _Row(self._session)
            row.show_repeat(repeat, state.runs.get(repeat.id, []))
            self._column.insertWidget(len(self.rows), row)
            self.rows.append(row)
        for row in known.values():
            row.hide()
            row.deleteLater()
        self._area.setVisible(bool(self.rows))
        self._fit()
        self._damaged = state.damaged
        self._remove_button.setVisible(bool(state.damaged))
        ids = ", ".join(repeat_id[:8] for repeat_id in state.damaged)
        words = tr("Damaged, so it can’t be asked: {ids}", ids=ids) if state.damaged else ""
        self._damage.set_text(words, "error")

    def _remove_damaged(self) -> None:
        for repeat_id in self._damaged:
            self._controller.remove(repeat_id)

    def _fit(self) -> None:
        height = self._column.totalHeightForWidth(self._area.viewport().width())
        height = max(height, self._column.totalSizeHint().height())
        self._area.setFixedHeight(min(height, current_theme().px(_MOST_HEIGHT)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._session.tasks.start(self._show_timer())

    async def _show_timer(self) -> None:
        """Show whether systemd really runs the timer."""
        problem = await asyncio.to_thread(self._timer.problem) if self._timer.is_wanted else ""
        self.timer_box.setChecked(self._timer.is_wanted and not problem)
        self._timer_note.set_text(problem, "error")

    def _set_timer(self, wanted: bool) -> None:
        async def change() -> None:
            try:
                await self._controller.set_timer(wanted)
            except StorageError as error:
                self._session.window.notifications.notify(error)
            await self._show_timer()

        self._session.tasks.start(change())
