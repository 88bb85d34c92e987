"""The program starts without features: their folders and the lines that name them are deleted."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib import import_module
from itertools import chain, combinations, permutations
from pathlib import Path

import pytest

from desktop_app.features import FEATURES
from tests.integration.cli.replies import COMPLETED, CREATED, delta
from tests.unit.providers.loopback import LoopbackServer, streams
from tests.unit.providers.samples import sse

PRODUCT = "desktop_app"
ANSWERED = streams(sse(CREATED), delta("Done."), sse(COMPLETED))
ROOT = Path(__file__).parents[3]
LINE = r' +"{}",\n'
"""The line of `features.py` that names a feature."""
WINDOW = r'window="[^"]*",?'
"""What names its window in `core.py`."""
BASE = (
    *("app", "chat", "composer", "desktop", "documents", "exchange", "library", "local_model"),
    *("backup", "prompts", "providers", "settings", "spending", "tables", "tools"),
)
"""What every answer, or each side of the window, needs. These keep more than their window."""
WINDOWS = ("local_model", "prompts", "spending")
"""Of the base, those whose window can be deleted."""
DELETED = {
    **{feature: (feature,) for feature in FEATURES if feature not in BASE},
    **{feature: (f"{feature}/ui",) for feature in WINDOWS},
}
"""What is deleted of each feature."""
TOGETHER = (
    ("batch", "voice"),
    ("collections", "evaluation"),
    ("local_model", "sync"),
    ("memory", "quick"),
    ("prompts", "repeat"),
    ("spending", "texts"),
)
"""Features that are deleted together, because neither names the other."""
STARTS = dict(zip(TOGETHER, combinations(range(4), 2), strict=True))
"""The two starts in which features are deleted: for any others there is one that has these without
those."""
USE = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from desktop_app.app.application import Application
from desktop_app.app.features import ACTIONS
from desktop_app.app.window.settings_panel import PAGES
from desktop_app.desktop.window_request import OpenRequest, QuickRequest

def use():
    session, window = application.session, application.window
    window.outer_panes.show_settings(True)
    for page, _title in PAGES:
        window.settings.show_page(page)
    for action in ACTIONS:
        if action.page:
            session.run(action.id)
    session.run("palette.open")
    session.run("help.open")
    session.serve(QuickRequest("text"))
    window.files_dropped.emit([])
    for card in window.empty_state.cards:
        card.click()
    QTimer.singleShot(1700, session.shutdown.begin)  # after what each feature does later

application = Application(OpenRequest())
application.on_ready = use
application.show()
sys.exit(application.run())
"""


@pytest.mark.parametrize("together", TOGETHER)
def test_features_that_are_deleted_together_do_not_name_each_other(together: list[str]) -> None:
    for feature, other in permutations(together):
        modules = "|".join(path.removesuffix(".py").replace("/", r"\.") for path in DELETED[other])
        name = re.compile(rf"""desktop_app\.(?:{modules})\b|["']{other}\.""")
        for path in chain.from_iterable(map(files_of, DELETED[feature])):
            assert not name.search(path.read_text("utf-8")), path


def files_of(path: str) -> list[Path]:
    found = ROOT / PRODUCT / path
    return sorted(found.rglob("*.py")) if found.is_dir() else [found]


@pytest.mark.parametrize("start", range(4))
async def test_the_program_starts_and_answers_without_features(start: int, tmp_path: Path) -> None:
    assert set(chain.from_iterable(TOGETHER)) == DELETED.keys(), "more features need more starts"
    deleted = [feature for pair, starts in STARTS.items() if start in starts for feature in pair]
    product = tmp_path / PRODUCT
    shutil.copytree(ROOT / PRODUCT, product)
    (tmp_path / "resources").symlink_to(ROOT / "resources")
    for path in chain.from_iterable(DELETED[feature] for feature in deleted):
        if (product / path).is_dir():
            shutil.rmtree(product / path)
        else:
            (product / path).unlink()
    for feature in deleted:
        is_whole = not (product / feature).exists()
        registry = product / ("features.py" if is_whole else f"{feature}/core.py")
        line = LINE.format(feature) if is_whole else WINDOW
        text, count = re.subn(line, "", registry.read_text("utf-8"))
        assert count == 1
        registry.write_text(text, "utf-8")
    home = tmp_path / "home"

    async def run(*words: str, **variables: str) -> str:
        """Return what a process of the program prints."""
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, *words],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(tmp_path),
                "QT_QPA_PLATFORM": "offscreen",
                "REPARTEE_HOME": str(home),
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout

    await run("-c", USE)
    async with LoopbackServer(ANSWERED, models=("gpt-5.2",)) as server:
        key = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-test"}
        assert "Done." in await run("-m", PRODUCT, "ask", "Hello?", **key)
    await run("-m", PRODUCT, "export", "--all", "--format", "html", "--to", str(tmp_path / "out"))
    await run("-m", PRODUCT, "repair")
    gone = {word for feature in deleted for word in commands_of(feature)}
    listed = {line.split()[0] for line in (await run("-m", PRODUCT, "--help")).splitlines() if line}
    assert not listed & gone
    assert {"ask", "repair"} <= listed
    logs = "".join(path.read_text("utf-8") for path in home.rglob("*.log"))
    assert "Traceback" not in logs


def commands_of(feature: str) -> Iterable[str]:
    """Return the commands of a feature that goes as a whole."""
    core = import_module(f"desktop_app.{feature}.core").CORE
    return () if feature in BASE else core.commands
