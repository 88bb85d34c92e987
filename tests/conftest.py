"""What holds for every test: a home of its own, no key and no proxy from outside, nothing left over.

Warnings, un-awaited coroutines and exceptions that Python could not raise are errors already
(`filterwarnings` in pyproject.toml). This file adds the two kinds of leftovers that raise no
warning: tasks still running when `asyncio.run` returns, which it cancels silently, and what
asyncio merely logs, such as an exception that nobody retrieved.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

# Before any test module imports Qt. The end-to-end stage sets "xcb" and brings its own X server.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# A loaded machine is no reason to fail; a failure found by chance must be found again.
settings.register_profile("check", deadline=None, print_blob=True, max_examples=50)
settings.register_profile("campaign", deadline=None, print_blob=True, max_examples=5_000)
settings.load_profile("check")

# Set on a developer's machine, they would change what a test sees or whom it speaks to.
FOREIGN_VARIABLES = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "COMETAPI_KEY",
    "ALL_PROXY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "QT_QPA_PLATFORMTHEME",
    "QT_SCALE_FACTOR",
    "QT_STYLE_OVERRIDE",
)

# Loop turns that a task which was just cancelled, or just finished its work, gets to end.
TURNS_TO_END = 10


@pytest.fixture(autouse=True)
def repartee_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home for this test alone: data, configuration, cache and logs go there."""
    for name in FOREIGN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    home = tmp_path / "repartee-home"
    monkeypatch.setenv("REPARTEE_HOME", str(home))
    return home


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give tests that are coroutine functions the loop they run on: the fixture `run`."""
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
        item.fixturenames.append("run")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine function by the fixture `run`."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments: dict[str, Any] = pyfuncitem.funcargs
    wanted = inspect.signature(pyfuncitem.obj).parameters
    arguments["run"](pyfuncitem.obj(**{name: arguments[name] for name in wanted}))
    return True


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, object]], object]:
    """Run coroutines on a loop of their own. In tests/gui/app it is the window's loop."""
    return asyncio.run


@pytest.fixture(autouse=True)
def no_task_outlives_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `asyncio.run` fail where it would cancel leftover tasks without a word."""
    plain_run = asyncio.run

    def run(main: Coroutine[Any, Any, object], **options: Any) -> object:
        return plain_run(_and_nothing_left(main), **options)

    monkeypatch.setattr(asyncio, "run", run)


async def _and_nothing_left(main: Coroutine[Any, Any, object]) -> object:
    result = await main
    for _ in range(TURNS_TO_END):
        leftovers = asyncio.all_tasks() - {asyncio.current_task()}
        if not leftovers:
            break
        await asyncio.sleep(0)
    else:
        pytest.fail("tasks outlived the test:\n" + "\n".join(map(repr, leftovers)))
    return result


class _ErrorRecords(logging.Handler):
    """Keeps what was logged at level ERROR and above."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(autouse=True)
def nothing_goes_to_the_loops_log() -> Iterator[None]:
    """Fail on what asyncio logs only: pending tasks destroyed, exceptions nobody retrieved."""
    errors = _ErrorRecords()
    logger = logging.getLogger("asyncio")
    logger.addHandler(errors)
    yield
    logger.removeHandler(errors)
    if errors.lines:
        pytest.fail("asyncio logged:\n" + "\n".join(errors.lines))


def pytest_collection_finish() -> None:
    """Spare the garbage collector the thousands of modules and tests, which stay to the end."""
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Empty the clipboard while Python still runs.

    Qt's own end deletes what lies there, and what Python put there needs Python to be deleted: the
    process would end with a segmentation fault after its last test.
    """
    if "PySide6.QtGui" in sys.modules:
        from PySide6.QtGui import QGuiApplication

        if QGuiApplication.instance() is not None:
            QGuiApplication.clipboard().clear()
