"""A large table in the real window: its opening, and the steps of the event loop while it scrolls.

A step is what the window's thread does between two turns of its event loop, in CPU time, which
other processes do not change.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from desktop_app.tables.table import Table
    from tests.gui.app.app_harness import AppHarness

_ANSWERS_AT_ONCE = 5_000


def main(rows: int = 10_000, columns: int = 10, screens: int = 100) -> dict[str, Any]:
    """Return the milliseconds until the first cells are shown, and the longest steps."""
    from tests.benchmarks import streaming
    from tests.helpers.qt_loop import qt_loop

    with tempfile.TemporaryDirectory(prefix="r-") as folder:
        os.environ["REPARTEE_HOME"] = os.environ["XDG_RUNTIME_DIR"] = folder
        os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
        application = streaming.make_application()
        application.setQuitOnLastWindowClosed(False)
        with qt_loop(application) as loop:
            asyncio.set_event_loop(loop)
            found: dict[str, Any] = loop.run_until_complete(_measure(rows, columns, screens))
    return {"benchmark": "tables", "rows": rows, "columns": columns, **found}


async def _measure(rows: int, columns: int, screens: int) -> dict[str, Any]:
    from desktop_app.tables.ui.tables_page import TablesPage
    from tests.gui.app.app_harness import AppHarness, until

    async with AppHarness() as app:
        app.window.resize(1400, 900)
        table = await _fill(app, rows, columns)
        page = app.session.of(TablesPage)
        page.show_tables()
        await until(page.isVisible)
        view = page.view

        opened: list[float] = []

        async def open_table() -> None:
            began = time.perf_counter()
            page.show_table(table.id)

            def is_shown() -> bool:
                first = view.model.index(0, 1)
                return page.shown_id == table.id and view.model.cell_at(first) is not None

            await until(is_shown)
            opened.append(time.perf_counter() - began)

        found: dict[str, Any] = {}
        for name in ("first_open", "open"):
            found[f"{name}_step_ms"] = await _longest_step(open_table())
            found[f"{name}_ms"] = round(opened[-1] * 1000)
            page.show_list()
        await open_table()
        bar = view.grid.verticalScrollBar()

        async def scroll() -> None:
            for number in range(screens):
                bar.setValue(bar.maximum() * number // screens)
                await asyncio.sleep(0.016)

        async def select_all() -> None:
            view.grid.selectAll()
            await asyncio.sleep(0.1)

        found["scroll_step_ms"] = await _longest_step(scroll())
        found["select_all_step_ms"] = await _longest_step(select_all())
        return found


async def _longest_step(work: Awaitable[None]) -> float:
    """Return the longest step of the event loop, in milliseconds of CPU, until work is done."""
    from PySide6.QtCore import QTimer

    steps: list[float] = []
    last = time.thread_time()

    def turn() -> None:
        nonlocal last
        now = time.thread_time()
        steps.append(now - last)
        last = now

    timer = QTimer(interval=0)
    timer.timeout.connect(turn)
    timer.start()
    await work
    await asyncio.sleep(0.1)
    timer.stop()
    return round(max(steps) * 1000, 1)


async def _fill(app: AppHarness, rows: int, columns: int) -> Table:
    from desktop_app.domain.conversations.conversation import new_id, now
    from desktop_app.tables.services import table_service
    from desktop_app.tables.stored_cells import CellId, StoredAnswer
    from desktop_app.tables.table import (
        CellState,
        CellValue,
        Column,
        NewRow,
        Question,
        Row,
        Run,
        RunMode,
        RunStatus,
    )

    service = app.backend.of(table_service)
    choice = app.session.setup.choice
    asked = [
        Column(new_id(), f"Q {n}", Question("About {{text}}?", choice)) for n in range(columns)
    ]
    table = await service.create("Large", asked)
    new = [NewRow(Row(0, f"row {n}"), {"text": f"The words of row {n}."}) for n in range(rows)]
    cells = [CellId(row, c.id) for row in await service.add_rows(table.id, new) for c in asked]
    run = Run(new_id(), table.id, RunMode.NOW, RunStatus.RUNNING, now(), len(cells))
    await service.store.begin_run(run, cells)
    text = "An answer that is about as long as answers in cells are."
    for start in range(0, len(cells), _ANSWERS_AT_ONCE):
        some = cells[start : start + _ANSWERS_AT_ONCE]
        await service.store.save_answers(
            [StoredAnswer(cell, CellState.DONE, text, {"": CellValue(text)}) for cell in some]
        )
    await service.store.end_run(run.id, RunStatus.DONE, None)
    return table
