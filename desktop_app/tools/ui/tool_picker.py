"""The list of tools: which ones the model may call, and whether the user is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QWidget
from shiboken6 import isValid

from desktop_app.app.session import Session
from desktop_app.domain.error_text import WINDOW, error_segments
from desktop_app.domain.places import LinkedText, LinkSegment, plain_text
from desktop_app.domain.tools.tool import OWN_SEARCH, WEB_SEARCH, ListedTool, Permission, ToolKind
from desktop_app.domain.tools.tool_words import tool_title
from desktop_app.i18n.translation import N_, paragraph, tr
from desktop_app.tools.calls.consent import fingerprint
from desktop_app.tools.calls.hosted_tools import hosted_refusal, price_text
from desktop_app.tools.ui.consent_card import KIND_NOTES
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.buttons.dialog_button import press_focused
from desktop_app.widgets.forms.form_widgets import Combo
from desktop_app.widgets.forms.schema_form import EditRequest, describe_form
from desktop_app.widgets.look.popup_card import card_of, make_card
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
from desktop_app.widgets.windows import scroll_area_of

_PERMISSIONS: Final = {
    Permission.ASK: N_("Ask first"),
    Permission.CONVERSATION: N_("Allowed here"),
    Permission.ALWAYS: N_("Always allowed"),
    Permission.NEVER: N_("Never allowed"),
}
_MAX_FORM_NAME_CHARACTERS: Final = 40
_WIDTH: Final = 520
_WIDE_WIDTH: Final = 920
"""With the groups beside each other."""
_MARGIN: Final = 14
_SPACING: Final = 8
"""Between a tool's name, its permission and the scroll bar."""
_FIRST_HEIGHT: Final = 420
"""Until the tools are listed."""
_HEIGHT_BESIDE_LIST: Final = 130
"""For the title, the note, the button and the margins."""
# Distances chosen by eye.
_GAP: Final = 6
"""Between the popup and its button, and the least between the popup and the window's edges."""
_MIN_WIDTH_BESIDE_POPUP: Final = 24
_MIN_HEIGHT_BESIDE_POPUP: Final = 48


_GROUPS: Final = (N_("On this computer"), N_("Tool servers"), N_("At the provider"))


def _group_of(tool: ListedTool) -> int:
    """Return the index in _GROUPS of where a tool runs."""
    if tool.definition.hosted is not None:
        return 2
    return 1 if tool.definition.source else 0


class ToolPicker(QFrame):
    """Popup with the list of tools.

    Args:
        request: the chosen tools, and what is done when the user chooses others.
        choose_form: lets the user choose the form of the open conversation's answers; None if the
            tools are not chosen for the open conversation.
    """

    def __init__(
        self, session: Session, request: EditRequest, choose_form: Callable[[], object] | None
    ) -> None:
        theme = current_theme()
        super().__init__(session.window, Qt.WindowType.Popup)
        self.setObjectName("tool-picker")
        self.setAccessibleName(tr("Tools"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        set_role(self, "popup")
        make_card(self)
        self._session = session
        self._request = request
        self._permissions = session.backend.permissions
        self._conversation_id = session.current.id
        self._boxes: dict[str, QCheckBox] = {}  # by tool
        self._fingerprints: dict[str, str] = {}  # of the tools as they are shown
        self._wanted_height = theme.px(_FIRST_HEIGHT)
        note = tr("The model may call these in this conversation. The provider gets the results.")
        self._loaded_note = note if choose_form else tr("The model may call these.")
        self._note = PlainLabel(tr("Loading…"), role="note", wraps=True)
        self._content = QWidget()
        # The groups are beside each other, so that all tools are in sight, if there is room.
        available = self._request.anchor.window().width() - theme.px(_MIN_WIDTH_BESIDE_POPUP)
        self._is_wide = available >= theme.px(_WIDE_WIDTH)
        self._groups = (row_of if self._is_wide else column_of)(
            parent=self._content, margins=(0, 0, _SPACING, 0), spacing=20 if self._is_wide else 10
        )
        self._rows = column_of(spacing=8)
        self._area = scroll_area_of(self._content)
        self._area.setObjectName("tool-list")
        self._area.hide()
        title = PlainLabel(tr("Tools"), role="strong")
        column = column_of(
            title, self._note, (self._area, 1), parent=self, margins=_MARGIN, spacing=8
        )
        if choose_form is not None:
            form = describe_form(session.setup.ask_settings.parameters.form)
            form = one_line(form, _MAX_FORM_NAME_CHARACTERS)
            label = tr("Response format: {format}", format=form)
            form_button = PlainButton(label, name="tool-picker-form", role="link")
            form_button.clicked.connect(self.close)
            form_button.clicked.connect(choose_form)
            column.addWidget(form_button, 0, Qt.AlignmentFlag.AlignLeading)
        self._place()
        self.show()
        session.tasks.start(self._fill())

    async def _fill(self) -> None:
        """List all tools, and those that no longer exist but are still chosen or permitted."""
        chosen = set(filter(None, self._request.value.split("\n")))
        stored_permissions = await self._permissions.for_all_conversations()
        known: dict[str, tuple[ListedTool, Permission | None]] = {}
        for tool in await self._session.backend.tools.list_tools():
            name = tool.definition.full_name
            permission = None
            if tool.definition.needs_consent:
                mark = self._fingerprints[name] = fingerprint(tool.definition)
                permission = await self._permissions.permission(self._conversation_id, name, mark)
            known[name] = tool, permission
        if not isValid(self):  # closed meanwhile
            return
        self._note.setText(self._loaded_note)
        catalog, setup = self._session.backend.catalog, self._session.setup
        group = ""
        for name, (tool, permission) in sorted(
            known.items(), key=lambda item: _group_of(item[1][0])
        ):
            definition, refusal = tool.definition, tool.refusal
            if _GROUPS[_group_of(tool)] != group:
                group = _GROUPS[_group_of(tool)]
                self._begin_group(tr(group))
            described = definition
            if definition.hosted is not None:
                refusal = hosted_refusal(definition.name, setup.resolved) or refusal
            own_search = known.get(OWN_SEARCH)
            if name == WEB_SEARCH and refusal and own_search and own_search[0].is_available:
                described, refusal = own_search[0].definition, None  # it replaces the provider's
            reason = () if refusal is None else error_segments(refusal, WINDOW)
            kind = definition.kind
            kind_note = "" if kind is ToolKind.READS else tr(KIND_NOTES[kind])
            kind_note = kind_note if definition.needs_consent else ""
            price = price_text(tool, catalog.hosted_tools, setup.profile)
            price = "" if described is not definition else price
            words = paragraph(described.display_description, kind_note, price)
            self._add_row(name, words, reason, permission, is_chosen=name in chosen)
        missing = (LinkSegment(tr("No longer exists.")),)
        for name in sorted({*stored_permissions, *chosen} - set(known)):
            permission = stored_permissions.get(name)
            self._add_row(name, "", missing, permission, is_chosen=name in chosen)
        self._end_group()
        self._area.show()
        px = current_theme().px
        self._place()  # the width decides on the height
        rows_width = card_of(self).width() - px(2 * _MARGIN + _SPACING)
        self._wanted_height = self._groups.heightForWidth(rows_width) + px(_HEIGHT_BESIDE_LIST)
        self._place()
        first = next((box for box in self._boxes.values() if box.isEnabled()), None)
        if first is not None:
            first.setFocus()

    def _begin_group(self, title: str) -> None:
        self._end_group()
        self._rows = column_of(PlainLabel(title, role="strong"), spacing=8)

    def _end_group(self) -> None:
        """Show the rows that were added since the last group ended."""
        if self._rows.count():
            self._rows.addStretch()
            # The first group has the lists of permissions.
            self._groups.addLayout(self._rows, 4 if self._groups.count() else 5)
        self._rows = column_of(spacing=8)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not press_focused(self, event):
            super().keyPressEvent(event)

    def _place(self) -> None:
        """Move above the button, or below it if there is no room, within its window."""
        anchor = self._request.anchor
        window = anchor.window()
        px = current_theme().px
        width = px(_WIDE_WIDTH if self._is_wide else _WIDTH)
        width = min(width, window.width() - px(_MIN_WIDTH_BESIDE_POPUP))
        height = min(self._wanted_height, window.height() - px(_MIN_HEIGHT_BESIDE_POPUP))
        top = anchor.mapTo(window, QPoint(0, 0))
        gap = px(_GAP)
        beginning = top.x() + (anchor.width() - width if self.isRightToLeft() else 0)
        x = max(gap, min(beginning, window.width() - width - gap))
        y = top.y() - height - gap
        if y < gap:
            y = min(top.y() + anchor.height() + gap, window.height() - height - gap)
        self.setGeometry(QRect(window.mapToGlobal(QPoint(x, max(gap, y))), QSize(width, height)))

    def _add_row(
        self,
        name: str,
        words: str,
        reason: LinkedText,
        permission: Permission | None,
        *,
        is_chosen: bool,
    ) -> None:
        """Add a tool.

        Args:
            words: what the tool does and can access.
            reason: why it cannot be chosen; () if it can.
            permission: None if its calls need no consent.
        """
        box = self._boxes[name] = QCheckBox()
        head = row_of((box, 1), spacing=_SPACING)
        px = current_theme().px
        available_width = card_of(self).width() - 2 * px(_MARGIN) - 2 * px(_SPACING)
        if self._is_wide:
            available_width = available_width * 5 // 9 - px(2 * _SPACING)
        available_width -= (
            box.sizeHint().width() + self._area.verticalScrollBar().sizeHint().width()
        )
        if permission is not None:
            combo = self._permission_field(name, permission)
            head.addWidget(combo)
            available_width -= combo.sizeHint().width() + px(_SPACING)
        title = one_line(tool_title(name))
        # A name as wide as the list would push the permission out of sight.
        fitting = box.fontMetrics().elidedText(title, Qt.TextElideMode.ElideMiddle, available_width)
        box.setText(menu_text(fitting))
        set_tooltip(box, "" if fitting == title else title)
        box.setAccessibleName(spoken_text(title))
        box.setObjectName(f"tool-{name}")
        box.setChecked(is_chosen)
        # A chosen tool that can no longer be chosen can still be removed from the choice.
        box.setEnabled(not reason or is_chosen)
        box.setAccessibleDescription(spoken_text(plain_text(reason) or words))
        box.toggled.connect(self._choose)
        column = column_of(head, spacing=2)
        self._rows.addLayout(column)
        if words:
            column.addWidget(PlainLabel(multiline_text(words), role="note", wraps=True))
        if reason:
            label = LinkedLabel()
            label.set_linked_text(reason)
            # A link leads to a place outside of the popup, such as a page of the settings.
            label.place_requested.connect(self.close)
            label.setWordWrap(True)
            set_role(label, "note")
            column.addWidget(label)

    def _permission_field(self, name: str, permission: Permission) -> Combo:
        combo = Combo(
            tr("Permission of {tool}", tool=tool_title(name)), object_name=f"permission-{name}"
        )
        combo.setSizeAdjustPolicy(Combo.SizeAdjustPolicy.AdjustToContents)
        # The user permits a tool in one conversation when a call asks. Here this permission is
        # listed only so that the field can show it.
        hidden = None if permission is Permission.CONVERSATION else Permission.CONVERSATION
        offered = [(tr(label), each) for each, label in _PERMISSIONS.items() if each is not hidden]
        combo.fill(offered, permission)
        start = self._session.tasks.start
        combo.activated.connect(
            lambda index: start(self._permit(name, Permission(combo.itemData(index))))
        )
        return combo

    async def _permit(self, name: str, permission: Permission) -> None:
        await self._permissions.forget(name, self._conversation_id)
        if permission is not Permission.ASK:  # which is what happens without a stored permission
            # Permit the tool as it was shown, because its server may have changed it since.
            mark = self._fingerprints.get(name, "")
            await self._permissions.save(self._conversation_id, name, mark, permission)

    def _choose(self) -> None:
        chosen = [name for name, box in self._boxes.items() if box.isChecked()]
        self._request.on_changed("\n".join(chosen))
