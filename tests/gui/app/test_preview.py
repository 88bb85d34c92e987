"""The preview of an attachment's request, compared with the request that a server gets."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QWidget

from desktop_app.composer.attachments.attachments_controller import PromptAttachments
from desktop_app.documents.ui.attachment_preview import AttachmentPreview, ImageView
from desktop_app.domain.answering.chat_request import FileData
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController
from desktop_app.transcript.find_bar import FindBar
from tests.data.long_pdf import long_pdf
from tests.end2end.prepared_server import Prepared, PreparedServer
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.family import FAMILY_ENVIRONMENT
from tests.helpers.prompt_delimiters import plain
from tests.helpers.transcript_views import marked_text, shown_text
from tests.helpers.widgets import find

ANSWERS = {"What": Prepared("It says so.")}


def with_server(server: PreparedServer) -> AppHarness:
    environment = {
        "OPENAI_BASE_URL": server.base_url,
        "OPENAI_API_KEY": "not-a-key",
        **FAMILY_ENVIRONMENT,
    }
    return AppHarness(has_real_providers=True, environment=environment)


async def attach(app: AppHarness, *paths: Path) -> None:
    app.window.files_dropped.emit(list(paths))
    await until(lambda: len(app.state.current.draft.value.attachments) == len(paths))
    await until(lambda: not app.is_reading)


def part_of(app: AppHarness, at: int = 0) -> DocumentPart:
    part = app.state.current.draft.value.attachments[at]
    assert isinstance(part, DocumentPart)
    return part


async def opened(app: AppHarness) -> AttachmentPreview:
    """Open the preview and return it once it shows the request."""
    await until(lambda: app.window.findChild(AttachmentPreview) is not None)
    dialog = app.window.findChild(AttachmentPreview)
    assert dialog is not None
    await until(lambda: dialog.isVisible() and dialog.content)
    app.window.activateWindow()  # the offscreen platform may leave no window active
    await until(app.window.isActiveWindow)
    return dialog


def words(dialog: QWidget, name: str) -> str:
    return find(dialog, QLabel, name).text()


def shown_image(dialog: AttachmentPreview) -> ImageView:
    return find(dialog, ImageView, "preview-image")


def choose_pages(dialog: AttachmentPreview, pages: str) -> None:
    field = find(dialog, QLineEdit, "pages-to-send")
    field.setFocus()
    field.clear()
    QTest.keyClicks(field, pages)
    QTest.keyClick(field, Qt.Key.Key_Return)


def sent(body: dict[str, object]) -> str:
    """Return all the words of the last question in a request."""
    content = body["input"][-1]["content"]  # type: ignore[index]
    if isinstance(content, str):
        return content
    return str(next(part["text"] for part in content if part["type"] == "input_text"))


async def test_only_the_pages_chosen_by_keyboard_are_sent(tmp_path: Path) -> None:
    path = tmp_path / "long.pdf"
    path.write_bytes(long_pdf(20))

    async with PreparedServer(ANSWERS) as server, with_server(server) as app:
        await attach(app, path)
        whole = part_of(app)
        assert app.chips[0].startswith("long.pdf, 20 pages")
        assert "tokens, " in app.chip_widgets[0].toolTip()
        face = app.chip_widgets[0]
        face.setFocus()
        app.press(Qt.Key.Key_Return)
        dialog = await opened(app)
        assert plain(dialog.content).startswith('<document name="long.pdf" pages="20">\n[page 1]')
        assert "is material, not a request" in dialog.content  # it is sent, but folded
        assert shown_text(dialog.text).startswith("<document")
        choose_pages(dialog, "3-5, 9")
        await until(lambda: part_of(app).sent_tokens not in (None, whole.tokens))
        await until(lambda: "[page 9]" in dialog.content and "page 1]" not in dialog.content)
        chosen = part_of(app)
        assert chosen.chosen is not None
        assert (chosen.chosen.spans, chosen.chosen.of) == (((3, 5), (9, 9)), 20)
        assert app.chips[0] == "long.pdf, pages 3–5, 9 of 20"
        assert f"{chosen.chosen.tokens:,} tokens, " in app.chip_widgets[0].toolTip()
        assert words(dialog, "preview-facts") == app.chips[0].removeprefix("long.pdf, ")
        preview = dialog.content
        assert preview.endswith(f"\n\n{shown_text(dialog.text)}")
        app.press(Qt.Key.Key_Escape)
        await until(lambda: not dialog.isVisible())
        assert dialog.content == ""
        assert app.window.focusWidget() is face
        app.type("What does it say?")
        app.enter()
        await until(lambda: server.bodies)
        await app.settled()
        assert sent(server.bodies[0]) == f"{preview}\n\nWhat does it say?"
        assert "long.pdf\u2003pages 3–5, 9 of 20\u2003" in app.transcript
        app.type("What else?")
        app.enter()
        await until(lambda: len(server.bodies) == 2)
        await app.settled()
        assert server.bodies[1]["input"][0] == server.bodies[0]["input"][0]


async def test_attachments_are_previewed_and_sent_once(data: Path) -> None:
    async with AppHarness() as app:
        # Invalid pages are explained and change nothing.
        await attach(app, data / "report.pdf")
        app.session.actions["attachment.choose-pages"].trigger()
        dialog = await opened(app)
        assert dialog.field.hasFocus()
        choose_pages(dialog, "2-4")
        await until(lambda: words(dialog, "pages-error"))
        assert words(dialog, "pages-error") == (
            "“4” isn’t in this file. Enter numbers from 1 to 3, such as 1-2."
        )
        assert dialog.field.text() == "2-4"
        assert part_of(app).chosen is None
        choose_pages(dialog, "2")
        await until(lambda: part_of(app).sent_tokens and part_of(app).chosen is not None)
        assert not words(dialog, "pages-error")
        assert "report.pdf, page 2 of 3" in app.chips[0]
        choose_pages(dialog, "1-3")
        await until(lambda: part_of(app).chosen is None)

        # A document of the conversation is not sent twice.
        await app.start_over()
        await attach(app, data / "report.pdf")
        turn = await app.ask("Who?")
        assert turn.asked.count("[page 2]") == 1
        turn.end("Dubois")
        await app.settled()
        await attach(app, data / "report.pdf", data / "notes.md")
        assert app.chips[0] == "report.pdf, 3 pages · already in this conversation"
        assert app.chips[1] == "notes.md"
        app.session.actions["attachment.preview"].trigger()
        dialog = await opened(app)
        dialog.selected.emit(part_of(app).sha256)
        await until(lambda: "The same as “report.pdf” in an earlier" in dialog.content)
        assert "[page 2]" not in dialog.content
        assert "Not sent again." in words(dialog, "preview-note")
        choose_pages(dialog, "2")
        await until(lambda: "[page 2]" in dialog.content)
        assert "page 2 of 3" in app.chips[0]
        assert "already" not in app.chips[0]
        choose_pages(dialog, "")
        await until(lambda: "already" in app.chips[0])
        app.press(Qt.Key.Key_Escape)
        turn = await app.ask("And when?")
        assert sum(str(m.parts).count("[page 2]") for m in turn.request.messages) == 1
        assert "(The same as “report.pdf” in an earlier message" in turn.asked
        turn.end("In May")
        await app.settled()
        assert not stored_repeat_names(app)


@pytest.mark.slow
async def test_pages_sent_as_images_are_shown_as_images(data: Path) -> None:
    async with PreparedServer(ANSWERS) as server, with_server(server) as app:
        await attach(app, data / "corpus" / "partly-scanned.pdf")
        app.session.actions["attachment.preview"].trigger()
        dialog = await opened(app)
        preview = dialog.content
        assert preview.endswith("[page 3 of partly-scanned.pdf, as a picture]")
        find(dialog, QAbstractButton, "images").click()
        await until(lambda: "Page 2 · " in words(dialog, "image-caption"))
        find(dialog, QAbstractButton, "next-image").click()
        assert words(dialog, "image-caption") == "Page 3 – loading…"
        await until(lambda: "Page 3 · " in words(dialog, "image-caption"))
        assert not shown_image(dialog).image.isNull()
        choose_pages(dialog, "1, 3")
        await until(lambda: "1, 3 of 4" in dialog.content)
        preview = dialog.content
        app.press(Qt.Key.Key_Escape)
        app.type("What?")
        app.enter()
        await until(lambda: server.bodies)
        await app.settled()
        assert sent(server.bodies[0]) == f"{preview}\n\nWhat?"
        content = server.bodies[0]["input"][-1]["content"]
        assert [part["type"] for part in content] == ["input_text", "input_image"]


@pytest.mark.slow
async def test_a_large_text_is_shown_and_searched(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    lines = (f"line {n}: the quick brown fox jumps over the lazy dog\n" for n in range(20_000))
    path.write_text("".join(lines) + "The İstanbul NEEDLE is here.\n" + "x" * 100_000)

    async with AppHarness() as app:
        await attach(app, path)
        app.session.actions["attachment.preview"].trigger()
        dialog = await opened(app)
        assert len(dialog.content) > 1_000_000
        QTest.keyClick(dialog, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        find(dialog, FindBar, "find-bar").field.setText("needle")
        await until(lambda: words(dialog, "find-count") == "1 of 1")
        await until(lambda: marked_text(dialog.text) == "NEEDLE")
        find(dialog, QAbstractButton, "copy-preview").click()
        assert QGuiApplication.clipboard().text() == dialog.content
        QGuiApplication.clipboard().clear()


async def test_documents_are_sent_as_files_and_previewed_in_the_quick_prompt(data: Path) -> None:
    path = data / "report.pdf"

    async with AppHarness(environment={"OPENAI_API_KEY": "not-a-key", **FAMILY_ENVIRONMENT}) as app:
        # A document is sent as a file if the user chose so.
        await attach(app, path)
        chip = app.chip_widgets[0]
        by_name = {action.objectName(): action for action in chip.menu().actions()}
        names = ["preview", "open-document", "choose-pages", "send-as-file", "give-to-code"]
        assert list(by_name) == names
        assert not by_name["send-as-file"].isChecked()
        by_name["send-as-file"].trigger()
        assert "3 pages · " in app.chips[0]
        assert app.chips[0].endswith(" · as a file")
        await until(lambda: "Input: ≈ " in app.estimate_tooltip)
        app.session.actions["attachment.preview"].trigger()
        await until(lambda: app.window.findChild(AttachmentPreview))
        dialog = app.window.findChild(AttachmentPreview)
        assert dialog is not None
        await until(lambda: "reads the original file" in words(dialog, "preview-note"))
        # The extracted text is shown for information, and the note says that it isn't sent.
        read = await app.backend.attachments.text(part_of(app).sha256)
        assert len(read) > 100
        await until(lambda: dialog.content == read)
        assert "<document" not in dialog.content
        size = f"{path.stat().st_size / 1024:,.0f} KB"
        assert f"File, {size}." in words(dialog, "preview-note")
        assert "isn’t sent" in words(dialog, "preview-note")
        assert "The file itself is sent" in dialog.text.accessibleName()
        await until(dialog.field.isVisible)
        choose_pages(dialog, "2")
        await until(lambda: "<document" in dialog.content)
        assert "[page 2]" in dialog.content
        assert "sent as text, not as a file" in words(dialog, "preview-note")
        assert dialog.text.accessibleName() == "Content to send"
        choose_pages(dialog, "")
        await until(lambda: dialog.content == read)
        app.press(Qt.Key.Key_Escape)
        turn = await app.ask("Who?")
        sent_file = turn.request.messages[-1].parts[0]
        assert sent_file == FileData("report.pdf", "application/pdf", path.read_bytes())
        turn.end("Dubois")
        await app.settled()

        # Attachments of the quick prompt are previewed too.
        await app.start_over()
        app.session.of(QuickPromptController).open_with("")
        window, held = (
            app.session.of(QuickPromptController).window,
            app.session.of(QuickPromptController),
        )
        held.conversation.of(PromptAttachments).attach([data / "report.pdf"])
        await until(lambda: held.parts)
        face = find(window, QAbstractButton, "preview-attachment")
        face.click()
        await until(lambda: window.findChild(AttachmentPreview) is not None)
        dialog = window.findChild(AttachmentPreview)
        assert dialog is not None
        await until(lambda: "[page 1]" in dialog.content)
        choose_pages(dialog, "2")
        await until(lambda: "page 2 of 3 · " in face.accessibleName())
        await until(lambda: "[page 1]" not in dialog.content)
        preview = dialog.content
        assert app.state.current.draft.value.attachments == ()
        dialog.reject()
        window.prompt.submit_requested.emit("Who?")
        turn = await app.turn(0)
        assert turn.asked == f"{preview}\n\nWho?"
        turn.end("Dubois")
        await app.settled()


def stored_repeat_names(app: AppHarness) -> list[str]:
    """Return the `again_as` names in stored messages: only requests may have any."""
    parts = [part for message in app.state.current.path for part in message.attachments]
    return [part.again_as for part in parts if isinstance(part, DocumentPart) and part.again_as]
