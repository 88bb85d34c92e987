"""The viewer of documents: what opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Feature
from desktop_app.transcript.message_items import OPEN_DOCUMENT

if TYPE_CHECKING:
    from desktop_app.app.session import Session
    from desktop_app.documents.ui.document_viewer import DocumentViewer


def _compose(session: Session) -> None:
    def run(_message_id: str, action: str) -> None:
        if action.startswith(OPEN_DOCUMENT):
            _viewer(session).open_attachment(action.removeprefix(OPEN_DOCUMENT))

    transcript = session.window.transcript
    transcript.action_requested.connect(run)
    transcript.passage_requested.connect(lambda passage: _viewer(session).open_passage(passage))
    session.events.document_requested.connect(
        lambda *document: _viewer(session).open_document(*document)
    )


def _viewer(session: Session) -> DocumentViewer:
    from desktop_app.documents.ui.document_viewer import DocumentViewer

    return session.of(DocumentViewer)


FEATURE: Final = Feature(compose=_compose)
