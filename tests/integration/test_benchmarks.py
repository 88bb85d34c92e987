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
LONGEST_S = 300


@pytest.mark.slow
def test_they_end_with_figures() -> None:
    """They share a process, because its start takes longer than most of them."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--smallest"],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["benchmark"] for row in rows} == set(NAMES)
