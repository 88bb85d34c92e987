"""The editor of a text: Markdown that reads as a text, with proposed changes in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final, cast

from PySide6.QtCore import QMimeData, QPointF, QRect, QRectF, QSignalBlocker, Qt
from PySide6.QtGui import (
    QInputMethodEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QTextBlock,
    QTextLine,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QTextEdit

from desktop_app.composer.dropped_content import has_attachable_content, is_acceptable
from desktop_app.composer.spelling import FieldSpelling, Spelling
from desktop_app.composer.written_field import WrittenField, pressed_keys
from desktop_app.domain.prose_words import ProseWord, words_of_line
from desktop_app.i18n.translation import tr
from desktop_app.markdown.export.html_writer import to_html
from desktop_app.markdown.incremental.block_stream import render
from desktop_app.texts.ui.markdown_looks import looks_of
from desktop_app.texts.ui.text_highlighter import TextHighlighter
from desktop_app.texts.ui.tracked_document import TrackedDocument
from desktop_app.widgets.look.direction import is_right_to_left
from desktop_app.widgets.look.theme import MARGIN, current_theme
from desktop_app.widgets.text.clipboard import HTML, MARKDOWN, PLAIN, mime_data

_MAX_HTML_CHARACTERS: Final = 5_000
"""Up to which a selection is copied as HTML, too: each selection by mouse is copied, in 16 ms."""
_BULLET: Final = "\u2022"


class _TextSpelling(FieldSpelling):
    """Underlines of the lines on screen, which the highlighter of the text sets."""

    def __init__(self, editor: TextEditor, spelling: Spelling) -> None:
        super().__init__(editor, spelling)
        self._editor = editor
        self._lines_on_screen = range(0)
        editor.verticalScrollBar().valueChanged.connect(self.check_soon)

    def misspelled(self, block: QTextBlock, text: str) -> Sequence[ProseWord]:
        """Return the misspelled words of a block, () for one that is not on screen."""
        if block.blockNumber() not in self._lines_on_screen or self._editor.is_composing:
            return ()
        if self._editor.highlighter.is_code(block):
            return ()
        return [word for word in words_of_line(text) if self.is_underlined(block, word)]

    def lines(self) -> Iterator[tuple[QTextBlock, tuple[ProseWord, ...]]]:
        if self._editor.is_composing:
            return
        blocks = [block for block, _ in self._editor.blocks_on_screen()]
        if blocks:
            self._lines_on_screen = range(blocks[0].blockNumber(), blocks[-1].blockNumber() + 1)
        for block in blocks:
            is_code = self._editor.highlighter.is_code(block)
            yield block, () if is_code else words_of_line(block.text())

    def underline(self, block: QTextBlock, _words: object) -> None:
        self._editor.highlighter.show_again(block)

    def on_change(self, *_: int) -> None:
        self.check_soon()


class TextEditor(WrittenField):
    """The editor. What the user types is never a part of a proposed change."""

    def __init__(self) -> None:
        super().__init__()
        self._text_spelling: _TextSpelling | None = None
        self.highlighter: TextHighlighter
        self._marked: dict[str, Sequence[QTextEdit.ExtraSelection]] = {}
        self.setObjectName("text-editor")
        self.setAccessibleName(tr("Text"))
        self.setPlaceholderText(tr("Write or paste a text"))
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumHeight(1)  # in a low window with large text, the bars keep their height
        self.cursorPositionChanged.connect(self._show_marks)
        self.show_document(TrackedDocument(""))
        self.update_theme()

    def update_theme(self) -> None:
        theme = current_theme()
        self.setFont(theme.reading())
        self.viewport().setFont(self.font())  # the placeholder uses it
        self.setCursorWidth(theme.px(1))
        self._set_margin(self.tracked)
        self.highlighter.use_theme()
        self.highlighter.rehighlight()

    def show_document(self, document: TrackedDocument) -> None:
        if document is self.document():
            return
        if isinstance(self.document(), TrackedDocument):
            with QSignalBlocker(self.document()):  # for Qt, all of the text changes
                self.highlighter.setDocument(None)
            self.highlighter.deleteLater()
        document.setParent(self)  # Qt reads what it shows until the editor is gone
        font = current_theme().reading()
        if document.defaultFont() != font:  # for Qt, all of the text changes
            document.setDefaultFont(font)
        self._set_margin(document)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.wrap_for(document.toRawText())
        self.highlighter = TextHighlighter(document, self._misspelled)
        self.setDocument(document)
        self.highlighter.show_marks_at(self.textCursor())
        if self._spelling is not None:
            self._spelling.watch_document()

    def _set_margin(self, document: TrackedDocument) -> None:
        margin = current_theme().px(MARGIN)
        if document.documentMargin() == margin:
            return
        # For Qt it is a step of undo. Without undo, its history would be lost.
        has_history = document.isUndoAvailable() or document.isRedoAvailable()
        document.setUndoRedoEnabled(has_history)
        document.setDocumentMargin(margin)
        document.setUndoRedoEnabled(True)

    @property
    def tracked(self) -> TrackedDocument:
        document = self.document()
        assert isinstance(document, TrackedDocument)
        return document

    # -------------------------------------------------------------- looks

    def blocks_on_screen(self, area: QRect | None = None) -> Iterator[tuple[QTextBlock, QRectF]]:
        """Yield the blocks on screen, or in an area of it, laid out, with their places."""
        block, offset = self.firstVisibleBlock(), self.contentOffset()
        area = area or self.viewport().rect()
        while block.isValid():
            place = self.blockBoundingGeometry(block).translated(offset)
            if place.top() > area.bottom():
                break
            if place.bottom() >= area.top():
                yield block, place
            block = block.next()

    def mark(self, name: str, selections: Sequence[QTextEdit.ExtraSelection]) -> None:
        """Mark ranges beside those of other names."""
        if selections or self._marked.get(name):
            self._marked[name] = selections
            self.setExtraSelections([each for some in self._marked.values() for each in some])

    def paintEvent(self, event: QPaintEvent) -> None:
        # Qt aligns all paragraphs alike, when it lays them out.
        blocks = list(self.blocks_on_screen(event.rect()))
        for block, _ in blocks:
            self._align(block)
        painter = QPainter(self.viewport())
        margin = self.document().documentMargin()
        width = self.viewport().width() - margin
        for block, place in blocks:
            if self.highlighter.is_code(block):
                painter.fillRect(
                    QRectF(margin / 2, place.top(), width, place.height()),
                    current_theme().code_ground,
                )
        painter.end()
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        for block, place in blocks:
            if not self.highlighter.is_code(block):
                self._paint_marks(painter, block, place)
        painter.end()

    def _align(self, block: QTextBlock) -> None:
        text, layout = block.text(), block.layout()
        is_from_right = is_right_to_left(text) if text else self.isRightToLeft()
        alignment = Qt.AlignmentFlag.AlignRight if is_from_right else Qt.AlignmentFlag.AlignLeft
        option = layout.textOption()
        if option.alignment() != alignment:
            option.setAlignment(alignment)
            layout.setTextOption(option)

    def _paint_marks(self, painter: QPainter, block: QTextBlock, place: QRectF) -> None:
        """Paint bullets, the bars of quotes and rules, whose characters are hidden."""
        found = looks_of(block.text())
        if not (found.bullet >= 0 or found.quotes or found.is_rule):
            return
        if self.highlighter.is_source(block):
            return
        theme, layout = current_theme(), block.layout()
        first = layout.lineAt(0)
        if found.bullet >= 0:
            start, end = (_x(first, at) for at in (found.bullet, found.bullet + 1))
            painter.setFont(self.font())
            painter.setPen(theme.text)
            width = painter.fontMetrics().horizontalAdvance(_BULLET)
            x = place.left() + (start + end - width) / 2
            painter.drawText(QPointF(x, place.top() + first.y() + first.ascent()), _BULLET)
        if found.quotes:
            x = _x(first, 0)
            is_from_right = layout.textOption().alignment() == Qt.AlignmentFlag.AlignRight
            x += theme.px(8) if is_from_right else -theme.px(10)
            bar = QRectF(place.left() + x, place.top(), theme.px(3), place.height())
            painter.fillRect(bar, theme.outline)
        if found.is_rule:
            margin = self.document().documentMargin()
            middle = round(place.top() + first.y() + first.height() / 2)
            length = self.viewport().width() - 2 * margin
            painter.fillRect(QRectF(margin, middle, length, theme.px(1)), theme.outline)

    def _show_marks(self) -> None:
        # Marks that appear below the pressed mouse would move the text that it selects.
        if not self._is_pressed:
            self.highlighter.show_marks_at(self.textCursor())

    _is_pressed = False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._is_pressed = True
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self._is_pressed = False
        self._show_marks()

    # -------------------------------------------------------------- spelling

    def check_spelling_with(self, spelling: Spelling) -> None:
        self._spelling = self._text_spelling = _TextSpelling(self, spelling)

    def _misspelled(self, block: QTextBlock, text: str) -> Sequence[ProseWord]:
        spelling = self._text_spelling
        return () if spelling is None else spelling.misspelled(block, text)

    # -------------------------------------------------------------- typing

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Undo) or event.matches(
            QKeySequence.StandardKey.Redo
        ):
            super().keyPressEvent(event)
        elif pressed_keys(event) == self.plain_paste_keys:
            self.paste_plain()
        elif pressed_keys(event) in ("Shift+Return", "Ctrl+Return"):
            # Qt would insert nothing for Ctrl, and for Shift a separator that is no line end.
            self._type(self.textCursor().insertBlock)
            self.ensureCursorVisible()
        else:
            if event.text().isprintable() and not event.text().isspace():
                self._begin_word()
            self._type(partial(super().keyPressEvent, event))

    def _begin_word(self) -> None:
        """Let undo stop before a word that begins: Qt would undo a whole paragraph at once."""
        cursor = self.textCursor()
        column = cursor.positionInBlock()
        if column == 0 or self.document().characterAt(cursor.position() - 1).isspace():
            self.document().setModified(False)  # Qt merges no step with one before this

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        self._type(partial(super().inputMethodEvent, event))

    def createMimeDataFromSelection(self) -> QMimeData:
        """Return the selection as its source, and as HTML; Qt would escape its marks."""
        source = self.tracked.accepted_in(self.textCursor())
        texts: dict[str, Callable[[], Iterable[str]]] = {
            PLAIN: lambda: [source],
            MARKDOWN: lambda: [source],
        }
        if len(source) <= _MAX_HTML_CHARACTERS:
            texts[HTML] = lambda: [to_html(render(source))]
        return mime_data(texts)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        # What the prompt attaches is left to the window.
        return is_acceptable(source) and not has_attachable_content(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        self._type(partial(super().insertFromMimeData, source))

    def _type(self, insert: Callable[[], object]) -> None:
        # Not the revision, which showing the marks of another line changes, too.
        start, edits = self.textCursor().selectionStart(), self.tracked.edit_count
        insert()
        end = self.textCursor().position()
        if end > start and self.tracked.edit_count != edits:
            self.tracked.unmark(start, end)


def _x(line: QTextLine, column: int) -> float:
    """Return where a column of a line is, in pixels of its layout."""
    x, _ = cast("tuple[float, int]", line.cursorToX(column))
    return x
