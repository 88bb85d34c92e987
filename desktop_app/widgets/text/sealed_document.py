"""Text documents that never load the resources that their text names.

By default, Qt opens the file of every image and style sheet that a document names. A FIFO
would block the window forever, and /dev/zero would fill its memory. Images to draw are added with
`addResource` or by a subclass's `loadResource`.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QByteArray, Qt, QUrl
from PySide6.QtGui import QImage, QTextDocument
from PySide6.QtWidgets import QTextBrowser


def empty_resource(kind: int) -> QByteArray | QImage:
    """Return a placeholder for a resource that is not loaded.

    It must not be None: then Qt looks for a file itself. Invalid image data would make Qt's
    image handler open the file of that name.
    """
    if kind != QTextDocument.ResourceType.ImageResource.value:
        return QByteArray()
    blank = QImage(1, 1, QImage.Format.Format_ARGB32_Premultiplied)
    blank.fill(Qt.GlobalColor.transparent)
    return blank


class SealedDocument(QTextDocument):
    """A document without a view that loads no resources."""

    def loadResource(self, kind: int, _name: QUrl | str) -> Any:
        return empty_resource(kind)


class SealedBrowser(QTextBrowser):
    """A document view that loads no resources."""

    def loadResource(self, kind: int, _name: QUrl | str) -> Any:
        return empty_resource(kind)
