"""Closing the window: hiding, asking, waiting for an answer, ending."""

from __future__ import annotations

import logging

import pytest
from PySide6.QtWidgets import QMessageBox

from desktop_app.app import closing_controller
from desktop_app.app.closing_controller import ClosingController
from desktop_app.app.transfer import Transfer
from desktop_app.chat.ui.temporary_controller import TemporaryController
from desktop_app.desktop_session.hotkey.hotkey_status import HotkeyReport, HotkeyStatus
from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController
from desktop_app.settings.schema import ON_CLOSE, OnClose
from tests.gui.app.app_harness import DISK_FULL, AppHarness, until

WORKS, TAKEN = (HotkeyReport("Ctrl+A", s) for s in (HotkeyStatus.WORKS, HotkeyStatus.TAKEN))


def question(app: AppHarness) -> QMessageBox | None:
    found = [box for box in app.window.findChildren(QMessageBox) if box.isVisible()]
    return found[0] if found else None


def choose(app: AppHarness, text: str) -> None:
    box = question(app)
    assert box is not None
    next(button for button in box.buttons() if button.text() == text).click()


async def test_closing_hides_the_window_with_tray_or_shortcut_and_else_ends_the_program() -> None:
    async with AppHarness() as app:
        closing = app.session.of(ClosingController)
        await app.state.values.set(ON_CLOSE, OnClose.KEEP.value)
        for has_tray, hotkey in ((True, TAKEN), (False, WORKS), (False, TAKEN)):
            closing.set_tray(has_tray)
            closing.set_hotkey(hotkey)
            app.window.show()
            app.window.close()
            assert question(app) is None
            assert not app.window.isVisible()
            stays = has_tray or hotkey is WORKS
            assert app.session.shutdown.has_begun is not stays


async def test_the_first_closing_asks_whether_to_keep_running() -> None:
    async with AppHarness() as app:
        for has_tray, hotkey, answer, stored, ends in (
            (True, TAKEN, "Keep running", OnClose.KEEP, False),
            (False, WORKS, "Keep running", OnClose.KEEP, False),
            (True, TAKEN, "Quit", OnClose.QUIT, True),
        ):
            app.session.of(ClosingController).set_tray(has_tray)
            app.session.of(ClosingController).set_hotkey(hotkey)
            await app.state.values.set(ON_CLOSE, OnClose.ASK.value)
            app.window.show()
            app.window.close()
            app.window.close()  # one question at a time
            shown = question(app)
            assert shown is not None
            assert ("Ctrl+A" in shown.informativeText()) is not has_tray
            choose(app, "Cancel")
            assert app.window.isVisible()
            app.window.close()
            choose(app, answer)
            await until(lambda stored=stored: app.state.values[ON_CLOSE] == stored.value)
            assert not app.window.isVisible()
            assert app.session.shutdown.has_begun is ends


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


async def test_quitting_asks_before_it_deletes_a_temporary_conversation() -> None:
    async with AppHarness() as app:
        app.controllers.of(TemporaryController).open()
        app.type("mine")
        app.window.close()
        box = question(app)
        assert box is not None
        assert box.text() == "A temporary conversation is open. Quit anyway?"
        choose(app, "Cancel")
        app.new_conversation()
        turn = await app.ask("Why?")
        app.window.close()
        choose(app, "Quit now")
        box = question(app)
        assert box is not None
        assert "response is still running" in box.text()
        choose(app, "Cancel")
        assert not app.session.shutdown.has_begun
        app.window.close()
        choose(app, "Quit now")
        choose(app, "Quit now")
        assert app.session.shutdown.has_begun
        turn.end("Because.")


@pytest.mark.slow
async def test_quitting_asks_before_it_cancels_an_export() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Which is it?", "This one.")
        app.controllers.of(Transfer).is_busy = True
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


async def test_a_resident_program_keeps_running() -> None:
    async with AppHarness(is_resident=True) as app:
        app.window.close()
        app.session.of(QuickPromptController).open_with("")
        app.session.of(QuickPromptController).window.hide()
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
