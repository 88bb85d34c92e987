"""A temporary conversation: everything works in it, and no word of it is in any file."""

from __future__ import annotations

import os
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from desktop_app.domain.errors import ProviderFaultError, StorageError
from desktop_app.paths import folders
from desktop_app.ui.window.cards.temporary_bar import TemporaryBar, TemporaryRow
from tests.gui.app.desk import Desk, until
from tests.helpers.file_dialogs import file_dialogs

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


def holding(scratch: Path) -> list[Path]:
    """Return the files in the program's home and temporary folder that contain a word."""
    roots = (folders().data.parent, scratch, Path(os.environ["XDG_RUNTIME_DIR"]))
    files = [path for root in roots for path in root.rglob("*") if path.is_file()]
    words = [w.encode() for w in (SECRET, FILE)]
    return [path for path in files if any(word in path.read_bytes() for word in words)]


def bar(desk: Desk) -> TemporaryBar:
    return desk.window.findChildren(TemporaryBar)[0]


def row(desk: Desk) -> TemporaryRow:
    return desk.window.findChildren(TemporaryRow)[0]


def is_temporary(desk: Desk) -> bool:
    return desk.state.current.is_temporary


async def test_after_a_change_of_the_list_delete_still_asks_to_close_it() -> None:
    async with Desk() as desk:
        desk.controllers.temporary.open()
        await desk.ask_and_answer("Mine?", "Yes.")
        desk.session.actions["list.archive"]()
        await desk.written()
        assert desk.window.conversations.marked == []
        desk.session.actions["conversation.delete"]()
        assert desk.said == ""
        assert is_temporary(desk)


async def test_no_word_is_on_the_disk_while_it_is_open_or_after(scratch: Path) -> None:
    document = scratch.parent / "notes.txt"
    document.write_text(f"All about {FILE}.")
    async with Desk() as desk:
        kept = await desk.ask_and_answer("Mine?", "Yes.")
        desk.controllers.temporary.open()
        assert is_temporary(desk)
        assert bar(desk).isVisible()
        assert desk.window.header.temporary_icon.isVisible()
        desk.controllers.attachments.attach([document])
        await until(lambda: any("notes.txt" in chip for chip in desk.chips))
        desk.type(f"draft {SECRET}")
        await desk.written()
        assert holding(scratch) == []
        desk.text.clear()
        turn = await desk.ask(f"What is {SECRET}?")
        assert FILE in str(turn.request.messages[-1])
        turn.say(f"It is {SECRET}, ")
        await until(lambda: "It is" in desk.transcript)
        assert holding(scratch) == []
        turn.end(f"and {SECRET} again.")
        await desk.settled()
        assert holding(scratch) == []
        # Again, as another version; then the question edited; then the first one again.
        desk.act("retry")
        await until(lambda: len(desk.stage.turns) == 3)
        desk.stage.turns[-1].end(f"Otherwise {SECRET}.")
        await desk.settled()
        assert "Otherwise" in desk.transcript
        desk.act("older-version")
        await until(lambda: "again." in desk.transcript)
        desk.act("edit", at=0)
        desk.text.selectAll()  # emptied, it would be left
        await desk.ask_and_answer(f"And what is not {SECRET}?", "All else.")
        assert desk.transcript.count("All else.") == 1
        assert len(desk.state.current.path) == 2
        # Elsewhere and back.
        await desk.opened(kept)
        assert not bar(desk).isVisible()
        assert not desk.window.header.temporary_icon.isVisible()
        assert SECRET not in desk.transcript
        assert desk.rows == ["Mine?"]
        row(desk).button.click()
        await until(lambda: is_temporary(desk))
        assert "All else." in desk.transcript
        assert holding(scratch) == []
        assert await desk.state.backend.search.find(SECRET) == []
    assert holding(scratch) == []
    async with Desk() as desk:
        assert desk.rows == ["Mine?"]
        assert not desk.window.findChildren(TemporaryRow)


async def test_compaction_an_error_and_the_next_version_stay_off_the_disk(scratch: Path) -> None:
    document = scratch.parent / "notes.txt"
    document.write_text(f"All about {FILE}.")
    async with Desk(environment={"OPENAI_API_KEY": "sk-test"}) as desk:
        desk.controllers.temporary.open()
        desk.controllers.attachments.attach([document])
        await until(lambda: any("tokens" in chip for chip in desk.chips))
        for used in (90_000, 182_000, 220_000):
            turn = await desk.ask(f"What is {SECRET}?")
            turn.end(f"A {SECRET}.", used)
            await desk.settled()
        assert holding(scratch) == []
        await until(lambda: desk.window.findChild(QPushButton, "compact") is not None)
        before = len(desk.stage.turns)
        desk.click("compact")
        (await desk.turn(before)).end(f"They spoke of {SECRET}.")
        await until(lambda: "Compacted: " in desk.transcript)
        await desk.settled()
        assert len(desk.state.current.compactions) == 1
        assert holding(scratch) == []
        failed = await desk.ask(f"And what is not {SECRET}?")
        assert f"They spoke of {SECRET}." in str(failed.request.messages[0])
        failed.say(f"All but {SECRET}")
        failed.fail(ProviderFaultError(f"No more of {SECRET}.", details=SECRET))
        await desk.settled()
        assert "No more of" in desk.transcript
        assert holding(scratch) == []
        desk.act("retry")
        (await desk.turn(before + 2)).end(f"All but {SECRET}, again.")
        await desk.settled()
        assert "again." in desk.transcript
        assert list(desk.state.current.version_numbers.values()) == [(2, 2)]
        desk.act("undo-compaction", 3)
        await until(lambda: "Compacted" not in desk.transcript)
        notes = desk.state.backend.notes
        await notes.put("a" * 64, f"A note on {SECRET}", desk.open_id)
        assert await notes.get("a" * 64) == f"A note on {SECRET}"
        assert holding(scratch) == []
        rows = desk.stored("SELECT purpose, conversation_id, message_id FROM ledger")
        purposes = ["answer"] * 3 + ["compaction"] + ["answer"] * 2
        assert rows == [(purpose, None, None) for purpose in purposes]
        assert await desk.state.backend.ledger.utility_cost(desk.open_id) > 0
    assert holding(scratch) == []


async def test_closing_asks_once_if_there_are_messages() -> None:
    async with Desk() as desk:
        desk.controllers.temporary.open()
        bar(desk).close_button.click()
        assert not is_temporary(desk)  # nothing was in it
        desk.controllers.temporary.open()
        first = desk.open_id
        await desk.ask_and_answer(f"What is {SECRET}?", "A word.")
        bar(desk).close_button.click()
        assert is_temporary(desk)
        assert "can’t be undone" in bar(desk).words.text()
        bar(desk).keep_button.click()
        assert is_temporary(desk)
        desk.session.actions["conversation.delete"]()
        bar(desk).forget_button.click()
        assert not is_temporary(desk)
        await desk.settled()
        assert SECRET not in desk.transcript
        assert desk.window.prompt.text() == ""
        assert await desk.state.backend.conversations.get(first) is None
        assert desk.controllers.list_presenter.existing(first) is None
        assert row(desk).isHidden()
        assert desk.rows == []


async def test_closing_the_row_opens_the_conversation_and_asks() -> None:
    async with Desk() as desk:
        kept = await desk.ask_and_answer("Mine?", "Yes.")
        desk.controllers.temporary.open()
        desk.type("half a question")
        await desk.written()
        await desk.opened(kept)
        row(desk).close_button.click()
        await until(lambda: is_temporary(desk) and bar(desk).forget_button.isVisible())
        bar(desk).forget_button.click()
        assert not is_temporary(desk)


async def test_another_temporary_conversation_replaces_the_first() -> None:
    async with Desk() as desk:
        desk.controllers.temporary.open()
        first = desk.open_id
        desk.controllers.temporary.open()
        assert desk.open_id == first
        await desk.ask_and_answer("One?", "One.")
        desk.controllers.temporary.open()
        bar(desk).forget_button.click()
        assert is_temporary(desk)
        assert desk.open_id != first
        assert desk.state.current.path == []


async def test_an_answer_running_at_the_close_is_stored_nowhere(scratch: Path) -> None:
    async with Desk() as desk:
        desk.controllers.temporary.open()
        turn = await desk.ask(f"What is {SECRET}?")
        turn.say(f"A {SECRET}")
        await until(lambda: "A zan" in desk.transcript)
        bar(desk).close_button.click()
        bar(desk).forget_button.click()
        await desk.settled()
        assert desk.messages() == []
        assert holding(scratch) == []


async def test_a_turn_that_begins_at_the_close_is_refused() -> None:
    async with Desk() as desk:
        desk.controllers.temporary.open()
        conversation = desk.state.current.conversation
        desk.state.temporary.discard(conversation.id)
        store = desk.state.backend.conversations
        with pytest.raises(StorageError, match="was closed"):
            await store.begin_turn(conversation, None)
        desk.controllers.library.open_new()


async def test_its_cost_is_in_the_ledger_without_its_name() -> None:
    async with Desk() as desk:
        desk.controllers.temporary.open()
        await desk.ask_and_answer(f"What is {SECRET}?", "A word.")
        rows = desk.stored("SELECT conversation_id, message_id, output_tokens FROM ledger")
        assert len(rows) == 1
        assert rows[0][:2] == (None, None)
        ledger = desk.state.backend.ledger
        assert await ledger.conversation_cost(desk.open_id) == Decimal(0)  # on this computer
        assert desk.state.setup.background is None


async def test_no_branch_no_title_no_export(scratch: Path) -> None:
    async with Desk() as desk:
        await desk.state.values.set("library.model_titles", True)
        desk.controllers.temporary.open()
        await desk.ask_and_answer(f"What is {SECRET}?", "A word.")
        assert len(desk.stage.turns) == 1
        desk.controllers.branching.branch_last()
        await until(lambda: "can’t be branched" in desk.said)
        assert not desk.controllers.data_page._can_export
        assert desk.window.windowTitle() == "Temporary conversation – Repartee"
        assert desk.rows == []
        assert holding(scratch) == []


async def test_keys_open_and_close_a_temporary_conversation() -> None:
    async with Desk() as desk:
        both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        desk.press(Qt.Key.Key_N, both)
        await until(lambda: is_temporary(desk))
        assert desk.text.hasFocus()
        await desk.ask_and_answer("One?", "One.")
        desk.press(Qt.Key.Key_Delete, both)
        await until(lambda: bar(desk).forget_button.hasFocus())
        QTest.keyClick(bar(desk).forget_button, Qt.Key.Key_Space)
        assert not is_temporary(desk)
        assert isinstance(bar(desk).keep_button, QPushButton)


@pytest.mark.parametrize("command", ["conversation.export", "conversation.print"])
async def test_it_is_neither_exported_nor_printed(command: str) -> None:
    async with Desk() as desk:
        desk.session.actions["conversation.temporary"]()
        await desk.ask_and_answer("Why?", "So.")
        desk.session.actions[command]()
        assert "can’t be exported" in desk.said
        assert file_dialogs() == []
