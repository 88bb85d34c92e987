"""The script that takes the pictures of the README still finds what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from tests.end2end import screenshots

if TYPE_CHECKING:
    import pytest


async def test_each_scene_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPARTEE_HOME", "")  # the script sets it
    await screenshots.main(tmp_path)
    readme = (screenshots.ROOT / "README.md").read_text("utf-8")
    for name in screenshots.NAMES:
        assert not QImage(str(tmp_path / f"{name}.png")).isNull()
        assert f"(packaging/screenshots/{name}.png)" in readme
