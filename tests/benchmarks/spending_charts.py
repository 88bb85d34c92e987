"""The time until the spending window is painted, over a ledger of a million calls.

Uses the real window and a real store. Measures the time from the command until the tables are
painted, from the click on Charts until the chart is painted, and from the choice of each grouping
of all time until its chart is painted. Each time includes a complete painting of the window.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.ui.spending.spending_view import SpendingView

_ALL_TIME: Final = 0


def main(entries: int = 1_000_000) -> dict[str, Any]:
    """Return the milliseconds until each page or chart is painted."""
    from tests.benchmarks import streaming
    from tests.helpers.qt_loop import qt_loop

    with tempfile.TemporaryDirectory(prefix="r-") as folder:
        os.environ["REPARTEE_HOME"] = os.environ["XDG_RUNTIME_DIR"] = folder
        os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
        application = streaming.make_application()
        application.setQuitOnLastWindowClosed(False)
        with qt_loop(application) as loop:
            asyncio.set_event_loop(loop)
            found: dict[str, Any] = loop.run_until_complete(_measure(entries))
    return {"benchmark": "spending_charts", "entries": entries, **found}


async def _measure(entries: int) -> dict[str, Any]:
    from desktop_app.domain.conversations.conversation import now
    from desktop_app.storage.spending.daily_sums import fill_days
    from desktop_app.storage.spending.spending_sums import fill_slots
    from desktop_app.ui.spending.spending_view import SpendingView
    from tests.benchmarks.ledger import fill
    from tests.gui.app.app_harness import AppHarness
    from tests.helpers.widgets import find

    async with AppHarness() as app:
        database = app.backend.database
        await database.write(lambda connection: fill(connection, entries, now()))
        await database.write(fill_slots)
        await database.write(fill_days)
        await app.backend.ledger.sum_up_earlier_calls(lambda _done, _total: None)
        began = time.perf_counter()
        app.controllers.dialogs.spending.show()
        await _until(lambda: app.window.findChild(SpendingView) is not None)
        view = find(app.window, SpendingView, "spending")
        await _until(view.isVisible)
        figures = {"tables_ms": _painted(view, began)}
        began = time.perf_counter()
        view.show_page("charts")
        await _until(lambda: bool(view.charts.rows))
        figures["first_chart_ms"] = _painted(view, began)
        for grouping in ("day", "month", "model", "provider", "purpose", "effort", "outcome"):
            figures[f"all_by_{grouping}_ms"] = await _regrouped(view, grouping)
    return figures


async def _regrouped(view: SpendingView, grouping: str) -> float:
    """Return the milliseconds to the chart of all time by another grouping."""
    from PySide6.QtWidgets import QComboBox

    from tests.helpers.widgets import find

    charts, known = view.charts, view.charts.rows
    for name, value in (("chart-period", _ALL_TIME), ("chart-grouping", grouping)):
        combo = find(charts, QComboBox, name)
        combo.setCurrentIndex(combo.findData(value))
    began = time.perf_counter()
    charts.refresh()
    await _until(lambda: charts.rows is not known)
    return _painted(view, began)


def _painted(view: SpendingView, began: float) -> float:
    view.grab()
    return round((time.perf_counter() - began) * 1000, 1)


async def _until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - nothing announces a painting
        await asyncio.sleep(0.001)
