"""Open links and files with the system's programs. Nothing else in the window may do that.

A link comes from others: `markdown.parsing.links` decides whether it may open. A path is
the program's own: a copy that it made, a file that it wrote, or their folder.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from desktop_app.child_processes import foreign_umask
from desktop_app.markdown.parsing.links import is_openable


def open_link(url: QUrl) -> None:
    """Open a web or mail address; ignore any other."""
    if is_openable(url.toString(QUrl.ComponentFormattingOption.FullyEncoded)):
        _open(url)


def open_path(path: Path) -> None:
    """Open a file in its default program, or a folder."""
    _open(QUrl.fromLocalFile(str(path)))


def _open(url: QUrl) -> None:
    with foreign_umask():
        QDesktopServices.openUrl(url)
