"""Documents on their way into a question, through the real process that reads them."""

from __future__ import annotations

import asyncio
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from desktop_app.app.attachments.attachment_drags import file_name
from desktop_app.app.chat.chunked_reading_controller import ATTACH_BEGINNING_LABEL
from desktop_app.app.desktop.window_request import OpenRequest
from desktop_app.domain.answering.chat_request import ImageData
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.ui.composer.suggestions import SuggestionButton
from tests.data.long_pdf import long_pdf
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.widgets import find

WAITS = "Queued · Esc to cancel"


def suggestions(app: AppHarness) -> list[str]:
    """Return the labels of the suggestions."""
    buttons = app.window.prompt.findChildren(SuggestionButton)
    return [button.text() for button in buttons if button.isVisible()]


async def test_a_report_is_summarized_by_enter(data: Path) -> None:
    async with AppHarness() as app:
        app.window.files_dropped.emit([data / "report.pdf"])
        assert app.chips == ["report.pdf, reading…"]
        app.enter()
        assert app.hint == "Reading report.pdf…"
        await until(lambda: not app.is_reading)
        assert app.chips[0].startswith("report.pdf, 3 pages · ")
        assert app.chips[0].endswith("%")
        assert suggestions(app) == ["Summarize", "Extract to table"]
        app.type("x")
        assert suggestions(app) == []
        app.press(Qt.Key.Key_Backspace)
        turn = await app.ask("")
        assert "6 to 8 bullets of at most 30 words each," in turn.asked
        assert "report.pdf" in turn.asked
        await until(lambda: app.chips == [])
        assert suggestions(app) == []
        turn.end("Dubois, mostly.")
        await app.settled()
        question = app.state.current.path[0]
        (part,) = question.attachments
        assert isinstance(part, DocumentPart)
        assert (part.name, part.pages) == ("report.pdf", 3)
        assert "report.pdf\u20033 pages" in app.transcript
        original = await app.backend.attachments.bytes(part.sha256)
        assert original == (data / "report.pdf").read_bytes()
        assert app.rows == ["report.pdf"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("damaged.pdf", "“damaged.pdf” is damaged or incomplete."),
        ("empty.pdf", "“empty.pdf” contains no text."),
        ("missing.pdf", "Couldn’t find “missing.pdf”."),
        ("binary.txt", "Repartee can’t read “binary.txt”."),
    ],
)
async def test_an_unreadable_file_is_reported_and_gets_no_chip(
    data: Path, name: str, words: str
) -> None:
    async with AppHarness() as app:
        app.type("my words")
        app.window.prompt.attach_requested.emit([data / name])
        await until(lambda: not app.is_reading)
        assert app.said.startswith(words)
        assert app.chips == []
        assert suggestions(app) == []
        assert app.text.toPlainText() == "my words"
        app.enter()
        await until(lambda: app.providers.turns)
        app.providers.turns[0].end("ok")
        await app.settled()


async def test_suggestions_ask_for_several_documents_singly_or_together(data: Path) -> None:
    async with AppHarness() as app:
        app.window.files_dropped.emit([data / "report.pdf", data / "notes.md"])
        await until(lambda: len(suggestions(app)) == 3 and not app.is_reading)
        assert suggestions(app)[2] == "Differences between two documents"
        app.type("/para")
        app.press(Qt.Key.Key_Return)
        await until(lambda: "one paragraph" in app.text.toPlainText())
        assert app.text.toPlainText().endswith("then give an overview of all of them.")
        app.text.clear()
        app.type("/diff")
        app.press(Qt.Key.Key_Return)
        await until(lambda: "Compare the two" in app.text.toPlainText())
        assert "overview" not in app.text.toPlainText()
        app.text.clear()
        turn = await app.ask("")
        assert "If there are several documents, do this for each" in turn.asked
        turn.end("ok")
        await app.settled()


async def test_image_pages_are_named_and_a_model_without_vision_is_not_asked(data: Path) -> None:
    async with AppHarness() as app:
        app.window.prompt.attach_requested.emit([data / "scanned.pdf"])
        await until(lambda: not app.is_reading)
        assert "All 2 pages are images." in app.said
        (chip,) = app.chips
        assert "2 pages, 2 as images" in chip
        app.type("What does it say?")
        app.enter()
        await until(lambda: "can’t read 2 of 2 pages of scanned.pdf" in app.hint)
        assert not app.providers.turns
        assert app.text.toPlainText() == "What does it say?"


async def test_what_was_skipped_in_each_file_is_shown_until_it_is_dismissed(tmp_path: Path) -> None:
    paths = [tmp_path / "first.zip", tmp_path / "second.zip"]
    for path in paths:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("notes.txt", f"The {path.stem} lift is out of order.")
            archive.writestr("program.bin", b"\x7fELF\0\0")
    async with AppHarness() as app:
        app.window.prompt.attach_requested.emit(paths)
        await until(lambda: len(app.chips) == 2 and not app.is_reading)
        said = [app.said]
        app.window.notifications.dismiss()
        said.append(app.said)
        for path, words in zip(paths, sorted(said), strict=True):
            assert words.startswith(f"{path.name}: Files read: 1. Skipped: program.bin")


@pytest.mark.parametrize("way", ["read", "read elsewhere", "failure", "removal", "typing"])
async def test_a_question_waits_until_its_file_is_read(
    data: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("One", "1")
        reader, may_read = app.controllers.composer.attachment_reader, asyncio.Event()
        read = reader.read

        async def read_later(*given: Any) -> Any:
            await may_read.wait()
            return await read(*given)

        monkeypatch.setattr(reader, "read", read_later)
        name = "gone.md" if way == "failure" else "notes.md"
        app.window.files_dropped.emit([data / name])
        app.type("Who wrote it?")
        app.enter()
        await until(lambda: app.hint == WAITS)
        assert app.window.prompt.row.send_button.isEnabled()
        if way == "removal":
            (reading,) = app.controllers.composer.readings.ids
            app.window.prompt.chips.remove_requested.emit(reading)
        elif way == "typing":
            app.type("!")
        elif way == "read elsewhere":
            app.window.conversations.new_requested.emit()
        may_read.set()
        if way.startswith("read"):
            turn = await app.turn(1)
            assert turn.asked.endswith("Who wrote it?")
            assert "notes.md" in turn.asked
            turn.end("Somebody.")
        await until(lambda: not app.is_reading)
        await app.written()
        if not way.startswith("read"):
            assert app.text.toPlainText().startswith("Who wrote it?")
            assert app.hint.startswith("Enter to send ·")
            assert len(app.providers.turns) == 1
        await app.settled()


async def test_removing_the_chip_cancels_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "long.pdf"
    path.write_bytes(long_pdf(3_000))

    async with AppHarness() as app:
        app.window.files_dropped.emit([path])
        await until(lambda: app.chips and " page " in app.chips[0])
        (reading,) = app.controllers.composer.readings.ids
        app.window.prompt.chips.remove_requested.emit(reading)
        assert app.chips == []
        app.type("still works")
        app.enter()
        await until(lambda: app.providers.turns)
        app.providers.turns[0].end("ok")
        await app.settled()
        assert app.said == ""
        app.window.files_dropped.emit([path])
        (reading,) = app.controllers.composer.readings.ids
        app.window.prompt.chips.remove_requested.emit(reading)  # before it has begun
        await app.written()
        assert app.chips == []
        app.window.files_dropped.emit([path])
        await until(lambda: app.chips and " page " in app.chips[0])
    assert app.backend.documents.pid is None


async def test_a_document_that_does_not_fit_is_refused_with_the_figures(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("word " * 20_000, "utf-8")

    async with AppHarness() as app:
        app.window.files_dropped.emit([path])
        await until(lambda: not app.is_reading)
        app.type("Summarize")
        app.enter()
        await until(lambda: app.said)
        assert "With long.txt, this needs" in app.said
        assert "SmolLM2 135M accepts 7,680" in app.said
        assert app.text.toPlainText() == "Summarize"
        assert len(app.chips) == 1
        assert app.providers.turns == []
        assert app.messages() == []
        assert app.rows == []
        app.window.prompt.chips.remove_requested.emit(
            app.state.current.draft.value.question_attachments[0].sha256
        )
        assert app.said.startswith("“long.txt” removed")


async def test_the_suggestion_for_a_document_that_does_not_fit_is_asked_of_its_parts(
    tmp_path: Path,
) -> None:
    path = tmp_path / "long.txt"
    path.write_text("One sentence of five words. " * 3_000, "utf-8")
    words = "6 to 8 bullets of at most 30 words each,"

    async with AppHarness() as app:
        app.window.files_dropped.emit([path])
        await until(lambda: not app.is_reading)
        app.enter()
        await until(lambda: "With long.txt, this needs" in app.said)
        assert words in app.text.toPlainText()
        app.text.selectAll()
        app.press(Qt.Key.Key_Delete)
        assert app.text.toPlainText() == ""
        app.press_action("Read in parts…")  # what was asked, even if the prompt has been emptied
        assert words in (await app.turn(0)).asked
        assert app.text.toPlainText() == ""
        app.window.prompt.stop_requested.emit()
        await app.settled()


async def test_an_offer_to_read_in_parts_stays_in_its_conversation(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("One sentence of five words. " * 100_000, "utf-8")

    async with AppHarness(environment={"OPENAI_API_KEY": "not-a-key"}) as app:
        await app.ask_and_answer("Why?", "Because.")
        app.window.files_dropped.emit([path])
        await until(lambda: not app.is_reading)
        app.type("Summarize")
        app.enter()
        await until(lambda: "Read in parts…" in app.offered_actions)
        app.press_action("Read in parts…")
        await until(lambda: app.said == "Counting parts…")
        app.window.conversations.new_requested.emit()
        await app.settled()
        assert app.text.toPlainText() == ""
        assert "Read in parts" not in app.offered_actions


async def test_a_document_that_does_not_fit_can_be_read_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("One sentence of five words. " * 3_000, "utf-8")

    async with AppHarness() as app:
        app.window.files_dropped.emit([path])
        await until(lambda: not app.is_reading)
        app.type("Summarize")
        app.enter()
        await until(lambda: app.said)
        app.press_action("Read in parts…")
        notes = 0
        while "answer from them" not in (turn := await app.turn(notes)).asked:
            notes += 1
            assert "part=" in turn.asked
            turn.end(f"note {notes}")
        assert notes > 2
        assert turn.asked.index("note 1") < turn.asked.index(f"note {notes}")
        turn.end("The summary.")
        await app.settled()
        assert app.messages()[-1][2] == "The summary."
        # The next question does not bring the document along again.
        turn = await app.ask("Thank you")
        assert sum(len(str(m)) for m in turn.request.messages) < 3_000
        turn.end("Welcome.")
        await app.settled()


async def test_the_beginning_of_a_large_table_is_sent_if_a_tool_reads_the_rest(
    tmp_path: Path,
) -> None:
    path = tmp_path / "sales.csv"
    rows = "".join(f"{n},a b c d e f g h i j k l,{n % 13}.25\n" for n in range(30_000))
    path.write_text(f"id,words,amount\n{rows}")

    async with AppHarness(environment={"OPENAI_API_KEY": "not-a-key"}) as app:
        app.window.files_dropped.emit([path])
        await until(lambda: not app.is_reading)
        app.type("Sum?")
        app.enter()
        await until(lambda: "With sales.csv, this needs" in app.said)
        assert ATTACH_BEGINNING_LABEL not in app.offered_actions
        app.window.settings.pages.responses.page.override_changed.emit(
            app.open_id, "answer.tools", "query_table"
        )
        await until(lambda: "query_table" in app.state.setup.ask_settings.parameters.tools)
        app.enter()
        await until(lambda: ATTACH_BEGINNING_LABEL in app.offered_actions)
        app.press_action(ATTACH_BEGINNING_LABEL)
        await until(lambda: "only the beginning" in app.chips[0])
        assert app.text.toPlainText() == "Sum?", "the user sees it before it is sent"
        app.enter()
        turn = await app.turn(0)
        assert [tool.name for tool in turn.request.tools] == ["query_table"]
        assert "Table “sales”: about 30,000 rows" in turn.asked
        assert len(turn.asked) < 3_000
        turn.end("Done.")
        await app.settled()


async def test_a_table_that_a_tool_reads_is_not_read_in_parts_with_another_document(
    tmp_path: Path,
) -> None:
    table, text = tmp_path / "sales.csv", tmp_path / "long.txt"
    table.write_text("id,words\n" + "".join(f"{n},a b c d e f\n" for n in range(60_000)))
    text.write_text("One sentence of five words. " * 60_000, "utf-8")

    async with AppHarness(environment={"OPENAI_API_KEY": "not-a-key"}) as app:
        app.window.settings.pages.responses.page.override_changed.emit(
            app.open_id, "answer.tools", "query_table"
        )
        await until(lambda: "query_table" in app.state.setup.ask_settings.parameters.tools)
        app.window.files_dropped.emit([table])
        await until(lambda: not app.is_reading)
        app.type("Sum?")
        app.enter()
        await until(lambda: ATTACH_BEGINNING_LABEL in app.offered_actions)
        app.press_action(ATTACH_BEGINNING_LABEL)
        await until(lambda: "only the beginning" in app.chips[0])
        app.window.files_dropped.emit([text])
        await until(lambda: not app.is_reading)
        app.enter()
        await until(lambda: "Read in parts…" in app.offered_actions)
        app.press_action("Read in parts…")
        await until(lambda: "Read in parts" in app.offered_actions)
        app.press_action("Read in parts")
        await app.turn(0)
        question = app.state.current.path[0]
        documents = [part for part in question.parts if isinstance(part, DocumentPart)]
        assert [(part.name, part.in_parts) for part in documents] == [
            ("sales.csv", False),
            ("long.txt", True),
        ]
        app.window.prompt.stop_requested.emit()
        await app.settled()


async def test_a_scan_of_too_many_pages_is_read_in_parts_as_images(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    sheet = Image.new("L", (124, 175), 255)
    sheet.save(path, save_all=True, append_images=[sheet] * 100)

    async with AppHarness(environment={"OPENAI_API_KEY": "not-a-key"}) as app:
        app.window.files_dropped.emit([path])
        await until(lambda: not app.is_reading)
        app.type("Summarize")
        app.enter()
        await until(lambda: "Only 100 page images can be sent at once" in app.said)
        offer = app.window.notifications.tab_stops[0]
        QTest.mouseClick(offer, Qt.MouseButton.LeftButton)
        assert app.text.hasFocus()
        await until(lambda: "will be read in 6 parts" in app.said)
        assert "Counting" not in app.said
        assert not app.window.notifications.note_timer.isActive()  # there is a cost to consider
        app.press_action("Read in parts")
        seen = 0
        for number in range(6):
            parts = (turn := await app.turn(number)).request.messages[-1].parts
            seen += sum(isinstance(part, ImageData) for part in parts)
            turn.end(f"note {number}")
        assert seen == 101
        last = await app.turn(6)
        assert "note 5" in last.asked
        last.end("The summary.")
        await app.settled()
        assert app.messages()[-1][2] == "The summary."


async def test_refused_files_are_counted_and_stay_with_their_conversation(data: Path) -> None:
    async with AppHarness() as app:
        here = await app.ask_and_answer("One", "1")
        names = ("missing.pdf", "damaged.pdf", "empty.pdf")
        app.window.files_dropped.emit([data / name for name in names])
        await until(lambda: not app.is_reading)
        assert find(app.window.notifications, QLabel, "count").text() == "1 of 3"
        app.window.conversations.new_requested.emit()
        assert app.open_id != here
        assert app.said == ""


async def test_a_large_paste_becomes_a_document() -> None:
    async with AppHarness() as app:
        pasted = QMimeData()
        pasted.setText("word and " * 3_000)
        app.text.insertFromMimeData(pasted)
        await until(lambda: not app.is_reading)
        assert app.text.toPlainText() == ""
        assert app.chips[0].startswith("Pasted text.txt, ")
        turn = await app.ask("What is it?")
        assert "word and word and" in turn.asked
        assert "What is it?" in turn.asked
        turn.end("Words.")
        await app.settled()


async def test_equal_files_are_attached_once_and_different_ones_may_have_the_same_name(
    data: Path, tmp_path: Path
) -> None:
    other = tmp_path / "notes.md"
    other.write_text("# Other notes\n", "utf-8")
    copy = tmp_path / "copy" / "notes.md"
    copy.parent.mkdir()
    shutil.copy(data / "notes.md", copy)

    async with AppHarness() as app:
        app.window.files_dropped.emit([data / "notes.md", other, copy])
        await until(lambda: not app.is_reading)
        assert len(app.chips) == 2
        app.window.prompt.chips.remove_requested.emit(
            app.state.current.draft.value.question_attachments[0].sha256
        )
        assert len(app.chips) == 1


async def test_a_document_attached_while_the_question_is_stored_stays(data: Path) -> None:
    async with AppHarness() as app:
        app.type("First")
        app.enter()
        app.window.files_dropped.emit([data / "notes.md"])
        await until(lambda: app.providers.turns and not app.is_reading)
        app.providers.turns[0].end("1")
        await app.settled()
        assert len(app.chips) == 1
        assert app.state.current.path[0].attachments == ()


async def test_a_file_of_the_command_line_is_attached(data: Path) -> None:
    request = OpenRequest((str(data / "notes.md"),))
    async with AppHarness(request=request) as app:
        await until(lambda: not app.is_reading)
        assert app.chips[0].startswith("notes.md")


async def test_a_file_stays_attached_if_its_location_cannot_be_stored(data: Path) -> None:
    no_room = (
        "CREATE TRIGGER no_room BEFORE INSERT ON attachment_origins "
        "BEGIN SELECT RAISE(ABORT, 'no room'); END"
    )

    async with AppHarness() as app:
        await app.backend.database.write(lambda connection: connection.execute(no_room))
        app.window.files_dropped.emit([data / "report.pdf"])
        await until(lambda: not app.is_reading and bool(app.said))
        assert app.chips[0].startswith("report.pdf, 3 pages")
        assert app.window.prompt.send_action.can_send
        assert "“report.pdf” is attached, but" in app.said
        app.window.files_dropped.emit([data / "notes.md", data / "report.pdf"])
        await until(lambda: not app.is_reading and len(app.chips) == 2)
        turn = await app.ask("Who?")
        assert "report.pdf" in turn.asked
        turn.end("Dubois.")
        await app.settled()


async def test_a_dragged_attachment_is_a_copy_under_its_own_name(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dragged: list[Path] = []
    async with AppHarness() as app:
        monkeypatch.setattr(app.window.transcript.drags, "drag_file", dragged.append)
        app.window.files_dropped.emit([data / "report.pdf"])
        await until(lambda: not app.is_reading)
        (await app.ask("Why?")).end("Because.")
        await app.settled()
        sha256 = app.state.current.path[0].attachments[0].sha256
        app.window.transcript.drags.file_requested.emit(sha256)
        await until(lambda: bool(dragged))
        assert dragged[0].name == "report.pdf"
        assert dragged[0].read_bytes() == (data / "report.pdf").read_bytes()
    assert not dragged[0].exists()


def test_the_name_of_a_copy_stays_in_its_folder() -> None:
    assert file_name("../../etc/passwd") == "_.._etc_passwd"
    assert file_name("Über uns #1.md") == "Über uns _1.md"
    assert file_name("x" * 300 + ".pdf") == "x" * 180 + ".pdf"
    assert file_name("報" * 300 + ".告告") == "報" * 60 + ".告告"
    assert file_name("報" * 300) == "報" * 60
    assert file_name("/\0") == "_"
    assert file_name("...") == "file"
