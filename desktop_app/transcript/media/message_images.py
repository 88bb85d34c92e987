"""Shows the images of questions and answers: small, with round corners, in a fixed space.

An image is one character of its line. Its format has the size, so nothing moves when the image
arrives. Qt requests an image when it is first painted, so images that are never visible are never
created.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from PySide6.QtCore import QObject, QRectF, QSize, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QTextCharFormat,
    QTextImageFormat,
)
from PySide6.QtWidgets import QWidget

from desktop_app.domain.conversations.message_parts import ImagePart
from desktop_app.markdown.block_model import PICTURE, Run
from desktop_app.markdown.parsing.inline_images import image_size_of
from desktop_app.widgets.look.theme import Theme

OPEN_IMAGE: Final = "picture/"
"""The prefix of an action that opens an image. The hash of the image follows."""

DIAGRAM_KEY: Final = "diagram."
"""The beginning of the key of a diagram's picture, which has no frame."""

MAX_SHOWN_SIZE: Final = (320, 240)
"""Maximum width and height of a shown image, in pixels at the default text size."""
_MIN_SIDE: Final = 12
"""Minimum width and height of a shown image, so that it can be seen and clicked."""
THUMBNAIL_BOX: Final = (640, 480)
"""Width and height of a thumbnail: `MAX_SHOWN_SIZE` on a screen with twice the usual density."""
_MAX_BYTES: Final = 64 << 20
"""Bytes of the images in memory. The largest diagram takes 16 MB, a thumbnail 1.2 MB."""
CORNER_RADIUS: Final = 8
"""Radius of the corners in pixels; a small image has smaller corners."""
_SCHEME: Final = "picture:"


def image_runs(parts: Iterable[ImagePart], action: str) -> tuple[Run, ...]:
    """Return the images of a question side by side. `action` is the scheme of action links.

    The link includes the image's size in pixels at the default text size.
    """
    runs: list[Run] = []
    for part in parts:
        square = (MAX_SHOWN_SIZE[1], MAX_SHOWN_SIZE[1])  # if the size is unknown
        width, height = _fit_size(part.dimensions or square)
        runs += [Run("\u2003")] if runs else []
        link = f"{action}{OPEN_IMAGE}{part.sha256}#{width}x{height}"
        runs.append(Run(PICTURE, image=True, link=link))
    return tuple(runs)


def raster_format(target: str, theme: Theme, base: QTextCharFormat) -> QTextImageFormat:
    """Return the format of an image embedded in an answer.

    See markdown/parsing/inline_images.py.
    """
    size = image_size_of(target) or (1, 1)  # only images of a known size are drawn
    width, height = (theme.px(side) for side in _fit_size(size))
    return _format_with_name(f"{target}#{width}x{height}", width, height, base)


def _fit_size(size: tuple[int, int]) -> tuple[int, int]:
    """Shrink a size to `MAX_SHOWN_SIZE`, with no side shorter than `_MIN_SIDE`."""
    width, height = size
    ratio = min(1.0, MAX_SHOWN_SIZE[0] / width, MAX_SHOWN_SIZE[1] / height)
    return max(_MIN_SIDE, round(width * ratio)), max(_MIN_SIDE, round(height * ratio))


def image_format(link: str, theme: Theme, base: QTextCharFormat) -> QTextImageFormat:
    """Return the format of an image's character. A click opens the image."""
    target, _, size = link.partition("#")
    width, height = (theme.px(int(side)) for side in size.split("x"))
    name = f"{_SCHEME}{target.rpartition('/')[2]}/{width}x{height}"
    linked_format = _format_with_name(name, width, height, base)
    linked_format.setAnchor(True)
    linked_format.setAnchorHref(target)
    return linked_format


def fit_width(char_format: QTextCharFormat, width: float) -> QTextCharFormat:
    """Return the format of an image that is no wider than the text around it."""
    image = char_format.toImageFormat()
    if not image.isValid() or image.width() <= width:
        return char_format
    shown_width = max(_MIN_SIDE, int(width))
    shown_height = max(_MIN_SIDE, round(image.height() * shown_width / image.width()))
    narrow = QTextImageFormat(image)
    narrow.setName(f"{image.name().rpartition('/')[0]}/{shown_width}x{shown_height}")
    narrow.setWidth(shown_width)
    narrow.setHeight(shown_height)
    return narrow


def hidden_format(char_format: QTextCharFormat, text: str) -> QTextCharFormat:
    """Return a format in which text takes no space: a tiny font whose letters overlap.

    It is for the words that stand beside a drawing.
    """
    style = QTextCharFormat()
    font = QFont(char_format.font())
    font.setPixelSize(1)
    font.setItalic(False)
    width = QFontMetricsF(font).horizontalAdvance(text)
    font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, -width / max(1, len(text)))
    style.setFont(font)
    style.setForeground(QColor(Qt.GlobalColor.transparent))
    return style


def _format_with_name(
    name: str, width: int, height: int, base: QTextCharFormat
) -> QTextImageFormat:
    image_format = QTextImageFormat()
    image_format.merge(base)
    image_format.setName(name)
    image_format.setWidth(width)
    image_format.setHeight(height)
    return image_format


class MessageImages(QObject):
    """The images of a view, which are requested once they are visible.

    Signals:
        requested(str): an image with this key came into view. Pass it to `show`.
        drawn(QUrl, QImage): what documents draw for this name has arrived.
    """

    requested = Signal(str)
    drawn = Signal(QUrl, QImage)

    def __init__(self, view: QWidget, theme: Callable[[], Theme]) -> None:
        super().__init__(view)
        self._view = view
        self._theme = theme
        self._images: dict[str, QImage] = {}
        # For each requested image, the names by which Qt asked for it: one for each size.
        self._requested: dict[str, set[str]] = {}

    def clear(self) -> None:
        """Forget all images, because another conversation is shown."""
        self._images.clear()
        self._requested.clear()

    def resource(self, url: QUrl | str) -> QImage | None:
        """Return the image that Qt draws for a name; None for the name of anything else.

        For an image that has not arrived, return a placeholder, and request the image.
        """
        name = url if isinstance(url, str) else url.toString()
        if name.startswith(_SCHEME):
            key, _, size = name.removeprefix(_SCHEME).partition("/")
        elif name[:11].lower() == "data:image/" and name.partition("#")[2]:
            key, _, size = name.partition("#")  # embedded in the answer
        else:
            return None
        width, height = (int(side) for side in size.split("x"))
        if key in self._images:
            if key.startswith(DIAGRAM_KEY):
                return self._whole_image(self._images[key], width, height)
            return self._rounded_image(self._images[key], width, height)
        if key not in self._requested:
            # Deferred, because Qt calls this while painting.
            QTimer.singleShot(0, self, lambda: self.requested.emit(key))
        self._requested.setdefault(key, set()).add(name)
        return self._rounded_image(None, width, height)

    def put(self, key: str, image: QImage, *, instead_of: str) -> None:
        """Have this image at once when it is drawn, and forget another one."""
        self._images.pop(instead_of, None)
        self._requested.pop(instead_of, None)
        self._images[key] = image

    def show(self, key: str, image: QImage) -> None:
        """Draw this image from now on, if Qt has asked for it."""
        if key not in self._requested:
            return
        self._images[key] = image
        for name in self._requested[key]:
            drawn = self.resource(name)
            assert drawn is not None
            self.drawn.emit(QUrl(name), drawn)
        # Documents keep what they draw; an image that another document draws is requested again.
        while len(self._images) > 1 and self._size() > _MAX_BYTES:
            oldest = next(iter(self._images))
            del self._images[oldest]
            self._requested.pop(oldest, None)

    def _size(self) -> int:
        return sum(each.sizeInBytes() for each in self._images.values())

    def _whole_image(self, image: QImage, width: int, height: int) -> QImage:
        """Return a diagram in device pixels, whose corners are empty. Qt asks at each painting."""
        ratio = self._view.devicePixelRatioF()
        size = QSize(round(width * ratio), round(height * ratio))
        mode = Qt.AspectRatioMode.IgnoreAspectRatio  # its sides are rounded
        drawn = image.scaled(size, mode, Qt.TransformationMode.SmoothTransformation)
        drawn.setDevicePixelRatio(ratio)
        return drawn

    def _rounded_image(self, image: QImage | None, width: int, height: int) -> QImage:
        """Return an image, or its placeholder, in device pixels."""
        ratio = self._view.devicePixelRatioF()
        device_width = round(width * ratio)
        device_height = round(height * ratio)
        rounded = QImage(device_width, device_height, QImage.Format.Format_ARGB32_Premultiplied)
        rounded.fill(Qt.GlobalColor.transparent)
        outline = QPainterPath()
        radius = min(CORNER_RADIUS, width / 6, height / 6) * ratio
        half = ratio / 2
        outline_rect = QRectF(0, 0, device_width, device_height).adjusted(half, half, -half, -half)
        outline.addRoundedRect(outline_rect, radius, radius)
        with QPainter(rounded) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if image is None:
                painter.fillPath(outline, self._theme().code_ground)
            else:
                scaled = image.scaled(
                    device_width,
                    device_height,
                    Qt.AspectRatioMode.KeepAspectRatioByExpanding,
                    Qt.TransformationMode.SmoothTransformation,
                )
                painter.setBrushOrigin(
                    (device_width - scaled.width()) // 2, (device_height - scaled.height()) // 2
                )
                painter.fillPath(outline, QBrush(scaled))
            # Without an edge, a chart with a white background would merge into a white page.
            painter.strokePath(outline, QPen(self._theme().line, ratio))
        rounded.setDevicePixelRatio(ratio)
        return rounded
