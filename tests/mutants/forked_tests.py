"""Runs collected tests in a fork of this process, with the functions of a mutant in it.

A fork needs no second to import the product and the tests.
"""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import select
import shutil
import signal
from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final

import desktop_app
from tests.mutants.operators import Mutant

if TYPE_CHECKING:
    import pytest

_ROOT: Final = Path.cwd()
_QT_PACKAGES: Final = (
    "desktop_app.app",
    "desktop_app.ui",
    "desktop_app.main",
    "desktop_app.__main__",
)
"""Packages that need Qt, which does not survive a fork."""
_START_S: Final = 20.0


class ForkedTests:
    """The tests that pytest has collected."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._items = {item.nodeid: item for item in session.items}
        self._failed = ""
        factory: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]
        self._folder = factory.getbasetemp()
        for module in pkgutil.walk_packages(desktop_app.__path__, "desktop_app.", _ignore):
            if not module.name.startswith(_QT_PACKAGES):
                importlib.import_module(module.name)
        # The first test sets up the session fixtures. The next test is of another package, so that
        # no other fixtures stay.
        first, *_, last = session.items
        first.config.hook.pytest_runtest_protocol(item=first, nextitem=last)
        self._functions: dict[str, list[FunctionType]] = {}
        self._caches: list[Any] = []
        gc.unfreeze()  # what tests/conftest.py has frozen is not among the objects
        gc.collect()
        for found in gc.get_objects():
            if not str(getattr(found, "__module__", "")).startswith("desktop_app"):
                continue
            if isinstance(found, FunctionType):
                self._functions.setdefault(found.__code__.co_filename, []).append(found)
            elif hasattr(type(found), "cache_clear"):
                self._caches.append(found)
        gc.freeze()
        session.config.pluginmanager.register(self)

    def __contains__(self, test: str) -> bool:
        return test in self._items

    def run(self, mutant: Mutant | None, tests: list[str], limit_s: float) -> tuple[str, str]:
        """Return "killed", "timeout" or "survived", and the test that failed.

        "unreached" means that the change is outside of functions.
        """
        kept = set(self._folder.iterdir())
        answers, answers_of_fork = os.pipe()
        if not (pid := os.fork()):
            try:
                os.setsid()
                null = os.open(os.devnull, os.O_RDWR)
                for stream in range(3):
                    os.dup2(null, stream)
                os.write(answers_of_fork, " ".join(self._run_in_fork(mutant, tests)).encode())
            finally:
                os._exit(0)
        os.close(answers_of_fork)
        is_ended, _, _ = select.select([answers], [], [], _START_S + 6 * limit_s)
        answer = os.read(answers, select.PIPE_BUF).decode() if is_ended else "timeout"
        os.close(answers)
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        for left in self._folder.iterdir():
            if left not in kept:
                shutil.rmtree(left, ignore_errors=True)
        outcome, _, test = answer.partition(" ")
        # A process that died has answered nothing.
        return outcome or "killed", test or tests[-1]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember that a test failed."""
        if report.failed:
            self._failed = report.nodeid

    def _run_in_fork(self, mutant: Mutant | None, tests: list[str]) -> tuple[str, str]:
        if mutant and not self._change(mutant):
            return "unreached", ""
        for clearable in self._caches:
            clearable.cache_clear()
        for test, following in zip(tests, [*tests[1:], None], strict=True):
            self._session.config.hook.pytest_runtest_protocol(
                item=self._items[test], nextitem=self._items[following] if following else None
            )
            if self._failed:
                return "killed", test
        return "survived", ""

    def _change(self, mutant: Mutant) -> bool:
        """Replace the code of the functions that the mutant changes. Return False if none."""
        file = str(_ROOT / mutant.module)
        changed: dict[tuple[str, int], list[CodeType]] = {}
        _collect(compile(mutant.tree, file, "exec"), changed)
        is_changed = False
        for function in self._functions.get(file, []):
            old = function.__code__
            for new in changed.get((old.co_qualname, old.co_firstlineno), []):
                if new != old and new.co_freevars == old.co_freevars:
                    function.__code__ = new
                    is_changed = True
        return is_changed


def _collect(code: CodeType, found: dict[tuple[str, int], list[CodeType]]) -> None:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found.setdefault((inner.co_qualname, inner.co_firstlineno), []).append(inner)
            _collect(inner, found)


def _ignore(name: str) -> None:
    """Continue after a package that cannot be imported, because it may lack its libraries."""
