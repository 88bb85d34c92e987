"""Tasks that the window owns."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.app.tasks import Tasks
from desktop_app.domain.errors import UserFacingError
from desktop_app.library.ui.projects_page import ProjectsController
from tests.gui.app.app_harness import AppHarness, until

if TYPE_CHECKING:
    import pytest


async def test_the_end_waits_for_running_tasks_and_their_tasks() -> None:
    said: list[str] = []

    tasks = Tasks(lambda error: said.append(error.what_happened))

    async def later() -> None:
        await asyncio.sleep(0)
        raise UserFacingError("It was late.")

    async def first() -> None:
        await asyncio.sleep(0)
        tasks.start(later())

    tasks.start(first())
    await tasks.shut_down()
    assert said == ["It was late."]


async def test_the_end_comes_while_tasks_go_on_starting() -> None:
    tasks, starts = Tasks(lambda _error: None), 0

    async def repeat() -> None:
        nonlocal starts
        starts += 1
        try:
            await asyncio.sleep(0)
        finally:
            if starts < 1_000:
                tasks.start(repeat())

    tasks.start(repeat())
    await asyncio.sleep(0)
    await tasks.shut_down(timeout_s=0)
    assert starts < 1_000


async def test_a_slot_starts_a_task_with_the_arguments_of_its_signal() -> None:
    class Source(QObject):
        chosen = Signal(str, object)

    got: list[tuple[str, object]] = []
    tasks, source = Tasks(lambda _error: None), Source()

    async def note(name: str, value: object) -> None:
        got.append((name, value))

    source.chosen.connect(tasks.slot(note))
    source.chosen.emit("size", 3)
    await tasks.shut_down()
    assert got == [("size", 3)]


async def test_no_task_starts_after_the_end() -> None:
    begun: list[bool] = []

    tasks = Tasks(lambda _error: None)
    await tasks.shut_down()

    async def late() -> None:
        begun.append(True)

    task = tasks.start(late())
    await asyncio.wait([task])
    assert task.cancelled()
    assert not begun


async def test_a_command_that_fails_is_named_in_its_conversation_alone(
    monkeypatch: pytest.MonkeyPatch, no_defects: list[logging.LogRecord]
) -> None:
    async with AppHarness() as app:
        first = await app.ask_and_answer("Why?", "So it is.")

        async def fail() -> None:
            raise KeyError("gone")

        def show(_controller: object) -> object:
            return app.session.tasks.start(fail())

        monkeypatch.setattr(ProjectsController, "show", show)
        app.session.run("collections.show")
        await until(lambda: "Show projects" in app.said)
        no_defects.clear()
        app.new_conversation()
        await until(lambda: not app.said)
        await app.open_conversation(first)
        await until(lambda: "Show projects" in app.said)
