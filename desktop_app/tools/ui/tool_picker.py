"""The list of tools: which ones the model may call, and whether the user is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QScrollArea, QWidget

from desktop_app.domain.places import LinkedText, plain_text
from desktop_app.domain.tools.tool import Permission
from desktop_app.domain.tools.tool_words import tool_title
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import press_focused
from desktop_app.widgets.forms.form_widgets import Combo
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.foreign_text import (
    PlainButton,
    PlainLabel,
    menu_text,
    multiline_text,
    one_line,
    set_tooltip,
    spoken_text,
)
from desktop_app.widgets.text.linked_label import LinkedLabel

_PERMISSIONS: Final = {
    Permission.ASK: N_("Ask first"),
    Permission.CONVERSATION: N_("Allowed here"),
    Permission.ALWAYS: N_("Always allowed"),
    Permission.NEVER: N_("Never allowed"),
}
_MAX_FORM_NAME_CHARACTERS: Final = 40
_MIN_PERMISSION_CHARACTERS: Final = 12
"""The least width of a list of permissions in characters."""
_WIDTH: Final = 520
_MARGIN: Final = 14
_SPACING: Final = 8
"""Between a tool's name, its permission and the scroll bar."""
_MAX_HEIGHT: Final = 420
_HEIGHT_BESIDE_LIST: Final = 130
"""For the title, the note, the button and the margins."""
# Distances chosen by eye.
_GAP: Final = 6
"""Between the popup and its button, and the least between the popup and the window's edges."""
_MIN_WIDTH_BESIDE_POPUP: Final = 24
_MIN_HEIGHT_BESIDE_POPUP: Final = 48


@dataclass(frozen=True)
class ToolChoice:
    """A tool in the list.

    Attributes:
        name: its full name.
        words: what the tool does and can access, for the note below its name.
        reason: why it cannot be chosen; () if it can.
        permission: None if its calls need no consent.
    """

    name: str
    words: str
    reason: LinkedText = ()
    is_chosen: bool = False
    permission: Permission | None = None


class ToolPicker(QFrame):
    """Popup with the list of tools.

    Signals:
        chosen(tuple[str, ...]): the full names of the tools that the user has chosen.
        permission_chosen(str, Permission): the full name of a tool, and its new permission.
        form_requested(): the user wants to choose the form of the answers: none, a JSON Schema or
            a grammar. The button calls it the response format.
    """

    chosen = Signal(object)
    permission_chosen = Signal(str, object)
    form_requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        theme = current_theme()
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("tool-picker")
        self.setAccessibleName(tr("Tools"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        set_role(self, "popup")
        self._boxes: dict[str, QCheckBox] = {}  # by tool
        self._anchor: QWidget | None = None
        self._wanted_height = theme.px(_MAX_HEIGHT)
        self.title = PlainLabel(tr("Tools"), role="strong")
        self.note = PlainLabel(tr("Loading…"), role="note", wraps=True)
        self.form_button = PlainButton(name="tool-picker-form", role="link")
        self.form_button.clicked.connect(self._request_form)
        self.form_button.hide()
        self._area = QScrollArea()
        self._area.setObjectName("tool-list")
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        parts = (self.title, self.note, (self._area, 1), self.form_button)
        column_of(*parts, parent=self, margins=_MARGIN, spacing=8)
        self._area.hide()
        self.resize(theme.px(_WIDTH), theme.px(120))

    def set_form(self, form_name: str) -> None:
        """Offer the form of the answers too; `form_name` names the current form."""
        self.form_button.setText(
            tr("Response format: {format}", format=one_line(form_name, _MAX_FORM_NAME_CHARACTERS))
        )
        self.form_button.show()

    def set_tools(self, tools: Sequence[ToolChoice], *, is_for_conversation: bool) -> None:
        """Show the tools.

        Args:
            is_for_conversation: whether they are chosen for the open conversation only.
        """
        if is_for_conversation:
            self.note.setText(tr("The model may call these in this conversation."))
        else:
            self.note.setText(tr("The model may call these."))
        content = QWidget()
        rows = [self._create_row(tool) for tool in tools]
        column_of(*rows, STRETCH, parent=content, margins=(0, 0, _SPACING, 0), spacing=10)
        self._area.setWidget(content)
        self._area.viewport().setAutoFillBackground(False)
        self._area.show()
        px = current_theme().px
        self._wanted_height = min(
            content.sizeHint().height() + px(_HEIGHT_BESIDE_LIST), px(_MAX_HEIGHT)
        )
        if self._anchor is not None:
            self._place(self._anchor)
        first = next((box for box in self._boxes.values() if box.isEnabled()), None)
        if first is not None:
            first.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not press_focused(self, event):
            super().keyPressEvent(event)

    def show_at(self, anchor: QWidget) -> None:
        """Open above a button, or below it if there is no room, within its window."""
        self._anchor = anchor
        self._place(anchor)
        self.show()

    def _place(self, anchor: QWidget) -> None:
        window = anchor.window()
        self.resize(
            min(
                current_theme().px(_WIDTH),
                window.width() - current_theme().px(_MIN_WIDTH_BESIDE_POPUP),
            ),
            min(
                self._wanted_height, window.height() - current_theme().px(_MIN_HEIGHT_BESIDE_POPUP)
            ),
        )
        top = anchor.mapTo(window, QPoint(0, 0))
        gap = current_theme().px(_GAP)
        x = max(gap, min(top.x(), window.width() - self.width() - gap))
        y = top.y() - self.height() - gap
        if y < gap:
            y = min(top.y() + anchor.height() + gap, window.height() - self.height() - gap)
        self.move(window.mapToGlobal(QPoint(x, max(gap, y))))

    def _create_row(self, tool: ToolChoice) -> QWidget:
        row = QWidget()
        box = QCheckBox()
        combo = None
        if tool.permission is not None:
            combo = self._permission_field(tool.name, tool.permission)
        px = current_theme().px
        available_width = self.width() - 2 * px(_MARGIN) - 2 * px(_SPACING)
        available_width -= (
            box.sizeHint().width() + self._area.verticalScrollBar().sizeHint().width()
        )
        if combo is not None:
            available_width -= combo.sizeHint().width() + px(_SPACING)
        name = one_line(tool_title(tool.name))
        # A name as wide as the list would push the permission out of sight.
        fitting = box.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, available_width)
        box.setText(menu_text(fitting))
        set_tooltip(box, "" if fitting == name else name)
        box.setAccessibleName(spoken_text(name))
        box.setObjectName(f"tool-{tool.name}")
        box.setChecked(tool.is_chosen)
        # A chosen tool that can no longer be chosen can still be removed from the choice.
        box.setEnabled(not tool.reason or tool.is_chosen)
        box.setAccessibleDescription(spoken_text(plain_text(tool.reason) or tool.words))
        box.toggled.connect(lambda _is_chosen: self._emit_chosen())
        self._boxes[tool.name] = box
        if combo is None:
            head = row_of((box, 1), spacing=_SPACING)
        else:
            head = row_of((box, 1), combo, spacing=_SPACING)
        column = column_of(head, parent=row, margins=0, spacing=2)
        if tool.words:
            column.addWidget(self._style_note(PlainLabel(multiline_text(tool.words))))
        if tool.reason:
            reason = LinkedLabel()
            reason.set_linked_text(tool.reason)
            # A link leads to a place outside of the popup, such as a page of the settings.
            reason.place_requested.connect(self.close)
            column.addWidget(self._style_note(reason))
        return row

    @staticmethod
    def _style_note(label: PlainLabel) -> PlainLabel:
        label.setWordWrap(True)
        set_role(label, "note")
        return label

    def _permission_field(self, name: str, permission: Permission) -> Combo:
        combo = Combo(
            tr("Permission of {tool}", tool=tool_title(name)), object_name=f"permission-{name}"
        )
        combo.setMinimumContentsLength(_MIN_PERMISSION_CHARACTERS)
        for offered, label in _PERMISSIONS.items():
            if offered is Permission.CONVERSATION and permission is not offered:
                # The user permits a tool in one conversation when a call asks. Here this permission
                # is listed only so that the field can show it.
                continue
            combo.addItem(tr(label), offered)
        combo.setCurrentIndex(combo.findData(permission))
        combo.activated.connect(
            lambda index: self.permission_chosen.emit(name, Permission(combo.itemData(index)))
        )
        return combo

    def _emit_chosen(self) -> None:
        self.chosen.emit(tuple(name for name, box in self._boxes.items() if box.isChecked()))

    def _request_form(self) -> None:
        self.close()
        self.form_requested.emit()
