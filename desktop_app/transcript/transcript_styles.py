"""Qt text formats for each kind of block: margins, fonts and colors.

The spacing between two blocks is the top margin of the lower one, so that adding a block never
changes the one above it. Only tables also have space below them.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QTextBlockFormat, QTextCharFormat, QTextFormat, QTextOption

from desktop_app.markdown.block_model import (
    TEXT_KINDS,
    Block,
    Kind,
    Run,
    has_gap_between,
    is_in_other_quote,
    is_read_from_right,
    starting_side,
)
from desktop_app.markdown.parsing.inline_images import image_size_of, is_image_name
from desktop_app.markdown.parsing.own_links import is_citation, link_to_mark
from desktop_app.transcript.media.message_images import hidden_format, image_format, raster_format
from desktop_app.transcript.message_items import ACTION, Item, Line, LineKind
from desktop_app.widgets.look.direction import is_mirrored
from desktop_app.widgets.look.theme import ANSWER_LINE_HEIGHT, CODE_LINE_HEIGHT, Theme

# Pixels at the default text size.
INDENT: Final = 26
"""Indentation of each list level."""
QUOTE: Final = 16
"""Indentation of each quote level."""
PAD: Final = 12
"""Padding of backgrounds around their text."""
QUESTION_INSET: Final = 150
"""Free space beside a question."""
CELL_PAD: Final = 7
"""Padding of table cells."""

CITATION_SCALE: Final = 0.85
"""Font size of a citation relative to the surrounding text."""

BOLD_HEADING_WEIGHT: Final = QFont.Weight.ExtraBold
"""Weight of bold text in headings and table heads, which are bold anyway."""

HEADING_HEIGHTS: Final = (20.0, 17.0, 15.5, 14.5, 14.5, 14.5)
"""Font heights of heading levels 1 to 6, in pixels at the default text size."""

FORMULA: Final = int(QTextFormat.Property.UserProperty) + 11
"""User property of a formula's character format: `INLINE_MATH` or `DISPLAY_MATH`."""

INLINE_MATH: Final = 1
DISPLAY_MATH: Final = 2

INLINE_CODE: Final = FORMULA + 10
"""User property of the character format of inline code: True."""


class Background(IntEnum):
    """Rounded backgrounds behind consecutive blocks."""

    NONE = 0
    QUESTION = 1
    CODE = 2
    ERROR = 3
    NOTE = 4


_BACKGROUNDS: Final = {
    LineKind.QUESTION: Background.QUESTION,
    LineKind.ERROR_TITLE: Background.ERROR,
    LineKind.ERROR_TEXT: Background.ERROR,
    LineKind.ERROR_ACTIONS: Background.ERROR,
    LineKind.ERROR_DETAILS: Background.ERROR,
    LineKind.DIAGRAM: Background.CODE,
    LineKind.FOLD: Background.CODE,
    Kind.CODE: Background.CODE,
    Kind.CODE_HEAD: Background.CODE,
}
NOTE_KINDS: Final = (
    LineKind.ERROR_DETAILS,
    LineKind.DIAGRAM,
    LineKind.IMAGES,
    LineKind.ATTACHMENT,
    LineKind.REASONING,
    LineKind.STATUS,
    LineKind.NOTICE,
    LineKind.FOOTER,
    LineKind.FOLD,
)
# Lines whose links need no underline: they begin with an arrow or are images.
_KINDS_WITHOUT_UNDERLINE: Final = (
    LineKind.QUESTION,
    LineKind.REASONING,
    LineKind.FOOTER,
    LineKind.DIAGRAM,
    LineKind.IMAGES,
)
# Lines in the direction of the window, although names of models begin them.
_LINES_OF_THE_WINDOW: Final = (LineKind.STATUS, LineKind.FOOTER, LineKind.ERROR_ACTIONS)
# Blocks with space above and below, even in a tight list.
_SPACED_KINDS: Final = (Kind.TABLE, Kind.CODE, Kind.CODE_HEAD, Kind.RULE)
# Items with space above them, although they continue the background of the item above.
_SPACED_KINDS_ON_BACKGROUND: Final = (Kind.CODE, LineKind.ERROR_ACTIONS, LineKind.ERROR_DETAILS)

# Tab stops after a marker. The text after a marker that is wider than its column, such as a
# footnote's name, begins at the next stop.
_MARKER_STOPS: Final = 8
_MAX_CACHED_FORMATS: Final = 2000
"""Beyond this number, formats of links are not cached, because each link has its own."""

NOTE_GAP_BELOW_TABLE: Final = 18
"""Pixels, at the default text size, between a table's last hairline and a note."""

PROPORTIONAL: Final = QTextBlockFormat.LineHeightTypes.ProportionalHeight.value


def background_of(item: Item | None) -> Background:
    """Return the background of an item; NONE without an item."""
    if item is None:
        return Background.NONE
    if type(item) is Line and item.is_in_question:
        return Background.QUESTION
    if type(item) is Line and item.is_mild:
        return Background.NOTE
    return _BACKGROUNDS.get(item.kind, Background.NONE)


def begins_background(item: Item) -> bool:
    """Return True if a new background begins with the item."""
    return item.begins_background if isinstance(item, Line) else item.kind is Kind.CODE_HEAD


def tab_after_marker(item: Block) -> QTextOption.TabType:
    """Return the type of the tab with which an item's text starts after its marker.

    In right-to-left text that is a right tab, because Qt swaps left and right tabs there.
    """
    return QTextOption.TabType.RightTab if is_read_from_right(item) else QTextOption.TabType.LeftTab


def set_element(char_format: QTextCharFormat, element: str, theme: Theme) -> None:
    """Show an element of HTML in a text's format; keys are shown as code by the caller."""
    match element:
        case "sub":
            char_format.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSubScript)
        case "sup":
            char_format.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSuperScript)
        case "u":
            char_format.setFontUnderline(True)
        case "mark":
            char_format.setBackground(theme.tint)


def direction_in_list(block: Block) -> Qt.LayoutDirection:
    """Return the direction of a text in a list, if Qt would choose another by its first letter."""
    own_side = starting_side((Run(block.marker), *block.runs))
    if not block.depth or block.kind not in TEXT_KINDS or (own_side == "right") is block.from_right:
        return Qt.LayoutDirection.LayoutDirectionAuto
    is_right = block.from_right
    return Qt.LayoutDirection.RightToLeft if is_right else Qt.LayoutDirection.LeftToRight


def is_quoted_right(block: Block) -> bool:
    """Return True if a quoted text, and so its quote bars, begin at the right."""
    is_text = block.quote > 0 and block.kind in TEXT_KINDS
    return is_text and tab_after_marker(block) is QTextOption.TabType.RightTab


class Styles:
    """The text formats of one theme, cached.

    Attributes:
        scale: the text size relative to the default.
    """

    def __init__(self, theme: Theme, *, is_brief: bool = False, wraps_code: bool = True) -> None:
        """Create the formats of a theme.

        Args:
            theme: the theme.
            is_brief: whether the first block has little space above it.
            wraps_code: whether long lines of code wrap.
        """
        self.theme = theme
        self.scale = theme.px(1000) / 1000
        self._wraps_code = wraps_code
        self._is_brief = is_brief
        self._block_formats: dict[tuple[object, ...], QTextBlockFormat] = {}
        self._char_formats: dict[tuple[object, ...], QTextCharFormat] = {}
        self._fonts = {
            "reading": theme.reading(),
            "code": theme.code(),
            "note": theme.note(),
            "strong": theme.strong(),
        }

    # ------------------------------------------------------------------ blocks

    def block_key(self, item: Item, above: Item | None) -> tuple[object, ...]:
        """Return the properties that determine an item's block format, as a cache key."""
        gap = self.gap(item, above)
        if isinstance(item, Line):
            return (item.kind, item.is_in_question, gap)
        # A tab follows only a marker.
        tab = tab_after_marker(item) if item.marker else None
        quote = item.quote, is_quoted_right(item)
        return (item.kind, item.level, item.depth, tab, quote, gap, direction_in_list(item))

    def block_format(self, item: Item, above: Item | None) -> QTextBlockFormat:
        """Return the block format of an item below the item `above`."""
        key = self.block_key(item, above)
        block_format = self._block_formats.get(key)
        if block_format is None:
            block_format = self._block_formats[key] = self._make_block_format(item, above)
        return block_format

    def _make_block_format(self, item: Item, above: Item | None) -> QTextBlockFormat:
        px = self.theme.px
        block_format = QTextBlockFormat()
        block_format.setTopMargin(px(self.gap(item, above)))
        block_format.setLineHeight(self._line_height(item) * 100, PROPORTIONAL)
        pad = px(PAD) if background_of(item) else 0
        outer = pad
        if background_of(item) is Background.QUESTION:
            outer = px(QUESTION_INSET) + px(PAD)
        block_format.setLeftMargin(pad if is_mirrored() else outer)
        block_format.setRightMargin(outer if is_mirrored() else pad)
        if is_mirrored() and item.kind in _LINES_OF_THE_WINDOW:
            block_format.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        if isinstance(item, Block):
            block_format.setLayoutDirection(direction_in_list(item))
            self._indent(block_format, item)
        if item.kind is Kind.CODE:
            block_format.setNonBreakableLines(not self._wraps_code)
        elif isinstance(item, Block) and item.kind is Kind.MATH and not item.marker:
            block_format.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        return block_format

    def _indent(self, block_format: QTextBlockFormat, block: Block) -> None:
        px = self.theme.px
        if is_quoted_right(block):
            block_format.setRightMargin(block_format.rightMargin() + px(QUOTE) * block.quote)
        else:
            block_format.setLeftMargin(block_format.leftMargin() + px(QUOTE) * block.quote)
        if block.kind in TEXT_KINDS:
            block_format.setIndent(block.depth)  # on the side where the text begins
        else:
            block_format.setLeftMargin(block_format.leftMargin() + px(INDENT) * block.depth)
        if block.marker:
            block_format.setTextIndent(-px(INDENT))  # the marker stands left of the text
            stops = [px(INDENT) * number for number in range(1, _MARKER_STOPS + 1)]
            block_format.setTabPositions(
                [QTextOption.Tab(index, tab_after_marker(block)) for index in stops]
            )
        if block.kind is Kind.HEADING:
            block_format.setHeadingLevel(block.level)

    def _line_height(self, item: Item) -> float:
        kind = item.kind
        if kind is Kind.CODE:
            return CODE_LINE_HEIGHT
        if kind in (LineKind.IMAGES, LineKind.DIAGRAM):  # an image makes its line as high as itself
            return 1.0
        if kind in NOTE_KINDS or kind is Kind.CODE_HEAD:
            return 1.2
        if kind in (Kind.HEADING, Kind.RULE, Kind.MATH):
            return 1.25
        if kind is LineKind.QUESTION:
            return 1.4
        return ANSWER_LINE_HEIGHT

    def gap(self, item: Item, above: Item | None) -> int:
        """Return the top margin of an item in pixels at the default text size."""
        kind = item.kind
        kind_above = above.kind if above is not None else None
        background = background_of(item)
        background_above = background_of(above)
        if background and background is background_above and not begins_background(item):
            is_apart = kind in _SPACED_KINDS_ON_BACKGROUND and kind_above is not kind
            if kind in (LineKind.DIAGRAM, LineKind.IMAGES, LineKind.ATTACHMENT):
                return 6
            return 6 if is_apart or kind is LineKind.FOLD else 0
        gap = self._plain_gap(item, above)
        # Each background is painted beyond its text by its padding.
        if background:
            gap += PAD
        if background_above:
            gap += PAD
        return gap

    def _plain_gap(self, item: Item, above: Item | None) -> int:
        """Return the gap between two texts. Below a table it also has the padding of the cells."""
        kind = item.kind
        kind_above = above.kind if above is not None else None
        if kind_above is None and self._is_brief:
            return 0
        if kind_above is None:
            return 24 if kind is LineKind.QUESTION else 20 + PAD
        if kind is Kind.HEADING:
            return 18
        if isinstance(item, Block) and isinstance(above, Block) and is_in_other_quote(above, item):
            return 18 + CELL_PAD if kind_above is Kind.TABLE else 18
        if kind in NOTE_KINDS and kind_above is Kind.TABLE:
            return NOTE_GAP_BELOW_TABLE + CELL_PAD
        if kind in NOTE_KINDS:
            is_among_notes = kind_above in NOTE_KINDS and not background_of(above)
            return 6 if is_among_notes else 12
        if isinstance(item, Block) and item.depth and isinstance(above, Block) and above.depth:
            stands_alone = (
                kind in _SPACED_KINDS or kind_above in _SPACED_KINDS or above.quote != item.quote
            )
            if not stands_alone and kind_above is Kind.HEADING:
                return 6
            if not stands_alone and not has_gap_between(above, item):
                return 4
            return 10 + CELL_PAD if kind_above is Kind.TABLE else 10
        if kind_above is Kind.TABLE:
            return 10 + CELL_PAD
        return 6 if kind_above is Kind.HEADING else 10

    # ------------------------------------------------------------------ characters

    def char_format(self, item: Item, run: Run) -> QTextCharFormat:
        kind = item.kind
        level = item.level if isinstance(item, Block) else 0
        # An image's name is part of the key, because `hidden_format` depends on its width.
        key_of_run = run if is_image_name(run) else run[1:]  # all but the text
        key = (kind, level, *key_of_run)
        char_format = self._char_formats.get(key)
        if char_format is None:
            char_format = self._make_char_format(kind, level, run)
            if not run.link or len(self._char_formats) < _MAX_CACHED_FORMATS:
                self._char_formats[key] = char_format
        return char_format

    def marker_format(self) -> QTextCharFormat:
        char_format = self._char_formats.get(("marker",))
        if char_format is None:
            char_format = self._base_char_format(Kind.PARAGRAPH, 0)
            char_format.setForeground(self.theme.dim)
            self._char_formats[("marker",)] = char_format
        return char_format

    def label_format(self, marker: str) -> QTextCharFormat:
        """Return the format of a footnote's label, which links back to its reference."""
        char_format = QTextCharFormat(self.marker_format())
        char_format.setAnchor(True)
        char_format.setAnchorHref(link_to_mark(marker))
        char_format.setForeground(self.theme.accent)
        return char_format

    def _make_char_format(self, kind: Kind | LineKind, level: int, run: Run) -> QTextCharFormat:
        char_format = self._base_char_format(kind, level)
        is_table_head = kind is Kind.TABLE and level > 0
        weight = QFont.Weight.Bold if run.bold or is_table_head else QFont.Weight.Normal
        # Qt makes a weight that the font lacks, as Chinese and Japanese fonts do, from Bold on.
        if run.bold and (kind is Kind.HEADING or is_table_head):
            weight = BOLD_HEADING_WEIGHT
        if run.image and kind is LineKind.DIAGRAM and run.note:
            return hidden_format(char_format, run.text)
        if run.image and kind in (LineKind.DIAGRAM, LineKind.IMAGES):
            return image_format(run.link, self.theme, char_format)
        if run.image and run.link[:5].lower() == "data:" and image_size_of(run.link) is not None:
            if run.note:  # the name, which stands unseen after its image
                return hidden_format(char_format, run.text)
            return raster_format(run.link, self.theme, char_format)
        if (run.code or run.element == "kbd") and kind is not Kind.CODE:
            char_format.setFont(self._fonts["code"])
            char_format.setFontWeight(weight)
            char_format.setProperty(INLINE_CODE, True)
        elif weight is not QFont.Weight.Normal:
            char_format.setFontWeight(weight)
        if run.italic or run.math:  # the source of a formula; see segment_formulas.py
            char_format.setFontItalic(True)
        if run.math:
            char_format.setProperty(FORMULA, DISPLAY_MATH if kind is Kind.MATH else INLINE_MATH)
        if run.strike:
            char_format.setFontStrikeOut(True)
        set_element(char_format, run.element, self.theme)
        if run.note:  # the reference to a footnote, a link once the footnote is defined
            char_format.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSuperScript)
            char_format.setForeground(self.theme.dim)
        if is_citation(run.link) and isinstance(kind, Kind):
            font = char_format.font()
            font.setPointSizeF(font.pointSizeF() * CITATION_SCALE)
            char_format.setFont(font)
        # A link in an answer must not trigger an action on the message.
        is_action = run.link.lower().startswith(ACTION)
        if run.link and not (is_action and isinstance(kind, Kind)):
            char_format.setAnchor(True)
            char_format.setAnchorHref(run.link)
            is_dim = kind is LineKind.REASONING
            char_format.setForeground(self.theme.dim if is_dim else self.theme.accent)
            # Color alone does not tell a link from the text around it; citations are smaller.
            char_format.setFontUnderline(
                kind not in _KINDS_WITHOUT_UNDERLINE and not is_citation(run.link)
            )
        return char_format

    def _base_char_format(self, kind: Kind | LineKind, level: int) -> QTextCharFormat:
        theme = self.theme
        char_format = QTextCharFormat()
        char_format.setFont(self._fonts["reading"])
        char_format.setForeground(theme.dim if kind is Kind.TABLE and level else theme.text)
        if kind is Kind.HEADING:
            font = theme.heading()
            font.setPointSizeF(theme.points(HEADING_HEIGHTS[level - 1]))
            char_format.setFont(font)
        elif kind is Kind.CODE:
            char_format.setFont(self._fonts["code"])
        elif kind in NOTE_KINDS or kind is Kind.CODE_HEAD:
            char_format.setFont(self._fonts["note"])
            char_format.setForeground(theme.faint if kind is LineKind.FOOTER else theme.dim)
            if kind is Kind.CODE_HEAD:
                char_format.setFontWeight(QFont.Weight.DemiBold)
        elif kind is LineKind.ERROR_TITLE:
            char_format.setFont(self._fonts["strong"])
            char_format.setForeground(theme.error)
        elif kind is LineKind.ERROR_ACTIONS:
            char_format.setFont(self._fonts["strong"])
        elif kind is Kind.RULE:
            char_format.setFont(self._fonts["note"])
        return char_format


# Absolute, because Qt otherwise mirrors the alignment in right-to-left text.
ALIGNMENTS: Final = {
    "left": Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute,
    "right": Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute,
    "center": Qt.AlignmentFlag.AlignHCenter,
}
