"""Changes the product in random places, one at a time, and checks that a test fails.

    packaging/desktop-session.sh .venv/bin/python -m tests.mutants [N] [--seed N] [--only PATH]

The changes are made in a copy of the committed files. For each, the unit tests that import the
changed module and the examples in its docstrings run first, then the unit tests of its package,
then the integration tests and the gui tests that import it. No test imports code that runs in
processes of its own: all integration tests of its package run.
`equivalent.txt` lists changes that no test can notice, with reasons. A change by which the tests
hang counts as noticed, as is usual, and is listed as a timeout: tests that fail tell more. A change
whose tests also fail without it, as on a busy computer, is listed as unknown and not counted. The
last line is the score. The exit code is 1 if the score is below 92 %.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.mutants.operators import Mutant, make_mutant, places

ROOT: Final = Path(__file__).parents[2]
_EQUIVALENT: Final = Path(__file__).with_name("equivalent.txt")
_LOWEST_SCORE: Final = 0.92
_LONGEST_RUN_S: Final = 900
"""A mutant whose tests run longer hangs."""
_WITHOUT_UNIT_TESTS: Final = ("app", "ui", "sandbox")
"""Packages that gui tests and whole processes test: too slow for a sample."""
_UNIT_TESTS: Final = {"backend": "headless", "cli": "headless"}
"""The folders of unit tests that are not named after the package."""
_PROCESS_TESTS: Final = {
    "cli": "headless",
    "documents": "documents",
    "local_model": "local_model",
    "tool_servers": "tool_servers",
}
"""The folders of integration tests of packages that run in processes of their own."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sample and return 1 if too many mutants survive."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("count", nargs="?", type=int, default=80)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="paths that contain this text")
    asked = parser.parse_args(arguments)
    equivalent = _read_equivalent()
    outcomes = dict.fromkeys(("killed", "timeout", "equivalent", "survived", "unknown"), 0)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder) / "copy"
        subprocess.run(["git", "worktree", "add", "-q", "--detach", copy], cwd=ROOT, check=True)
        try:
            for chosen in _sample(copy, asked.count, asked.seed, asked.only):
                outcome = _run(copy, chosen)
                changed = (chosen.module, chosen.operator, chosen.text)
                if outcome == "survived" and changed in equivalent:
                    outcome = "equivalent"
                outcomes[outcome] += 1
                place = f"{chosen.module}:{chosen.line}"
                print(f"{outcome:10} {place} {chosen.operator}: {chosen.text}", flush=True)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", copy], cwd=ROOT, check=True)
    noticed = outcomes["killed"] + outcomes["timeout"]
    counted = noticed + outcomes["survived"]
    score = noticed / counted if counted else 1.0
    print(json.dumps({"seed": asked.seed, **outcomes, "score": round(score, 3)}))
    return int(score < _LOWEST_SCORE)


def _sample(copy: Path, count: int, seed: int, only: str) -> list[Mutant]:
    modules = [
        module
        for module in sorted((copy / "desktop_app").glob("*/**/*.py"))
        if module.relative_to(copy).parts[1] not in _WITHOUT_UNIT_TESTS and only in str(module)
    ]
    found = [
        (module, number) for module in modules for number, _ in places(module.read_text("utf-8"))
    ]
    chosen = random.Random(seed).sample(found, min(count, len(found)))
    return [
        make_mutant(str(module.relative_to(copy)), module.read_text("utf-8"), number)
        for module, number in chosen
    ]


def _run(copy: Path, mutant: Mutant) -> str:
    changed = copy / mutant.module
    original = changed.read_bytes()
    changed.write_text(mutant.source, "utf-8")
    tests: list[str] = []
    outcome = "survived"
    try:
        for tests in filter(None, _tests(copy, mutant.module)):
            outcome = _outcome(copy, tests)
            if outcome != "survived":
                break
    finally:
        changed.write_bytes(original)
    # Without a session bus, tests fail that have nothing to do with the mutant.
    is_doubtful = outcome != "survived" and not tests[0].startswith("tests/unit")
    if is_doubtful and _outcome(copy, tests) != "survived":
        print(f"fails without a mutant: {' '.join(tests)}", file=sys.stderr, flush=True)
        return "unknown"
    return outcome


def _tests(copy: Path, module: str) -> list[list[str]]:
    """Return groups of test files to run in turn, the nearest first."""
    package, name = module.removesuffix(".py").replace("/", ".").rsplit(".", 1)
    importing = re.compile(
        rf"\b{re.escape(package)}\.{name}\b|from {re.escape(package)} import [^\n]*\b{name}\b"
    )
    near = {
        kind: [
            str(path.relative_to(copy))
            for path in sorted((copy / "tests" / kind).rglob("test_*.py"))
            if importing.search(path.read_text("utf-8"))
        ]
        for kind in ("unit", "integration", "gui")
    }
    if ">>> " in (copy / module).read_text("utf-8"):
        near["unit"].insert(0, f"tests/unit/test_docstrings.py::test_examples[{package}.{name}]")
    tested = package.split(".")[1]
    feature = f"tests/unit/{_UNIT_TESTS.get(tested, tested)}"
    whole = [feature] if (copy / feature).is_dir() else []
    processes = [f"tests/integration/{_PROCESS_TESTS[tested]}"] if tested in _PROCESS_TESTS else []
    return [near["unit"], whole, near["integration"], processes, near["gui"]]


def _outcome(copy: Path, tests: list[str]) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, timeout=_LONGEST_RUN_S, capture_output=True
        )
    except subprocess.TimeoutExpired:
        return "timeout"
    return "killed" if done.returncode else "survived"


def _read_equivalent() -> set[tuple[str, str, str]]:
    """Return (module, operator, line) of the changes that no test can notice."""
    lines = _EQUIVALENT.read_text("utf-8").splitlines()
    entries = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return {(entry[0], entry[1], entry[2]) for entry in entries}


sys.exit(main())
