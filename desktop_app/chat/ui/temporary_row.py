"""The row of the temporary conversation in the sidebar."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.composer.dropped_content import accept_copy, drop_hint, is_acceptable, read_dropped
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.boxes import row_of
from desktop_app.widgets.buttons.dialog_button import ElidedButton
from desktop_app.widgets.look import icons
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.foreign_text import PlainToolButton

TITLE: Final = N_("Temporary conversation")


class TemporaryRow(QWidget):
    """The row of the temporary conversation, above the list of the stored conversations.

    Signals:
        open_requested(): show the temporary conversation.
        close_requested(): the user wants to close it.
        drop_hint_changed(str): the hint for a drop here; "" after the drag has left or ended.
        content_dropped(DroppedContent): content was dropped here.
    """

    open_requested = Signal()
    close_requested = Signal()
    drop_hint_changed = Signal(str)
    content_dropped = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.button = ElidedButton(tr(TITLE))
        self.button.setObjectName("temporary-row")
        self.button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        set_role(self.button, "row")
        self.close_button = PlainToolButton(name="temporary-row-close", role="quiet")
        self.close_button.setAccessibleName(tr("Close temporary conversation"))
        self.close_button.setToolTip(tr("Close"))
        row_of((self.button, 1), self.close_button, parent=self, margins=0, spacing=0)
        self.button.clicked.connect(self.open_requested)
        self.close_button.clicked.connect(self.close_requested)
        self.update_theme()

    def update_theme(self) -> None:
        theme = current_theme()
        px = theme.px
        self.button.setMaximumHeight(px(themes.ROW_HEIGHT))
        icons.set_icon(self.button, "lock", theme.text, px(16))
        self.button.setStyleSheet(f"text-align: left; padding-left: {px(9)}px;")
        self.close_button.setIcon(icons.icon("x", theme.dim, px(14)))
        themes.limit_size(self.close_button, px(26), px(26))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.source() is None and is_acceptable(event.mimeData()):
            accept_copy(event)
            self.button.setDown(True)
            self.drop_hint_changed.emit(drop_hint(event.mimeData(), tr(TITLE)))

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self.button.setDown(False)
        self.drop_hint_changed.emit("")

    def dropEvent(self, event: QDropEvent) -> None:
        self.button.setDown(False)
        self.drop_hint_changed.emit("")
        accept_copy(event)
        self.content_dropped.emit(read_dropped(event.mimeData()))
