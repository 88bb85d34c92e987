"""Fixtures that isolate every test from the machine and fail on leftovers, and the order of tests.

Each test gets its own home, without keys or proxies from the environment. `filterwarnings` in
pyproject.toml already turns warnings, un-awaited coroutines and unraisable exceptions into errors.
This file adds two kinds of leftovers that raise no warning: tasks that `asyncio.run` cancels
silently when it returns, and errors that asyncio only logs, such as unretrieved exceptions.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import inspect
import logging
import math
import os
import shutil
import signal
import sqlite3
import sys
import time
from collections import Counter
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from desktop_app.domain.models import catalog_file
from desktop_app.i18n.translation import use_language
from desktop_app.paths import resource_path
from desktop_app.storage import database, schema
from tests.helpers.child_server import STARTERS, forked_command, serving_children
from tests.helpers.forked_workers import run_forked
from tests.helpers.pseudo import pseudo_offered

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

# Before any test module imports Qt. The end-to-end stage sets "xcb" and brings its own X server.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# A slow machine must not fail a test, and chance must not: the campaign looks for new examples.
settings.register_profile("check", deadline=None, derandomize=True, max_examples=10)
settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("campaign", deadline=None, print_blob=True, max_examples=5_000)
settings.load_profile("check")

# If a developer's machine sets these, they change test results or the server that a test reaches.
FOREIGN_VARIABLES = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_MODEL",
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_ENDPOINT",
    "COMETAPI_KEY",
    "ALL_PROXY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "QT_QPA_PLATFORMTHEME",
    "QT_SCALE_FACTOR",
    "QT_STYLE_OVERRIDE",
)

for name in FOREIGN_VARIABLES:
    os.environ.pop(name, None)
    os.environ.pop(name.lower(), None)

STAGES = {
    "end2end": "tests/end2end/",
    "commands": "tests/integration/cli/",
    "integration": "tests/integration/",
    "app": "tests/gui/app/",
    "gui": "tests/gui/",
    "unit": "tests/unit/",
}
"""The parts of the suite that the closing table names, in the order in which they run: what waits
for programs begins first."""

SHARED_CHILD_SERVER = "REPARTEE_TEST_CHILD_SERVER"
"""The variable with the address of the child server of all workers."""

HANGS_S = 300
REARM_S = 20
"""Seconds after which the watch of a test may restart: a timer takes a fifth of a short test."""

# Loop iterations that a task gets to end after it was canceled or finished its work.
TURNS_TO_END = 10


def stage_of(node_id: str) -> str:
    """Return the stage of a test."""
    return next(name for name, folder in STAGES.items() if node_id.startswith(folder))


def group_of(node_id: str) -> str:
    """Return the group of a test: its file, or what else runs on one worker.

    The tests of a file share fixtures. Those of the other groups share the screen, the keyring or
    the session bus.
    """
    file = node_id.partition("::")[0]
    if file.startswith(("tests/integration/credentials/", "tests/integration/session/")):
        return "keyring and session bus"
    return "screen" if file.startswith("tests/end2end/") else file


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for tests side by side."""
    parser.addoption("--workers", type=int, default=0, help="run the tests in so many processes")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the tests side by side, if that is wanted."""
    workers = session.config.option.workers
    if not workers or session.testsfailed or session.config.option.collectonly:
        return None
    groups: dict[str, list[int]] = {}
    for number, item in enumerate(session.items):
        groups.setdefault(group_of(item.nodeid), []).append(number)
    with serving_children() as address:
        os.environ[SHARED_CHILD_SERVER] = address
        run_forked(session, groups.values(), workers)
    return True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests by stage."""
    order = list(STAGES)
    items.sort(key=lambda item: order.index(stage_of(item.nodeid)))


class _Stages:
    """Counts the tests of each stage and the seconds that they took."""

    def __init__(self) -> None:
        self.tests: Counter[str] = Counter()
        self.seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        stage = stage_of(report.nodeid)
        self.tests[stage] += report.when == "call"
        self.seconds[stage] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for stage, tests in self.tests.items():
            terminalreporter.write_line(f"stage {stage:12} {tests:6} {self.seconds[stage]:6.0f} s")


class _Watch:
    """Prints the stacks of a test that hangs."""

    def __init__(self) -> None:
        self._errors = os.dup(2)  # which is captured later
        self._begun_s = -math.inf

    def pytest_runtest_logstart(self) -> None:
        if time.monotonic() - self._begun_s > REARM_S:
            self._begun_s = time.monotonic()
            faulthandler.dump_traceback_later(HANGS_S, file=self._errors)


def pytest_configure(config: pytest.Config) -> None:
    """Count the stages, watch the tests, and let Ctrl+C end programs of tests, as in a terminal.

    If a script started the tests with "&", they ignore SIGINT, and so would each program.
    """
    config.pluginmanager.register(_Stages(), "stages")
    config.pluginmanager.register(_Watch())
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the paths of homes, none of which exists; each test takes the next."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / f"{os.getpid()}-{number}" for number in count())


@pytest.fixture(autouse=True)
def repartee_home(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield this test's own home for data, configuration, cache and logs."""
    stage = stage_of(os.environ["PYTEST_CURRENT_TEST"])  # `request` costs a tenth of a short test
    if stage != "end2end":
        monkeypatch.delenv("DISPLAY", raising=False)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    if stage in ("unit", "gui", "app"):
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    home = next(homes)
    monkeypatch.setenv("REPARTEE_HOME", str(home))
    yield home
    if home.exists():
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(autouse=True, scope="session")
def copied_schema() -> Iterator[None]:
    """Copy the tables of a new store from one in memory: to make them takes four times as long."""
    made: dict[tuple[str, ...], sqlite3.Connection] = {}

    def migrate(connection: sqlite3.Connection, version: int = 0) -> None:
        steps = tuple(schema.STEPS)
        if version:
            schema.migrate(connection, version)
        elif steps not in made:
            schema.migrate(connection)
            made[steps] = sqlite3.connect(":memory:", check_same_thread=False)
            connection.backup(made[steps])
        else:
            made[steps].backup(connection)
            connection.execute(
                """UPDATE settings SET value = json_quote(lower(hex(randomblob(4))))
                WHERE key = 'store.library'"""
            )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "migrate", migrate)
        yield
    for connection in made.values():
        connection.close()


@pytest.fixture(autouse=True, scope="session")
def parsed_catalogs() -> Iterator[None]:
    """Parse the model catalog once, which takes a tenth of a start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog_file, "read_catalog_file", cache(catalog_file.read_catalog_file))
        yield


@pytest.fixture(scope="session")
def child_server() -> Iterator[str]:
    """Yield the address of a process that forks document workers and hosts of tool servers."""
    with ExitStack() as own:
        shared = os.environ.get(SHARED_CHILD_SERVER)
        yield shared or own.enter_context(serving_children())


@pytest.fixture(scope="module")
def forked_children(child_server: str) -> Iterator[None]:
    """Fork these processes, which are not the subject, instead of starting new ones."""
    with pytest.MonkeyPatch.context() as patch:
        for module in STARTERS:
            patch.setattr(module, "child_command", forked_command(child_server))
        yield


@pytest.fixture
def pseudo_language() -> Iterator[None]:
    """Use a language whose texts all differ from the English ones."""
    with pseudo_offered():
        use_language("pseudo", Path())
        yield


@pytest.fixture
def german_language() -> Iterator[None]:
    """Use the German translation."""
    use_language("de", resource_path("locale"))
    yield
    use_language("en", Path())


def pytest_itemcollected(item: pytest.Item) -> None:
    """Add the fixture `run`, which provides the loop, to tests that are coroutines."""
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
        item.fixturenames.append("run")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine function through the fixture `run`."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments: dict[str, Any] = pyfuncitem.funcargs
    wanted = inspect.signature(pyfuncitem.obj).parameters
    arguments["run"](pyfuncitem.obj(**{name: arguments[name] for name in wanted}))
    return True


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, object]], object]:
    """Return a function that runs a coroutine on a new loop.

    tests/gui/app overrides the fixture with the window's loop.
    """
    return asyncio.run


@pytest.fixture(autouse=True, scope="session")
def no_task_outlives_its_run() -> Iterator[None]:
    """Make `asyncio.run` fail if it would silently cancel leftover tasks."""
    plain_run = asyncio.run

    def run(main: Coroutine[Any, Any, object], **options: Any) -> object:
        return plain_run(_and_nothing_left(main), **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "run", run)
        yield


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
    """A handler that keeps the messages logged at level ERROR and above."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(autouse=True)
def nothing_goes_to_the_loops_log() -> Iterator[None]:
    """Fail on errors that asyncio only logs: destroyed pending tasks, lost exceptions."""
    errors = _ErrorRecords()
    logger = logging.getLogger("asyncio")
    logger.addHandler(errors)
    yield
    logger.removeHandler(errors)
    if errors.lines:
        pytest.fail("asyncio logged:\n" + "\n".join(errors.lines))


def pytest_collection() -> None:
    """Collect the tests without garbage collection: all modules and tests live to the end."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Exempt the collected modules and tests from garbage collection."""
    gc.freeze()
    gc.enable()


def pytest_sessionfinish() -> None:
    """Clear the clipboard while Python still runs.

    Qt deletes the clipboard's contents when it shuts down. Contents that Python put there need the
    interpreter for that, so the process would crash with a segmentation fault after the last test.
    """
    if "PySide6.QtGui" in sys.modules:
        from PySide6.QtGui import QGuiApplication

        if QGuiApplication.instance() is not None:
            QGuiApplication.clipboard().clear()
