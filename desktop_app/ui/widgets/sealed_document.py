"""Text documents that load nothing, whatever their text names.

By itself Qt opens the file of every picture and style sheet that a document names: a FIFO would
block the window for good, and /dev/zero fill its memory. What a document is to draw is given to it
with `addResource`, or by an heir's `loadResource`.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QByteArray, Qt, QUrl
from PySide6.QtGui import QImage, QTextDocument
from PySide6.QtWidgets import QTextBrowser


def nothing_for(kind: int) -> QByteArray | QImage:
    """Return what stands for a resource that is not loaded.

    It must be something: for None Qt looks for a file itself, and for a picture that is no picture
    its image handler opens the file of that name.
    """
    if kind != QTextDocument.ResourceType.ImageResource.value:
        return QByteArray()
    blank = QImage(1, 1, QImage.Format.Format_ARGB32_Premultiplied)
    blank.fill(Qt.GlobalColor.transparent)
    return blank


class SealedDocument(QTextDocument):
    """A document of its own, in no view."""

    def loadResource(self, kind: int, _name: QUrl | str) -> Any:
        """Load nothing."""
        return nothing_for(kind)


class SealedBrowser(QTextBrowser):
    """A view of a document."""

    def loadResource(self, kind: int, _name: QUrl | str) -> Any:
        """Load nothing."""
        return nothing_for(kind)
