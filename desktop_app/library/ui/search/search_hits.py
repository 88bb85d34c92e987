"""What a search has found in messages: hits by conversation, and their painter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from PySide6.QtCore import QPointF, QRect, QSize
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QTextCharFormat, QTextLayout
from PySide6.QtWidgets import QStyleOptionViewItem

from desktop_app.app.window.command_palette import CommandDelegate
from desktop_app.domain.conversations.conversation import SearchHit
from desktop_app.domain.graphemes import cut
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.library.ui.rows.days import short_day_text
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.rows.rows_model import ROW, Index
from desktop_app.widgets.text.foreign_text import one_line
from desktop_app.widgets.text.utf16 import utf16_length, utf16_slice

# In pixels at the default text size (see `Theme.px`).
_INSET: Final = 12
_GAP: Final = 8
_HIT_HEIGHT: Final = 74

_SNIPPET_LINES: Final = 2


class ConversationHits(NamedTuple):
    """A row of a search: the first hit in a conversation, and the number of further hits."""

    hit: SearchHit
    more: int = 0

    @property
    def title(self) -> str:
        return self.hit.title

    @property
    def accessible_text(self) -> str:
        """Return the text for screen readers."""
        text = plain_snippet(hit_text(self.hit))[0]
        title = self.title
        if self.hit.archived:
            title = tr("{title}, archived", title=title)
        text = tr("{title}: {text}", title=title, text=text)
        if self.more:
            more = tr_plural("{count} more result", "{count} more results", self.more)
            text = f"{text}, {more}"
        return text


def group_hits(hits: Iterable[SearchHit]) -> list[ConversationHits]:
    """Return a row for each conversation, in the order of their first hits.

    A passage is shown rather than a title, which each row has anyway.
    """
    rows: dict[str, ConversationHits] = {}
    for hit in hits:
        row = rows.get(hit.conversation_id)
        if row is None:
            rows[hit.conversation_id] = ConversationHits(hit)
        else:
            best = row.hit if row.hit.message_id else hit
            rows[hit.conversation_id] = ConversationHits(best, row.more + 1)
    return list(rows.values())


class SearchDelegate(CommandDelegate):
    """The painter of entries, and of hits: title, date, and two lines with bold matches."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        is_hit = isinstance(index.data(ROW), ConversationHits)
        return QSize(0, current_theme().px(_HIT_HEIGHT if is_hit else self.height))

    def paint_content(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(ROW)
        if not isinstance(row, ConversationHits):
            super().paint_content(painter, option, index)
            return
        hit = row.hit
        px = current_theme().px
        rect = self.row_rect(option).adjusted(px(_INSET), px(8), -px(_INSET), -px(8))
        line = QRect(rect.left(), rect.top(), rect.width(), px(20))
        date = short_day_text(hit.date)
        if hit.archived:
            date = tr("Archived · {date}", date=date)
        if row.more:
            date = tr("{date} · +{count}", date=date, count=row.more)
        width = QFontMetrics(current_theme().note()).horizontalAdvance(date)
        theme = current_theme()
        painting.draw_text(painter, line, date, theme.note(), theme.dim, alignment=painting.RIGHT)
        line.setRight(line.right() - width - px(_GAP))
        painting.draw_text(painter, line, hit.title, theme.strong(), theme.text)
        self._paint_snippet(painter, rect.adjusted(0, px(22), 0, 0), hit_text(hit))

    def _paint_snippet(self, painter: QPainter, rect: QRect, snippet: str) -> None:
        text, spans = plain_snippet(snippet)
        layout = self._lay_out(text, spans, rect.width())
        shown_units = 0
        if layout.lineCount() > 0:
            last_line = layout.lineAt(layout.lineCount() - 1)
            shown_units = last_line.textStart() + last_line.textLength()
        if shown_units < utf16_length(text):
            # Two units less make room for "…". The cut may leave half of a surrogate pair.
            beginning = utf16_slice(text, 0, shown_units - 2).rstrip("\ufffd ")
            shown = cut(text, len(beginning)) + "…"
            layout = self._lay_out(shown, spans, rect.width())
        painter.setPen(current_theme().dim)
        with painting.upright(painter, rect):
            layout.draw(painter, QPointF(rect.topLeft()))

    def _lay_out(self, text: str, spans: list[tuple[int, int]], width: int) -> QTextLayout:
        """Lay out at most two lines, with the spans (start, length) in bold."""
        strong = QTextCharFormat()
        strong.setForeground(current_theme().text)
        strong.setFontWeight(QFont.Weight.Bold)  # Qt makes it if the font lacks it
        layout = QTextLayout(text, current_theme().note())
        layout.setFormats([_format_range(text, start, length, strong) for start, length in spans])
        layout.beginLayout()
        for row in range(_SNIPPET_LINES):
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(width)
            line.setPosition(QPointF(0, row * line.height()))
        layout.endLayout()
        return layout


def _format_range(
    text: str, start: int, length: int, strong: QTextCharFormat
) -> QTextLayout.FormatRange:
    result = QTextLayout.FormatRange()
    result.start = utf16_length(text[:start])
    result.length = utf16_length(text[start : start + length])
    result.format = strong
    return result


# A match in a snippet, between its marks (see SearchHit).
_MARKS: Final = re.compile("\x02([^\x02\x03]*)\x03?")
_MAX_SNIPPET_CHARACTERS: Final = 2_000  # two lines are shown


def hit_text(hit: SearchHit) -> str:
    """Return the snippet of a hit, after the name of the document if it is in one."""
    return f"{one_line(hit.document)}: {hit.snippet}" if hit.document else hit.snippet


def plain_snippet(snippet: str) -> tuple[str, list[tuple[int, int]]]:
    """Return a snippet in one line without its marks, and the (start, length) of each match."""
    text = ""
    spans: list[tuple[int, int]] = []
    end = 0  # of the last match in `snippet`
    snippet = re.sub(r"[ \t\r\n]+", " ", snippet[:_MAX_SNIPPET_CHARACTERS])
    for match in _MARKS.finditer(snippet):
        text += one_line(snippet[end : match.start()], _MAX_SNIPPET_CHARACTERS)
        match_text = one_line(match[1], _MAX_SNIPPET_CHARACTERS)
        spans.append((len(text), len(match_text)))
        text += match_text
        end = match.end()
    return text + one_line(snippet[end:], _MAX_SNIPPET_CHARACTERS), spans
