"""The quick prompt's conversation: earlier questions, follow-ups, selected text, not saving."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMessageBox, QPlainTextEdit, QPushButton

from desktop_app.composer.attachment_chips import ChipWidget
from desktop_app.composer.attachments.attachments_controller import PromptAttachments
from desktop_app.composer.attachments.file_readings import FEW_FILES
from desktop_app.composer.drafts import QUICK_KEY, QuickDraft
from desktop_app.domain.errors import StoreFullError
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.library.ui.trash import Trash
from desktop_app.paths import folders
from desktop_app.quick.core import PASTE_BACK, PasteBackChoice
from desktop_app.quick.ui import paste_back as paste_back_module
from desktop_app.quick.ui.quick_prompt import QuickPrompt
from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.transcript.message_items import COPY_DIAGRAM
from desktop_app.widgets.text.foreign_text import ElidedLabel
from tests.gui.app.app_harness import DISK_FULL, KEYED, AppHarness, PausableStore, SlowStore, until
from tests.gui.app.scripted_providers import Turn
from tests.helpers.widgets import find

if TYPE_CHECKING:
    import pytest

SECRET = "zanzibarquix"


def opened(app: AppHarness, text: str = "") -> QuickPrompt:
    app.session.of(QuickPromptController).open_with(text)
    return app.session.of(QuickPromptController).window


def line(quick: QuickPrompt) -> QPlainTextEdit:
    return find(quick, QPlainTextEdit, "prompt")


def is_temporary(app: AppHarness) -> bool:
    return find(app.session.of(QuickPromptController).window, QPushButton, "temporary").isChecked()


async def ask(app: AppHarness, quick: QuickPrompt, text: str) -> Turn:
    before = len(app.providers.turns)
    QTest.keyClicks(line(quick), text)  # it replaces what is selected
    QTest.keyClick(line(quick), Qt.Key.Key_Return)
    await until(lambda: len(app.providers.turns) > before)
    return app.providers.turns[-1]


async def test_the_quick_prompt_recalls_follows_up_and_reads_files(tmp_path: Path) -> None:
    async with AppHarness() as app:
        # Up recalls earlier questions.
        await app.ask_and_answer("First?", "Yes.")
        await app.ask_and_answer("Second?", "Yes.")
        quick = opened(app)
        await app.written()
        QTest.keyClicks(line(quick), "draft")
        seen = []
        for key in (*[Qt.Key.Key_Up] * 3, *[Qt.Key.Key_Down] * 3):
            QTest.keyClick(line(quick), key)
            seen.append(line(quick).toPlainText())
        assert seen == ["Second?", "First?", "First?", "Second?", "draft", "draft"]

        # Many files share a chip while they are read.
        await app.start_over()
        paths = [tmp_path / f"{number}.md" for number in range(FEW_FILES + 1)]
        for path in paths:
            path.write_text(f"# {path.stem}\n")
        quick = opened(app)
        for count, texts in ((FEW_FILES, FEW_FILES), (FEW_FILES + 1, 2)):
            app.session.of(QuickPromptController).conversation.of(PromptAttachments).attach(
                paths[:count]
            )
            names = [chip.accessibleName() for chip in quick.prompt.chips.findChildren(ChipWidget)]
            reading = [name for name in names if "read" in name]
            assert len(reading) == texts
            app.session.of(QuickPromptController).clear_attachments()
            await until(lambda: not quick.prompt.chips.findChildren(ChipWidget))
        assert reading[1] == f"{FEW_FILES} more files, 0 of {FEW_FILES + 1} read"

        # A follow up keeps what the main window has changed.
        await app.start_over()
        quick = opened(app)
        (await ask(app, quick, "One?")).end("1")
        await app.settled()
        (conversation,) = await app.backend.conversations.all()
        app.controllers.of(ListPresenter).rename(conversation.id, "Mine")
        app.controllers.of(Trash).archive([conversation.id], True)
        await app.settled()
        (await ask(app, quick, "Two?")).end("2")
        await app.settled()
        (conversation,) = await app.backend.conversations.all()
        assert (conversation.title, conversation.archived) == ("Mine", True)

        # A follow up of a deleted conversation begins another.
        app.controllers.of(Trash).delete([conversation.id])
        await app.settled()
        turn = await ask(app, quick, "Three?")
        assert len(turn.request.messages) == 1
        turn.end("3")
        await app.settled()
        assert app.rows == ["Three?"]

        # A file of a temporary conversation is not stored.
        await app.start_over()
        path = tmp_path / "notes.txt"
        path.write_text(f"About {SECRET}.")
        quick = opened(app)
        find(quick, QPushButton, "temporary").click()
        app.session.of(QuickPromptController).conversation.of(PromptAttachments).attach([path])
        await until(lambda: app.session.of(QuickPromptController).parts)
        quick.run("quick.go-on")  # it stays here
        find(quick, QPushButton, "temporary").click()  # refused: it has a file
        assert is_temporary(app)
        turn = await ask(app, quick, "What?")
        assert SECRET in str(turn.request.messages)
        turn.end("That.")
        await app.settled()
    files = [path for path in folders().data.parent.rglob("*") if path.is_file()]
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


async def test_text_typed_while_the_window_opens_stays_in_the_quick_prompt() -> None:
    async with AppHarness(disk=PausableStore) as app:
        assert isinstance(app.disk, PausableStore)
        quick = opened(app)
        (await ask(app, quick, "Why?")).end("Because.")
        await app.settled()
        app.disk.is_paused = True
        QTest.keyClicks(line(quick), "More")
        quick.run("quick.go-on")
        await app.disk.waiting.wait()
        QTest.keyClicks(line(quick), " and more")
        app.disk.release.set()
        await until(lambda: not quick.isVisible())
        assert app.text.toPlainText() == "More"
        assert app.session.of(QuickPromptController).unsent_question.text == "More and more"


async def test_a_first_question_that_is_refused_moves_to_the_window() -> None:
    async with AppHarness(disk=SlowStore) as app:
        assert isinstance(app.disk, SlowStore)
        slow, quick = app.disk, opened(app)
        QTest.keyClicks(line(quick), "Why?")
        QTest.keyClick(line(quick), Qt.Key.Key_Return)
        await until(lambda: slow.waiting)
        quick.run("quick.go-on")
        slow.is_full = True
        slow.release.set()
        await until(lambda: not quick.isVisible())
        slow.is_full = False
        assert app.text.toPlainText() == "Why?"
        assert app.session.of(QuickPromptController).unsent_question == QuickDraft()
        await app.settled()
        assert app.messages() == []


async def test_a_temporary_conversation_is_neither_stored_nor_listed() -> None:
    async with AppHarness() as app:
        quick = opened(app)
        find(quick, QPushButton, "temporary").click()
        turn = await ask(app, quick, SECRET)
        turn.end(f"About {SECRET}.")
        await until(lambda: not app.controllers.running.conversations)
        await app.settled()
        assert await app.backend.conversations.all() == []
        assert is_temporary(app)
        assert find(quick, QPushButton, "temporary").isVisible()
        quick.run("quick.go-on")  # it stays here
        await app.settled()
        assert quick.isVisible()
        said = find(quick, ElidedLabel, "figures")
        assert QLabel.text(said) == said.text(), "not cut"
        quick.hide()
        opened(app)
        assert not is_temporary(app)
        assert not app.backend.temporary.exists
    files = [path for path in folders().data.parent.rglob("*") if path.is_file()]
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


async def test_an_unsent_question_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Some notes.")
    async with AppHarness() as app:
        await app.ask_and_answer("Before?", "Yes.")
        quick = opened(app, "a text")
        QTest.keyClicks(line(quick), "half a question")
        quick.hide()
        opened(app, "another")
        assert line(quick).toPlainText() == "half a question"
        QGuiApplication.clipboard().setText("some selected text")
        find(quick, QPushButton, "add-selection").click()
        app.session.of(QuickPromptController).conversation.of(PromptAttachments).attach([path])
        await until(lambda: app.session.of(QuickPromptController).parts)
        await app.written()
        QTest.keyClick(line(quick), Qt.Key.Key_Up)  # an earlier question is not what was typed
    async with AppHarness() as app:
        quick = opened(app)
        assert line(quick).toPlainText() == "half a question"
        together = "a text\n\nanother\n\nsome selected text"
        assert app.session.of(QuickPromptController).unsent_question.accompanying == together
        assert [part.name for part in app.session.of(QuickPromptController).parts] == ["notes.txt"]
        turn = await ask(app, quick, "!")
        turn.end("So.")
        await app.settled()
        app.state.drafts.save_prompts()
        await until(lambda: app.setting(QUICK_KEY) is None)
        quick.hide()
        opened(app)
        find(quick, QPushButton, "temporary").click()
        QTest.keyClicks(line(quick), SECRET)
        await app.written()
        assert app.setting(QUICK_KEY) is None, "a temporary question is not stored"


async def test_an_unsent_question_that_a_full_disk_refused_is_stored_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(_store: SettingsStore, _key: str, _value: object) -> None:
        raise StoreFullError(DISK_FULL)

    async with AppHarness() as app:
        quick = opened(app)
        with monkeypatch.context() as full:
            full.setattr(SettingsStore, "set", fail)
            QTest.keyClicks(line(quick), "half a question")
            await until(lambda: DISK_FULL in app.said)
    async with AppHarness() as app:
        assert line(opened(app)).toPlainText() == "half a question"


async def answered(app: AppHarness) -> QuickPrompt:
    quick = opened(app)
    turn = await ask(app, quick, "Why?")
    turn.end("Because *so*.")
    await until(lambda: not app.controllers.running.conversations)
    await app.settled()
    return quick


async def test_answers_are_pasted_if_the_desktop_permits(monkeypatch: pytest.MonkeyPatch) -> None:
    async with AppHarness() as app:
        # Pasting only copies if programs cannot type into others.
        quick = opened(app)
        quick.run("quick.paste")  # there is no answer yet
        assert find(quick, ElidedLabel, "figures").text() == ""
        quick = await answered(app)
        find(quick, QPushButton, "paste-back").click()
        said = "Copied. This desktop doesn’t let programs paste for you."
        await until(lambda: find(quick, ElidedLabel, "figures").text() == said)
        assert QGuiApplication.clipboard().text() == "Because *so*."
        assert quick.isVisible()

        # What needs no other window opens none.
        for action in ("copy", f"{COPY_DIAGRAM}key"):
            quick.transcript.action_requested.emit("id", action)
        await app.settled()
        assert quick.isVisible()

        # The permission to paste is remembered.
        await app.start_over()
        monkeypatch.setattr(paste_back_module, "can_type", lambda: True)
        quick = await answered(app)
        quick.run("quick.paste")
        quick.run("quick.paste")  # one question at a time
        (box,) = quick.findChildren(QMessageBox)
        box.reject()
        await until(lambda: not quick.findChildren(QMessageBox))
        assert app.state.values[PASTE_BACK] == PasteBackChoice.ASK
        quick.run("quick.paste")
        (box,) = quick.findChildren(QMessageBox)
        box.findChildren(QPushButton)[1].click()
        await until(lambda: app.state.values[PASTE_BACK] == PasteBackChoice.COPY)
        quick.transcript.selection.select_all()
        quick.run("quick.paste")
        assert QGuiApplication.clipboard().text() == "Because so."


async def test_the_price_of_a_question_counts_what_accompanies_it() -> None:
    async with AppHarness(environment=KEYED) as app:
        quick = opened(app)
        row = quick.prompt.row
        QTest.keyClicks(line(quick), "Why?")
        await until(lambda: row.estimate_label.isVisible() and "Input: " in row.estimate.tooltip)
        alone = row.estimate
        opened(app, "word " * 20_000)
        await until(lambda: "Input: 20,0" in row.estimate.tooltip)
        assert row.estimate.text != alone.text
        line(quick).clear()
        await until(lambda: "Input: 20,0" in row.estimate.tooltip)


async def test_a_successor_for_one_message_answers_one_message() -> None:
    async with AppHarness(environment=KEYED) as app:
        quick = opened(app)
        successor = ModelEntry("env-openai", "OpenAI", "gpt-6.1-sol", "GPT-6.1 Sol", None)
        quick.prompt.row.model_button.message_model_requested.emit(successor)
        first = await ask(app, quick, "One?")
        first.end("1")
        await app.settled()
        (conversation,) = await app.backend.conversations.all()
        second = await ask(app, quick, "Two?")
        second.end("2")
        await app.settled()
        assert first.request.model == "gpt-6.1-sol"
        assert (second.request.model, conversation.choice.model) == ("gpt-5.2", "")
