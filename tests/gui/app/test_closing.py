"""Closing the window: hiding, asking, waiting for an answer, ending."""

from __future__ import annotations

import asyncio
import logging
import os
from asyncio.subprocess import Process
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QLabel, QMessageBox, QWidget

from desktop_app.app.desktop import closing_controller, memory_trimmer
from desktop_app.child_processes import ChildCommand, start_child
from desktop_app.cli.doctor import doctor
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.tools.tool import ToolDefinition
from desktop_app.hotkey.hotkey_status import HotkeyReport, HotkeyStatus
from desktop_app.services.tools.consent import ConsentQuestion
from desktop_app.settings.schema import ON_CLOSE, OnClose
from tests.gui.app.app_harness import DISK_FULL, AppHarness, until
from tests.helpers.widgets import timer_of

WORKS, TAKEN = (HotkeyReport("Ctrl+A", s) for s in (HotkeyStatus.WORKS, HotkeyStatus.TAKEN))


def question(app: AppHarness) -> QMessageBox | None:
    found = [box for box in app.window.findChildren(QMessageBox) if box.isVisible()]
    return found[0] if found else None


def choose(app: AppHarness, text: str) -> None:
    box = question(app)
    assert box is not None
    next(button for button in box.buttons() if button.text() == text).click()


async def test_closing_ends_the_program_without_tray_and_shortcut() -> None:
    async with AppHarness() as app:
        await app.state.values.set(ON_CLOSE, OnClose.KEEP.value)
        app.session.closing.set_hotkey(TAKEN)
        app.window.close()
        assert question(app) is None
        assert not app.window.isVisible()
        assert app.session.shutdown.has_begun


@pytest.mark.parametrize("has_tray", [True, False])
async def test_closing_hides_the_window_with_tray_or_shortcut(has_tray: bool) -> None:
    async with AppHarness() as app:
        await app.state.values.set(ON_CLOSE, OnClose.KEEP.value)
        app.session.closing.set_tray(has_tray)
        app.session.closing.set_hotkey(TAKEN if has_tray else WORKS)
        app.window.close()
        assert not app.window.isVisible()
        assert not app.session.shutdown.has_begun


@pytest.mark.parametrize(
    ("answer", "stored", "ends"),
    [("Keep running", OnClose.KEEP, False), ("Quit", OnClose.QUIT, True)],
)
async def test_the_first_closing_asks_whether_to_keep_running(
    answer: str, stored: OnClose, ends: bool
) -> None:
    async with AppHarness() as app:
        app.session.closing.set_tray(True)
        app.window.close()
        app.window.close()  # one question at a time
        choose(app, "Cancel")
        assert app.window.isVisible()
        app.window.close()
        choose(app, answer)
        await until(lambda: app.state.values[ON_CLOSE] == stored.value)
        assert not app.window.isVisible()
        assert app.session.shutdown.has_begun is ends


async def test_quitting_at_the_first_question_asks_about_an_answer() -> None:
    async with AppHarness() as app:
        await app.ask("Why?")
        app.session.closing.set_tray(True)
        app.window.close()
        choose(app, "Quit")
        assert not app.session.shutdown.has_begun
        choose(app, "Quit now")
        assert app.session.shutdown.has_begun


async def test_the_end_of_the_session_needs_no_reply_to_an_open_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with AppHarness() as app:
        await app.ask("Why?")
        app.window.close()
        monkeypatch.setattr(closing_controller, "is_session_ending", lambda: True)
        app.window.close()
        assert app.session.shutdown.has_begun


async def test_the_program_can_wait_for_the_end_of_an_answer() -> None:
    async with AppHarness() as app:
        turn = await app.ask("Why?")
        app.window.close()
        assert app.window.isVisible()
        choose(app, "Finish, then quit")
        assert not app.window.isVisible()
        assert not app.session.shutdown.has_begun
        turn.end("Because.")
        await until(lambda: app.session.shutdown.has_begun)


async def test_quitting_says_that_a_temporary_response_is_deleted() -> None:
    async with AppHarness() as app:
        app.controllers.conversation.temporary.open()
        turn = await app.ask("Mine?")
        app.window.close()
        box = question(app)
        assert box is not None
        assert box.informativeText() == "Temporary conversations are deleted when you quit."
        assert {button.text() for button in box.buttons()} == {"Quit now", "Cancel"}
        choose(app, "Cancel")
        app.window.conversations.new_requested.emit()
        kept = await app.ask("Why?")
        app.window.close()
        box = question(app)
        assert box is not None
        assert box.informativeText().endswith("except in temporary conversations.")
        choose(app, "Finish, then quit")
        turn.end("Yes.")
        kept.end("Because.")
        await until(lambda: app.session.shutdown.has_begun)


async def test_quitting_asks_before_it_deletes_a_temporary_conversation() -> None:
    async with AppHarness() as app:
        app.controllers.conversation.temporary.open()
        app.type("mine")
        app.window.close()
        box = question(app)
        assert box is not None
        assert box.text() == "A temporary conversation is open. Quit anyway?"
        choose(app, "Cancel")
        app.window.conversations.new_requested.emit()
        turn = await app.ask("Why?")
        app.window.close()
        choose(app, "Quit now")
        box = question(app)
        assert box is not None
        assert "response is still running" in box.text()
        choose(app, "Cancel")
        turn.end("Because.")


async def test_an_empty_temporary_conversation_does_not_hinder_quitting() -> None:
    async with AppHarness() as app:
        app.controllers.conversation.temporary.open()
        app.window.close()
        assert question(app) is None
        assert app.session.shutdown.has_begun


async def test_quitting_asks_before_it_cancels_an_export(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.pdf")  # without a reader, writing never ends
    async with AppHarness() as app:
        await app.ask_and_answer("Which is it?", "This one.")
        app.controllers.conversation.export.export_to(app.open_id, tmp_path / "x.pdf", "pdf")
        await until(lambda: app.controllers.conversation.export.is_busy)
        app.window.close()
        box = question(app)
        assert box is not None
        assert box.text() == "A transfer is still running. Quit anyway?"
        choose(app, "Cancel")
        turn = await app.ask("Why?")
        app.window.close()
        choose(app, "Quit now")
        box = question(app)
        assert box is not None
        assert "response is still running" in box.text()
        choose(app, "Quit now")
        assert app.session.shutdown.has_begun
        turn.end("Because.")


async def test_the_program_does_not_wait_hidden_for_a_permission() -> None:
    async with AppHarness() as app:
        tool = ToolDefinition("look", "Looks.", {"type": "object"})
        turn = await app.ask("Why?")
        call = ConsentQuestion(app.open_id, tool, ToolCallPart("c1", tool.name, "{}"))
        decided = asyncio.create_task(app.backend.consent.decide(call))
        await until(lambda: app.controllers.conversation.consent.is_asking)
        app.window.close()
        box = question(app)
        assert box is not None
        assert {button.text() for button in box.buttons()} == {"Quit now", "Cancel"}
        choose(app, "Cancel")
        app.click("consent-deny")
        await decided
        app.window.close()
        choose(app, "Finish, then quit")
        assert not app.window.isVisible()
        decided = asyncio.create_task(app.backend.consent.decide(call))
        await until(app.window.isVisible)
        app.click("consent-deny")
        await decided
        turn.end("Because.")
        await app.settled()
        assert not app.session.shutdown.has_begun


async def test_quitting_asks_while_files_are_read(data: Path) -> None:
    async with AppHarness() as app:
        turn = await app.ask("Why?")
        app.window.files_dropped.emit([data / "report.pdf"])
        app.window.close()
        choose(app, "Cancel")
        assert not app.session.shutdown.has_begun
        app.window.close()
        choose(app, "Quit now")
        choose(app, "Finish, then quit")
        assert not app.session.shutdown.has_begun
        turn.end("Because.")
        await until(lambda: app.session.shutdown.has_begun)


async def test_quitting_asks_before_a_draft_is_lost_that_a_full_disk_refused() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("One", "1")
        app.disk.is_full = True
        app.type("Two")
        await until(lambda: DISK_FULL in app.said)
        app.window.close()
        await until(lambda: question(app))
        choose(app, "Cancel")
        assert app.window.isVisible()
        assert not app.session.shutdown.has_begun
        app.window.close()
        await until(lambda: question(app))
        choose(app, "Quit now")
        assert app.session.shutdown.has_begun


async def test_quitting_asks_before_a_response_is_lost_that_a_full_disk_refused() -> None:
    async with AppHarness() as app:
        turn = await app.ask("Why?")
        app.disk.is_full = True
        turn.say("Because.")
        await until(lambda: DISK_FULL in app.said)
        app.session.closing.quit()
        await until(lambda: question(app))
        box = question(app)
        assert box is not None
        assert "couldn’t be saved" in box.text()
        choose(app, "Cancel")
        assert not app.session.shutdown.has_begun
        app.disk.is_full = False
        turn.end()
        await app.settled()
        app.session.closing.quit()
        assert app.session.shutdown.has_begun


async def test_quitting_saves_a_draft_that_a_full_disk_had_refused() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("One", "1")
        app.disk.is_full = True
        app.type("Two")
        await until(lambda: DISK_FULL in app.said)
        app.disk.is_full = False
        app.window.close()
        await until(lambda: app.session.shutdown.has_begun)
        assert question(app) is None


async def test_quitting_now_ends_the_program_during_an_answer() -> None:
    async with AppHarness() as app:
        await app.ask("Why?")
        app.window.close()
        choose(app, "Quit now")
        assert app.session.shutdown.has_begun


@pytest.mark.parametrize("is_hidden", [True, False])
async def test_quitting_a_resident_program_asks_about_an_answer(is_hidden: bool) -> None:
    async with AppHarness() as app:
        await app.state.values.set(ON_CLOSE, OnClose.KEEP.value)
        app.session.closing.set_tray(True)
        turn = await app.ask("Why?")
        if is_hidden:
            app.window.close()
        app.session.actions["app.quit"]()
        app.session.actions["app.quit"]()  # one question at a time
        assert not app.session.shutdown.has_begun
        choose(app, "Finish, then quit")
        assert not app.session.shutdown.has_begun
        turn.end("Because.")
        await until(lambda: app.session.shutdown.has_begun)


async def test_showing_the_window_cancels_the_choice_to_finish_then_quit() -> None:
    async with AppHarness() as app:
        await app.state.values.set(ON_CLOSE, OnClose.KEEP.value)
        app.session.closing.set_tray(True)
        turn = await app.ask("Why?")
        app.session.closing.quit()
        choose(app, "Finish, then quit")
        app.window.show()
        app.window.close()
        turn.end("Because.")
        await until(lambda: not app.controllers.running.conversations)
        assert not app.session.shutdown.has_begun


async def test_a_resident_program_keeps_running() -> None:
    async with AppHarness(is_resident=True) as app:
        app.window.close()
        app.session.quick.open_with("")
        app.session.quick.window.hide()
        assert not app.session.shutdown.has_begun


def release_memory(app: AppHarness) -> None:
    """Fire the timer that releases memory."""
    (memory,) = app.window.findChildren(memory_trimmer.MemoryTrimmer)
    timer_of(memory).timeout.emit()


async def test_the_timer_of_memory_may_fire_after_the_quick_prompt_is_deleted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tidied: list[bool] = []
    monkeypatch.setattr(memory_trimmer, "collect_and_trim", lambda: tidied.append(True))
    async with AppHarness() as app:
        release_memory(app)
        app.session.quick.open_with("")
        await app.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        release_memory(app)
        assert tidied == [True, True]


async def test_memory_is_released_after_the_start_then_only_when_idle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tidied: list[bool] = []
    monkeypatch.setattr(memory_trimmer, "collect_and_trim", lambda: tidied.append(True))
    async with AppHarness() as app:
        release_memory(app)
        assert tidied == [True]  # though the window is visible
        release_memory(app)
        assert tidied == [True]
        app.window.hide()
        release_memory(app)
        assert tidied == [True, True]


async def test_the_end_stops_the_process_that_looks_for_a_display(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[Process] = []

    async def start_slow(command: ChildCommand, **options: Any) -> Process:
        process = await start_child(command._replace(argv=("sleep", "600")), **options)
        started.append(process)
        return process

    monkeypatch.setattr(doctor, "start_child", start_slow)
    async with AppHarness() as app:
        app.window.outer_panes.show_settings(True)
        app.window.settings.show_page("about")
        await until(lambda: started)
    assert started[0].returncode is not None


async def test_the_question_links_to_the_setting() -> None:
    async with AppHarness() as app:
        app.session.closing.set_tray(True)
        app.window.close()
        box = question(app)
        assert box is not None
        label = box.findChild(QLabel, "qt_msgbox_informativelabel")
        assert isinstance(label, QLabel)
        assert '<a href="place:appearance_page">Settings › Appearance</a>' in label.text()
        keyboard = Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        assert keyboard in label.textInteractionFlags()
        label.linkActivated.emit("place:appearance_page")
        assert not box.isVisible()
        assert app.window.isVisible()
        page = app.window.settings.findChild(QWidget, "settings-look")
        assert page is not None
        await until(page.isVisible)
        assert not app.session.shutdown.has_begun


async def test_a_failing_step_of_the_end_prevents_no_other_step(
    no_defects: list[logging.LogRecord],
) -> None:
    async with AppHarness() as app:
        turn = await app.ask("Why?")
        turn.say("Half an answer")
        await until(lambda: "Half an answer" in app.transcript)
        app.type("Not yet sent")
        socket = app.backend.folders.socket
        socket.unlink()
        socket.mkdir()  # cannot be removed as a file
        id_ = app.open_id
        await app.close()
        assert [record.getMessage() for record in no_defects] == ["a step of the end failed"]
        no_defects.clear()
        assert app.messages()[1] == ("assistant", "cancelled", "Half an answer")
        assert app.draft_of(id_) == "Not yet sent"
        socket.rmdir()
