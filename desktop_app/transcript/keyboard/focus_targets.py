"""The keyboard focus targets of the transcript: links, folds and the Copy button of code.

A target is a range of the document. The focused target is covered by a button that shows the focus,
has an accessible name and reacts to Enter like a click. So a screen reader announces it as usual.
With a screen reader, a button covers each visible target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QRect, QRectF, Qt, QUrl, Signal
from PySide6.QtGui import QPainter, QPen, QTextBlock, QTextCursor
from PySide6.QtWidgets import QAbstractButton, QWidget

from desktop_app.i18n.translation import N_, tr
from desktop_app.markdown.block_model import ADDED_MARK, PICTURE, Block, Kind
from desktop_app.markdown.parsing.citations import is_citation
from desktop_app.markdown.parsing.footnote_links import is_link_to_mark, is_note_link, note_label_of
from desktop_app.markdown.parsing.links import is_openable
from desktop_app.transcript.layout.text_ranges import selected_range
from desktop_app.transcript.message_items import ACTION, Item
from desktop_app.transcript.transcript_styles import DECORATION, EXPANDED, Decoration
from desktop_app.transcript.viewport.backdrop import cursor_x
from desktop_app.transcript.viewport.transcript_surface import TEMPORARY_REASONS
from desktop_app.widgets.text.foreign_text import one_line, spoken_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QFocusEvent, QKeyEvent, QPaintEvent, QTextDocument


COPY_CODE: Final = f"{ACTION}copy-code"
"""The link of the focus target on the head of a code block, which copies the code."""

_ARROW_NAMES: Final = {"older-version": N_("Previous version"), "newer-version": N_("Next version")}
_INVISIBLE: Final = {ord(PICTURE): None, ord(ADDED_MARK): None}
_FOLD_SIGNS: Final = "›⌄ \u2003"
_MAX_ADDRESS_CHARACTERS: Final = 300
"""Maximum characters of a displayed address; a longer one is cut."""
_RING_MARGIN: Final = 3
"""Pixels between the text and the focus ring."""


class FocusTarget(NamedTuple):
    """A range of document positions and the address or action that it activates."""

    start: int
    end: int
    link: str


class TargetDescription(NamedTuple):
    """The accessible name of a target, and the address or source to show for it; "" for none."""

    name: str
    address: str = ""


def focus_targets_of(block: QTextBlock) -> Iterator[FocusTarget]:
    """Yield the targets of a visible block, in the order of its text."""
    if not block.isVisible():
        return
    if block.blockFormat().intProperty(DECORATION) & Decoration.HEAD:
        yield FocusTarget(block.position(), block.position() + block.length() - 1, COPY_CODE)
    current: FocusTarget | None = None
    fragments = block.begin()
    while not fragments.atEnd():
        fragment = fragments.fragment()
        fragments += 1
        char_format = fragment.charFormat()
        link = char_format.anchorHref() if char_format.isAnchor() else ""
        start = fragment.position()
        end = start + fragment.length()
        if current is not None and (current.link, current.end) == (link, start):
            current = current._replace(end=end)
            continue
        if current is not None:
            yield current
        current = FocusTarget(start, end, link) if link else None
    if current is not None:
        yield current


def has_focus_target(item: Item) -> bool:
    """Return True if an item has targets, materialized or not."""
    if isinstance(item, Block) and (item.kind is Kind.CODE_HEAD or item.note):
        return True
    rows = item.rows if isinstance(item, Block) else ()
    return any(run.link for run in item.runs) or any(
        run.link for row in rows for cell in row for run in cell
    )


def next_focus_target(
    document: QTextDocument, start: int, end: int, *, forward: bool
) -> FocusTarget | None:
    """Return the first target in positions [start, end), or the last if not `forward`.

    Return None if no target is completely within the positions.
    """
    block = document.findBlock(start if forward else max(start, end - 1))
    while block.isValid() and block.position() < end and block.position() + block.length() > start:
        targets = [
            target
            for target in focus_targets_of(block)
            if start <= target.start and target.end <= end
        ]
        if targets:
            return targets[0] if forward else targets[-1]
        block = block.next() if forward else block.previous()
    return None


def _display_address(address: str) -> str:
    """Return an address for display: cut, and encoded so that no letter can look like another."""
    encoded = QUrl(address).toString(QUrl.ComponentFormattingOption.FullyEncoded)
    if len(encoded) <= _MAX_ADDRESS_CHARACTERS:
        return encoded
    return encoded[: _MAX_ADDRESS_CHARACTERS - 1] + "…"


def describe_target(document: QTextDocument, target: FocusTarget) -> TargetDescription:
    """Return the description of a target that is not a citation."""
    text = one_line(_shown_text(document, target))
    if target.link == COPY_CODE:
        return TargetDescription(
            tr("Copy code, {language}", language=text) if text else tr("Copy code")
        )
    if target.link.startswith(ACTION):
        action_name = tr(_ARROW_NAMES.get(target.link.removeprefix(ACTION), "")) or text
        expanded = _is_expanded(document, target)
        if expanded:  # Qt has no role for a fold
            return TargetDescription(tr("{name}, expanded", name=action_name))
        if expanded is False:
            return TargetDescription(tr("{name}, collapsed", name=action_name))
        return TargetDescription(action_name or _image_name(_attachment_name(document, target)))
    if is_note_link(target.link):
        return TargetDescription(note_name(target.link))
    address = _display_address(target.link)
    name = text or tr("Image")
    if is_openable(target.link):
        name = tr("{name}, link to {address}", name=name, address=address)
    else:
        name = tr("{name}, blocked link: {address}", name=name, address=address)
    return TargetDescription(name, address)


def note_name(link: str) -> str:
    """Return the name of a link between a footnote's mark and its definition."""
    if is_link_to_mark(link):
        return tr("Back from footnote {label}", label=note_label_of(link))
    return tr("Footnote {label}", label=note_label_of(link))


def _image_name(file: str) -> str:
    return tr("Image {file}", file=file) if file else tr("Image")


def _is_expanded(document: QTextDocument, target: FocusTarget) -> bool | None:
    """Return whether a fold's section is shown; None for other targets, and for folds of code.

    The text of a code fold tells its state.
    """
    cursor = QTextCursor(document)
    cursor.setPosition(target.start + 1)  # the format of the character before
    expanded = cursor.charFormat().property(EXPANDED)
    return expanded if isinstance(expanded, bool) else None


def _shown_text(document: QTextDocument, target: FocusTarget) -> str:
    """Return the words of a target, without drawings and fold signs."""
    return _raw_text(document, target).translate(_INVISIBLE).strip(_FOLD_SIGNS)


def _attachment_name(document: QTextDocument, target: FocusTarget) -> str:
    """Return an image's name, from the lines of attachments below the images; "" if unknown."""
    block = document.findBlock(target.start).next()
    while block.isValid() and (targets := list(focus_targets_of(block))):
        for listed in targets:
            if listed.link == target.link:
                return _shown_text(document, listed)
        block = block.next()
    return ""


def _identifier_of(target: FocusTarget) -> str:
    """Return the stable object name for a kind of target."""
    if target.link == COPY_CODE:
        return "copy-code"
    if is_note_link(target.link):
        return "footnote"
    if not target.link.startswith(ACTION):
        return "citation" if is_citation(target.link) else "link"
    return "message-" + target.link.removeprefix(ACTION).partition("/")[0]


ARROWS: Final[dict[int, bool]] = {
    Qt.Key.Key_Right: True,
    Qt.Key.Key_Down: True,
    Qt.Key.Key_Left: False,
    Qt.Key.Key_Up: False,
}
"""True for arrow keys that go forward."""


class FocusTargetButton(QAbstractButton):
    """A button over a target, which paints a ring only while it has the focus.

    Attributes:
        link: the address or action of the target.

    Signals:
        focus_left(): the focus has moved elsewhere.
        stepped(bool forward): an arrow key asks for the next or the previous target.
    """

    focus_left = Signal()
    stepped = Signal(bool)

    def __init__(
        self, document: QTextDocument, target: FocusTarget, name: str, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # the view handles Tab
        self.setObjectName(_identifier_of(target))
        self._viewport = parent
        self._cursor = QTextCursor(document)
        self.link = target.link
        self._rects: list[QRect] = []
        self.set_target(target, name)

    def set_target(self, target: FocusTarget, name: str) -> None:
        """Set the target, with the same address or action as before, and its accessible name."""
        if spoken_text(name) != self.accessibleName():  # otherwise it is announced each time
            self.setAccessibleName(spoken_text(name))
        self._cursor.setPosition(target.start)
        self._cursor.setPosition(target.end, QTextCursor.MoveMode.KeepAnchor)

    @property
    def focus_target(self) -> FocusTarget:
        """Return the target at its current position."""
        return FocusTarget(self._cursor.selectionStart(), self._cursor.selectionEnd(), self.link)

    def set_target_rects(self, rects: list[QRect]) -> None:
        """Cover these rectangles in the viewport."""
        # The ring ends at the left and the right edge of the viewport.
        viewport_rect = self._viewport.rect()
        self._rects = []
        for rect in rects:
            ring = rect.adjusted(-_RING_MARGIN, -_RING_MARGIN, _RING_MARGIN, _RING_MARGIN)
            self._rects.append(
                ring & QRect(viewport_rect.left(), ring.top(), viewport_rect.width(), ring.height())
            )
        bounds = QRect()
        for rect in self._rects:
            bounds = bounds.united(rect)
        self.setGeometry(bounds)
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Emit `focus_left`, unless another window or a menu takes the focus temporarily."""
        super().focusOutEvent(event)
        if event.reason() not in TEMPORARY_REASONS:
            self.focus_left.emit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw a ring while focused."""
        if not self.hasFocus():
            return
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self.palette().color(self.palette().ColorRole.Link), 2))
            for rect in self._rects:
                ring = QRectF(rect.translated(-self.pos())).adjusted(1, 1, -1, -1)
                painter.drawRoundedRect(ring, 4, 4)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Enter click the button, like Space; emit `stepped` for arrow keys."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        elif event.key() in ARROWS:
            self.stepped.emit(ARROWS[event.key()])
        else:
            super().keyPressEvent(event)


def text_rects(document: QTextDocument, target: FocusTarget) -> list[QRectF]:
    """Return the rectangles of a target's text, one per line, in document coordinates.

    Spaces at its ends are left out, because only the mouse needs them.
    """
    block = document.findBlock(target.start)
    origin = document.documentLayout().blockBoundingRect(block).topLeft()
    layout = block.layout()
    rects: list[QRectF] = []
    text = _raw_text(document, target)
    first = target.start - block.position()
    last = target.end - block.position()
    if text.strip():
        first += len(text) - len(text.lstrip())
        last -= len(text) - len(text.rstrip())
    for number in range(layout.lineCount()):
        line = layout.lineAt(number)
        begin = line.textStart()
        end = begin + line.textLength()
        if begin >= last or end <= first:
            continue
        # In right-to-left text, the start is on the right.
        left = cursor_x(line, max(begin, first))
        right = cursor_x(line, min(end, last))
        box = QRectF(min(left, right), line.y(), abs(right - left), line.height())
        rects.append(box.translated(origin))
    return rects


def _raw_text(document: QTextDocument, target: FocusTarget) -> str:
    return selected_range(document, target.start, target.end).selectedText()
