"""What each phase of a start imports. All else is imported by the functions that need it.

Short commands and the first paint must be fast, and most starts use few of the features. So a
package that comes into a list here is either needed by every start of this kind, or is to be
imported later. A window loads some of it in threads, so that its later phases may have less.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest

from tests.benchmarks.commands import Handler

PRODUCT: Final = Path(__file__).parents[3] / "desktop_app"

VERSION: Final = "cli domain i18n"
ASK: Final = """
    app backend backup budget chat chat.answers chat.attachments chat.command cli collections
    composer desktop documents documents.store documents.worker domain domain.answering
    domain.conversations domain.documents domain.models domain.network domain.tools
    exchange i18n library local_model memory prompts providers providers.apis providers.errors
    providers.gateway providers.http providers.jobs providers.keys providers.models quick repeat
    sandbox settings spending storage sync tables texts tools tools.calls tools.command
    tools.servers voice
    asyncio click ctypes email hashlib httpx msgspec sqlite3 ssl
"""
PAINT: Final = """
    app app.startup app.window backup budget chat collections composer desktop documents
    domain domain.answering domain.conversations domain.documents domain.models domain.tools
    exchange i18n library local_model markdown memory prompts providers quick repeat
    settings shortcuts spending storage sync tables texts tools voice widgets widgets.buttons
    widgets.forms widgets.look widgets.text
    PySide6 hashlib msgspec sqlite3
"""
READY: Final = f"""{PAINT}
    app.help backend backup.ui chat.answers chat.attachments chat.ui cli collections.ui
    composer.attachments desktop.ui desktop_session desktop_session.hotkey documents.store
    documents.ui documents.worker domain.network exchange.ui library.ui library.ui.rows
    local_model.ui markdown.incremental markdown.parsing markdown.processes markdown.provisional
    memory.ui prompts.ui providers.apis providers.errors providers.gateway providers.http
    providers.jobs providers.keys providers.models providers.ui quick.ui repeat.ui sandbox
    settings.ui spending.ui sync.ui tables.ui texts.ui tools.calls tools.ui
    transcript transcript.media voice.ui widgets.cards widgets.rows
    asyncio ctypes email httpx qasync ssl xml
"""
QUESTION: Final = f"""{READY}
    desktop_session.portal tools.built_in tools.servers tools.skills
    csv jeepney markdown_it
"""
HEAVY: Final = frozenset(
    """
    PIL PySide6 Xlib asyncio click csv ctypes difflib email hashlib httpx jeepney jsonschema_rs
    keyring lxml markdown_it mcp msgspec multiprocessing numpy openpyxl pydantic pygments
    pypdfium2 qasync secretstorage sqlite3 ssl xml
    """.split()
)
"""Packages of others that take some milliseconds; what they import in their turn is not listed."""
UNUSED: Final = """
    cli.doctor library.search_query local_model.server providers.http.download
    providers.jobs.audio providers.jobs.batch_client providers.jobs.embeddings
    providers.local_servers storage.sync_triggers tools.calls.tool_loop
""".split()
"""Modules of packages in the lists that no start needs."""
UNUSED_BY: Final = {
    "ask": [
        *("chat.compaction_service", "chat.text_store", "chat.utility_model"),
        *("library.folder_store", "local_model.store", "tools.services"),
    ],
    "question": [
        *("app.window.command_palette", "documents.ui.password_dialog"),
        *("providers.ui.models.models_dialog", "settings.ui.updates"),
        *("spending.ui.spending_section", "spending.ui.spending_view"),
        *("tools.ui.answer_form_dialog", "tools.ui.question_card", "tools.ui.tool_picker"),
    ],
}

COMMAND: Final = """
import json, sys
from desktop_app.main import main
assert main(sys.argv[1:]) == 0
print(json.dumps({"": [name for name, module in sys.modules.items() if module]}))
"""
WINDOW: Final = """
import json, os, sys
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from desktop_app.app.application import Application
from desktop_app.app.window_request import OpenRequest

phases = {}

def note(phase):
    phases[phase] = [name for name, module in sys.modules.items() if module]

class Painted(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and "paint" not in phases:
            note("paint")
        return False

class Noted(Application):
    def on_ready(self):
        note("ready")
        self.session.tasks.start(self.ask())

    async def ask(self):
        import asyncio
        from desktop_app.composer.prompt_text import PromptText

        finished = asyncio.Event()
        self.session.running.finished.connect(lambda *_: finished.set())
        prompt = self.window.findChild(PromptText, "prompt")
        QTest.keyClicks(prompt, "Hello?")
        QTest.keyClick(prompt, Qt.Key.Key_Return)
        await finished.wait()
        note("question")
        print(json.dumps(phases), flush=True)
        os._exit(0)

sys.modules["httpx._main"] = None  # as `main` starts it
application = Noted(OpenRequest())
painted = Painted()
application.qt.installEventFilter(painted)
application.show()
application.run()
"""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def _imports(url: str, source: str, *words: str) -> dict[str, set[str]]:
    """Run Python, and return the modules that it had imported by each phase."""
    done = subprocess.run(
        [sys.executable, "-c", source, *words],
        cwd=PRODUCT.parent,
        env={**os.environ, "OPENAI_API_KEY": "key", "OPENAI_BASE_URL": url},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    phases: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return {phase: set(names) for phase, names in phases.items()}


def _listed(modules: set[str]) -> set[str]:
    """Return the own packages and the heavy ones of others among modules."""
    own = {name.removeprefix("desktop_app.") for name in modules if name.startswith("desktop_app.")}
    packages = {name for name in own if PRODUCT.joinpath(*name.split("."), "__init__.py").exists()}
    return packages | (HEAVY & {name.partition(".")[0] for name in modules})


def _own(modules: set[str], names: list[str]) -> set[str]:
    for name in names:
        assert PRODUCT.joinpath(*name.split(".")).with_suffix(".py").exists(), name
    return {f"desktop_app.{name}" for name in names} & modules


def test_a_command_imports_what_it_needs(url: str, repartee_home: Path) -> None:
    assert _listed(_imports(url, COMMAND, "--version")[""]) == set(VERSION.split())
    words = ("ask", "Hello?", "--model", "m")
    _imports(url, COMMAND, *words)  # makes the store
    asked = _imports(url, COMMAND, *words)[""]
    assert _listed(asked) == set(ASK.split())
    assert not _own(asked, UNUSED + UNUSED_BY["ask"])


def test_a_window_imports_what_each_phase_needs(url: str, repartee_home: Path) -> None:
    _imports(url, COMMAND, "ask", "Hello?", "--model", "m")  # makes the store
    phases = _imports(url, WINDOW)
    assert _listed(phases["paint"]) == set(PAINT.split())
    assert not _listed(phases["ready"]) - set(READY.split())
    assert not _listed(phases["question"]) - set(QUESTION.split())
    assert not _own(phases["question"], UNUSED + UNUSED_BY["question"])
