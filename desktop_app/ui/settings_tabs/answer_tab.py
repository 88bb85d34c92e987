"""How answers are made: for the open conversation, or as what every conversation starts from.

The same rows serve both. In a conversation a row shows what holds there, whether that is its own,
and lets go of it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app.settings.schema import Group
from desktop_app.ui.segmented_control import SegmentedControl
from desktop_app.ui.settings_tabs.fields import Note
from desktop_app.ui.settings_tabs.schema_form import SchemaForm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_app.ui.theme import Theme

HERE, DEFAULTS = "conversation", "defaults"
SCOPES: Final = ((HERE, "This conversation"), (DEFAULTS, "Defaults"))
_WORDS: Final = {
    HERE: "What is changed here stays with this conversation; the rest follows the defaults.",
    DEFAULTS: "For every conversation that sets nothing of its own.",
}


class AnswerTab(QWidget):
    """The page.

    Signals:
        changed(str, object): a default, by the setting's key.
        own_changed(str, str, object): a conversation's own value: its id, the key, the value.
        own_removed(str, str): a conversation follows the default again: its id, the key.
    """

    changed = Signal(str, object)
    own_changed = Signal(str, str, object)
    own_removed = Signal(str, str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._defaults: Mapping[str, object] = {}
        self._conversation_id = ""
        self._own: Mapping[str, object] = {}
        self._scope = SegmentedControl(SCOPES, theme, name="These settings are for", padding=6)
        self._scope.setObjectName("scope")
        self._scope.stretch()
        self._scope.set_current(DEFAULTS)
        self._note = Note(theme)
        self._form = SchemaForm(Group.ANSWER, theme)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._scope)
        self._column.addWidget(self._note)
        self._column.addWidget(self._form, 1)
        self._scope.chosen.connect(self._choose)
        self._form.changed.connect(self._tell)
        self._form.reset.connect(lambda key: self.own_removed.emit(self._conversation_id, key))
        self._shown = DEFAULTS
        self.set_theme(theme)
        self._show()

    def set_values(self, values: Mapping[str, object]) -> None:
        """The defaults."""
        self._defaults = values
        self._show()

    def set_own(self, conversation_id: str, own: Mapping[str, object]) -> None:
        """The open conversation, and the values that it has for itself."""
        if conversation_id != self._conversation_id:
            self._form.settle()  # what was typed belongs to the one before
        self._conversation_id, self._own = conversation_id, own
        self._show()

    def set_refusals(self, refusals: Mapping[str, str], notes: Mapping[str, str]) -> None:
        """Settings that the chosen model does not take, and what is to be known of others."""
        self._form.set_refusals(refusals, notes)

    def set_theme(self, theme: Theme) -> None:
        self._column.setSpacing(theme.px(10))

    def _choose(self, scope: str) -> None:
        self._form.settle()
        self._shown = scope
        self._show()

    def _show(self) -> None:
        is_here = self._shown == HERE
        self._note.set_text(_WORDS[self._shown])
        self._form.set_values({**self._defaults, **(self._own if is_here else {})})
        self._form.set_own(self._own if is_here else None)

    def _tell(self, key: str, value: object) -> None:
        if self._shown == HERE:
            self.own_changed.emit(self._conversation_id, key, value)
        else:
            self.changed.emit(key, value)
