"""Documents in their own window, in the whole program: pages, text, the passage marked."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QSpinBox

from desktop_app.composer.attachments.file_readings import FileReadings
from desktop_app.documents.ui.document_viewer import DocumentViewer, ViewerTarget
from desktop_app.domain.conversations.message_parts import DocumentPart, part_id
from tests.data.long_pdf import long_pdf, pdf_of
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.transcript_views import marked_text, shown_text, top_line
from tests.helpers.widgets import find, timer_of

CORPUS = Path(__file__).parents[2] / "data" / "corpus"
OPENAI = {"OPENAI_API_KEY": "sk-test"}


def note_of(viewer: DocumentViewer) -> str:
    return find(viewer, QLabel, "viewer-note").text()


def match_count(viewer: DocumentViewer) -> str:
    return find(viewer.find_bar, QLabel, "find-count").text()


async def stored_document(app: AppHarness, given: Path | str) -> DocumentPart:
    """Read and store a file or a text, and return its part."""
    part, _ = await app.controllers.main.of(FileReadings).read_content(given, lambda _: None)
    assert isinstance(part, DocumentPart)
    return part


async def passage(app: AppHarness, path: Path, words: str) -> ViewerTarget:
    """Store a document, and return the passage with these words."""
    part = await stored_document(app, path)
    text = await app.backend.attachments.text(part.sha256)
    start = text.index(words)
    return ViewerTarget(part.sha256, part.name, None, "page 2", (start, start + len(words)), words)


async def opened(app: AppHarness, what: ViewerTarget) -> DocumentViewer:
    app.controllers.of(DocumentViewer).open(what)
    viewer = app.controllers.of(DocumentViewer)
    await until(lambda: viewer.message != "Opening…")
    return viewer


async def wait_until_drawn(viewer: DocumentViewer) -> None:
    """Wait until everything on the screen is drawn."""
    await until(lambda: not timer_of(viewer.pages).isActive())
    await until(lambda: bool(viewer.pages.images))
    viewer.grab()


def marked_pixels(viewer: DocumentViewer) -> int:
    """Return the number of sampled pixels in the highlight color."""
    image = viewer.pages.viewport().grab().toImage()
    wanted = QColor("#C9D6FF").rgb()
    return sum(
        image.pixel(x, y) == wanted
        for x in range(0, image.width(), 3)
        for y in range(0, image.height(), 3)
    )


async def test_documents_are_shown_and_their_words_found(
    data: Path, tmp_path: Path, opened_files: list[QUrl]
) -> None:
    async with AppHarness(environment=OPENAI) as app:
        # A passage is marked on its page.
        viewer = await opened(
            app, await passage(app, data / "report.pdf", "The compressor of cold room 3")
        )
        await until(lambda: bool(viewer.pages.marks))
        assert set(viewer.pages.marks) == {2}
        assert viewer.pages.page == 2
        room = viewer.screen().availableSize()
        assert viewer.height() < room.height()  # with room for its frame
        assert viewer.width() < room.width()
        await wait_until_drawn(viewer)
        assert marked_pixels(viewer) > 50
        assert note_of(viewer) == ""
        assert "page 2 of 3" in viewer.pages.accessibleName()
        assert "compressor" in viewer.pages.accessibleDescription()

        # Other documents are shown as text.
        for name, words in [
            ("report.odt", "| Electricity | €0.61 million | €0.79 million | +29.5 % |"),
            ("table.html", ""),
        ]:
            await app.start_over()
            viewer = await opened(app, await passage(app, CORPUS / name, words))
            await until(lambda viewer=viewer: bool(shown_text(viewer.text)))
            marked = marked_text(viewer.text)
            for word in words.replace("|", " ").split():
                assert word in marked
            assert bool(marked) == bool(words)
            assert not viewer.pages.isVisible()

        # Words are found on pages.
        await app.start_over()
        path = tmp_path / "three.pdf"
        path.write_bytes(
            pdf_of([["page one: The Fox"], ["nothing here"], ["a fox", "and FOX again"]])
        )

        viewer = await opened(app, await passage(app, path, "nothing here"))
        await until(lambda: viewer.pages.marks)
        assert viewer.pages.page == 2
        search_for(viewer, "fox")
        await until(lambda: match_count(viewer) == "2 of 3")  # from the shown page on
        await until(lambda: list(viewer.pages.marks) == [3])
        QTest.keyClick(viewer.find_bar.field, Qt.Key.Key_Return)
        await until(lambda: match_count(viewer) == "3 of 3")
        QTest.keyClick(viewer.find_bar.field, Qt.Key.Key_Return)
        await until(lambda: list(viewer.pages.marks) == [1])
        viewer.find_bar.field.setText("page")  # the marks between pages are not on them
        await until(lambda: match_count(viewer) == "1 of 1")
        viewer.find_bar.field.setText("wolf")
        await until(lambda: match_count(viewer) == "No matches")
        QTest.keyClick(viewer.find_bar.field, Qt.Key.Key_Escape)
        await until(lambda: list(viewer.pages.marks) == [2])  # the passage again
        assert viewer.isVisible()
        QTest.keyClick(viewer, Qt.Key.Key_Escape)
        assert not viewer.isVisible()

        # Only visible pages of many are drawn.
        await app.start_over()
        path = tmp_path / "long.pdf"
        path.write_bytes(long_pdf(100))

        part = await stored_document(app, path)
        viewer = await opened(app, ViewerTarget(part.sha256, part.name, 50))
        pages = viewer.pages
        await wait_until_drawn(viewer)
        assert pages.page == 50
        assert pages.count == 100
        assert {strip.page for strip in pages.images} <= {49, 50, 51}
        bar = pages.verticalScrollBar()
        for step in range(40):
            bar.setValue(bar.maximum() * step // 40)
            await asyncio.sleep(0)
        await until(lambda: not timer_of(pages).isActive())
        await app.written()
        assert len({strip.page for strip in pages.images}) < 60
        QTest.keyClick(pages, Qt.Key.Key_End)
        assert pages.page == 100
        QTest.keyClick(pages, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier)
        assert pages.page == 99
        field = find(viewer, QSpinBox, "viewer-page")
        assert field.text() == "99 of 100"
        field.selectAll()
        QTest.keyClicks(field, "17")
        assert pages.page == 99
        QTest.keyClick(field, Qt.Key.Key_Return)
        assert pages.page == 17
        QTest.keyClick(viewer, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
        assert pages.page == 16
        field.stepUp()
        assert (pages.page, field.value()) == (17, 17)
        await until(lambda: any(strip.page == 17 for strip in pages.images))
        before = pages.percent
        find(viewer, QAbstractButton, "viewer-larger").click()
        assert pages.percent > before
        assert pages.page == 17
        find(viewer, QAbstractButton, "viewer-fit").click()
        assert pages.percent == before
        held = sum(image.sizeInBytes() for image in pages.images.values())
        assert held <= 64 << 20

        # A document whose file is missing is shown as text.
        await app.start_over()
        what = await passage(app, data / "report.pdf", "The compressor of cold room 3")
        app.backend.attachments.path(what.sha256).unlink()
        viewer = await opened(app, what)
        await until(lambda: marked_text(viewer.text) == what.passage)
        assert "no longer exists" in note_of(viewer)
        assert find(viewer, QAbstractButton, "viewer-original").isHidden()
        viewer = await opened(app, ViewerTarget("0" * 64, "lost.pdf"))
        assert "file is missing" in viewer.message
        assert "Attach the file again." in viewer.message

        # The name of a document in a question opens it.
        await app.start_over()
        app.window.prompt.attach_requested.emit([data / "report.pdf"])
        await until(lambda: bool(app.chips) and not app.is_reading)
        (attached,) = app.state.current.draft.value.attachments
        app.window.prompt.chips.action_requested.emit(part_id(attached), "open-document")
        chip_viewer = app.controllers.of(DocumentViewer)
        await until(lambda: chip_viewer.pages.count == 3)
        turn = await app.ask("What is it?")
        turn.end("A report.")
        await app.settled()
        part = app.state.current.path[0].attachments[0]
        app.act(f"document/{part.sha256}", 0)
        viewer = app.controllers.of(DocumentViewer)
        await until(lambda: viewer.pages.count == 3)
        assert viewer.accessibleName() == "report.pdf"
        QTest.keyClick(viewer, Qt.Key.Key_Escape)
        assert not viewer.isVisible()
        assert viewer.pages.count == 0

        # The original is opened only by a click.
        await app.start_over()
        starter = tmp_path / "game.desktop"
        starter.write_text("[Desktop Entry]\nExec=rm\n")

        for path, ending in ((data / "report.pdf", ".pdf"), (starter, ".txt")):
            part = await stored_document(app, path)
            viewer = await opened(app, ViewerTarget(part.sha256, part.name))
            await asyncio.sleep(0)
            assert not opened_files
            original = find(viewer, QAbstractButton, "viewer-original")
            original.setFocus()
            QTest.keyClick(original, Qt.Key.Key_Return)
            await until(lambda: opened_files)
            copy = Path(opened_files.pop().toLocalFile())
            assert copy.suffix == ending
            assert copy.read_bytes() == path.read_bytes()
            assert stat.S_IMODE(copy.stat().st_mode) == 0o400
    assert not copy.parent.exists()


@pytest.mark.slow
async def test_a_long_text_is_parsed_near_the_viewport() -> None:
    lines = [f"Line {number} of a long text, with some words in it." for number in range(60_000)]

    async with AppHarness(environment=OPENAI) as app:
        part = await stored_document(app, "\n".join(lines))
        text = await app.backend.attachments.text(part.sha256)
        start = text.index("Line 30000 ")
        place = (start, start + len(lines[30_000]))
        viewer = await opened(app, ViewerTarget(part.sha256, part.name, span=place))
        await until(lambda: marked_text(viewer.text) == lines[30_000])
        shown = viewer.text
        view = shown.viewport().rect()
        marked = [shown._marked_ranges(each.key) for each in shown.shown_segments()]
        ends = next(ranges[0] for ranges in marked if ranges)
        rect = shown.rect_of(ends[0])
        assert rect is not None
        assert abs(rect.center().y() - view.center().y()) < view.height() / 4
        bar = shown.verticalScrollBar()
        app.theme.set_look(app.theme.look._replace(mode="dark"))
        await until(lambda: shown.theme == app.theme.current)
        assert marked_text(shown) == lines[30_000]
        for step in range(100):
            bar.setValue(bar.maximum() * step // 100)
        assert sum(shown._is_open(index) for index in range(shown.articles.count)) < 50
        QTest.keyClick(shown, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
        assert bar.value() == bar.maximum()
        assert any(lines[-1] in each.document.toPlainText() for each in shown.shown_segments())
        QTest.keyClick(shown, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
        assert top_line(shown) == lines[0]


def search_for(viewer: DocumentViewer, words: str) -> None:
    """Press Ctrl+F and fill in the words."""
    QTest.keyClick(viewer, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert viewer.find_bar.isVisible()
    viewer.find_bar.field.setText(words)
