"""Having Qt lay out all of a document before it is edited.

After a change of the width Qt lays out what is seen, and the rest in steps of a timer. An edit meanwhile
makes it take for done what stands behind the edit: such blocks take no room and are never seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtGui import QTextDocument


def finish_layout(document: QTextDocument) -> None:
    """Lay out what is still to be; costs nothing where nothing is."""
    document.size()
