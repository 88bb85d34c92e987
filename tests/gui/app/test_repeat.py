"""Prompts that repeat, in the window."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPlainTextEdit, QPushButton

from desktop_app.app.activity import ActivityRow
from desktop_app.app.window.activity_page import ActivityPage
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.errors import StoreFullError, UnreachableError
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.repeat.repeat import Every, Repeat
from desktop_app.repeat.repeat_store import RepeatStore
from desktop_app.repeat.services import repeat_store
from desktop_app.repeat.ui.repeat_controller import RepeatController
from desktop_app.repeat.ui.repeat_dialog import RepeatDialog
from desktop_app.storage.row_conversion import to_micros
from tests.gui.app.app_harness import DISK_FULL, AppHarness, until
from tests.helpers.menus import entry_text
from tests.helpers.widgets import find


def repeats(app: AppHarness) -> list[ActivityRow]:
    """Return the rows of Activity for prompts that repeat."""
    return [each for each in app.session.of(ActivityPage).rows if each.kind == "Repeated prompt"]


def shown(app: AppHarness) -> str:
    """Return the texts of these rows."""
    return "\n".join(f"{each.title}\n{each.state}" for each in repeats(app))


def press(app: AppHarness, label: str) -> None:
    """Press what can be done with the first repeat."""
    page = app.session.of(ActivityPage)
    page.select(repeats(app)[0].id)
    next(
        button
        for button in page.findChildren(QPushButton)
        if button.text() == label and button.isVisible()
    ).click()


def former_runs(app: AppHarness) -> dict[str, QAction]:
    """Return the entries of the menu of the first repeat's last times."""
    page = app.session.of(ActivityPage)
    page.select(repeats(app)[0].id)
    menu = find(page, QPushButton, "activity-history").menu()
    assert isinstance(menu, QMenu)
    menu.aboutToShow.emit()
    return {entry_text(entry): entry for entry in menu.actions()}


async def fill_in(app: AppHarness, prompt: str) -> None:
    """Fill in the dialog that is about to open, and confirm it."""
    await until(lambda: bool(app.window.findChildren(RepeatDialog)))
    (dialog,) = app.window.findChildren(RepeatDialog)
    button = find(dialog, QPushButton, "repeat-add")
    find(dialog, QPlainTextEdit, "repeat-prompt").setPlainText("  ")
    assert not button.isEnabled()
    find(dialog, QPlainTextEdit, "repeat-prompt").setPlainText(prompt)
    button.click()
    await until(lambda: not app.window.findChildren(RepeatDialog))


async def let_times_pass(app: AppHarness) -> None:
    missed = "UPDATE repeats SET since = 1, start = '2026-01-01T08:00'"
    await app.session.backend.database.execute(missed)


async def test_a_prompt_is_asked_at_its_time_beside_the_open_conversation() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Which is it?", "This one.")
        open_id = app.open_id
        app.session.run("repeat.show")
        app.window.prompt.set_text("What is new?")
        app.session.run("repeat.new")
        await fill_in(app, "What is new?")
        await until(lambda: shown(app).startswith("What is new?\nEvery day, "))
        assert app.said.startswith("Every day, next on ")
        assert app.window.prompt.text() == ""
        controller = app.controllers.of(RepeatController)
        turns = len(app.providers.turns)
        await controller.check()
        assert len(app.providers.turns) == turns  # not before its time
        await let_times_pass(app)
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
        await until(lambda: "Answered" in shown(app))
        (last,) = (entry for text, entry in former_runs(app).items() if "Answered" in text)
        last.trigger()
        await until(lambda: app.open_id == asked.id)


async def test_without_a_network_it_is_asked_until_its_turn_is_over() -> None:
    async with AppHarness() as app:
        app.session.run("repeat.show")
        app.session.run("repeat.new")
        await fill_in(app, "What is new?")
        await until(lambda: shown(app))
        controller = app.controllers.of(RepeatController)
        unreachable = UnreachableError("Nothing answers.")
        await let_times_pass(app)
        ids = await app.session.backend.conversations.ids()
        said = app.said
        await controller.check()
        for turn in range(3):  # at the first look, and whenever the computer wakes
            await until(lambda: len(app.providers.turns) > turn)  # noqa: B023 -- awaited here
            app.providers.turns[turn].fail(unreachable)
            await app.settled()
            assert await app.session.backend.conversations.ids() == ids
            await until(lambda: "Nothing answers." in shown(app))
            assert (app.said != said) == (turn == 2)
            await controller.check()
            assert len(app.providers.turns) == turn + 1  # it rests
            if turn == 1:  # its turn is over
                two_days_ago = to_micros(now() - timedelta(days=2))
                sql = "UPDATE repeats SET since = ?"
                await app.session.backend.database.execute(sql, two_days_ago)
            app.session.events.woke.emit()
        await until(lambda: len(app.providers.turns) > 3)
        app.providers.turns[3].end("Nothing.")
        await until(lambda: "Answered" in shown(app))


async def test_a_full_disk_and_a_journey_keep_the_times(monkeypatch: pytest.MonkeyPatch) -> None:
    async with AppHarness() as app:
        start, since = "2026-01-01T08:00", datetime(2026, 1, 1, tzinfo=UTC)
        choice = app.state.setup.choice
        repeat = Repeat("r", "News?", Every.DAY, start, choice, "", since)
        await app.backend.of(repeat_store).add(repeat)
        clock = find(app.window, QTimer, "repeat-clock")
        clock.timeout.emit()  # a command has added the first prompt
        await until(lambda: app.state.made(RepeatController))
        await until(lambda: len(app.providers.turns) == 1)
        controller = app.controllers.of(RepeatController)
        looked = asyncio.Event()
        app.session.events.activity_changed.connect(lambda _id: looked.set())

        async def refuse(*_: object) -> None:
            raise StoreFullError(DISK_FULL)

        with monkeypatch.context() as patched:
            patched.setattr(RepeatStore, "claim_due", refuse)
            with pytest.raises(StoreFullError):
                await controller.check()
        looked.clear()
        clock.timeout.emit()
        await until(looked.is_set)
        for zone, hour in (("Asia/Tokyo", 23), ("UTC", 8), ("America/Bogota", 13)):
            monkeypatch.setenv("TZ", zone)
            await controller.check()
            (row,) = await controller.activity()
            assert row.moment.astimezone(UTC).hour == hour
        monkeypatch.undo()
        time.tzset()
        app.providers.turns[0].end("None.")
        await app.settled()


async def test_a_prompt_is_changed_paused_and_removed_in_the_list() -> None:
    async with AppHarness() as app:
        app.session.run("repeat.show")
        app.session.run("repeat.new")
        await fill_in(app, "What is new?")
        await until(lambda: shown(app).startswith("What is new?\nEvery day"))
        press(app, "Edit…")
        await fill_in(app, "What is old?")
        await until(lambda: shown(app).startswith("What is old?\nEvery day"))
        press(app, "Pause")
        await until(lambda: "paused" in shown(app))
        await let_times_pass(app)
        await app.controllers.of(RepeatController).check()
        assert not app.providers.turns
        press(app, "Ask now")
        await until(lambda: len(app.providers.turns) == 1)
        app.providers.turns[0].end("Nothing.")
        await until(lambda: "Answered" in shown(app))
        press(app, "Resume")
        await until(lambda: "paused" not in shown(app))
        press(app, "Remove")
        await until(lambda: not shown(app))
        await until(lambda: app.window.notifications.last_undo is not None)
        app.window.notifications.undo_last()
        await until(lambda: "Answered" in shown(app))
        await app.session.backend.database.execute("UPDATE repeats SET every = 'minute'")
        await app.controllers.of(RepeatController).check()
        await until(lambda: "Damaged" in shown(app))
        press(app, "Remove")
        await until(lambda: not shown(app))
