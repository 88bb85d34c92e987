"""The program starts and answers without its features: their folders and lines are deleted."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from itertools import chain, combinations
from pathlib import Path

import pytest

from desktop_app.features import FEATURE_NAMES, Core
from tests.integration.cli.replies import COMPLETED, CREATED, delta
from tests.unit.providers.loopback import LoopbackServer, streams
from tests.unit.providers.samples import sse

PRODUCT = "desktop_app"
ANSWERED = streams(sse(CREATED), delta("Done."), sse(COMPLETED))
ROOT = Path(__file__).parents[3]
LINE = r' +"{}",\n'
"""The line of `features.py` that names a feature."""
TOGETHER = (
    ("backup", "desktop", "texts"),
    ("collections", "quick"),
    ("exchange", "local_model", "sync"),
    ("memory", "repeat"),
    ("tables",),
    ("prompts", "spending", "voice"),
)
"""Features that are deleted together, because none names another, but for what it needs."""
STARTS = dict(zip(TOGETHER, combinations(range(4), 2), strict=True))
"""The two starts in which features are deleted: for any others there is one that has these without
those."""
ONLY_FOR_TYPES = re.compile(r"^if TYPE_CHECKING:.*\n(?:(?:    .*)?\n)+", re.MULTILINE)
STARTED = re.compile(r'"[a-z]+": "[a-z_.]+",')
"""A line of `main.py` that names the module of a child process."""
USE = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from desktop_app.app.application import Application
from desktop_app.app.features import ACTIONS
from desktop_app.app.window.settings_panel import PAGES
from desktop_app.app.window_request import OpenRequest, QuickRequest

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


def test_no_module_of_a_feature_is_named_elsewhere() -> None:
    names = "|".join(FEATURE_NAMES)
    module = re.compile(rf"""\bdesktop_app\.({names})\b|["']({names})(?:\.\w+){{2,}}["']""")
    found = []
    for path in (ROOT / PRODUCT).rglob("*.py"):
        package = path.relative_to(ROOT / PRODUCT).parts[0]
        known = {package, *(core_of(package).needs if package in FEATURE_NAMES else ())}
        for line in ONLY_FOR_TYPES.sub("", path.read_text("utf-8")).splitlines():
            named = {one or other for one, other in module.findall(line)}
            if named - known and not STARTED.fullmatch(line.strip()):
                found.append(f"{path}: {line.strip()}")
    assert found == []


@pytest.mark.parametrize("start", range(4))
async def test_the_program_starts_and_answers_without_features(start: int, tmp_path: Path) -> None:
    assert sorted(chain.from_iterable(TOGETHER)) == sorted(FEATURE_NAMES), "each is deleted in two"
    deleted = [feature for group, starts in STARTS.items() if start in starts for feature in group]
    product = tmp_path / PRODUCT
    shutil.copytree(ROOT / PRODUCT, product)
    (tmp_path / "resources").symlink_to(ROOT / "resources")
    registry = product / "features.py"
    for feature in deleted:
        shutil.rmtree(product / feature)
        text, count = re.subn(LINE.format(feature), "", registry.read_text("utf-8"))
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
    if "exchange" not in deleted:
        out = str(tmp_path / "out")
        await run("-m", PRODUCT, "export", "--all", "--format", "html", "--to", out)
    await run("-m", PRODUCT, "repair")
    gone = {word for feature in deleted for word in core_of(feature).commands}
    listed = {line.split()[0] for line in (await run("-m", PRODUCT, "--help")).splitlines() if line}
    assert not listed & gone
    assert {"ask", "repair"} <= listed
    logs = "".join(path.read_text("utf-8") for path in home.rglob("*.log"))
    assert "Traceback" not in logs


def core_of(feature: str) -> Core:
    core: Core = import_module(f"desktop_app.{feature}.core").CORE
    return core
