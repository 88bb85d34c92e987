"""The system's opener of files and links, replaced."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Opener(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.urls: list[QUrl] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.urls.append(url)


@contextmanager
def opened_urls(*schemes: str) -> Iterator[list[QUrl]]:
    """Yield the URLs of these schemes that the program opens. No other program is started."""
    opener = _Opener()
    for scheme in schemes:
        QDesktopServices.setUrlHandler(scheme, opener, "open")  # type: ignore[arg-type]
    try:
        yield opener.urls
    finally:
        for scheme in schemes:
            QDesktopServices.unsetUrlHandler(scheme)
