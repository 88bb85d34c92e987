"""Chinese is written with Fcitx, as on Debian: Enter ends composing, and sends nothing."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.end2end.program import AssistiveClient, Program, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROFILE = """[Groups/0]
Name=Default
Default Layout=us
DefaultIM=pinyin

[Groups/0/Items/0]
Name=pinyin

[GroupOrder]
0=Default
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("fcitx5") is None, reason="needs fcitx5-chinese-addons"),
]


@pytest.fixture
def fcitx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "fcitx5").mkdir()
    (tmp_path / "fcitx5" / "profile").write_text(PROFILE)

    with subprocess.Popen(
        ["fcitx5", "--disable=wayland,mozc"], stderr=subprocess.DEVNULL
    ) as engine:
        try:
            # Fcitx names its address here, as IBus does.
            wait_for(lambda: list(tmp_path.glob("ibus/bus/*")), "fcitx5")
            yield
        finally:
            engine.terminate()


def key(*keys: str) -> None:
    subprocess.run(["xdotool", "key", "--delay", "100", *keys], check=True)


@pytest.mark.usefixtures("window_manager", "fcitx")
def test_chinese_is_composed_in_the_prompt(tmp_path: Path, client: AssistiveClient) -> None:
    with Program(tmp_path / "home", client, QT_IM_MODULE="fcitx") as program:
        wait_for(lambda: program.has("prompt", "focused"), "the focus")
        key(*"nihao", "space")
        program.wait_for_text("prompt", lambda text: text == "你好")
        key(*"nihao", "Return")
        assert program.wait_for_text("prompt", lambda text: text == "你好nihao")
        assert program.quit() == 0
