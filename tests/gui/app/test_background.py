"""Visible waiting, and answers made in the background: window, client and server."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMenu

from desktop_app.chat.ui.choice_controller import ChoiceController
from desktop_app.domain.answering.stream_events import StatusChanged
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.models.variants import Variant
from desktop_app.paths import folders
from desktop_app.providers import provider_client
from desktop_app.providers.jobs.background_run import RunTimes
from tests.gui.app.app_harness import AppHarness, FillableStore, until
from tests.helpers.background_server import STOPPED_TOKENS, BackgroundServer, events_of
from tests.helpers.family import FAMILY_ENVIRONMENT
from tests.helpers.menus import entry_text
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from PySide6.QtGui import QAction


# The menus of the offscreen platform.
pytestmark = pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
PIECES = tuple(f"Word {number} " for number in range(24))
TEXT = "".join(PIECES)
EVENTS = events_of(PIECES)


def app_at(
    server: BackgroundServer, disk: type[FillableStore] = FillableStore, **more: str
) -> AppHarness:
    environment = {
        "OPENAI_BASE_URL": server.base_url,
        "OPENAI_API_KEY": "not-a-key",
        **FAMILY_ENVIRONMENT,
        **more,
    }
    return AppHarness(has_real_providers=True, environment=environment, disk=disk)


async def choose_background(app: AppHarness) -> None:
    """Choose Pro, and running in the background from its menu."""
    app.controllers.of(ChoiceController).choose_variant(Variant.PRO)
    row = app.window.prompt.row
    await until(lambda: row.choice.background is False)
    row.attach_button.click()
    menus = find(app.window, QMenu, "attach-menu").findChildren(QMenu)
    menu = next(each for each in menus if each.title().replace("&", "") == "More")
    words = " ".join(entry_text(action) for action in menu.actions())
    assert "stores the request and the response (OpenAI: 30 days or more)" in words
    action_of(menu, "Run in background").trigger()
    find(app.window, QMenu, "attach-menu").close()
    await until(row.background_button.isVisible)


def shows(app: AppHarness, words: str) -> bool:
    return words in app.transcript


def action_of(menu: QMenu, words: str) -> QAction:
    return next(action for action in menu.actions() if entry_text(action) == words)


def end_process() -> None:
    """Make all stored messages belong to a process that has ended."""
    with closing(sqlite3.connect(folders().database)) as connection, connection:
        connection.execute("UPDATE messages SET owner_started = 'earlier'")


# ---------------------------------------------------------------- the countdown


async def test_the_wait_is_counted_down_and_stop_ends_it() -> None:
    async with AppHarness() as app:
        turn = await app.ask("?")
        status = app.window.notifications.status
        said = status.text()
        turn.give(StatusChanged(2, ErrorNote("The provider is busy.")))
        for figure in (2, 1):
            words = f"The provider is busy. Trying again in {figure} s."
            await until(partial(shows, app, words))
            assert status.text() == said, "not read aloud every second"
        await until(lambda: "Trying again" not in app.transcript)
        turn.give(StatusChanged(12, ErrorNote("Rate limited.")))
        await until(lambda: "Rate limited. Trying again in 12 s." in app.transcript)
        app.click("stop")
        await app.settled()
        assert app.messages()[1][1] == "cancelled"
        assert "Trying again" not in app.transcript
        timers = app.controllers.running.findChildren(QTimer)
        await until(lambda: not any(timer.isActive() for timer in timers))


# ---------------------------------------------------------------- in the background


async def test_without_the_choice_the_provider_stores_nothing() -> None:
    async with BackgroundServer(EVENTS) as server, app_at(server) as app:
        app.controllers.of(ChoiceController).choose_variant(Variant.PRO)
        app.type("?")
        app.enter()
        await until(lambda: TEXT.strip() in app.transcript)
        await app.settled()
        [body] = [body for how, _, body in server.requests if how == "POST"]
        assert body["store"] is False
        assert "background" not in body


async def test_a_run_is_resumed_at_the_next_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_client, "RunTimes", partial(RunTimes, poll=0.05))
    async with BackgroundServer(EVENTS, hold_at=20) as server:
        async with app_at(server) as app:
            await choose_background(app)
            app.type("?")
            app.enter()
            await until(lambda: "Word 10 " in app.transcript)
        assert len(server.requested_paths("POST")) == 1, "no cancel"
        assert app.messages()[1][1] == "streaming"
        end_process()
        async with app_at(server) as app:
            assert "Word 10 " in app.transcript
            assert app.is_shown("stop")
            assert app.is_marked_as_streaming(app.open_id)
            await until(lambda: len(server.requested_paths("GET")) > 0)
            server.release()
            await until(lambda: TEXT.strip() in app.transcript)
            await app.settled()
            assert app.transcript.count("Word 7 ") == 1
            assert app.messages()[1][1:] == ("complete", TEXT)
            assert app.stored("SELECT remote_run FROM messages") == [(None,), (None,)]
            assert app.stored("SELECT count(*) FROM ledger") == [(1,)]
        async with app_at(server) as app:
            await app.settled()
            assert app.stored("SELECT count(*) FROM ledger") == [(1,)]


async def test_stop_cancels_the_run_and_keeps_the_text() -> None:
    async with BackgroundServer(EVENTS, hold_at=20) as server, app_at(server) as app:
        await choose_background(app)
        app.type("?")
        app.enter()
        await until(lambda: "Word 10 " in app.transcript)
        app.click("stop")
        await until(lambda: app.is_shown("send"))
        await app.settled()
        await until(lambda: server.runs["resp_1"].status == "cancelled")
        await until(lambda: app.stored("SELECT count(*) FROM ledger") == [(1,)])
        assert app.messages()[1][1] == "cancelled"
        assert "Word 10 " in app.messages()[1][2]
        answer = app.state.current.path[-1]
        assert answer.usage is not None
        assert answer.usage.output_tokens == STOPPED_TOKENS
