"""Closing the window: hiding, asking, waiting for an answer, ending."""

from __future__ import annotations

import logging

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QLabel, QMessageBox, QWidget

from desktop_app.app.desktop import closing_controller, memory_trimmer
from desktop_app.hotkey.hotkey_status import HotkeyReport, HotkeyStatus
from desktop_app.settings.schema import ON_CLOSE, OnClose
from tests.gui.app.desk import Desk, until
from tests.helpers.widgets import timer_of

WORKS, TAKEN = (HotkeyReport("Ctrl+A", s) for s in (HotkeyStatus.WORKS, HotkeyStatus.TAKEN))


def question(desk: Desk) -> QMessageBox | None:
    found = [box for box in desk.window.findChildren(QMessageBox) if box.isVisible()]
    return found[0] if found else None


def choose(desk: Desk, text: str) -> None:
    box = question(desk)
    assert box is not None
    next(button for button in box.buttons() if button.text() == text).click()


def is_ending(desk: Desk) -> bool:
    return desk.session.is_ending


async def test_closing_ends_the_program_without_tray_and_shortcut() -> None:
    async with Desk() as desk:
        await desk.state.values.set(ON_CLOSE, OnClose.KEEP.value)
        desk.session.closing.set_hotkey(TAKEN)
        desk.window.close()
        assert question(desk) is None
        assert not desk.window.isVisible()
        assert is_ending(desk)


@pytest.mark.parametrize("has_tray", [True, False])
async def test_closing_hides_the_window_with_tray_or_shortcut(has_tray: bool) -> None:
    async with Desk() as desk:
        await desk.state.values.set(ON_CLOSE, OnClose.KEEP.value)
        desk.session.closing.set_tray(has_tray)
        desk.session.closing.set_hotkey(TAKEN if has_tray else WORKS)
        desk.window.close()
        assert not desk.window.isVisible()
        assert not is_ending(desk)


@pytest.mark.parametrize(
    ("answer", "stored", "ends"),
    [("Keep running", OnClose.KEEP, False), ("Quit", OnClose.QUIT, True)],
)
async def test_the_first_closing_asks_whether_to_keep_running(
    answer: str, stored: OnClose, ends: bool
) -> None:
    async with Desk() as desk:
        desk.session.closing.set_tray(True)
        desk.window.close()
        desk.window.close()  # one question at a time
        choose(desk, "Cancel")
        assert desk.window.isVisible()
        desk.window.close()
        choose(desk, answer)
        await until(lambda: desk.state.values[ON_CLOSE] == stored.value)
        assert not desk.window.isVisible()
        assert is_ending(desk) is ends


async def test_quitting_at_the_first_question_asks_about_an_answer() -> None:
    async with Desk() as desk:
        await desk.ask("Why?")
        desk.session.closing.set_tray(True)
        desk.window.close()
        choose(desk, "Quit")
        assert not is_ending(desk)
        choose(desk, "Quit now")
        assert is_ending(desk)


async def test_the_end_of_the_session_needs_no_reply_to_an_open_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Desk() as desk:
        await desk.ask("Why?")
        desk.window.close()
        monkeypatch.setattr(closing_controller, "is_session_ending", lambda: True)
        desk.window.close()
        assert is_ending(desk)


async def test_the_program_can_wait_for_the_end_of_an_answer() -> None:
    async with Desk() as desk:
        turn = await desk.ask("Why?")
        desk.window.close()
        assert desk.window.isVisible()
        choose(desk, "Finish, then quit")
        assert not desk.window.isVisible()
        assert not is_ending(desk)
        turn.end("Because.")
        await until(lambda: is_ending(desk))


async def test_quitting_now_ends_the_program_during_an_answer() -> None:
    async with Desk() as desk:
        await desk.ask("Why?")
        desk.window.close()
        choose(desk, "Quit now")
        assert is_ending(desk)


@pytest.mark.parametrize("is_hidden", [True, False])
async def test_quitting_a_resident_program_asks_about_an_answer(is_hidden: bool) -> None:
    async with Desk() as desk:
        await desk.state.values.set(ON_CLOSE, OnClose.KEEP.value)
        desk.session.closing.set_tray(True)
        turn = await desk.ask("Why?")
        if is_hidden:
            desk.window.close()
        desk.session.actions["app.quit"]()
        desk.session.actions["app.quit"]()  # one question at a time
        assert not is_ending(desk)
        choose(desk, "Finish, then quit")
        assert not is_ending(desk)
        turn.end("Because.")
        await until(lambda: is_ending(desk))


async def test_a_window_closed_after_the_question_stays_again() -> None:
    async with Desk() as desk:
        await desk.state.values.set(ON_CLOSE, OnClose.KEEP.value)
        desk.session.closing.set_tray(True)
        turn = await desk.ask("Why?")
        desk.session.closing.quit()
        choose(desk, "Finish, then quit")
        desk.window.show()
        desk.window.close()
        turn.end("Because.")
        await until(lambda: not desk.controllers.running.conversations)
        assert not is_ending(desk)


async def test_a_resident_program_keeps_running() -> None:
    async with Desk(is_resident=True) as desk:
        desk.window.close()
        desk.session.quick.open_with("")
        desk.session.quick.window.hide()
        assert not is_ending(desk)


def release_memory(desk: Desk) -> None:
    """Fire the timer that releases memory."""
    (memory,) = desk.window.findChildren(memory_trimmer.MemoryTrimmer)
    timer_of(memory).timeout.emit()


async def test_the_timer_of_memory_may_fire_after_the_quick_prompt_is_deleted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tidied: list[bool] = []
    monkeypatch.setattr(memory_trimmer, "collect_and_trim", lambda: tidied.append(True))
    async with Desk() as desk:
        release_memory(desk)
        desk.session.quick.open_with("")
        await desk.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        release_memory(desk)
        assert tidied == [True, True]


async def test_memory_is_released_after_the_start_then_only_when_idle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tidied: list[bool] = []
    monkeypatch.setattr(memory_trimmer, "collect_and_trim", lambda: tidied.append(True))
    async with Desk() as desk:
        release_memory(desk)
        assert tidied == [True]  # though the window is visible
        release_memory(desk)
        assert tidied == [True]
        desk.window.hide()
        release_memory(desk)
        assert tidied == [True, True]


async def test_the_question_links_to_the_setting() -> None:
    async with Desk() as desk:
        desk.session.closing.set_tray(True)
        desk.window.close()
        box = question(desk)
        assert box is not None
        label = box.findChild(QLabel, "qt_msgbox_informativelabel")
        assert isinstance(label, QLabel)
        assert '<a href="place:appearance_page">Settings › Appearance</a>' in label.text()
        keyboard = Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        assert keyboard in label.textInteractionFlags()
        label.linkActivated.emit("place:appearance_page")
        assert not box.isVisible()
        assert desk.window.isVisible()
        page = desk.window.settings.findChild(QWidget, "settings-look")
        assert page is not None
        await until(page.isVisible)
        assert not is_ending(desk)


async def test_a_failing_step_of_the_end_prevents_no_other_step(
    no_defects: list[logging.LogRecord],
) -> None:
    async with Desk() as desk:
        turn = await desk.ask("Why?")
        turn.say("Half an answer")
        await until(lambda: "Half an answer" in desk.transcript)
        desk.type("Not yet sent")
        socket = desk.backend.folders.socket
        socket.unlink()
        socket.mkdir()  # cannot be removed as a file
        id_ = desk.open_id
        await desk.close()
        assert [record.getMessage() for record in no_defects] == ["a step of the end failed"]
        no_defects.clear()
        assert desk.messages()[1] == ("assistant", "cancelled", "Half an answer")
        assert desk.draft_of(id_) == "Not yet sent"
        socket.rmdir()
