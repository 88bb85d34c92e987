"""A temporary conversation: everything works in it, and no word of it is in any file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from desktop_app.chat.ui.answer_actions import AnswerActions
from desktop_app.chat.ui.temporary_controller import TemporaryController, TemporaryRow
from desktop_app.composer.attachments.attachments_controller import AttachmentsController
from desktop_app.composer.attachments.file_readings import FileReadings
from desktop_app.domain.errors import ProviderFaultError
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.paths import folders
from tests.gui.app.app_harness import AppHarness, until

SECRET = "zanzibarquix"
FILE = "mangrovetide"


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder for temporary files, of this program and of its children."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def files_with_secrets(scratch: Path) -> list[Path]:
    """Return the files of the program and of its children that contain SECRET or FILE."""
    roots = (folders().data.parent, scratch, Path(os.environ["XDG_RUNTIME_DIR"]))
    files = [path for root in roots for path in root.rglob("*") if path.is_file()]
    words = [w.encode() for w in (SECRET, FILE)]
    return [path for path in files if any(word in path.read_bytes() for word in words)]


def row(app: AppHarness) -> TemporaryRow:
    return app.window.findChildren(TemporaryRow)[0]


def is_temporary(app: AppHarness) -> bool:
    return app.state.current.is_temporary


async def test_no_word_is_on_the_disk_while_the_conversation_is_open_or_after(
    scratch: Path,
) -> None:
    document = scratch.parent / "notes.txt"
    document.write_text(f"All about {FILE}.")
    async with AppHarness() as app:
        kept = await app.ask_and_answer("Mine?", "Yes.")
        app.controllers.of(TemporaryController).open()
        assert is_temporary(app)
        assert app.said.startswith("This conversation isn’t saved")
        assert app.window.header.temporary_icon.isVisible()
        app.controllers.of(AttachmentsController).attach([document])
        await until(lambda: any("notes.txt" in chip for chip in app.chips))
        app.type(f"draft {SECRET}")
        await app.written()
        assert files_with_secrets(scratch) == []
        app.text.clear()
        turn = await app.ask(f"What is {SECRET}?")
        assert FILE in str(turn.request.messages[-1])
        turn.say(f"It is {SECRET}, ")
        await until(lambda: "It is" in app.transcript)
        assert files_with_secrets(scratch) == []
        turn.end(f"and {SECRET} again.")
        await app.settled()
        assert files_with_secrets(scratch) == []
        # Again, as another version; then the question edited; then the first one again.
        app.act("retry")
        await until(lambda: len(app.providers.turns) == 3)
        app.providers.turns[-1].end(f"Otherwise {SECRET}.")
        await app.settled()
        assert "Otherwise" in app.transcript
        app.act("older-version")
        await until(lambda: "again." in app.transcript)
        app.act("edit", at=0)
        app.text.selectAll()  # emptied, it would be left
        await app.ask_and_answer(f"And what is not {SECRET}?", "All else.")
        assert app.transcript.count("All else.") == 1
        assert len(app.state.current.path) == 2
        # Elsewhere and back.
        await app.open_conversation(kept)
        assert not app.said
        assert not app.window.header.temporary_icon.isVisible()
        assert SECRET not in app.transcript
        assert app.rows == ["Mine?"]
        row(app).button.click()
        await until(lambda: is_temporary(app))
        assert "All else." in app.transcript
        assert files_with_secrets(scratch) == []
        assert await app.state.backend.search.find(SECRET) == []
    assert files_with_secrets(scratch) == []
    async with AppHarness() as app:
        assert app.rows == ["Mine?"]
        assert not app.window.findChildren(TemporaryRow)


@pytest.mark.slow
async def test_compaction_an_error_and_the_next_version_stay_off_the_disk(scratch: Path) -> None:
    document = scratch.parent / "notes.txt"
    document.write_text(f"All about {FILE}.")
    async with AppHarness(environment={"OPENAI_API_KEY": "sk-test"}) as app:
        app.controllers.of(TemporaryController).open()
        app.controllers.of(AttachmentsController).attach([document])
        await until(lambda: bool(app.chips) and not app.state.main.of(FileReadings).ids)
        for used in (90_000, 182_000, 220_000):
            turn = await app.ask(f"What is {SECRET}?")
            turn.end(f"A {SECRET}.", used)
            await app.settled()
        assert files_with_secrets(scratch) == []
        await until(lambda: app.said.startswith("This conversation uses"))
        before = len(app.providers.turns)
        app.press_action("Compact")
        (await app.turn(before)).end(f"They spoke of {SECRET}.")
        await until(lambda: "Compacted: " in app.transcript)
        await app.settled()
        assert len(app.state.current.compactions) == 1
        assert files_with_secrets(scratch) == []
        failed = await app.ask(f"And what is not {SECRET}?")
        assert f"They spoke of {SECRET}." in str(failed.request.messages[0])
        failed.say(f"All but {SECRET}")
        failed.fail(ProviderFaultError(f"No more of {SECRET}.", details=SECRET))
        await app.settled()
        assert "No more of" in app.transcript
        assert files_with_secrets(scratch) == []
        app.act("retry")
        (await app.turn(before + 2)).end(f"All but {SECRET}, again.")
        await app.settled()
        assert "again." in app.transcript
        assert list(app.state.current.version_numbers.values()) == [(2, 2)]
        app.act("undo-compaction", 3)
        await until(lambda: "Compacted" not in app.transcript)
        notes = app.state.backend.notes
        await notes.put("a" * 64, f"A note on {SECRET}", app.open_id)
        assert await notes.get("a" * 64) == f"A note on {SECRET}"
        assert files_with_secrets(scratch) == []
        rows = app.stored("SELECT purpose, conversation_id, message_id FROM ledger")
        purposes = ["answer"] * 3 + ["compaction"] + ["answer"] * 2
        assert rows == [(purpose, None, None) for purpose in purposes]
        assert await app.state.backend.ledger.utility_cost(app.open_id) > 0
    assert files_with_secrets(scratch) == []


async def test_temporary_conversations_ask_before_they_go_and_leave_no_word(scratch: Path) -> None:
    async with AppHarness() as app:
        # Closing asks once if there are messages.
        app.controllers.of(TemporaryController).open()
        app.press_action("Close")
        assert not is_temporary(app)  # nothing was in it
        app.controllers.of(TemporaryController).open()
        first = app.open_id
        await app.ask_and_answer(f"What is {SECRET}?", "A word.")
        app.press_action("Close")
        assert is_temporary(app)
        assert "can’t be undone" in app.said
        app.press_action("Keep")
        assert is_temporary(app)
        app.session.actions["conversation.close-temporary"].trigger()  # Ctrl+W
        app.press_action("Delete")
        assert not is_temporary(app)
        await app.settled()
        assert SECRET not in app.transcript
        assert app.window.prompt.text() == ""
        assert await app.state.backend.conversations.get(first) is None
        assert app.controllers.of(ListPresenter).cache.find_existing(first) is None
        assert row(app).isHidden()
        assert app.rows == []
        app.controllers.of(TemporaryController).open()
        turn = await app.ask(f"What is {SECRET}?")
        turn.say(f"A {SECRET}")
        await until(lambda: "A zan" in app.transcript)
        app.press_action("Close")
        app.press_action("Delete")
        await app.settled()
        assert app.messages() == [], "nor is an answer that was running"
        assert files_with_secrets(scratch) == []

        # A temporary conversation is neither branched nor titled.
        await app.start_over()
        app.controllers.of(TemporaryController).open()
        await app.ask_and_answer(f"What is {SECRET}?", "A word.")
        assert len(app.providers.turns) == 1
        app.controllers.of(AnswerActions).act_on_last("branch")
        await until(lambda: "can’t be branched" in app.said)
        assert not app.state.current.is_listed
        assert app.window.windowTitle() == "Temporary conversation"
        assert app.rows == []
        assert files_with_secrets(scratch) == []
