"""Every benchmark starts and ends, in its smallest form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "tests" / "benchmarks").glob("[a-z]*.py"))
# They start programs of their own.
ALONE = ("global_shortcut", "hostile_replies", "library", "start_up", "token_counts")
# Qt's offscreen platform takes no keys.
ON_A_SCREEN = ("packaging/desktop-session.sh", "--screen")
LONGEST_S = 300


@pytest.mark.parametrize("names", [[n for n in NAMES if n not in ALONE], *([n] for n in ALONE)])
def test_it_ends_with_figures(names: list[str]) -> None:
    """Most share a process, because its start takes longer than they do."""
    has_screen = names == ["global_shortcut"]
    done = subprocess.run(
        [
            *(ON_A_SCREEN if has_screen else ()),
            *(sys.executable, "-m", "tests.benchmarks", *names, "--smallest"),
        ],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "xcb" if has_screen else "offscreen"},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    # The desktop session prints lines of its own.
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert {row["benchmark"] for row in rows} == set(names)
