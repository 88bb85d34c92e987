"""The delegate that paints the rows of the conversation list."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QAbstractItemModel, QEvent, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyleOptionViewItem, QToolTip, QWidget

from desktop_app.i18n.translation import tr
from desktop_app.library.ui.conversation_view import ConversationView
from desktop_app.library.ui.rows import conversation_model
from desktop_app.widgets.library_list import NameField
from desktop_app.widgets.look import painting
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.rows.row_delegate import RowDelegate, is_hovered
from desktop_app.widgets.rows.rows_model import Index
from desktop_app.widgets.text.foreign_text import one_line, tooltip_text

# In pixels at the default text size (see `Theme.px`).
_INSET: Final = 12
_DOT_SIZE: Final = 8
_ICON_SIZE: Final = 15
_GAP: Final = 8

_MAX_NAME_LENGTH: Final = 200


class ConversationDelegate(RowDelegate):
    """The painter of a title with its streaming dot, or of a group's heading.

    The row under the mouse has a button at its end, which opens its menu.
    """

    def paint_content(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        if index.data(conversation_model.Roles.IS_HEADING):
            self._paint_heading(painter, option, index)
        else:
            self._paint_drop_target(painter, option, index)
            self._paint_title(painter, option, index)

    def _paint_drop_target(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Highlight the row that would accept the current drag."""
        view = option.widget
        if isinstance(view, ConversationView) and view.is_target(index):
            radius = current_theme().px(themes.RADIUS)
            painting.fill_background(
                painter, self.row_rect(option), current_theme().selected, radius
            )
            painting.draw_outline(
                painter, self.row_rect(option), current_theme().accent, radius, width=2
            )

    def _paint_heading(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        px = current_theme().px
        rect = option.rect.adjusted(px(_INSET), px(6), -px(_INSET), 0)
        draw_line(painter, rect, index.data(), self._title_font(index), current_theme().dim)

    def _paint_title(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        px = current_theme().px
        rect = self._title_rect(option, index)
        draw_line(painter, rect, index.data(), self._title_font(index), current_theme().text)
        if index.data(conversation_model.Roles.IS_FOLDER):
            icon_rect = QRect(
                rect.left() - px(_ICON_SIZE + _GAP), rect.top(), px(_ICON_SIZE), rect.height()
            )
            painting.draw_icon(painter, icon_rect, "folder", current_theme().dim, px(_ICON_SIZE))
        if is_hovered(option):
            button = self.button_rect(option)
            painting.draw_icon(painter, button, "ellipsis", current_theme().text, px(_ICON_SIZE))
            return
        right = self.row_rect(option).right() + 1 - px(_INSET)
        note = index.data(conversation_model.Roles.NOTE)
        if note:
            note_rect = QRect(rect.right(), rect.top(), right - rect.right(), rect.height())
            draw_line(
                painter, note_rect, note, current_theme().note(), current_theme().dim, at_right=True
            )
        if index.data(conversation_model.Roles.STREAMING):
            radius = px(_DOT_SIZE) / 2
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(current_theme().accent)
            painter.drawEllipse(QPointF(right - radius, rect.center().y() + 1), radius, radius)

    def _title_font(self, index: Index) -> QFont:
        if index.data(conversation_model.Roles.IS_HEADING):
            font = current_theme().note()
            font.setWeight(font.Weight.DemiBold)
            return font
        font = current_theme().interface()
        if index.data(conversation_model.Roles.UNREAD):
            font.setWeight(font.Weight.Bold)
        return font

    def _title_rect(self, option: QStyleOptionViewItem, index: Index) -> QRect:
        px = current_theme().px
        left = px(_INSET)
        right = px(_INSET)
        if index.data(conversation_model.Roles.IS_FOLDER):
            left += px(_ICON_SIZE + _GAP)
        if is_hovered(option):
            right = self.button_rect(option).width()
            return self.row_rect(option).adjusted(left, 0, -right, 0)
        if index.data(conversation_model.Roles.STREAMING):
            right += px(_DOT_SIZE + _GAP)
        note = index.data(conversation_model.Roles.NOTE)
        if note:
            right += painting.text_width(note, current_theme().note()) + px(_GAP)
        return self.row_rect(option).adjusted(left, 0, -right, 0)

    def button_rect(self, option: QStyleOptionViewItem) -> QRect:
        """Return the rectangle of the button of a row, as if windows were not mirrored."""
        rect = self.row_rect(option)
        return rect.adjusted(rect.width() - rect.height(), 0, 0, 0)

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
        is_folder = index.data(conversation_model.Roles.IS_FOLDER)
        editor = NameField(tr("Folder name") if is_folder else tr("Conversation title"), "rename")
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
        """Set the edited name in the model."""
        if isinstance(editor, NameField) and editor.is_edited:
            model.setData(index, editor.text())

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> None:
        editor.setGeometry(self.row_rect(option))


def draw_line(
    painter: QPainter, rect: QRect, text: str, font: QFont, color: QColor, *, at_right: bool = False
) -> None:
    """Draw a vertically centered line, elided at its end."""
    side = Qt.AlignmentFlag.AlignRight if at_right else Qt.AlignmentFlag.AlignLeft
    elided = QFontMetrics(font).elidedText(
        one_line(text), Qt.TextElideMode.ElideRight, rect.width()
    )
    painter.setFont(font)
    painter.setPen(color)
    painter.drawText(rect, side | Qt.AlignmentFlag.AlignVCenter, elided)
