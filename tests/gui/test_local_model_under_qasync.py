"""The on-device model's process, started from the window's event loop."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from desktop_app.local_model.server import LocalModel
from tests.helpers.processors import on_one_processor
from tests.helpers.qt_loop import qt_loop

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


async def _use_model_twice() -> None:
    model = LocalModel()
    try:
        before = await model.endpoint()
        process = model._process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        assert not model.is_running
        assert (await model.endpoint()).key != before.key
    finally:
        await model.aclose()
    assert not model.is_running


def test_the_local_model_starts_restarts_and_ends_on_qts_loop(qapp: QApplication) -> None:
    with on_one_processor(), qt_loop(qapp) as loop:
        loop.run_until_complete(_use_model_twice())
