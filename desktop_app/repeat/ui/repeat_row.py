"""The row below the batch jobs: which prompts repeat, and what can be done with them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.desktop.user_timer import UserTimer
from desktop_app.domain.conversations.conversation import title_from
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.paths import folders
from desktop_app.repeat.repeat import EVERY_LABELS
from desktop_app.repeat.ui.repeat_controller import RepeatController
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.buttons.dialog_button import MenuButton
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import PlainLabel, menu_text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu

    from desktop_app.app.session import Session
    from desktop_app.repeat.repeat import Repeat


class RepeatRow(QWidget):
    """A summary of the prompts that repeat, with their menu.

    Attributes:
        repeats: as shown.
        button: opens the menu.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("repeat-row")
        self._controller = session.of(RepeatController)
        self.repeats: list[Repeat] = []
        self._summary = PlainLabel(name="repeat-summary", role="note", wraps=True)
        self.button = MenuButton(self._fill, object_name="repeat-menu")
        self.button.setText(tr("Repeat"))
        title = PlainLabel(tr("Repeat"), role="strong")
        texts = column_of(title, self._summary, spacing=2)
        row_of((texts, 1), self.button, parent=self, margins=0, spacing=12)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._controller.changed.connect(self._show)
        session.tasks.start(self._controller.check())

    def _show(self, repeats: list[Repeat]) -> None:
        self.repeats = repeats
        if not repeats:
            text = tr("Have a prompt asked every day, weekday, week, or month.")
        else:
            next_time = min(repeat.next_time() for repeat in repeats)
            text = tr_plural(
                "{count} prompt, next {moment}",
                "{count} prompts, next {moment}",
                len(repeats),
                moment=formatting.moment(next_time),
            )
        errors = [repeat.error.what_happened for repeat in repeats if repeat.error is not None]
        self._summary.setText("\n".join((text, *errors)))

    def _fill(self, menu: QMenu) -> None:
        menu.addAction(tr("Repeat a prompt…"), self._controller.begin).setObjectName("repeat-new")
        for repeat in self.repeats:
            at = formatting.time(repeat.next_time())
            when = tr("{day}, {time}", day=tr(EVERY_LABELS[repeat.every]), time=at)
            submenu = ProgramMenu(menu_text(f"{title_from(repeat.prompt)} · {when}"), menu)
            submenu.addAction(tr("Ask now"), partial(self._controller.ask, repeat))
            submenu.addAction(tr("Remove"), partial(self._controller.remove, repeat))
            menu.addMenu(submenu)
        timer = UserTimer(folders().scope)
        if timer.is_possible:
            menu.addSeparator()
            switch = menu.addAction(tr("Also while Repartee is closed"))
            switch.setCheckable(True)
            switch.setChecked(timer.is_on)
            switch.triggered.connect(self._controller.set_timer)
