"""The list of changes that no test can notice names lines that exist."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = ROOT / "tests" / "mutants" / "equivalent.txt"


def test_each_listed_line_is_in_its_module() -> None:
    stale = []
    for entry in LIST.read_text("utf-8").splitlines():
        if entry.startswith("#"):
            continue
        module, _, rest = entry.split(" | ", 2)
        line, _, _ = rest.rpartition(" | ")
        source = (ROOT / module).read_text("utf-8").splitlines()
        if line not in map(str.strip, source):
            stale.append(entry)
    assert not stale
