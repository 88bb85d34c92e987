"""Documents on their way into a question, through the real process that reads them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton

from desktop_app.app.window_request import OpenRequest
from desktop_app.chat.ui.choice_controller import ChoiceController
from desktop_app.child_processes import child_command
from desktop_app.composer.attachments.attachment_facts import WITH_HIDDEN_ACTION
from desktop_app.composer.attachments.file_readings import (
    GO_ON_ACTION,
    USE_READ_ACTION,
    FileReadings,
)
from desktop_app.composer.attachments.images_controller import file_name
from desktop_app.composer.available_models import AvailableModels
from desktop_app.composer.suggestions import SuggestionButton
from desktop_app.documents.worker.document_worker import Limits, OnProgress
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.errors import RateLimitedError
from desktop_app.local_model.ui.local_models_page import LocalModelsPage
from desktop_app.prompts.ui.prompts_controller import PromptsController
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE
from desktop_app.voice.services import transcription
from desktop_app.voice.transcription.transcription import StoppedTranscriptError, Transcript
from desktop_app.writers.subtitles import Segment
from tests.data.long_pdf import long_pdf
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.extraction import stop_after
from tests.helpers.widgets import find

OPENAI = {"OPENAI_API_KEY": "sk-test"}
WAITS = "Queued · Esc to cancel"


def suggestions(app: AppHarness) -> list[str]:
    """Return the labels of the suggestions."""
    buttons = app.window.prompt.findChildren(SuggestionButton)
    return [button.text() for button in buttons if button.isVisible()]


async def test_a_report_is_summarized_by_enter(data: Path) -> None:
    async with AppHarness(environment=OPENAI) as app:
        app.window.files_dropped.emit([data / "report.pdf"])
        assert app.chips == ["report.pdf, reading…"]
        app.enter()
        assert app.hint == "Reading report.pdf…"
        await until(lambda: not app.is_reading)
        assert app.chips[0].startswith("report.pdf, 3 pages")
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
        assert app.rows == ["Summary of report.pdf"]
        assert "›  Summarize" in app.transcript
        assert "6 to 8 bullets" not in app.transcript
        app.window.transcript.commands.run(question.id, "copy")
        assert "6 to 8 bullets" in QGuiApplication.clipboard().text()
        app.window.transcript.commands.run(question.id, "question-text")
        assert "6 to 8 bullets" in app.transcript
        app.window.transcript.commands.run(question.id, "question-text")
        assert "6 to 8 bullets" not in app.transcript
        find_bar = app.window.transcript.find_in_transcript
        find_bar.search("bullets")
        await until(lambda: "6 to 8 bullets" in app.transcript)
        app.act("edit", 0)
        assert "6 to 8 bullets" in app.text.toPlainText()


async def test_the_built_in_model_summarizes_nothing_and_a_better_one_is_offered(
    data: Path,
) -> None:
    async with AppHarness() as app:
        app.window.files_dropped.emit([data / "notes.md"])
        await until(lambda: not app.is_reading)
        app.session.of(PromptsController).begin_example("executive-summary")
        app.enter()
        await until(lambda: "SmolLM2 135M can’t summarize." in app.said)
        buttons = app.window.notifications.findChildren(QPushButton)
        assert "Get a better model" in [button.text() for button in buttons]
        assert not app.providers.turns
        assert len(app.chips) == 1
        assert "6 to 8 bullets" in app.text.toPlainText()


async def test_an_edited_prompt_is_shown_in_full(data: Path) -> None:
    async with AppHarness(environment={"OPENAI_API_KEY": "not-a-key"}) as app:
        app.window.files_dropped.emit([data / "report.pdf"])
        await until(lambda: not app.is_reading)
        app.session.of(PromptsController).begin_example("executive-summary")
        turn = await app.ask(" In Latin.")
        turn.end("Ita.")
        await app.settled()
        assert "In Latin." in app.transcript
        assert "6 to 8 bullets" in app.transcript


async def test_an_unreadable_file_is_reported_and_gets_no_chip(data: Path) -> None:
    async with AppHarness() as app:
        app.type("my words")
        for name in ("damaged.pdf", "empty.pdf", "missing.pdf", "binary.txt"):
            app.window.prompt.attach_requested.emit([data / name])
            await until(lambda: not app.is_reading)
            assert name in app.said
            app.window.notifications.dismiss()
        assert app.chips == []
        assert suggestions(app) == []
        assert app.text.toPlainText() == "my words"
        app.enter()
        await until(lambda: app.providers.turns)
        app.providers.turns[0].end("ok")
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


def hold_readings(app: AppHarness, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Let no file be read until the returned event is set."""
    reader, may_read = app.controllers.main.of(FileReadings), asyncio.Event()
    read = reader.read_content

    async def read_later(*given: Any, **named: Any) -> Any:
        await may_read.wait()
        return await read(*given, **named)

    monkeypatch.setattr(reader, "read_content", read_later)
    return may_read


async def test_a_first_question_waits_for_its_file_in_a_conversation_that_was_left(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AppHarness() as app:
        may_read = hold_readings(app, monkeypatch)
        app.window.files_dropped.emit([data / "notes.md"])
        app.type("Who wrote it?")
        app.enter()
        await until(lambda: app.hint == WAITS)
        app.new_conversation()
        app.type("Another thought")
        may_read.set()
        turn = await app.turn(0)
        assert turn.asked.endswith("Who wrote it?")
        assert "notes.md" in turn.asked
        assert app.text.toPlainText() == "Another thought"
        assert app.chips == []
        turn.end("Somebody.")
        await app.settled()


@pytest.mark.parametrize("way", ["read", "read elsewhere", "failure", "removal"])
async def test_a_question_waits_until_its_file_is_read(
    data: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("One", "1")
        may_read = hold_readings(app, monkeypatch)
        name = "gone.md" if way == "failure" else "notes.md"
        app.window.files_dropped.emit([data / name])
        app.type("Who wrote it?")
        app.enter()
        await until(lambda: app.hint == WAITS)
        bubble = find(app.window, QLabel, "queued-words")
        assert bubble.text() == f"Who wrote it? · {name}, reading…"
        assert app.text.toPlainText() == ""
        assert app.chips == []
        if way == "read":
            app.type("And then?")
        if way == "removal":
            app.click("unqueue")
            assert app.window.prompt.row.send_button.isEnabled()
            (reading,) = app.controllers.main.of(FileReadings).ids
            app.window.prompt.chips.action_requested.emit(reading, "remove")
        elif way == "read elsewhere":
            app.new_conversation()
        may_read.set()
        if way.startswith("read"):
            turn = await app.turn(1)
            assert turn.asked.endswith("Who wrote it?")
            assert "notes.md" in turn.asked
            assert not bubble.isVisible()
            assert app.text.toPlainText() == ("And then?" if way == "read" else "")
            turn.end("Somebody.")
        await until(lambda: not app.is_reading)
        await app.written()
        if not way.startswith("read"):
            assert app.chips == []
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
        (reading,) = app.controllers.main.of(FileReadings).ids
        app.window.prompt.chips.action_requested.emit(reading, "remove")
        assert app.chips == []
        app.type("still works")
        app.enter()
        await until(lambda: app.providers.turns)
        app.providers.turns[0].end("ok")
        await app.settled()
        assert app.said == ""
        app.window.files_dropped.emit([path])
        (reading,) = app.controllers.main.of(FileReadings).ids
        app.window.prompt.chips.action_requested.emit(reading, "remove")  # before it has begun
        await app.written()
        assert app.chips == []
        app.window.files_dropped.emit([path])
        await until(lambda: app.chips and " page " in app.chips[0])
    assert app.backend.documents.pid is None


async def test_a_picture_and_another_conversation_pass_a_long_document(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("long.pdf", "next.pdf", "note.txt", "other.txt")]
    for path in paths[:2]:
        path.write_bytes(long_pdf(3_000))
    paths[2].write_text("A note.")
    paths[3].write_text("Another.")

    async with AppHarness() as app:
        app.window.files_dropped.emit(paths[:3])
        # Either of the two is examined first.
        waits = ("next.pdf, waits for long.pdf", "long.pdf, waits for next.pdf")
        await until(lambda: any(chip.startswith(waits) for chip in app.chips))
        await until(lambda: not any("note.txt" in chip and "reading" in chip for chip in app.chips))
        assert any(".pdf" in chip and "reading" in chip for chip in app.chips)
        app.new_conversation()
        app.window.files_dropped.emit(paths[3:])
        await until(lambda: app.chips and "reading" not in app.chips[0])
        readings = app.controllers.main.of(FileReadings)
        assert len(readings.ids) == 2
        readings.cancel_all()


@pytest.mark.parametrize("action", [GO_ON_ACTION, USE_READ_ACTION])
async def test_after_a_standstill_the_pages_are_used_or_reading_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    path = tmp_path / "long.pdf"
    path.write_bytes(long_pdf(100))

    async with AppHarness() as app:
        documents = app.backend.documents
        documents.limits = Limits(standstill_s=1)
        documents._command = child_command("documents")  # a fork is not the worker's own child
        extract = documents.extract

        def extract_and_stop(path: Path, on_progress: OnProgress, **options: Any) -> Any:
            return extract(path, stop_after(documents, 10, on_progress), **options)

        monkeypatch.setattr(documents, "extract", extract_and_stop)
        app.window.files_dropped.emit([path])
        await until(lambda: app.chips and " of 100 pages" in app.chips[0])
        assert " of 100 pages." in app.said
        (chip,) = app.controllers.main.of(FileReadings).ids
        app.window.prompt.chips.action_requested.emit(chip, action)
        await until(lambda: not app.is_reading)
        (part,) = app.session.main.draft.value.attachments
        assert isinstance(part, DocumentPart)
        assert part.pages
        if action == GO_ON_ACTION:
            assert part.pages == 100
            assert app.said == ""
        else:
            assert 10 <= part.pages < 100
            assert f"Only {part.pages} of 100 pages were read." in app.said


@pytest.mark.parametrize(
    ("label", "text"),
    [("Use what was read", "[00:00:00] One."), ("Go on reading", "[00:00:00] One and all.")],
)
async def test_a_recording_that_is_transcribed_in_part_is_used_or_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, label: str, text: str
) -> None:
    path = tmp_path / "talk.mp3"
    path.write_bytes(b"ID3")
    part = Transcript([Segment(0.0, 60.0, "One.")], 60.0, "whisper", None)
    whole = Transcript([Segment(0.0, 90.0, "One and all.")], 90.0, "whisper", None)
    outcomes = [whole, StoppedTranscriptError("talk.mp3", part, 90.0, RateLimitedError("Busy."))]

    async def transcribe(*_: object, **_named: object) -> Transcript:
        outcome = outcomes.pop()
        if isinstance(outcome, Transcript):
            return outcome
        raise outcome

    async with AppHarness() as app:
        monkeypatch.setattr(app.backend.of(transcription), "transcribe_recording", transcribe)
        app.window.files_dropped.emit([path])
        await until(lambda: label in app.offered_actions)
        assert "stopped at 00:01:00 of 00:01:30: Busy." in app.said
        assert "00:01:00 / 00:01:30" in app.chips[0]
        app.press_action(label)
        await until(lambda: not app.is_reading)
        (document,) = app.session.main.draft.value.attachments
        assert isinstance(document, DocumentPart)
        assert await app.backend.attachments.text(document.sha256) == text


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
        app.window.prompt.chips.action_requested.emit(
            app.state.current.draft.value.question_attachments[0].sha256, "remove"
        )
        assert app.said.startswith("“long.txt” removed")


async def test_a_document_that_does_not_fit_can_be_read_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("One sentence of five words. " * 60_000, "utf-8")

    async with AppHarness(environment=OPENAI) as app:
        app.window.files_dropped.emit([path])
        await until(lambda: not app.is_reading)
        app.type("Summarize")
        app.enter()
        await until(lambda: app.said)
        app.press_action("Read in parts…")
        await until(lambda: "will be read" in app.said)
        app.press_action("Read in parts")
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


async def test_the_built_in_model_is_offered_no_summary_but_a_better_model(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("One sentence of five words. " * 3_000, "utf-8")

    async with AppHarness() as app:
        app.window.files_dropped.emit([path])
        await until(lambda: not app.is_reading)
        assert suggestions(app) == ["Get a better model"]
        app.type("Summarize")
        app.enter()
        await until(lambda: app.said)
        app.press_action("Get a better model")
        assert app.session.of(LocalModelsPage).isVisible()


async def test_the_stored_account_is_offered_in_place_of_the_built_in_model(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("One sentence of five words. " * 3_000, "utf-8")

    async with AppHarness(environment=OPENAI) as app:
        built_in = next(
            e for e in app.session.of(AvailableModels).models if e.provider_id == ON_DEVICE.id
        )
        app.session.of(ChoiceController).choose_model(built_in)
        assert app.window.empty_state.key_line.button.text().startswith("Use OpenAI")
        app.window.files_dropped.emit([path])
        await until(lambda: not app.is_reading)
        await until(lambda: suggestions(app))
        (label,) = suggestions(app)
        assert label.startswith(("Use GPT-5.2 Thinking · ≈ $", "Use Thinking · ≈ $"))
        app.enter()  # on the suggestion
        assert suggestions(app)[0] == "Summarize"
        assert not app.providers.turns

        # Nor may that model have room for a file.
        app.session.of(ChoiceController).choose_model(built_in)
        path.write_text("One sentence of five words. " * 60_000, "utf-8")
        app.window.files_dropped.emit([path])
        await until(lambda: len(app.chips) == 2 and not app.is_reading)
        (label,) = suggestions(app)
        assert label.startswith("Read in parts with ")


async def test_a_document_that_does_not_fit_is_offered_in_parts_before_it_is_sent(
    tmp_path: Path,
) -> None:
    path = tmp_path / "long.txt"
    path.write_text("One sentence of five words. " * 60_000, "utf-8")

    async with AppHarness(environment=OPENAI) as app:
        app.window.files_dropped.emit([path])
        await until(lambda: not app.is_reading)
        assert app.chips == ["long.txt, too long for Thinking"]
        await until(lambda: "$" in suggestions(app)[0])
        assert suggestions(app) == ["Summarize in parts · 7 parts · ≈ $0.09"]
        app.enter()
        turn = await app.turn(0)
        assert "part=" in turn.asked
        app.window.prompt.stop_requested.emit()
        await app.settled()


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


@pytest.mark.parametrize("is_folder", [False, True])
async def test_hidden_parts_are_sent_only_if_the_chip_says_so(
    tmp_path: Path, *, is_folder: bool
) -> None:
    offer = tmp_path / "offers" / "offer.html"
    offer.parent.mkdir()
    offer.write_text("<p>Price 9000<p hidden>INTERNAL 5000")
    dropped = offer.parent if is_folder else offer
    async with AppHarness() as app:
        app.window.files_dropped.emit([dropped])
        await until(lambda: not app.is_reading)
        assert "Hidden parts left out: 1." in app.said

        def attached() -> DocumentPart:
            (part,) = app.session.main.draft.value.attachments
            assert isinstance(part, DocumentPart)
            return part

        async def switch(*, is_on: bool) -> None:
            chips = app.window.prompt.chips
            chips.action_requested.emit(attached().sha256, WITH_HIDDEN_ACTION)
            await until(lambda: attached().with_hidden is is_on)

        part = attached()
        await switch(is_on=True)
        assert (attached().tokens or 0) > (part.tokens or 0)
        turn = await app.ask("What does it cost?")
        assert "INTERNAL 5000" in turn.asked
        turn.end("9000")
        await app.settled()
        app.window.files_dropped.emit([dropped])
        await until(lambda: not app.is_reading)
        await switch(is_on=True)
        await switch(is_on=False)
        assert attached() == part
        turn = await app.ask("And now?")
        assert "INTERNAL" not in turn.asked
        assert "Price 9000" in turn.asked


async def test_a_file_of_the_command_line_is_attached(data: Path) -> None:
    request = OpenRequest((str(data / "notes.md"),))
    async with AppHarness(request=request) as app:
        await until(lambda: not app.is_reading)
        assert app.chips[0].startswith("notes.md")


def test_the_name_of_a_copy_stays_in_its_folder() -> None:
    assert file_name("../../etc/passwd") == "_.._etc_passwd"
    assert file_name("Über uns #1.md") == "Über uns _1.md"
    assert file_name("x" * 300 + ".pdf") == "x" * 180 + ".pdf"
    assert file_name("報" * 300 + ".告告") == "報" * 60 + ".告告"
    assert file_name("報" * 300) == "報" * 60
    assert file_name("/\0") == "_"
    assert file_name("...") == "file"
