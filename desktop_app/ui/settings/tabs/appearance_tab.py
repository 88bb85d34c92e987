"""The Appearance page: how the window looks, and how the program behaves on the desktop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop_app.settings.setting import Group
from desktop_app.ui.settings.tabs.schema_form import SchemaForm
from desktop_app.ui.widgets.boxes import STRETCH, column_of

if TYPE_CHECKING:
    from collections.abc import Mapping


class AppearanceTab(QWidget):
    """The Appearance page, with a form for the window and a form for the desktop below it.

    Signals:
        changed(str, object): a setting's key and the user's new value.
        edit_requested(EditRequest): change a value in a window of its own.
    """

    changed = Signal(str, object)
    edit_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._forms = (SchemaForm(Group.LOOK), SchemaForm(Group.DESKTOP))
        column_of(*self._forms, STRETCH, parent=self, margins=0, spacing=16)
        for form in self._forms:
            form.changed.connect(self.changed)
            form.edit_requested.connect(self.edit_requested)

    def set_values(self, values: Mapping[str, object]) -> None:
        """Show these values, or the defaults."""
        for form in self._forms:
            form.set_values(values)

    def set_refusals(self, refusals: Mapping[str, str]) -> None:
        """Disable the settings in `refusals`; their help is replaced by the reason."""
        for form in self._forms:
            form.set_refusals(refusals)
