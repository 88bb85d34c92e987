"""The paths that the READMEs and the guides to the code name exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READMES = [
    "README.md",
    "tests/benchmarks/README.md",
    "desktop_app/README.md",
    "desktop_app/behavior.md",
    "desktop_app/documents/README.md",
    "desktop_app/sync/README.md",
    "desktop_app/how-to-add.md",
    "desktop_app/transcript/README.md",
    "packaging/README.md",
    "tests/README.md",
    "tests/data/retrieval/README.md",
]


@pytest.mark.parametrize("readme", READMES)
def test_every_path_exists(readme: str) -> None:
    text = (ROOT / readme).read_text("utf-8")
    in_fences = "".join(re.findall(r"^```$.*?^```$", text, re.MULTILINE | re.DOTALL))
    named = {name for code in re.findall(r"`([^`\n]+)`", text) for name in code.split()}
    named |= {name.rstrip("/") for name in in_fences.split()}
    paths = {name for name in named if re.fullmatch(r"[\w./-]+\.(py|sh|md|toml|txt|xml)", name)}
    paths |= {name for name in named if re.fullmatch(r"[a-z_]+(/[a-z_]+)+", name)}
    homes = [ROOT, (ROOT / readme).parent, *ROOT.glob("desktop_app/**/")]
    missing = {
        path
        for path in paths
        if not any((home / path).exists() or (home / f"{path}.py").exists() for home in homes)
    }
    assert not missing


@pytest.mark.parametrize("readme", READMES)
def test_every_benchmark_exists(readme: str) -> None:
    text = (ROOT / readme).read_text("utf-8")
    named = set(re.findall(r"-m tests.benchmarks ([a-z_]+)", text))
    assert {name for name in named if not (ROOT / f"tests/benchmarks/{name}.py").is_file()} == set()
