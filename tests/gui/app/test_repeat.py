"""Prompts that repeat, in the window."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMenu, QPlainTextEdit, QPushButton

from desktop_app.batch.ui.batch_page import BatchPage
from desktop_app.domain.errors import StoreFullError
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.repeat.repeat import Every, Repeat
from desktop_app.repeat.repeat_store import RepeatStore
from desktop_app.repeat.ui.repeat_controller import RepeatController
from desktop_app.repeat.ui.repeat_dialog import RepeatDialog
from desktop_app.widgets.text.foreign_text import PlainLabel
from tests.gui.app.app_harness import DISK_FULL, AppHarness, until
from tests.helpers.menus import entry_text
from tests.helpers.widgets import find


def summary(app: AppHarness) -> str:
    return find(app.controllers.of(BatchPage), PlainLabel, "repeat-summary").text()


def repeat_menu(app: AppHarness) -> QMenu:
    button = find(app.controllers.of(BatchPage), QPushButton, "repeat-menu")
    menu = button.menu()
    assert isinstance(menu, QMenu)
    menu.aboutToShow.emit()
    return menu


async def test_a_prompt_is_asked_at_its_time_beside_the_open_conversation() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Which is it?", "This one.")
        open_id = app.open_id
        app.session.run("batch.show")
        await until(lambda: "every day" in summary(app))
        app.session.run("repeat.new")
        await until(lambda: bool(app.window.findChildren(RepeatDialog)))
        (dialog,) = app.window.findChildren(RepeatDialog)
        button = find(dialog, QPushButton, "repeat-add")
        assert not button.isEnabled()
        find(dialog, QPlainTextEdit, "repeat-prompt").setPlainText("What is new?")
        button.click()
        await until(lambda: summary(app).startswith("1 prompt"))
        controller = app.controllers.of(RepeatController)
        turns = len(app.providers.turns)
        await controller.check()
        assert len(app.providers.turns) == turns  # not before its time
        missed = "UPDATE repeats SET since = 1, start = '2026-01-01T08:00'"
        await app.session.backend.database.execute(missed)
        await controller.check()
        await controller.check()
        await until(lambda: len(app.providers.turns) == turns + 1)
        app.providers.turns[-1].end("Nothing.")
        await until(lambda: app.said.startswith("Response ready: What is new?"))
        assert app.open_id == open_id
        ids = set(await app.session.backend.conversations.ids()) - {open_id}
        (asked,) = filter(None, map(app.controllers.of(ListPresenter).cache.get, ids))
        assert asked.title.startswith("What is new? · ")
        assert asked.id not in app.backend.consent.unattended  # tools ask, if the user goes on


async def test_a_full_disk_and_a_journey_keep_the_times(monkeypatch: pytest.MonkeyPatch) -> None:
    async with AppHarness() as app:
        start, since = "2026-01-01T08:00", datetime(2026, 1, 1, tzinfo=UTC)
        choice = app.state.setup.choice
        repeat = Repeat("r", "News?", Every.DAY, start, choice, "", since)
        await app.backend.repeats.add(repeat)
        clock = find(app.window, QTimer, "repeat-clock")
        clock.timeout.emit()  # a command has added the first prompt
        await until(lambda: app.state.made(RepeatController))
        await until(lambda: len(app.providers.turns) == 1)
        controller = app.controllers.of(RepeatController)
        shown: list[datetime] = []
        controller.changed.connect(lambda repeats: shown.append(repeats[0].next_time()))

        async def refuse(*_: object) -> None:
            raise StoreFullError(DISK_FULL)

        with monkeypatch.context() as patched:
            patched.setattr(RepeatStore, "claim_due", refuse)
            with pytest.raises(StoreFullError):
                await controller.check()
        clock.timeout.emit()
        await until(lambda: shown)
        for zone, hour in (("Asia/Tokyo", 23), ("UTC", 8), ("America/Bogota", 13)):
            monkeypatch.setenv("TZ", zone)
            await controller.check()
            assert shown[-1].astimezone(UTC).hour == hour
        monkeypatch.undo()
        time.tzset()
        app.providers.turns[0].end("None.")
        await app.settled()


async def test_a_prompt_is_removed_from_the_row_and_comes_back() -> None:
    async with AppHarness() as app:
        app.session.run("batch.show")
        app.session.run("repeat.new")
        await until(lambda: bool(app.window.findChildren(RepeatDialog)))
        (dialog,) = app.window.findChildren(RepeatDialog)
        find(dialog, QPlainTextEdit, "repeat-prompt").setPlainText("What is new?")
        find(dialog, QPushButton, "repeat-add").click()
        await until(lambda: summary(app).startswith("1 prompt"))
        (entry,) = [each for each in repeat_menu(app).actions() if each.menu()]
        assert entry_text(entry).startswith("What is new? · Every day, 8:00")
        (remove,) = [e for e in entry.menu().actions() if e.text() == "Remove"]
        remove.trigger()
        await until(lambda: not summary(app).startswith("1 prompt"))
        await until(lambda: app.window.notifications.last_undo is not None)
        app.window.notifications.undo_last()
        await until(lambda: summary(app).startswith("1 prompt"))
