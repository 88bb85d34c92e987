"""A pytest plugin that records which lines of the product each test runs, and how long it takes.

    RECORD_LINES=FOLDER pytest -p tests.mutants.recording …

The processes that `tests/helpers/fork_server.py` forks for the command line are recorded, too.
Documents are read in sandboxes, which can write no record.
"""

from __future__ import annotations

import ast
import atexit
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import coverage
import pytest

FOLDER: Final = "RECORD_LINES"
"""The variable that names the folder of the record."""
_ROOT: Final = Path(__file__).parents[2]
_UNRECORDED: Final = ("app", "ui")
_seconds: dict[str, float] = {}


class Record:
    """The lines that the tests of one commit ran, and how long each test took."""

    def __init__(self, folder: Path) -> None:
        self.seconds: dict[str, float] = {}
        for file in folder.rglob("*.seconds"):
            self.seconds |= json.loads(file.read_text("utf-8"))
        self._lines = coverage.CoverageData(str(folder / "lines"))
        self._lines.read()
        self._root = folder.joinpath("root").read_text("utf-8")

    def tests(self, module: str, lines: range) -> tuple[set[str], bool]:
        """Return the tests that run the lines, and True if an import runs the lines.

        If an import runs them, also return the tests that run any line of the module, the tests in
        files that import the module or all modules, and the tests that run a line of the product
        with a name that the lines define.
        """
        by_line = self._lines.contexts_by_lineno(f"{self._root}/{module}")
        found = {test for line in lines for test in by_line.get(line, ())}
        # What tests/conftest.py imports runs before the recording begins.
        is_imported = "" in found or not found
        if is_imported:
            found = {test for tests in by_line.values() for test in tests}
            files = _importing(module.removesuffix(".py").replace("/", "."))
            found |= {test for test in self.seconds if test.partition("::")[0] in files}
            found |= self._tests_of_names(_defined_names(module, lines))
        return found & self.seconds.keys(), is_imported

    def _tests_of_names(self, names: set[str]) -> set[str]:
        """Return the tests that run a line of the product which contains one of the names."""
        if not names:
            return set()
        pattern = re.compile(rf"\b({'|'.join(names)})\b")
        found: set[str] = set()
        for file in Path("desktop_app").rglob("*.py"):
            by_line = self._lines.contexts_by_lineno(f"{self._root}/{file}")
            for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
                if pattern.search(line):
                    found.update(by_line.get(number, ()))
        return found


def _defined_names(module: str, lines: range) -> set[str]:
    """Return the names of constants and fields that statements at the lines define."""
    return {
        target.id
        for node in ast.walk(ast.parse(Path(module).read_text("utf-8")))
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.lineno in lines
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }


def _importing(module: str) -> set[str]:
    """Return the test files that import from a module, or all modules."""
    package, _, name = module.rpartition(".")
    imports = re.compile(
        rf"^(?:from {re.escape(module)} import |import {re.escape(module)}\b"
        rf"|from {re.escape(package)} import (?:\([^)]*|.*)\b{name}\b)",
        re.MULTILINE,
    )
    return {
        str(file)
        for file in Path("tests").rglob("test_*.py")
        if imports.search(text := file.read_text("utf-8"))
        or (file.is_relative_to("tests/unit") and "pkgutil.walk_packages(" in text)
    }


def follow_forks() -> None:
    """Record the lines that forks of this process run, for the test that is running."""
    os.register_at_fork(after_in_child=_record_child)


def _record_child() -> None:
    test = (_folder() / "current").read_text("utf-8")
    recorder = _recorder(f"{os.getpid()}-{time.monotonic_ns()}", test)
    recorder.start()
    process = os.getpid()

    def end() -> None:
        if os.getpid() == process:
            recorder.stop()
            recorder.save()

    atexit.register(end)


def _folder() -> Path:
    return Path(os.environ[FOLDER])


def _recorder(name: str, test: str | None = None) -> coverage.Coverage:
    return coverage.Coverage(
        data_file=str(_folder() / f"{name}.lines"),
        context=test,
        source=[str(_ROOT / "desktop_app")],
        omit=[f"*/desktop_app/{package}/*" for package in _UNRECORDED],
        config_file=False,
        messages=False,
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Iterator[None]:
    """Record from before the first import of the product."""
    name = str(time.monotonic_ns())
    recorder = _recorder(name)
    config.pluginmanager.register(_Tests(recorder))
    recorder.start()
    try:
        return (yield)
    finally:
        recorder.stop()
        recorder.save()
        (_folder() / f"{name}.seconds").write_text(json.dumps(_seconds), "utf-8")


class _Tests:
    def __init__(self, recorder: coverage.Coverage) -> None:
        self._recorder = recorder
        self._modules = 0
        self._caches: list[Any] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._clear_caches()
        self._recorder.switch_context(item.nodeid)
        (_folder() / "current").write_text(item.nodeid, "utf-8")
        started = time.perf_counter()
        try:
            return (yield)
        finally:
            _seconds[item.nodeid] = time.perf_counter() - started
            self._recorder.switch_context("")

    def _clear_caches(self) -> None:
        """Make each test run the functions that only the first caller would run."""
        if self._modules != len(sys.modules):
            self._modules = len(sys.modules)
            self._caches = [
                found
                for name, module in list(sys.modules.items())
                if name.startswith("desktop_app.")
                for found in vars(module).values()
                if hasattr(type(found), "cache_clear")
            ]
        for cache in self._caches:
            cache.cache_clear()
