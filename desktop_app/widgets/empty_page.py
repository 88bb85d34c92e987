"""A page without content: a pale picture of a filled one, one sentence, and what fills it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop_app.widgets.boxes import STRETCH, column_of
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainLabel

_CENTER: Final = Qt.AlignmentFlag.AlignHCenter
_SIZE: Final = (380, 116)
_ROWS: Final = (12, 37, 62, 87)
_Bar = tuple[int, int, int, int, bool]  # its place and size in the picture, and whether it is blue
_PICTURES: Final[dict[str, tuple[_Bar, ...]]] = {
    "table": tuple((12 + 121 * n, y, 113, 17, n > 0 and y > 12) for y in _ROWS for n in range(3)),
    "list": tuple(
        bar
        for y, width in zip(_ROWS, (210, 160, 240, 130), strict=True)
        for bar in ((12, y, 17, 17, True), (39, y + 4, width, 9, False), (328, y + 4, 40, 9, False))
    ),
    "projects": tuple(
        bar
        for x in (12, 133, 254)
        for bar in (
            *((x, 12, 113, 92, False), (x + 10, 24, 17, 17, True)),
            *((x + 10, 52, 80, 9, True), (x + 10, 70, 56, 9, True)),
        )
    ),
    "text": tuple(
        (90, 14 + 18 * n, width, 9, n == 2) for n, width in enumerate((90, 200, 180, 200, 130))
    ),
    "chart": tuple(
        (16 + 30 * n, 104 - height, 18, height, n == 8)
        for n, height in enumerate((18, 30, 24, 46, 38, 60, 34, 52, 80, 44, 58, 70))
    ),
}


class _Picture(QWidget):
    """Pale bars in the places of words and figures."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._bars = _PICTURES[kind]

    def sizeHint(self) -> QSize:
        return QSize(*map(current_theme().px, _SIZE))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = current_theme()
        with painting.painter_of(self) as painter:
            painter.setPen(theme.line)
            painter.setBrush(theme.code_ground)
            whole = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.drawRoundedRect(whole, theme.px(10), theme.px(10))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.scale(self.width() / _SIZE[0], self.height() / _SIZE[1])
            for x, y, width, height, is_blue in self._bars:
                painter.setBrush(theme.selected if is_blue else theme.hover)
                painter.drawRoundedRect(x, y, width, height, 4, 4)


class EmptyPage(QWidget):
    """The picture, the sentence and the buttons in the middle of a page.

    Args:
        picture: "table", "list", "projects", "text" or "chart".
        name: the object name of the sentence.
    """

    def __init__(self, picture: str, sentence: str, *buttons: QWidget, name: str) -> None:
        super().__init__()
        self._buttons = column_of(margins=0, spacing=8)
        self.add_buttons(*buttons)
        label = PlainLabel(sentence, name=name, role="dim", wraps=True)
        label.setAlignment(_CENTER)
        parts = ((_Picture(picture), _CENTER), label, self._buttons)
        column_of(STRETCH, *parts, STRETCH, parent=self, margins=0, spacing=12)

    def add_buttons(self, *buttons: QWidget) -> None:
        """Show buttons below the sentence, from wherever they were."""
        for button in buttons:
            self._buttons.addWidget(button, 0, _CENTER)
