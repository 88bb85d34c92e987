"""Citations in the whole program: a click opens the cited passage."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QGuiApplication

from desktop_app.collections.services import collections
from desktop_app.documents.ui.document_viewer import DocumentViewer
from desktop_app.domain.conversations.message_parts import CollectionPart
from desktop_app.transcript.segment import Place
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.transcript_views import link_at

OPENAI = {"OPENAI_API_KEY": "sk-test"}


async def attach_collection(app: AppHarness, *files: Path) -> None:
    """Attach a new collection of these files to the draft."""
    made = await app.backend.of(collections).create("Contracts")
    await app.backend.of(collections).add(made.id, files)
    app.state.current.draft.set_attachments((CollectionPart(made.id, made.name),))


async def test_a_citation_opens_its_passage_and_is_copied_as_a_number(data: Path) -> None:
    async with AppHarness(environment=OPENAI) as app:
        # A citation opens its passage.
        await attach_collection(app, data / "report.pdf")
        turn = await app.ask("What happened to the compressor?")
        (part,) = app.state.current.path[0].passage_parts
        numbers = [passage.number for passage in part.passages]
        assert numbers[0] == 1
        turn.say("It failed on 19 August [1]. Nothing else")
        turn.end(f" [{numbers[-1] + 7}].")
        await app.settled()
        assert "[1]" in app.transcript
        transcript = app.window.transcript
        assert link_at(transcript, "[1]") == "repartee:passage/1"
        assert link_at(transcript, f"[{numbers[-1] + 7}]") == ""
        answer = app.state.current.path[1]
        transcript.follow_link(Place(answer.id, 0), "repartee:passage/1")
        viewer = app.controllers.of(DocumentViewer)
        await until(lambda: bool(viewer.pages.marks))
        assert part.passages[0].page in viewer.pages.marks

        # A copied answer has numbers and no links.
        await app.start_over()
        await attach_collection(app, data / "report.pdf")
        turn = await app.ask("What happened to the compressor?")
        turn.end("It failed [1].")
        await app.settled()
        app.window.transcript.commands.copy_last_answer()
        copied = QGuiApplication.clipboard().mimeData()
        assert copied.text() == "It failed [1]."
        assert "repartee:" not in copied.html()
