"""Citations in the whole program: a click opens the cited passage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest

from desktop_app.domain.conversations.message_parts import CollectionPart
from desktop_app.ui.widgets.text.foreign_text import PlainLabel
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from PySide6.QtGui import QTextCharFormat


OPENAI = {"OPENAI_API_KEY": "sk-test"}


async def attach_collection(app: AppHarness, *files: Path) -> None:
    """Attach a new collection of these files to the draft."""
    made = await app.backend.collections.create("Contracts")
    await app.backend.collections.add(made.id, files)
    app.state.current.draft.set_attachments((CollectionPart(made.id, made.name),))


def link_at(app: AppHarness, words: str) -> QTextCharFormat:
    """Return the format of the first character of these words in the transcript."""
    found = app.window.transcript.document().find(words)
    assert not found.isNull()
    cursor = QTextCursor(found.document())
    cursor.setPosition(found.selectionStart() + 1)
    return cursor.charFormat()


def linked_numbers(app: AppHarness) -> list[str]:
    """Return the numbers of the passages that the transcript links to, in order."""
    numbers = []
    block = app.window.transcript.document().begin()
    while block.isValid():
        fragments = block.begin()
        while not fragments.atEnd():
            href = fragments.fragment().charFormat().anchorHref()
            if href.startswith("repartee:"):
                numbers.append(href.rpartition("/")[2])
            fragments += 1
        block = block.next()
    return numbers


async def test_a_citation_opens_its_passage(data: Path) -> None:
    async with AppHarness(environment=OPENAI) as app:
        await attach_collection(app, data / "report.pdf")
        turn = await app.ask("What happened to the compressor?")
        (part,) = app.state.current.path[0].passage_parts
        numbers = [passage.number for passage in part.passages]
        assert numbers[0] == 1
        turn.say("It failed on 19 August [1]. Nothing else")
        turn.end(f" [{numbers[-1] + 7}].")
        await app.settled()
        assert "[1]" in app.transcript
        assert link_at(app, "[1]").anchorHref() == "repartee:passage/1"
        assert not link_at(app, f"[{numbers[-1] + 7}]").isAnchor()
        transcript = app.window.transcript
        cursor = transcript.document().find("[1]")
        transcript.setTextCursor(cursor)
        transcript.anchorClicked.emit(QUrl("repartee:passage/1"))
        viewer = app.controllers.conversation.viewer.window
        assert viewer is not None
        await until(lambda: bool(viewer.pages.marks))
        assert part.passages[0].page in viewer.pages.marks


async def test_the_keyboard_reaches_a_citation(data: Path) -> None:
    async with AppHarness(environment=OPENAI) as app:
        await attach_collection(app, data / "report.pdf")
        turn = await app.ask("What happened to the compressor?")
        turn.end("It failed [1].")
        await app.settled()
        transcript = app.window.transcript
        transcript.moveCursor(QTextCursor.MoveOperation.Start)
        transcript.setFocus(Qt.FocusReason.TabFocusReason)
        for _ in range(8):
            stop = app.window.focusWidget()
            assert stop is not None
            if stop.accessibleName().startswith("Source 1: report.pdf, page "):
                break
            QTest.keyClick(stop, Qt.Key.Key_Tab)
        assert stop.accessibleName().startswith("Source 1: report.pdf, page ")
        QTest.keyClick(stop, Qt.Key.Key_Return)
        viewer = app.controllers.conversation.viewer.window
        assert viewer is not None
        await until(lambda: bool(viewer.pages.marks))


async def test_the_question_lists_the_sent_passages(data: Path) -> None:
    async with AppHarness(environment=OPENAI) as app:
        await attach_collection(app, data / "report.pdf")
        turn = await app.ask("What happened to the compressor?")
        turn.end("It failed [1].")
        await app.settled()
        (part,) = app.state.current.path[0].passage_parts
        count = len(part.passages)
        words = f"{count} passage{'s' if count > 1 else ''} from Contracts"
        assert words in app.transcript
        assert "[1] report.pdf" not in app.transcript
        app.window.transcript.commands.run(app.state.current.path[0].id, "passages-0")
        assert "[1] report.pdf, page" in app.transcript
        assert link_at(app, "[1] report.pdf").anchorHref() == "repartee:passage/1"
        app.window.transcript.commands.run(app.state.current.path[0].id, "passages-0")
        assert "[1] report.pdf" not in app.transcript


async def test_an_earlier_question_may_be_cited_and_a_later_one_not(
    data: Path, tmp_path: Path
) -> None:
    other = tmp_path / "zebras.txt"
    other.write_text("Zebras graze at dawn.")

    async with AppHarness(environment=OPENAI) as app:
        await attach_collection(app, data / "report.pdf", other)
        turn = await app.ask("What happened to the compressor?")
        first = [p.number for p in app.state.current.path[0].passage_parts[0].passages]
        following = first[-1] + 1
        turn.end(f"It failed [1][{following}].")
        await app.settled()
        turn = await app.ask("And the zebras?")
        (found,) = app.state.current.path[2].passage_parts
        assert [p.name for p in found.passages] == ["zebras.txt"]
        assert 1 in found.known, "what came before is not sent again"
        turn.end(f"Grazing [{following}], and again [1].")
        await app.settled()
        conversation = app.state.current.id
        for _ in range(2):
            assert linked_numbers(app) == ["1", str(following), "1"]
            app.controllers.sidebar.navigator.open_here()
            await app.controllers.sidebar.navigator.open(conversation)


async def test_a_copied_answer_has_numbers_and_no_links(data: Path) -> None:
    async with AppHarness(environment=OPENAI) as app:
        await attach_collection(app, data / "report.pdf")
        turn = await app.ask("What happened to the compressor?")
        turn.end("It failed [1].")
        await app.settled()
        app.window.transcript.commands.copy_last_answer()
        copied = QGuiApplication.clipboard().mimeData()
        assert copied.text() == "It failed [1]."
        assert "repartee:" not in copied.html()


async def test_a_citation_of_a_document_elsewhere_shows_its_words(data: Path) -> None:
    """An imported conversation has the passages of a collection, and not its documents."""
    async with AppHarness(environment=OPENAI) as app:
        await attach_collection(app, data / "report.pdf")
        turn = await app.ask("What happened to the compressor?")
        turn.end("It failed [1].")
        await app.settled()
        (part,) = app.state.current.path[0].passage_parts
        passage = replace(part.passages[0], sha256="0" * 64)
        app.controllers.conversation.viewer.open_passage(passage)
        viewer = app.controllers.conversation.viewer.window
        assert viewer is not None
        label = find(viewer, PlainLabel, "viewer-message")
        await until(lambda: "This document isn’t on this computer." in label.text())
        assert " ".join(passage.text.split())[:200] in label.text()
