"""The delegates of the help window's lists: chapters, and the hits of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.ui.help.help_book import HelpChapter, HelpHit
from desktop_app.ui.look import painting
from desktop_app.ui.look import theme as themes
from desktop_app.ui.widgets.rows.row_delegate import RowDelegate
from desktop_app.ui.widgets.rows.rows_model import ROW, Index
from desktop_app.ui.widgets.text.foreign_text import one_line

if TYPE_CHECKING:
    from PySide6.QtCore import QSize
    from PySide6.QtGui import QPainter
    from PySide6.QtWidgets import QStyleOptionViewItem

# In pixels at the default text size (see `Theme.px`).
_INSET: Final = 10


class ChapterDelegate(RowDelegate):
    """The painter of a chapter's title."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the row's height, and the width of the whole title."""
        row: HelpChapter = index.data(ROW)
        width = painting.text_width(row.title, self.theme.interface())
        size = super().sizeHint(option, index)
        size.setWidth(width + self.theme.px(2 * _INSET + themes.ROW_MARGIN) + 1)
        return size

    def paint_content(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = self.theme
        inset = self.theme.px(_INSET)
        row: HelpChapter = index.data(ROW)
        rect = self.row_rect(option).adjusted(inset, 0, -inset, 0)
        painting.draw_text(painter, rect, one_line(row.title), theme.interface(), theme.text)


class HelpHitDelegate(RowDelegate):
    """The painter of a hit: its section and chapter, and a line of context."""

    height = 52

    def paint_content(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = self.theme
        inset = self.theme.px(_INSET)
        row: HelpHit = index.data(ROW)
        rect = self.row_rect(option).adjusted(inset, theme.px(4), -inset, -theme.px(4))
        half = rect.height() // 2
        above = rect.adjusted(0, 0, 0, -half)
        below = rect.adjusted(0, half, 0, 0)
        width = painting.text_width(row.chapter, theme.note()) + 1
        chapter_rect = above.adjusted(max(above.width() - width, above.width() // 2), 0, 0, 0)
        painting.draw_text(painter, chapter_rect, one_line(row.chapter), theme.note(), theme.faint)
        above.setRight(chapter_rect.left() - theme.px(8))
        painting.draw_text(painter, above, one_line(row.title), theme.strong(), theme.text)
        painting.draw_text(painter, below, one_line(row.context), theme.note(), theme.dim)
