"""What a reader makes of a document, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from desktop_app.documents.worker.protocol import Progress
from desktop_app.domain.conversations.message_parts import PagePicture

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class Read:
    """What was read.

    Attributes:
        kind: the media type.
        pages: pages, slides or chapters; None where the format has none.
        note: a sentence for the person, or "".
        pictured: the pages that hold no text.
    """

    kind: str
    text: str
    pages: int | None = None
    note: str = ""
    pictured: tuple[PagePicture, ...] = ()
