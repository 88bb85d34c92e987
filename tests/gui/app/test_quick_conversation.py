"""The quick prompt's conversation: earlier questions, follow-ups, selected text, not saving."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QPlainTextEdit, QPushButton

from desktop_app.app import window_session
from desktop_app.app.attachments.task_queue import MAX_TASKS
from desktop_app.app.desktop.window_request import MAX_FILES
from desktop_app.app.quick import paste_back as paste_back_module
from desktop_app.app.quick import quick_answers
from desktop_app.app.quick.quick_draft import QUICK_DRAFT_KEY, UnsentQuestion
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import AuthenticationError, StoreFullError
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.prompts.prompts import CLIPBOARD
from desktop_app.hotkey import x11_paste
from desktop_app.hotkey.x11_paste import PasteError
from desktop_app.paths import folders, resource_path
from desktop_app.services.chat.chat_service import ChatService
from desktop_app.settings.schema import PASTE_BACK, PasteBackChoice
from desktop_app.storage.settings.settings_store import SettingsStore
from desktop_app.ui.composer.attachment_chips import Chip
from desktop_app.ui.quick import quick_model_button
from desktop_app.ui.quick.quick_prompt import QuickPrompt
from desktop_app.ui.widgets.text.elided_label import ElidedLabel
from tests.gui.app.app_harness import DISK_FULL, AppHarness, PausableStore, SlowStore, until
from tests.gui.app.scripted_providers import Turn
from tests.helpers.widgets import find

NOTES = resource_path("models.toml")
SECRET = "zanzibarquix"


def opened(app: AppHarness, text: str = "") -> QuickPrompt:
    app.session.quick.open_with(text)
    return app.session.quick.window


def line(quick: QuickPrompt) -> QPlainTextEdit:
    return find(quick, QPlainTextEdit, "prompt")


def is_temporary(app: AppHarness) -> bool:
    return find(app.session.quick.window, QPushButton, "temporary").isChecked()


async def ask(app: AppHarness, quick: QuickPrompt, text: str) -> Turn:
    before = len(app.providers.turns)
    QTest.keyClicks(line(quick), text)  # it replaces what is selected
    QTest.keyClick(line(quick), Qt.Key.Key_Return)
    await until(lambda: len(app.providers.turns) > before)
    return app.providers.turns[-1]


async def test_the_quick_prompt_is_built_before_it_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(window_session, "QUICK_PROMPT_DELAY_MS", 0)
    async with AppHarness():
        await until(lambda: any(isinstance(w, QuickPrompt) for w in QApplication.topLevelWidgets()))


async def test_up_recalls_earlier_questions() -> None:
    async with AppHarness() as app:
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


async def test_up_recalls_questions_that_were_just_asked() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Before?", "Yes.")
        quick = opened(app)
        for text in ("One?", "Two?"):
            turn = await ask(app, quick, text)
            turn.end("Yes.")
            await app.settled()
        seen = []
        for key in (*[Qt.Key.Key_Up] * 3, *[Qt.Key.Key_Down] * 3):
            QTest.keyClick(line(quick), key)
            seen.append(line(quick).toPlainText())
        assert seen == ["One?", "Before?", "Before?", "One?", "Two?", "Two?"]


async def test_a_recalled_question_stays_recalled_after_a_newer_one_is_asked() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("One?", "1")
        quick = opened(app)
        await app.settled()
        QTest.keyClicks(line(quick), "half")
        QTest.keyClick(line(quick), Qt.Key.Key_Up)
        assert line(quick).toPlainText() == "One?"
        quick.hide()
        await app.ask_and_answer("Two?", "2")
        opened(app)
        await app.settled()
        assert app.session.quick.unsent_question.draft.text == "half"


async def test_a_follow_up_replaces_the_question_and_includes_the_answer() -> None:
    async with AppHarness() as app:
        quick = opened(app)
        turn = await ask(app, quick, "Why?")
        turn.end("Because.")
        await until(lambda: not app.controllers.running.conversations)
        assert line(quick).textCursor().selectedText() == "Why?"
        turn = await ask(app, quick, "Really?")
        turn.end("Yes.")
        await app.settled()
        assert len(app.messages()) == 4
        assert line(quick).toPlainText() == "Really?"
        assert len(await app.backend.conversations.all()) == 1


async def test_attachments_added_while_an_answer_runs_go_with_the_next_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with AppHarness() as app:
        quick, controller = opened(app, "a text"), app.session.quick
        before, going, go_on = ChatService.begin, asyncio.Event(), asyncio.Event()

        async def begin(*arguments: Any, **options: Any) -> Any:
            going.set()
            await go_on.wait()
            return await before(*arguments, **options)

        monkeypatch.setattr(ChatService, "begin", begin)
        QTest.keyClicks(line(quick), "Why?")
        QTest.keyClick(line(quick), Qt.Key.Key_Return)
        await going.wait()
        quick.large_text_dropped.emit("more text", "")
        quick.files_dropped.emit([NOTES])
        await until(
            lambda: (
                controller.attachments.parts and controller.unsent_question.accompanying != "a text"
            )
        )
        go_on.set()
        turn = await app.turn(0)
        assert "a text" in app.messages()[0][2]
        assert controller.unsent_question.accompanying == "more text"
        assert find(quick, QLabel, "accompanying-text").text() == "Text: 2 words"
        assert [part.name for part in controller.attachments.parts] == [NOTES.name]
        QTest.keyClicks(line(quick), "Rea")
        turn.end("Because.")
        await until(lambda: not app.controllers.running.conversations)
        await app.settled()
        QTest.keyClicks(line(quick), "lly?")
        assert line(quick).toPlainText() == "Really?"


async def test_a_variant_chosen_while_a_question_is_stored_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with AppHarness(environment={"COMETAPI_KEY": "sk-comet"}) as app:
        quick, before = opened(app), ChatService.begin

        async def begin(*arguments: Any, **options: Any) -> Any:
            run = await before(*arguments, **options)
            quick.variant_requested.emit(Variant.INSTANT)
            return run

        quick.variant_requested.emit(Variant.THINKING)
        monkeypatch.setattr(ChatService, "begin", begin)
        (await ask(app, quick, "Why?")).end("Because.")
        await app.settled()
        turn = await ask(app, quick, "Really?")
        assert quick.model_button.choice.variant is Variant.INSTANT
        assert turn.request.model != app.providers.turns[0].request.model
        turn.end("Yes.")
        await app.settled()


async def test_a_variant_with_a_single_effort_keeps_the_effort_of_others() -> None:
    async with AppHarness() as app:
        quick = opened(app)
        quick.variant_requested.emit(Variant.THINKING)
        quick.effort_step_requested.emit(1)
        chosen = quick.model_button.choice.effort
        for step in (1, -1):
            quick.variant_requested.emit(Variant.INSTANT)
            quick.effort_step_requested.emit(step)
            quick.variant_requested.emit(Variant.THINKING)
            assert quick.model_button.choice.effort == chosen != Effort.NONE


async def test_a_file_being_read_moves_to_the_window() -> None:
    async with AppHarness() as app:
        quick, controller = opened(app), app.session.quick
        quick.files_dropped.emit([NOTES])
        assert controller.attachments.reading_name
        quick.open_in_window_requested.emit()
        await until(lambda: controller.attachments.parts)
        assert quick.isVisible()
        quick.open_in_window_requested.emit()
        await until(lambda: not quick.isVisible())
        assert [part.name for part in app.state.current.draft.value.attachments] == [NOTES.name]


async def test_a_conversation_that_cannot_be_opened_leaves_the_quick_prompt_its_question() -> None:
    async with AppHarness() as app:
        quick, controller = opened(app), app.session.quick
        turn = await ask(app, quick, "Why?")
        turn.end("Because.")
        await app.settled()
        quick.files_dropped.emit([NOTES])
        await until(lambda: controller.attachments.parts)
        QTest.keyClicks(line(quick), "More")
        await app.backend.database.write(
            lambda connection: connection.execute("UPDATE messages SET parts = '{'")
        )
        quick.open_in_window_requested.emit()
        await until(lambda: "is damaged" in app.said)
        assert quick.isVisible()
        assert line(quick).toPlainText() == "More"
        assert [part.name for part in controller.attachments.parts] == [NOTES.name]


async def test_an_answer_of_a_deleted_conversation_is_not_replaced_in_another() -> None:
    async with AppHarness() as app:
        quick = opened(app)
        (await ask(app, quick, "Why?")).end("Because.")
        await app.settled()
        (deleted,) = await app.backend.conversations.all()
        app.controllers.sidebar.trash.delete([deleted.id])
        await app.controllers.sidebar.trash.erase([deleted.id])
        other = await app.ask_and_answer("Where?", "Here.")
        quick.transcript.action_requested.emit("", "retry")
        await until(lambda: not quick.isVisible())
        await app.settled()
        assert app.open_id == other
        assert len(app.providers.turns) == 2


async def test_text_typed_while_the_window_opens_stays_in_the_quick_prompt() -> None:
    async with AppHarness(disk=PausableStore) as app:
        assert isinstance(app.disk, PausableStore)
        quick = opened(app)
        (await ask(app, quick, "Why?")).end("Because.")
        await app.settled()
        app.disk.is_paused = True
        QTest.keyClicks(line(quick), "More")
        quick.open_in_window_requested.emit()
        await app.disk.waiting.wait()
        QTest.keyClicks(line(quick), " and more")
        app.disk.release.set()
        await until(lambda: not quick.isVisible())
        assert app.text.toPlainText() == "More"
        assert app.session.quick.unsent_question.draft.text == "More and more"


async def test_a_conversation_opened_while_the_window_opens_does_not_get_the_text() -> None:
    async with AppHarness(disk=PausableStore) as app:
        assert isinstance(app.disk, PausableStore)
        other = await app.ask_and_answer("Where?", "Here.")
        quick = opened(app)
        (await ask(app, quick, "Why?")).end("Because.")
        await app.settled()
        app.window.conversations.new_requested.emit()
        app.disk.is_paused = True
        QTest.keyClicks(line(quick), "More")
        quick.open_in_window_requested.emit()
        await app.disk.waiting.wait()
        app.disk.is_paused = False
        await app.open_conversation(other)
        app.disk.release.set()
        await until(lambda: not quick.isVisible())
        assert app.open_id == other
        assert app.text.toPlainText() == ""
        assert app.session.quick.unsent_question.draft.text == "More"


async def test_the_window_opens_once_the_first_question_is_stored() -> None:
    async with AppHarness(disk=SlowStore) as app:
        assert isinstance(app.disk, SlowStore)
        slow, quick = app.disk, opened(app)
        QTest.keyClicks(line(quick), "Why?")
        QTest.keyClick(line(quick), Qt.Key.Key_Return)
        await until(lambda: slow.waiting)
        quick.open_in_window_requested.emit()
        slow.release.set()
        turn = await app.turn(0)
        await until(lambda: not quick.isVisible())
        assert app.text.toPlainText() == ""
        turn.end("Because.")
        await app.settled()
        assert "Because." in app.transcript
        assert app.session.quick.unsent_question == UnsentQuestion()
        assert app.setting(QUICK_DRAFT_KEY) is None
        assert len(app.messages()) == 2


async def test_a_first_question_that_is_refused_moves_to_the_window() -> None:
    async with AppHarness(disk=SlowStore) as app:
        assert isinstance(app.disk, SlowStore)
        slow, quick = app.disk, opened(app)
        QTest.keyClicks(line(quick), "Why?")
        QTest.keyClick(line(quick), Qt.Key.Key_Return)
        await until(lambda: slow.waiting)
        quick.open_in_window_requested.emit()
        slow.is_full = True
        slow.release.set()
        await until(lambda: not quick.isVisible())
        slow.is_full = False
        assert app.text.toPlainText() == "Why?"
        assert app.session.quick.unsent_question == UnsentQuestion()
        await app.settled()
        assert app.messages() == []


async def test_a_text_that_moves_to_the_window_moves_once_and_is_not_asked() -> None:
    async with AppHarness(disk=PausableStore) as app:
        assert isinstance(app.disk, PausableStore)
        quick = opened(app)
        (await ask(app, quick, "Why?")).end("Because.")
        await app.settled()
        app.disk.is_paused = True
        QTest.keyClicks(line(quick), "More")
        quick.open_in_window_requested.emit()
        await app.disk.waiting.wait()
        quick.open_in_window_requested.emit()
        QTest.keyClick(line(quick), Qt.Key.Key_Return)
        app.disk.release.set()
        await until(lambda: not quick.isVisible())
        await app.settled()
        assert app.text.toPlainText() == "More"
        assert len(app.providers.turns) == 1


async def test_a_file_with_the_content_of_another_is_named(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("the same")
    async with AppHarness() as app:
        quick = opened(app)
        quick.files_dropped.emit([tmp_path / "a.txt"])
        await until(lambda: app.session.quick.attachments.parts)
        quick.files_dropped.emit([tmp_path / "b.txt"])
        await until(lambda: find(quick, ElidedLabel, "status").text())
        assert find(quick, ElidedLabel, "status").text() == "“b.txt” is already attached."
        assert len(app.session.quick.attachments.parts) == 1


async def test_many_files_are_read_a_few_at_a_time_and_shown_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / f"{number}.md" for number in range(2 * MAX_TASKS)]
    for path in paths:
        path.write_text(f"# {path.stem}\n")
    async with AppHarness() as app:
        quick = opened(app)
        shown: list[Sequence[Chip]] = []
        monkeypatch.setattr(quick.chips, "set_chips", shown.append)
        attachments, before = app.session.quick.attachments, len(asyncio.all_tasks())
        quick.files_dropped.emit(paths)
        assert len(asyncio.all_tasks()) - before == MAX_TASKS
        ((first, rest),) = shown
        assert (first.name, rest.name) == ("0.md", f"{len(paths) - 1} more files")
        await until(lambda: attachments.parts)
        quick.chips.remove_requested.emit(rest.id)
        await until(lambda: not attachments.reading_name)
        assert 1 <= len(attachments.parts) < len(paths)
        assert len(shown) < MAX_TASKS


async def test_too_many_files_are_refused() -> None:
    async with AppHarness() as app:
        quick = opened(app)
        quick.files_dropped.emit([Path("a.pdf")] * (MAX_FILES + 1))
        assert not app.session.quick.attachments.reading_name
        assert find(quick, QLabel, "problem").text().startswith("At most 5,000 files")


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
        quick.open_in_window_requested.emit()  # it stays here
        await app.settled()
        assert quick.isVisible()
        said = find(quick, ElidedLabel, "status")
        assert QLabel.text(said) == said.text(), "not cut"
        quick.hide()
        opened(app)
        assert not is_temporary(app)
        assert not app.backend.temporary.exists
    files = [path for path in folders().data.parent.rglob("*") if path.is_file()]
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


async def test_a_file_of_a_temporary_conversation_is_not_stored(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(f"About {SECRET}.")
    async with AppHarness() as app:
        quick = opened(app)
        find(quick, QPushButton, "temporary").click()
        quick.files_dropped.emit([path])
        await until(lambda: app.session.quick.attachments.parts)
        quick.open_in_window_requested.emit()  # it stays here
        find(quick, QPushButton, "temporary").click()  # refused: it has a file
        assert is_temporary(app)
        turn = await ask(app, quick, "What?")
        assert SECRET in str(turn.request.messages)
        turn.end("That.")
        await app.settled()
    files = [path for path in folders().data.parent.rglob("*") if path.is_file()]
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


async def test_a_saved_file_must_be_removed_before_the_question_is_not_saved(
    tmp_path: Path,
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Some notes.")
    async with AppHarness() as app:
        quick = opened(app)
        quick.files_dropped.emit([path])
        find(quick, QPushButton, "temporary").click()
        assert not is_temporary(app)
        await until(lambda: app.session.quick.attachments.parts)
        find(quick, QPushButton, "temporary").click()
        assert not is_temporary(app)
        quick.chips.remove_requested.emit(app.session.quick.attachments.parts[0].sha256)
        assert find(quick, QPushButton, "remedy").isVisible()
        find(quick, QPushButton, "temporary").click()
        assert is_temporary(app)
        assert not find(quick, QPushButton, "remedy").isVisible()
        find(quick, QPushButton, "temporary").click()
        (await ask(app, quick, "What?")).end("That.")
        await app.settled()
        assert len(await app.backend.conversations.all()) == 1


async def test_a_temporary_conversation_ends_when_the_window_begins_a_temporary_one() -> None:
    async with AppHarness() as app:
        quick = opened(app)
        find(quick, QPushButton, "temporary").click()
        (await ask(app, quick, "One?")).end("1")
        await app.settled()
        app.controllers.conversation.temporary.open()
        QTest.keyClicks(line(quick), "Two?")
        QTest.keyClick(line(quick), Qt.Key.Key_Return)
        await app.settled()
        problem = find(quick, QLabel, "problem").text()
        assert "was closed" in problem
        assert len(app.providers.turns) == 1
        find(quick, QPushButton, "temporary").click()  # the text begins a stored conversation
        assert not is_temporary(app)
        assert line(quick).toPlainText() == "Two?"
        assert find(quick, QLabel, "problem").isHidden()
        QTest.keyClick(line(quick), Qt.Key.Key_Return)
        turn = await app.turn(1)
        assert "One?" not in str(turn.request.messages)
        turn.end("2")
        await app.settled()
        assert [text for _role, _status, text in app.messages()] == ["Two?", "2"]


async def test_a_question_of_a_closed_temporary_conversation_is_not_stored() -> None:
    async with AppHarness() as app:
        quick = opened(app)
        find(quick, QPushButton, "temporary").click()
        (await ask(app, quick, "One?")).end("1")
        await app.settled()
        app.controllers.conversation.temporary.open()
        assert line(quick).toPlainText() == "One?"
        find(quick, QPushButton, "temporary").click()
        assert line(quick).toPlainText() == ""
        assert not app.session.quick.has_unsent


async def test_an_unsent_question_survives_a_restart() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Before?", "Yes.")
        quick = opened(app, "a text")
        QTest.keyClicks(line(quick), "half a question")
        quick.hide()
        opened(app, "another")
        assert line(quick).toPlainText() == "half a question"
        await app.written()
        QTest.keyClick(line(quick), Qt.Key.Key_Up)  # an earlier question is not what was typed
    async with AppHarness() as app:
        quick = opened(app)
        assert line(quick).toPlainText() == "half a question"
        assert app.session.quick.unsent_question.accompanying == "a text\n\nanother"
        turn = await ask(app, quick, "!")
        turn.end("So.")
        await app.settled()
        assert app.setting(QUICK_DRAFT_KEY) is not None  # until its timer
        app.session.quick.draft.save()
        await until(lambda: app.setting(QUICK_DRAFT_KEY) is None)
        quick.hide()
        assert line(opened(app)).toPlainText() == ""


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


async def test_attachments_and_the_clipboard_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Some notes.")
    async with AppHarness() as app:
        quick = opened(app)
        QGuiApplication.clipboard().setText("copied")
        app.session.quick.accompanying.fill_in(frozenset({CLIPBOARD}))
        quick.files_dropped.emit([path])
        await until(lambda: app.session.quick.attachments.parts)
    async with AppHarness() as app:
        opened(app)
        controller = app.session.quick
        assert [part.name for part in controller.attachments.parts] == ["notes.txt"]
        assert controller.unsent_question.clipboard == "copied"


async def test_a_temporary_question_does_not_survive_a_restart() -> None:
    async with AppHarness() as app:
        quick = opened(app)
        QTest.keyClicks(line(quick), SECRET)
        find(quick, QPushButton, "temporary").click()
        quick.hide()
        assert line(opened(app)).toPlainText() == SECRET
        assert is_temporary(app)
    async with AppHarness() as app:
        assert line(opened(app)).toPlainText() == ""


async def test_selected_text_is_added_on_request_only() -> None:
    async with AppHarness() as app:
        QGuiApplication.clipboard().setText("four words of text")
        quick = opened(app, "given")
        assert app.session.quick.unsent_question.accompanying == "given"
        find(quick, QPushButton, "add-selection").click()
        assert app.session.quick.unsent_question.accompanying == "given\n\nfour words of text"
        QGuiApplication.clipboard().clear()


async def test_the_quick_prompt_opens_at_the_position_to_which_it_was_moved() -> None:
    async with AppHarness() as app:
        quick = opened(app)
        first = quick.pos()
        quick.hide()
        opened(app)
        assert quick.pos() == first
        quick.move(first + QPoint(30, 40))
        quick.hide()
        opened(app)
        moved = quick.pos() - first - QPoint(30, 40)
        assert moved.manhattanLength() <= 2  # it is kept as a share of the screen
        await app.written()
    async with AppHarness() as app:
        quick = opened(app)
        assert (quick.pos() - first - QPoint(30, 40)).manhattanLength() <= 2


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what the quick prompt announces."""
    words: list[str] = []
    for module in (quick_answers, quick_model_button):
        monkeypatch.setattr(
            module, "announce", lambda _widget, said: words.extend([said] if said else [])
        )
    return words


async def test_choices_failures_and_finished_answers_are_announced(said: list[str]) -> None:
    async with AppHarness(environment={"OPENAI_API_KEY": "not-a-key"}) as app:
        quick = opened(app)
        quick.variant_requested.emit(Variant.PRO)
        assert said.pop().startswith("Pro · ")
        turn = await ask(app, quick, "Hello")
        said.clear()
        turn.end("Hi.")
        await app.settled()
        await until(lambda: "Response complete." in said)
        assert said == ["Response complete."]
        turn = await ask(app, quick, "Again")
        turn.fail(AuthenticationError(Reason.KEY_NOT_ACCEPTED, provider="OpenAI"))
        await app.settled()
        await until(lambda: said[-1].startswith("Response failed. "))
        assert "API key" in said[-1]


async def test_formatted_text_is_pasted_as_markdown() -> None:
    async with AppHarness() as app:
        quick = opened(app)
        data = QMimeData()
        data.setHtml("<p>Take <b>this</b></p><ul><li>one</li><li>two</li></ul>")
        QApplication.clipboard().setMimeData(data)
        QTest.keyClick(line(quick), Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        assert quick.field.toPlainText().split() == ["Take", "this", "one", "two"]
        await until(lambda: quick.field.toPlainText().startswith("Take **this**\n\n- one\n- two"))


async def answered(app: AppHarness) -> QuickPrompt:
    quick = opened(app)
    turn = await ask(app, quick, "Why?")
    turn.end("Because *so*.")
    await until(lambda: not app.controllers.running.conversations)
    await app.settled()
    return quick


async def test_pasting_only_copies_if_programs_cannot_type_into_others() -> None:
    async with AppHarness() as app:
        quick = opened(app)
        quick.paste_requested.emit()  # there is no answer yet
        assert find(quick, ElidedLabel, "status").text() == ""
        quick = await answered(app)
        find(quick, QPushButton, "paste-back").click()
        said = "Copied. This desktop doesn’t let programs paste for you."
        await until(lambda: find(quick, ElidedLabel, "status").text() == said)
        assert QGuiApplication.clipboard().text() == "Because *so*."
        assert quick.isVisible()


async def test_the_permission_to_paste_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paste_back_module, "can_type", lambda: True)
    async with AppHarness() as app:
        quick = await answered(app)
        quick.paste_requested.emit()
        quick.paste_requested.emit()  # one question at a time
        (box,) = quick.findChildren(QMessageBox)
        box.reject()
        await until(lambda: not quick.findChildren(QMessageBox))
        assert app.state.values[PASTE_BACK] == PasteBackChoice.ASK
        quick.paste_requested.emit()
        (box,) = quick.findChildren(QMessageBox)
        box.findChildren(QPushButton)[1].click()
        await until(lambda: app.state.values[PASTE_BACK] == PasteBackChoice.COPY)
        quick.transcript.selectAll()
        quick.paste_requested.emit()
        assert QGuiApplication.clipboard().text() == "Because so."


async def test_a_paste_that_fails_shows_the_quick_prompt_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_window: int) -> None:
        raise PasteError("no other window got the focus")

    monkeypatch.setattr(x11_paste, "wait_for_target", refuse)
    monkeypatch.setattr(paste_back_module, "FETCH_S", 0.0)
    monkeypatch.setattr(paste_back_module, "can_type", lambda: True)
    async with AppHarness() as app:
        quick = await answered(app)
        paste_back = app.session.quick_host.paste_back
        await app.state.values.set(PASTE_BACK, PasteBackChoice.PASTE.value)
        quick.paste_requested.emit()
        await until(lambda: "Nothing was pasted" in find(quick, QLabel, "problem").text())
        await until(lambda: not paste_back.is_pasting)
        assert quick.isVisible()
        assert quick.focusWidget() is line(quick)


async def test_each_mark_of_the_selection_is_replaced() -> None:
    async with AppHarness() as app:
        quick = opened(app, "a {{clipboard}} b")
        turn = await ask(app, quick, "Shorten {{selection}}, then translate {{selection}}.")
        turn.end("Done.")
        await app.settled()
        _, _, question = app.messages()[0]
        assert question == "Shorten a {{clipboard}} b, then translate a {{clipboard}} b."


async def test_a_follow_up_keeps_what_the_main_window_has_changed() -> None:
    async with AppHarness() as app:
        quick = opened(app)
        (await ask(app, quick, "One?")).end("1")
        await app.settled()
        (conversation,) = await app.backend.conversations.all()
        app.controllers.sidebar.list_presenter.rename(conversation.id, "Mine")
        app.controllers.sidebar.trash.archive([conversation.id], True)
        await app.settled()
        (await ask(app, quick, "Two?")).end("2")
        await app.settled()
        (conversation,) = await app.backend.conversations.all()
        assert (conversation.title, conversation.archived) == ("Mine", True)


async def test_a_follow_up_of_a_deleted_conversation_begins_another() -> None:
    async with AppHarness() as app:
        quick = opened(app)
        (await ask(app, quick, "One?")).end("1")
        await app.settled()
        (deleted,) = await app.backend.conversations.all()
        app.controllers.sidebar.trash.delete([deleted.id])
        await app.controllers.sidebar.trash.erase([deleted.id])
        turn = await ask(app, quick, "Two?")
        turn.end("2")
        await app.settled()
        (conversation,) = await app.backend.conversations.all()
        assert conversation.id != deleted.id
        assert "One?" not in str(turn.request.messages)
