"""Pictures of a question in the transcript: small, with round corners, their room kept from the start.

A picture is one character of its line, and its format says how large it is drawn, so nothing moves
when it arrives. Qt asks for it when it is first painted, and only then is it asked for: what nobody
scrolls to is never made.
"""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QBuffer, QByteArray, QObject, QRectF, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QBrush,
    QImage,
    QImageReader,
    QPainter,
    QPainterPath,
    QPen,
    QTextDocument,
    QTextImageFormat,
)

from desktop_app.rendering.block_model import PICTURE, Run
from desktop_app.rendering.markdown.inline_images import MOST_PIXELS, bytes_of, size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PySide6.QtGui import QTextCharFormat

    from desktop_app.domain.conversations.message_parts import ImagePart
    from desktop_app.ui.look.theme import Theme

OPEN: Final = "picture/"
"""What an action begins with that opens a picture; its hash follows."""

LARGEST: Final = (320, 240)
THUMBNAIL_BOX: Final = (640, 480)
"""Pixels of what is made: enough for `LARGEST` on a screen of twice the usual density."""
ROUND: Final = 8
_FORMATS: Final = (b"png", b"jpeg", b"gif", b"webp")
_SCHEME: Final = "picture:"


def image_runs(parts: Iterable[ImagePart], action: str) -> tuple[Run, ...]:
    """The pictures of a question side by side; `action` is the scheme of links that do something.
    The size to draw at, at the default text size, goes along in the link."""
    runs: list[Run] = []
    for part in parts:
        width, height = shown_size(part)
        runs += [Run("\u2003")] if runs else []
        link = f"{action}{OPEN}{part.sha256}#{width}x{height}"
        runs.append(Run(PICTURE, image=True, link=link))
    return tuple(runs)


def shown_size(part: ImagePart) -> tuple[int, int]:
    """Width and height at the default text size; a square where they are not known."""
    return _within(part.dimensions or (LARGEST[1], LARGEST[1]))


def raster_format(target: str, theme: Theme, base: QTextCharFormat) -> QTextImageFormat:
    """The format of a picture that an answer has in itself (see rendering/markdown/inline_images.py)."""
    width, height = (theme.px(side) for side in _within(size_of(target) or (12, 12)))
    made = QTextImageFormat()
    made.merge(base)
    made.setName(f"{target}#{width}x{height}")
    made.setWidth(width)
    made.setHeight(height)
    return made


def _within(size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    ratio = min(1.0, LARGEST[0] / width, LARGEST[1] / height)
    return max(12, round(width * ratio)), max(12, round(height * ratio))


def image_format(link: str, theme: Theme, base: QTextCharFormat) -> QTextImageFormat:
    """The format of a picture's character; clicking it opens the picture."""
    target, _, size = link.partition("#")
    width, height = (theme.px(int(side)) for side in size.split("x"))
    made = QTextImageFormat()
    made.merge(base)
    made.setName(f"{_SCHEME}{target.rpartition('/')[2]}/{width}x{height}")
    made.setWidth(width)
    made.setHeight(height)
    made.setAnchor(True)
    made.setAnchorHref(target)
    return made


class MessageImages(QObject):
    """The pictures of one document.

    Signals:
        image_requested(str): the picture of this hash has come into view; `show` is to be called with it.
    """

    image_requested = Signal(str)
    _decoded = Signal(str, QImage)

    def __init__(self, document: QTextDocument, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._document = document
        self._images: dict[str, QImage] = {}
        self._asked: dict[str, set[str]] = {}
        self._theme = theme
        self.ratio = 1.0
        self._decoded.connect(self.show)

    def set_theme(self, theme: Theme) -> None:
        """Draw what has not come yet in this theme's colours."""
        self._theme = theme

    def clear(self) -> None:
        """Another conversation."""
        self._images.clear()
        self._asked.clear()

    def resource(self, url: QUrl | str) -> QImage | None:
        """What Qt is to draw for a name; None for names that are not ours."""
        name = url if isinstance(url, str) else url.toString()
        if name.startswith(_SCHEME):
            sha256, _, size = name.removeprefix(_SCHEME).partition("/")
        elif name.startswith("data:image/") and name.partition("#")[2]:
            sha256, _, size = name.partition("#")  # the picture itself stands for its hash
        else:
            return None
        width, height = (int(side) for side in size.split("x"))
        if sha256 in self._images:
            return self._rounded(self._images[sha256], width, height)
        if sha256 not in self._asked:
            # Later: this is called from inside a painting.
            QTimer.singleShot(0, self, lambda: self._want(sha256))
        self._asked.setdefault(sha256, set()).add(name)
        return self._rounded(None, width, height)

    def _want(self, key: str) -> None:
        if not key.startswith("data:"):
            self.image_requested.emit(key)
            return
        # A thread of its own: whatever it holds takes its time there, and is bounded in bytes and
        # pixels before anything is decoded.
        Thread(target=_decode, args=(key, self._decoded.emit), daemon=True).start()

    def show(self, sha256: str, image: QImage) -> None:
        """Draw this for a picture from now on."""
        if sha256 not in self._asked:
            return
        self._images[sha256] = image
        for name in self._asked[sha256]:
            kind = QTextDocument.ResourceType.ImageResource
            self._document.addResource(kind.value, QUrl(name), self.resource(name))

    def _rounded(self, image: QImage | None, width: int, height: int) -> QImage:
        """A picture, or its place, at the very pixels of the screen."""
        across, down = round(width * self.ratio), round(height * self.ratio)
        made = QImage(across, down, QImage.Format.Format_ARGB32_Premultiplied)
        made.fill(Qt.GlobalColor.transparent)
        corners = QPainterPath()
        radius = min(ROUND, width / 6, height / 6) * self.ratio
        half = self.ratio / 2
        edge = QRectF(0, 0, across, down).adjusted(half, half, -half, -half)
        corners.addRoundedRect(edge, radius, radius)
        with QPainter(made) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if image is None:
                painter.fillPath(corners, self._theme.code_ground)
            else:
                small = image.scaled(
                    across,
                    down,
                    Qt.AspectRatioMode.KeepAspectRatioByExpanding,
                    Qt.TransformationMode.SmoothTransformation,
                )
                painter.setBrushOrigin((across - small.width()) // 2, (down - small.height()) // 2)
                painter.fillPath(corners, QBrush(small))
            # A chart on white would have no edge on a white ground.
            painter.strokePath(corners, QPen(self._theme.line, self.ratio))
        made.setDevicePixelRatio(self.ratio)
        return made


def _decode(target: str, done: Callable[[str, QImage], None]) -> None:
    """The first frame of a picture, upright; nothing where it is none after all."""
    data = QByteArray(bytes_of(target) or b"")
    buffer = QBuffer(data)
    buffer.open(QBuffer.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setDecideFormatFromContent(True)
    reader.setAutoTransform(True)
    size = reader.size()
    if bytes(reader.format().data()) not in _FORMATS or size.width() * size.height() > MOST_PIXELS:
        return
    image = reader.read()
    if not image.isNull():
        done(target, image)
