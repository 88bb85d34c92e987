"""The tabs above a page that belongs to one of the pages that several features share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QWidget

from desktop_app.i18n.translation import N_, tr
from desktop_app.shortcuts.command import Command, Tab, all_commands
from desktop_app.widgets.boxes import STRETCH, row_of
from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.program_menu import run_command

GROUPS: Final[Mapping[str, str]] = {"library": N_("Library"), "models": N_("Models")}
"""The titles of the shared pages, by their keys."""
_MARGINS: Final = (16, 2, 16, 0)  # in pixels at the default text size, as of the pages below


class PageTabs(QFrame):
    """The tabs of the shared page that is shown; hidden above other pages.

    The arrow keys move between the tabs, which then keep the focus; a click moves it to the page.
    The tabs are made when they are first shown: a window with a restored conversation is built
    before the features have registered their commands.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, str] = {}  # the command of the tab that was shown last, by group
        self._controls: dict[str, SegmentedControl] = {}
        self._row = row_of(STRETCH, parent=self, margins=_MARGINS)
        self.hide()

    def _control(self, group: str) -> SegmentedControl:
        if group not in self._controls:
            tabs = _tabs_of(group)
            labels = [(command.id, tab.label()) for tab, command in tabs]
            control = SegmentedControl(labels, name=tr(GROUPS[group]), padding=12)
            control.setObjectName(f"{group}-tabs")
            for _, command in tabs:  # a dot would part the name for AT-SPI
                control.button(command.id).setObjectName(f"tab-{command.page}")
            control.chosen.connect(partial(run_command, self))
            self._row.insertWidget(0, control)
            self._controls[group] = control
            self._fit(control)
        return self._controls[group]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Use smaller labels in a narrow pane."""
        super().resizeEvent(event)
        for control in self._controls.values():
            self._fit(control)

    def _fit(self, control: SegmentedControl) -> None:
        control.fit(self.contentsRect().width() - 2 * current_theme().px(_MARGINS[0]))

    def open(self, group: str) -> None:
        """Show a shared page at the tab that was shown last."""
        run_command(self, self._last.get(group) or _tabs_of(group)[0][1].id)

    def show_for(self, page: QWidget | None) -> str:
        """Show the tabs of the shared page that has a page, and return its title; "" for none."""
        name = "" if page is None else page.objectName()
        shown = next((each for each in all_commands() if name and each.page == name), None)
        group = "" if shown is None or shown.tab is None else shown.tab.group
        for key, control in self._controls.items():
            control.setVisible(key == group)
        self.setVisible(bool(group))
        if shown is None or not group:
            return ""
        control = self._control(group)
        self._last[group] = shown.id
        control.set_current(shown.id)
        for _, command in _tabs_of(group):
            policy = Qt.FocusPolicy.TabFocus if command is shown else Qt.FocusPolicy.NoFocus
            control.button(command.id).setFocusPolicy(policy)
        return tr(GROUPS[group])

    @property
    def has_focus(self) -> bool:
        focused: QWidget | None = self.window().focusWidget()  # PySide's types forget None
        return focused is not None and self.isAncestorOf(focused)

    def focus(self, reason: Qt.FocusReason = Qt.FocusReason.OtherFocusReason) -> None:
        """Focus the tab of the page that is shown."""
        for control in self._controls.values():
            current = control.current()
            if not control.isHidden() and current is not None:
                control.button(current).setFocus(reason)


def _tabs_of(group: str) -> list[tuple[Tab, Command]]:
    tabs = [(c.tab, c) for c in all_commands() if c.tab is not None and c.tab.group == group]
    return sorted(tabs, key=lambda each: each[0].position)
