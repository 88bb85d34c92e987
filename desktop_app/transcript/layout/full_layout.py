"""Forces Qt to lay out a whole document before an edit.

After a change of width, Qt lays out the visible part first and the rest on a timer. An edit
meanwhile makes Qt treat the text below the edit as laid out: those blocks get no height and stay
invisible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtGui import QTextDocument


def finish_layout(document: QTextDocument) -> None:
    """Lay out the rest of the document. Costs nothing if the layout is complete."""
    document.size()
