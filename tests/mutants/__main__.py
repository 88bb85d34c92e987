"""Changes the product in random places, one at a time, and checks that a test fails.

    packaging/desktop-session.sh .venv/bin/python -m tests.mutants [N] [--seed N] [--only PATH]

The changes are made in a copy of the committed files. The first run for a commit records which
tests run which lines, which takes as long as the tests; the record is kept in `build/mutants/`. For
each change, the tests of the changed lines are run: unit tests in a fork of a process that has
collected them, then integration and gui tests in a process of their own. If a test fails, it has to
pass without the change. If the lines run while a module is imported, all tests that run the module
or whose file imports it are run. Processes in a sandbox are not recorded; the integration tests of
their package are run instead.

`equivalent.txt` lists changes that no test can notice, with reasons. A change by which the tests
hang counts as noticed, and is listed as a timeout, because a failing test would be better. A change
whose tests also fail without it, as on a busy computer, is listed as unknown and not counted. The
last line is the score. The exit code is 1 if the score is below 92 %.

It needs `packaging/requirements/mutants.txt`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import coverage

from tests.mutants.recording import FOLDER

ROOT: Final = Path(__file__).parents[2]
_RECORDS: Final = ROOT / "build" / "mutants"
_RECORDED: Final = ("tests/unit", "tests/integration", "tests/gui")
"""Recorded side by side, as the stages of the whole check run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sample and return 1 if too many mutants survive."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("count", nargs="?", type=int, default=80)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="paths that contain this text")
    options = parser.parse_args(arguments)
    # Short names: the path of a socket has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="m.") as folder:
        copy = Path(folder) / "copy"
        _run("git", "worktree", "add", "-q", "--detach", copy, cwd=ROOT)
        try:
            # Without the catalogs, tests of translations fail. Compiled files tell a changed source
            # by its hash: its time and size may be the same.
            shutil.copytree(ROOT / "resources", copy / "resources", dirs_exist_ok=True)
            (copy / "build").symlink_to(ROOT / "build")  # with the servers that tests install
            compiled = ("-m", "compileall", "-q", "--invalidation-mode", "checked-hash")
            _run(sys.executable, *compiled, "desktop_app", cwd=copy)
            record = _record(copy)
            sample = [str(options.count), str(options.seed), options.only]
            command = [sys.executable, "-m", "tests.mutants.sample", str(record), *sample]
            environment = {**_environment(), "TMPDIR": folder}
            return subprocess.run(command, cwd=copy, env=environment).returncode
        finally:
            _run("git", "worktree", "remove", "--force", copy, cwd=ROOT)


def _record(copy: Path) -> Path:
    """Return the record of the commit, made if there is none."""
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=copy, check=True, capture_output=True, text=True
    )
    record = _RECORDS / head.stdout.strip()
    if not record.exists():
        shutil.rmtree(_RECORDS, ignore_errors=True)
        unfinished = _RECORDS / "unfinished"
        recordings = []
        for tests in _RECORDED:
            folder = unfinished / tests
            folder.mkdir(parents=True)
            scratch = tempfile.mkdtemp(prefix="", dir=copy.parent)
            command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mutants.recording"]
            environment = {**_environment(), FOLDER: str(folder), "TMPDIR": scratch}
            with (folder / "log").open("w") as log:
                recordings.append(
                    subprocess.Popen([*command, tests], cwd=copy, env=environment, stdout=log)
                )
        for recording in recordings:
            recording.wait()
        lines = coverage.Coverage(data_file=str(unfinished / "lines"), config_file=False)
        lines.combine([str(file) for file in unfinished.rglob("*.lines")])
        lines.save()
        (unfinished / "root").write_text(str(copy), "utf-8")
        unfinished.rename(record)
    return record


def _environment() -> dict[str, str]:
    return {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONDONTWRITEBYTECODE": "1"}


def _run(*command: str | Path, cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, check=True)


if __name__ == "__main__":
    sys.exit(main())
