"""The delegate that paints the rows of the conversation list."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QAbstractItemModel, QEvent, QPointF, QRect, Qt
from PySide6.QtGui import QFont, QFontMetrics, QHelpEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyleOptionViewItem, QToolTip, QWidget

from desktop_app.i18n.translation import tr
from desktop_app.library.ui.conversation_view import ConversationView, button_rect
from desktop_app.library.ui.rows.conversation_model import Roles
from desktop_app.widgets.look import painting
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.look.direction import mirrored
from desktop_app.widgets.look.theme import current_theme, semibold
from desktop_app.widgets.rows.row_delegate import RowDelegate, is_hovered
from desktop_app.widgets.rows.rows_model import Index
from desktop_app.widgets.text.foreign_text import one_line, tooltip_text
from desktop_app.widgets.text.name_field import NameField

# In pixels at the default text size (see `Theme.px`).
_INSET: Final = 12
_DOT_SIZE: Final = 8
_ICON_SIZE: Final = 15
_GAP: Final = 8

_MAX_NAME_LENGTH: Final = 200


class ConversationDelegate(RowDelegate):
    """The painter of a title with its streaming dot, or of a group's heading.

    If `has_menu`, the row under the mouse has a button at its end, which opens its menu.
    """

    def __init__(self, parent: QWidget, *, has_menu: bool = True) -> None:
        super().__init__(parent)
        self._has_menu = has_menu

    def paint_content(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, px = current_theme(), current_theme().px
        if index.data(Roles.IS_HEADING):
            rect = option.rect.adjusted(px(_INSET), px(6), -px(_INSET), 0)
            painting.draw_text(painter, rect, index.data(), self._title_font(index), theme.dim)
            return
        row_rect = self.row_rect(option)
        view = option.widget
        if isinstance(view, ConversationView) and view.is_target(index):
            radius = px(themes.RADIUS)
            painting.fill_background(painter, row_rect, theme.selected, radius)
            painting.draw_outline(painter, row_rect, theme.accent, radius, width=2)
        rect = self._title_rect(option, index)
        painting.draw_text(painter, rect, index.data(), self._title_font(index), theme.text)
        if index.data(Roles.IS_FOLDER):
            icon_rect = QRect(
                rect.left() - px(_ICON_SIZE + _GAP), rect.top(), px(_ICON_SIZE), rect.height()
            )
            painting.draw_icon(painter, icon_rect, "folder", theme.dim, px(_ICON_SIZE))
        if self._has_menu and is_hovered(option):
            button = button_rect(row_rect)
            painting.draw_icon(painter, button, "ellipsis", theme.text, px(_ICON_SIZE))
            return
        right = row_rect.right() + 1 - px(_INSET)
        if note := index.data(Roles.NOTE):
            note_rect = QRect(rect.right(), rect.top(), right - rect.right(), rect.height())
            painting.draw_text(
                painter, note_rect, note, theme.note(), theme.dim, alignment=painting.RIGHT
            )
        if index.data(Roles.STREAMING):
            half = px(_DOT_SIZE) / 2
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.accent)
            painter.drawEllipse(QPointF(right - half, rect.center().y() + 1), half, half)

    def _title_font(self, index: Index) -> QFont:
        if index.data(Roles.IS_HEADING):
            font = current_theme().note()
            font.setWeight(semibold())
            return font
        font = current_theme().interface()
        if index.data(Roles.UNREAD):
            font.setWeight(font.Weight.Bold)
        return font

    def _title_rect(self, option: QStyleOptionViewItem, index: Index) -> QRect:
        px = current_theme().px
        left = px(_INSET)
        right = px(_INSET)
        if index.data(Roles.IS_FOLDER):
            left += px(_ICON_SIZE + _GAP)
        if self._has_menu and is_hovered(option):
            right = button_rect(self.row_rect(option)).width()
            return self.row_rect(option).adjusted(left, 0, -right, 0)
        if index.data(Roles.STREAMING):
            right += px(_DOT_SIZE + _GAP)
        note = index.data(Roles.NOTE)
        if note:
            right += painting.text_width(note, current_theme().note()) + px(_GAP)
        return self.row_rect(option).adjusted(left, 0, -right, 0)

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        """Show the whole title as a tooltip if the row elides it."""
        if event.type() != QEvent.Type.ToolTip or not index.isValid():
            return False
        width = self._title_rect(option, index).width()
        text = one_line(str(index.data()))
        is_cut = QFontMetrics(self._title_font(index)).horizontalAdvance(text) > width
        QToolTip.showText(event.globalPos(), tooltip_text(text) if is_cut else "", view)
        return True

    # ------------------------------------------------------------ renaming in place

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        is_folder = index.data(Roles.IS_FOLDER)
        editor = NameField(tr("Project name") if is_folder else tr("Conversation title"), "rename")
        editor.setParent(parent)
        editor.setMaxLength(_MAX_NAME_LENGTH)
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Show the current name unless the user has edited it.

        Qt calls this after each change of the row.
        """
        if isinstance(editor, NameField) and not editor.isModified():
            editor.set_name(index.data(Qt.ItemDataRole.EditRole))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, NameField) and editor.is_edited:
            model.setData(index, editor.text())

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> None:
        editor.setGeometry(mirrored(self.row_rect(option), option.rect))
