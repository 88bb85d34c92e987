"""A new language: the window is built again, without a restart, and nothing is lost.

While that would lose something, the language changes later.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from PySide6.QtWidgets import QDialog

from desktop_app.chat.ui.temporary_controller import TemporaryController, TemporaryRow
from desktop_app.domain.conversations.conversation import MessageStatus
from tests.gui.app.app_harness import AppHarness, until

PROGRAM = """
import json, logging, os, subprocess, sys
from desktop_app.app import application as application_module
from desktop_app.app.application import Application
from desktop_app.app.single_instance import WindowLock
from desktop_app.app.startup import early_content, early_window
from desktop_app.app.window_request import OpenRequest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication
from desktop_app.app.window.main_window import MainWindow
from desktop_app.app.window_session import WindowSession
from desktop_app.domain.errors import StoreDamagedError
from desktop_app.paths import folders
from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController

seen = []

def shows(widget):
    return widget.objectName() == "help" and widget.isVisible()

def shows_help():
    return any(map(shows, QApplication.topLevelWidgets()))

def look():
    if not shows_help():
        QTimer.singleShot(50, look)
        return
    window = application.window
    seen.append({
        "process": os.getpid(),
        "windows": sum(isinstance(w, MainWindow) for w in QApplication.topLevelWidgets()),
        "text": window.prompt.text(),
        "settings": window.settings.isVisible(),
        "enabled": window.isEnabled(),
        "logs": len(logging.getLogger().handlers),
        "quick": application.session.made(QuickPromptController) is not None,
        "help": str(next(w.place for w in QApplication.topLevelWidgets() if shows(w))),
    })
    if len(seen) == 1:
        window.prompt.set_text("What I was about to ask")
        window.outer_panes.show_settings(True)
        window.settings.pages.change("look.language", "en")
        ask_at_end()
    else:
        application.session.shutdown.begin()

def ask_at_end():
    if application.session.shutdown.has_begun:
        application._run_bus_action("quick", "")  # as the session bus does
    else:
        QTimer.singleShot(1, ask_at_end)

early_content.show_early_content = lambda *_: True
early_window.IDLE_MS = 30_000  # a later start waits for 10 s

async def fail_first(session, request):
    WindowSession.start = start
    session.window.prompt.set_text("Typed early")
    raise StoreDamagedError("A row is damaged.")

async def repair(error):
    return "retry"

start, WindowSession.start = WindowSession.start, fail_first
application = Application(OpenRequest())
application._offer_remedies = repair
def on_ready():
    if not seen:
        application.session.actions["help.shortcuts"].trigger()
    QTimer.singleShot(200, look)

application.on_ready = on_ready
application.show()
lock = WindowLock(folders().data)
lock.try_acquire()
later_start = subprocess.Popen([sys.executable, "-m", "desktop_app"])
code = application.run()
print(json.dumps([code, seen, later_start.wait()]))
"""


def test_a_later_start_a_repair_and_another_language_find_the_window_as_it_was(
    tmp_path: Path,
) -> None:
    environment = {**os.environ, "REPARTEE_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    code, (before, after), code_of_later_start = json.loads(done.stdout.splitlines()[-1])
    assert (code, code_of_later_start) == (0, 0)
    assert before["process"] == after["process"]
    assert after["windows"] == 1
    assert before["text"] == "Typed early"
    assert after["text"] == "What I was about to ask"
    assert after["settings"]
    assert after["help"] == before["help"]
    assert after["enabled"]
    assert after["logs"] == before["logs"]
    assert after["quick"]  # requested while the window was built again
    assert "Traceback" not in done.stderr


async def test_the_language_changes_after_the_running_response() -> None:
    async with AppHarness() as app:
        turn = await app.ask("One")
        turn.say("Some")
        await until(lambda: "Some" in app.transcript)
        app.window.settings.pages.change("look.language", "en")
        await app.written()
        assert not app.session.should_rebuild
        assert "language changes once" in app.said
        turn.end()
        await until(lambda: app.session.should_rebuild)
        await app.session.shutdown.wait()
    async with AppHarness() as app:
        assert app.messages()[-1][1] == MessageStatus.COMPLETE


async def test_the_language_changes_after_a_temporary_conversation_is_closed() -> None:
    async with AppHarness() as app:
        kept = await app.ask_and_answer("Mine?", "Yes.")
        app.controllers.of(TemporaryController).open()
        temporary = app.open_id
        await app.ask_and_answer("One?", "One.")
        await app.open_conversation(kept)
        app.window.settings.pages.change("look.language", "en")
        await app.written()
        assert not app.session.should_rebuild
        assert "language changes once" in app.said
        app.window.findChildren(TemporaryRow)[0].button.click()
        await until(lambda: app.open_id == temporary)
        app.controllers.of(TemporaryController).request_close()
        app.press_action("Delete")
        await until(lambda: app.session.should_rebuild)
        await app.session.shutdown.wait()


async def test_the_language_changes_after_a_form_is_closed_and_open_windows_return() -> None:
    async with AppHarness() as app:
        app.session.actions["repeat.new"].trigger()
        await until(lambda: any(d.isVisible() for d in app.window.findChildren(QDialog)))
        app.window.settings.pages.change("look.language", "en")
        await app.written()
        assert not app.session.should_rebuild
        assert "once the other windows are closed" in app.said
        app.session.actions["spending.show"].trigger()
        await until(lambda: app.window.pane.page is not None)
        next(d for d in app.window.findChildren(QDialog) if d.isVisible()).reject()
        await until(lambda: app.session.should_rebuild)
        assert app.session.commands_to_reopen == ("spending.show",)
        await app.session.shutdown.wait()
