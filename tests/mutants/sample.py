"""Runs a sample of mutants in the working directory, whose files it changes and restores.

python -m tests.mutants.sample RECORD COUNT SEED ONLY
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TextIO

import pytest

from tests.mutants.forked_tests import ForkedTests
from tests.mutants.operators import Mutant, find_places, make_mutant
from tests.mutants.recording import Record

_EQUIVALENT: Final = Path(__file__).with_name("equivalent.txt")
_LOWEST_SCORE: Final = 0.92
_MAX_RUN_S: Final = 300
"""The time after which tests in a process of their own count as hanging."""
_EXCLUDED_PACKAGES: Final = ("app", "ui", "sandbox")
"""Packages that are not mutated: their tests need a window or whole processes."""
_PROCESS_TESTS: Final = {
    "documents/": ["tests/integration/documents", "tests/gui/app/test_viewer.py"],
    "local_model/": ["tests/integration/local_model"],
    "rendering/processes/": [
        "tests/unit/rendering/test_lexing_process.py",
        "tests/unit/rendering/test_math_typesetting.py",
    ],
    "tool_servers/": ["tests/integration/tool_servers"],
    "tools/": ["tests/unit/tools/test_built_in.py"],
}
"""The tests of modules that run in processes that are not recorded."""
_MAX_TESTS_S: Final = {"tests/unit/": 60.0, "tests/integration/": 60.0, "tests/gui/": 60.0}
"""The limit, for each kind, of the summed durations of the tests on a mutant. At least one runs."""


class Sample:
    """A plug-in that replaces pytest's loop over the collected tests."""

    def __init__(self, record: Record, mutants: list[Mutant], report: TextIO) -> None:
        self._record = record
        self._mutants = mutants
        self._report = report
        self._equivalent = _read_equivalent()
        self.outcomes = dict.fromkeys(("killed", "timeout", "equivalent", "survived", "unknown"), 0)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests of each mutant and print its outcome."""
        forked = ForkedTests(session)
        for mutant in self._mutants:
            outcome = self._outcome(forked, mutant)
            changed = (mutant.module, mutant.operator, mutant.text)
            if outcome == "survived" and changed in self._equivalent:
                outcome = "equivalent"
            self.outcomes[outcome] += 1
            place = f"{mutant.module}:{mutant.line}"
            print(f"{outcome:10} {place} {mutant.operator}: {mutant.text}", file=self._report)
        return True

    def _outcome(self, forked: ForkedTests, mutant: Mutant) -> str:
        tests, is_imported = self._record.tests(mutant.module, mutant.lines)
        unit, integration, gui = (self._quickest(mutant, tests, kind) for kind in _MAX_TESTS_S)
        outcome = self._run_forked(forked, mutant, [test for test in unit if test in forked])
        if outcome in ("killed", "timeout"):
            return outcome
        process_tests = [
            test
            for folder, tests in _PROCESS_TESTS.items()
            if mutant.module.startswith(f"desktop_app/{folder}")
            for test in tests
        ]
        if outcome == "survived" and not is_imported:
            unit = []
        for chosen in filter(None, (unit, integration, process_tests, gui)):
            outcome = _run(mutant, chosen)
            if outcome != "survived":
                # Without a session bus, tests fail that have nothing to do with the mutant.
                return outcome if _run(None, chosen) == "survived" else "unknown"
        return "survived"

    def _run_forked(self, forked: ForkedTests, mutant: Mutant, tests: list[str]) -> str:
        while tests:
            limit_s = sum(self._record.seconds[test] for test in tests)
            with _changed(mutant):
                outcome, failed = forked.run(mutant, tests, limit_s)
            if outcome in ("survived", "unreached"):
                return outcome
            tests = tests[: tests.index(failed) + 1]
            outcome_unchanged, failed = forked.run(None, tests, limit_s)
            if outcome_unchanged == "survived":
                return outcome
            tests.remove(failed)  # it fails in a fork without a mutant, too
        return "survived"

    def _quickest(self, mutant: Mutant, tests: set[str], kind: str) -> list[str]:
        """Return the quickest tests of a kind within its time limit.

        In the order, tests of other packages count four times their duration.
        """
        package = mutant.module.split("/")[1]
        seconds = self._record.seconds
        chosen: list[str] = []
        total = 0.0
        for test in sorted(
            (test for test in tests if test.startswith(kind)),
            key=lambda test: (seconds[test] * (1 if f"/{package}/" in test else 4), test),
        ):
            total += seconds[test]
            if chosen and total > _MAX_TESTS_S[kind]:
                break
            chosen.append(test)
        return chosen


def _run(mutant: Mutant | None, tests: list[str]) -> str:
    """Run tests in a process of their own."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    with _changed(mutant):
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            return "killed" if process.wait(_MAX_RUN_S) else "survived"
        except subprocess.TimeoutExpired:
            return "timeout"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def _changed(mutant: Mutant | None) -> Iterator[None]:
    """Put the mutant into its file, for processes that start meanwhile."""
    if not mutant:
        yield
        return
    file = Path(mutant.module)
    original = file.read_bytes()
    file.write_text(mutant.source, "utf-8")
    try:
        yield
    finally:
        file.write_bytes(original)


def _draw(count: int, seed: int, only: str) -> list[Mutant]:
    sources = {
        str(module): module.read_text("utf-8")
        for module in sorted(Path("desktop_app").glob("*/**/*.py"))
        if module.parts[1] not in _EXCLUDED_PACKAGES and only in str(module)
    }
    found = [
        (module, number) for module, text in sources.items() for number, _ in find_places(text)
    ]
    chosen = random.Random(seed).sample(found, min(count, len(found)))
    return [make_mutant(module, sources[module], number) for module, number in chosen]


def _read_equivalent() -> set[tuple[str, str, str]]:
    """Return (module, operator, line) of the changes that no test can notice."""
    lines = _EQUIVALENT.read_text("utf-8").splitlines()
    # The third column, a line of source, may contain the separator.
    entries = [line.split(" | ", 2) for line in lines if line and not line.startswith("#")]
    return {(module, operator, rest.rpartition(" | ")[0]) for module, operator, rest in entries}


def main(record: str, count: str, seed: str, only: str) -> int:
    """Print a line for each mutant and the score; return 1 if it is too low."""
    # pytest captures standard output.
    with os.fdopen(os.dup(1), "w", buffering=1) as report:
        sample = Sample(Record(Path(record)), _draw(int(count), int(seed), only), report)
        pytest.main(["-q", "-p", "no:cacheprovider", "tests/unit"], plugins=[sample])
        outcomes = sample.outcomes
        noticed = outcomes["killed"] + outcomes["timeout"]
        counted = noticed + outcomes["survived"]
        score = noticed / counted if counted else 1.0
        print(json.dumps({"seed": int(seed), **outcomes, "score": round(score, 3)}), file=report)
    return int(score < _LOWEST_SCORE)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
