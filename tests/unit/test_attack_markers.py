"""Markers of attacks name the targets that the campaign knows."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.security import TARGETS

_ROOT = Path(__file__).parents[2]
_MARKER = re.compile(r"mark\.attack\(\"([^\"]+)\"\)")


def test_markers_name_all_known_targets_and_no_other() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "tests/*.py"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    named = {
        name
        for file in listed.stdout.split()
        for name in _MARKER.findall((_ROOT / file).read_text("utf-8"))
    }
    assert named == set(TARGETS)
