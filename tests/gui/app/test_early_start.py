"""A window whose session is still to be loaded shows what it shows afterwards."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType

import pytest
from PySide6.QtGui import QAccessible

from desktop_app.app.startup.early_content import show_early_content
from desktop_app.app.window.activity_badge import ActivityBadge
from desktop_app.app.window.main_window import MainWindow
from desktop_app.composer.prompt_editor import PromptEditor
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.library.ui.rows.conversation_model import Roles
from desktop_app.paths import folders
from desktop_app.settings.schema import SETTINGS
from desktop_app.settings.startup_settings import read_startup_settings
from desktop_app.settings.stored_values import KNOWN_KEYS, KNOWN_PREFIXES
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.full_store import fill
from tests.helpers.transcript_views import shown_text

KEY = {"OPENAI_API_KEY": "not-a-key"}


async def test_the_early_window_looks_as_the_loaded_one() -> None:
    async with AppHarness(environment=KEY) as app:
        await fill(app.backend.database, folders().attachments)
        ids = [c.id for c in await app.backend.conversations.all()]
        await app.backend.flags.set_pinned(ids[:1], True)
        await app.backend.flags.set_archived(ids[1:2], True)
        await app.backend.settings.set("window.unread", ids[2:3])
        await app.backend.settings.remove("window.new_draft")
    async with AppHarness(environment=KEY) as app:
        app.session.actions["conversation.new"].trigger()
        await app.settled()
        # What has ended meanwhile is known only once the session has begun.
        app.session.of(ActivityBadge).set_looking(False)
        assert early_look(app) == look(app.window)
        app.state.setup.choose(ModelChoice(app.state.setup.choice.provider_id, "gpt-5.2"))
        turn = await app.ask("Why?")
        turn.end("**So** it is.")
        await app.settled()
        assert "So it is." in app.transcript
        assert "GPT-5.2" in shown_text(app.window.transcript)
        app.session.of(ActivityBadge).set_looking(False)
        assert early_look(app) == look(app.window)
        was_active = QAccessible.isActive()
        QAccessible.setActive(True)
        assert early_look(app) is None
        QAccessible.setActive(was_active)
        assert early_look(app, {"window.scroll": ["of an older message", 0]}) is None
        app.type("A draft")
        await until(lambda: early_look(app) is None)


async def test_the_end_that_the_user_scrolled_to_early_stays_on_screen() -> None:
    async with AppHarness(environment=KEY) as app:
        await app.ask_and_answer("Why?", "So it is.\n\n" * 200)
        app.window.transcript.scroll_to_message(app.state.current.path[0].id)
        assert not app.window.transcript.is_at_end
    async with EarlyHarness(environment=KEY) as app:
        assert app.window.transcript.is_at_end


class EarlyHarness(AppHarness):
    """A start that shows the last conversation before its session, and scrolls to its end."""

    def before_ready(self) -> None:
        super().before_ready()
        self.window.add_outer_panes()
        show_early_content(self.window, read_startup_settings(folders().database))
        assert not self.window.transcript.is_at_end
        self.window.transcript.scroll_to_end()


def early_look(
    app: AppHarness, other_settings: Mapping[str, object] = MappingProxyType({})
) -> list[object] | None:
    """Return what the next start would show until its session is loaded; None for nothing."""
    stored = read_startup_settings(folders().database) | other_settings
    window = MainWindow(app.theme, PromptEditor())
    window.resize(app.window.size())
    window.add_outer_panes()
    window.show()
    is_shown = show_early_content(window, stored | {"window.state": app.window.saved_state()})
    seen = look(window) if is_shown else None
    window.deleteLater()
    return seen


def look(window: MainWindow) -> list[object]:
    listing, row, model = window.conversations, window.prompt.row, window.conversations.model
    roles = (Roles.IDENTIFIER, Roles.IS_FOLDER, Roles.UNREAD, Roles.IN_PINNED_GROUP)
    indexes = [model.index(number) for number in range(model.rowCount())]
    transcript = getattr(window, "transcript", None)
    return [
        [(index.data(), *map(index.data, roles)) for index in indexes],
        window.windowTitle(),
        row.model_button.text(),
        row.web_button.isVisible(),
        window.empty_state.isVisible(),
        "" if transcript is None else shown_text(transcript),
        *(b.hint.text() for b in (listing.search_button, listing.new_button, listing.footer)),
        listing.footer.accessibleName(),
    ]


WRONG = (
    *("x", 5, [1], {"a": 1}, [["a"], ["a", 5]], None, -1e300),
    {"text": 5, "attachments": 5, "names": 3, "model": 5, "geometry": [], "list": "x"},
)


async def test_stored_values_of_a_wrong_type_cost_themselves() -> None:
    keys = [setting.key for setting in SETTINGS]
    keys += [*KNOWN_KEYS, *(f"{prefix}p.http://a/v1" for prefix in KNOWN_PREFIXES), "keys.new"]
    async with AppHarness(environment=KEY) as app:
        await fill(app.backend.database, folders().attachments)
        saved_state = app.window.saved_state()
    for shift in range(3):
        async with AppHarness(environment=KEY) as app:
            stored = read_startup_settings(folders().database)
            window = MainWindow(app.theme, PromptEditor())
            window.add_outer_panes()
            show_early_content(window, {**stored, "window.state": saved_state})
            window.restore_state(stored.get("window.state", {}))
            window.deleteLater()
            await app.ask_and_answer("Still there?", "Yes.")
        with closing(sqlite3.connect(folders().database)) as connection:
            for number, key in enumerate(keys):
                value = json.dumps(WRONG[(number + shift) % len(WRONG)])
                connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, value))
            connection.commit()


TYPING = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtGui import QTextCursor
from desktop_app.app.application import Application
from desktop_app.app.startup import early_content
from desktop_app.app.window_request import OpenRequest
from desktop_app.paths import folders

early_content.show_early_content = lambda *_: True  # the session waits for a use
application = Application(OpenRequest())
application.show()
field = application.window.prompt.field
if sys.argv[1:]:
    def report():
        if file.exists() and file.read_text("utf-8") == field.toPlainText():
            timer.stop()
            print("kept", flush=True)
    def type():
        field.moveCursor(QTextCursor.MoveOperation.End)
        field.insertPlainText(sys.argv[1])
        print("typed", flush=True)
        timer.start()
    file = folders().data / "typed.txt"
    timer = QTimer(interval=5)
    timer.timeout.connect(report)
    QTimer.singleShot(0, type)
else:
    def end():
        print(field.toPlainText(), flush=True)
        application.session.shutdown.begin()
    application.on_ready = end
application.run()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_what_is_typed_before_the_session_is_there_outlives_the_process(tmp_path: Path) -> None:
    environment = {**os.environ, "REPARTEE_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    file = tmp_path / "data" / "typed.txt"
    command = [sys.executable, "-c", TYPING]
    pipe = subprocess.PIPE
    for text, number in (("Half a ", signal.SIGTERM), ("thought", signal.SIGKILL)):
        with subprocess.Popen([*command, text], env=environment, stdout=pipe) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"typed\n"
            if number == signal.SIGKILL:
                assert process.stdout.readline() == b"kept\n"
            process.send_signal(number)
            assert process.wait() == -number
        assert file.stat().st_mode & 0o777 == 0o600
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "Half a thought\n"
    stored = read_startup_settings(tmp_path / "data" / "repartee.sqlite3")
    assert stored["window.new_draft"]["text"] == "Half a thought"
    assert not file.exists()
