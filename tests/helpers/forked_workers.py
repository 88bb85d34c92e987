"""Processes that run tests side by side, forked after the collection, which thus happens once.

A worker gets the tests of one group after another, and tells its reports, which the process that
collected passes on to pytest.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

import pytest


class _Worker:
    """The side that hands out the tests.

    Attributes:
        waiting: the numbers of the tests that it has begun or will run.
    """

    def __init__(self, session: pytest.Session, others: Iterable[Connection]) -> None:
        self.connection, its_connection = Pipe()
        self.waiting: deque[int] = deque()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                for connection in (self.connection, *others):  # to notice that this process ended
                    connection.close()
                _work(session, its_connection)
            finally:  # above are the frames of the process that collected, and it cleans up
                os._exit(0)
        its_connection.close()


def run_forked(session: pytest.Session, groups: Iterable[list[int]], count: int) -> None:
    """Run the tests of the session in so many processes; `groups` are numbers of its items."""
    left = deque(groups)
    workers: dict[Connection, _Worker] = {}

    def start() -> None:
        worker = _Worker(session, workers)
        workers[worker.connection] = worker

    for _ in range(count):
        start()
    while workers:
        for connection in wait(workers):
            assert isinstance(connection, Connection)
            worker = workers[connection]
            with suppress(EOFError):
                _answer(session, worker, connection.recv(), left)
                continue
            del workers[connection]
            os.waitpid(worker.pid, 0)
            if worker.waiting:
                _tell(session, _crash(session.items[worker.waiting.popleft()]))
                if worker.waiting:
                    left.appendleft(list(worker.waiting))
                start()


def _answer(session: pytest.Session, worker: _Worker, told: Any, left: deque[list[int]]) -> None:
    """Pass on the reports of a test, or hand out the next group."""
    if told is None:
        group = left.popleft() if left and not session.shouldstop else []
        worker.waiting.extend(group)
        worker.connection.send(group)
        return
    hook = session.config.hook
    for report in told:
        if isinstance(report, dict):
            report = hook.pytest_report_from_serializable(config=session.config, data=report)
        _tell(session, report)
    worker.waiting.popleft()


def _tell(session: pytest.Session, report: pytest.TestReport) -> None:
    hook = session.config.hook
    hook.pytest_runtest_logreport(report=report)
    if report.when == "teardown":
        hook.pytest_runtest_logfinish(nodeid=report.nodeid, location=report.location)


def _crash(item: pytest.Item) -> pytest.TestReport:
    words = "the process of the test ended"
    return pytest.TestReport(item.nodeid, item.location, {}, "failed", words, "call")


class _Reporter:
    """Tells the reports of a worker, those of a test together."""

    def __init__(self, config: pytest.Config, connection: Connection) -> None:
        self._config, self._connection = config, connection
        self._told: list[Any] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told: Any = report
        if not report.passed:  # what it holds cannot be pickled
            hook = self._config.hook
            told = hook.pytest_report_to_serializable(config=self._config, report=report)
        self._told.append(told)
        if report.when == "teardown":
            self._connection.send(self._told)
            self._told.clear()


def _work(session: pytest.Session, connection: Connection) -> None:
    """Run the tests that `connection` names, in the forked process."""
    config: Any = session.config
    config.workerinput = {}  # pytest's plugins then leave the summary and the cache to another
    for name in ("terminalreporter", "stages"):
        config.pluginmanager.unregister(name=name)
    config.pluginmanager.register(_Reporter(config, connection))
    capture = config.pluginmanager.getplugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()

    def more() -> list[int]:
        connection.send(None)
        return list(connection.recv())

    waiting = deque(more())
    while waiting:
        item = session.items[waiting.popleft()]
        if not waiting:  # what comes next decides which fixtures stay
            waiting.extend(more())
        nextitem = session.items[waiting[0]] if waiting else None
        config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
    config.hook.pytest_sessionfinish(session=session, exitstatus=0)
