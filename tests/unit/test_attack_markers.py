"""Markers of attacks name a target that the campaign knows."""

import re
import subprocess
from pathlib import Path

from tests.security import TARGETS

_ROOT = Path(__file__).parents[2]
_MARKER = re.compile(r"mark\.attack\(\"([^\"]+)\"\)")


def test_every_marker_names_a_known_target():
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
    assert named <= set(TARGETS)
