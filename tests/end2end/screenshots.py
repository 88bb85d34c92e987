"""Takes the pictures of the README from the real program.

    python -m tests.end2end.screenshots FOLDER

Run it in the session of packaging/desktop-session.sh --screen. The store is filled through the
program's storage and commands. Answers come over HTTP from a prepared local server, because the
small on-device model's answers would distract from the window.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from desktop_app.backend.backend import Backend
from desktop_app.chat.text_store import TextStore
from desktop_app.desktop_session.hotkey.x11_keys import is_held
from desktop_app.domain.conversations.conversation import Conversation, ModelChoice, new_id, now
from desktop_app.domain.conversations.written_text import Mark, WrittenText
from desktop_app.domain.cost import Usage
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.spending_report import Call
from desktop_app.paths import Folders
from desktop_app.providers.gateway.environment_profiles import COMETAPI
from tests.end2end.other_program import pointer
from tests.end2end.prepared_server import Prepared, PreparedServer
from tests.end2end.program import AssistiveClient, Program, wait_for
from tests.end2end.test_hotkey import press
from tests.end2end.test_paste_back import active, other_program
from tests.helpers.secrets import key_for

ROOT: Final = Path(__file__).parents[2]
NAMES: Final = ("window", "document", "quick-prompt", "table", "text")
WIDTH, HEIGHT = 1280, 800
# The design uses these fonts; otherwise the pictures would have the system's fonts.
FONTS: Final = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <alias binding="strong"><family>sans-serif</family><prefer><family>Inter</family></prefer></alias>
  <alias binding="strong"><family>monospace</family>
    <prefer><family>JetBrains Mono</family></prefer></alias>
</fontconfig>
"""

QUESTION: Final = "When should an upload be retried, and for how long? Show me the code."
ANSWER: Final = """Retry only what can succeed **without** being repeated twice: connection \
errors, `429` and `5xx` before the first byte. Everything else is an answer, not a fault.

```python
async def upload(path: Path, attempts: int = 3) -> Receipt:
    for attempt in range(attempts):
        try:
            return await client.put(path)
        except TransientError:  # worth another try
            await sleep(min(0.5 * 2 ** attempt, 8))
```

### How long the wait grows

| Attempt | Wait | Total |
|:--------|-----:|------:|
| 1 | 0.5 s | 0.5 s |
| 2 | 1 s | 1.5 s |
| 3 | 2 s | 3.5 s |

- Respect `Retry-After` when the server sends one.
- Show the countdown, and let the person cancel it.
"""
REASONING: Final = "**Which failures are safe to repeat**\n\nOnly those before the first byte."
REPORT: Final = "What did the failure in Harrow cost us, and who pays?"
CITED: Final = """The compressor of cold room 3 stood still for 41 hours, and 212 pallets had to \
be destroyed [1].

- The insurer has accepted the claim of **€96,000**, less an excess of €10,000 [1].
- Payment is expected in November [1].
- Operating profit fell to €0.47 million all the same [2].
"""
MAIL: Final = """Hi Ines,

we was hoping to get the numbers until friday, but the
auditors needs two more days. Can we move the call?

Sam"""
POLISHED: Final = """We had hoped to have the numbers by Friday, but the auditors need two more \
days. Could we move the call?
"""
NOTICE: Final = """# Notice of termination

Dear Ms Lind,

I [-am writing to let you know that I will be ending-][+hereby terminate+] the lease of the flat \
at 12 Harbour Street[-, as agreed on the phone-], with effect from 31 March 2027.

Please confirm [-this soon-][+receipt in writing by 15 December+], and suggest a date for the \
hand-over of the keys.

Kind regards
"""
FIELDS: Final = {
    "Supplier": r"INVOICE\s+(.+)",
    "Number": r"Invoice no\.: (.+)",
    "Total": r"Total: ([\d.,]+)",
}
TITLES: Final = {
    1: ("Budget 2027 what-if", "Regular expression for IBAN", "Norwegian for the trip"),
    4: ("Interview questions", "Contract: Oslo office", "CSV to Parquet", "Birthday speech"),
}


async def main(folder: Path) -> None:
    """Take every picture into `folder`."""
    client = AssistiveClient()
    with tempfile.TemporaryDirectory() as scratch, _window_manager():
        async with PreparedServer(_answers()) as server:
            home, board = Path(scratch) / "home", Path(scratch) / "Board"
            board.mkdir()
            shutil.copy(ROOT / "tests/data/report.pdf", board)
            async with _backend(home) as backend:
                await _fill(backend, server.base_url)
            environment = {**os.environ, "REPARTEE_HOME": str(home), "COMETAPI_KEY": ""}
            for command in (
                ("ask", REPORT, "--project-files", str(board), "--save", "--quiet"),
                ("table", "run", str(ROOT / "resources/samples/invoices"), "--name", "Invoices",
                 "--ask", "Read the invoice. {{document}}", "--column", "Invoice", "--yes",
                 *(word for name in FIELDS for word in ("--field", f"{name}:text"))),
            ):  # fmt: skip
                ended = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "desktop_app", *command),
                    cwd=ROOT, env=environment, stdout=asyncio.subprocess.DEVNULL,
                )  # fmt: skip
                assert await ended.wait() == 0
            await asyncio.to_thread(_take, folder, home, client)
    client.close()


def _answers() -> dict[str, Prepared]:
    invoices = {}
    for file in sorted((ROOT / "resources/samples/invoices").iterdir()):
        text = file.read_text("utf-8")
        found = {name: re.search(pattern, text) for name, pattern in FIELDS.items()}
        values = {name: match[1].strip() for name, match in found.items() if match}
        quoted = {name: {"value": value, "quote": value} for name, value in values.items()}
        invoices[values["Number"]] = Prepared(json.dumps(quoted), input_tokens=220)
    return {
        **invoices,
        "Harrow cost us": Prepared(CITED, input_tokens=2_400),
        "correct and polite": Prepared(POLISHED, input_tokens=90, output_tokens=40),
        "upload": Prepared(ANSWER, REASONING),
    }


def _take(folder: Path, home: Path, client: AssistiveClient) -> None:
    """Take the pictures of one run of the window, and of the quick prompt over an editor."""

    def show(program: Program, title: str) -> None:
        left, top, width, height = program.do("place", "conversations", child=title)
        pointer("mousemove", "--sync", left + width // 3, top + height // 2, "click", "1")
        pointer("mousemove", "--sync", WIDTH + 50, HEIGHT + 50)

    with Program(home, client, COMETAPI_KEY="") as program:
        wait_for(lambda: program.has("prompt", "focused"), "the prompt")
        window = active()
        pointer("windowsize", "--sync", window, WIDTH, HEIGHT, "windowmove", window, 0, 0)
        program.ask(QUESTION)
        program.wait_for_text("transcript", lambda text: "cancel it" in text)
        _grab(folder / "window.png", window)
        show(program, REPORT[:20])
        program.wait_for_text("transcript", lambda text: "€96,000" in text)
        program.do_named("press", "[1]", "link")
        wait_for(lambda: program.has("viewer-pages", "showing"), "the page")
        _grab(folder / "document.png", window)
        pointer("key", "Escape")
        pointer("key", "--delay", 40, "ctrl+g", "ctrl+b")
        wait_for(lambda: program.has("open-table", "enabled"), "the tables")
        program.do("press", "open-table")
        wait_for(lambda: any("NL-2007" in name for _, name, _ in program.names()), "the table")
        _grab(folder / "table.png", window)
        pointer("key", "Escape")
        show(program, "Notice")
        program.wait_for_text("text-editor", lambda text: "Harbour" in text)
        _grab(folder / "text.png", window)
    editor_source = EDITOR.format(text=MAIL)
    with Program(home, client, "--resident", COMETAPI_KEY="") as program:
        wait_for(is_held, "the shortcut")
        with other_program(editor_source) as editor:
            press()
            wait_for(lambda: active() not in (0, editor.window), "the quick prompt")
            program.do("set_text", "prompt", text="Make this correct and polite")
            pointer("key", "Return")
            program.wait_to_hear("Response complete.")
            pointer("mousemove", "--sync", 1500, 1100)
            _grab(folder / "quick-prompt.png", 0)
    # Without a window manager, the window under the pointer has the keys.
    pointer("mousemove", "--sync", WIDTH // 2, HEIGHT // 2)


EDITOR: Final = """
from PySide6.QtWidgets import QApplication, QPlainTextEdit
application = QApplication(["editor"])
field = QPlainTextEdit({text!r})
field.setWindowTitle("Mail to Ines")
field.setStyleSheet("background: #fff; color: #222; font-size: 16px; padding: 24px; border: 0")
field.setGeometry(60, 60, 1100, 640)
field.selectAll()
application.clipboard().setText(field.toPlainText(), application.clipboard().Mode.Selection)
field.show()
print(int(field.winId()), flush=True)
application.exec()
"""


@contextmanager
def _window_manager() -> Iterator[None]:
    with subprocess.Popen(["openbox"], stderr=subprocess.DEVNULL) as manager:
        try:
            yield
        finally:
            manager.terminate()


@asynccontextmanager
async def _backend(home: Path) -> AsyncIterator[Backend]:
    where = Folders(
        home / "data", home / "config", home / "cache", home / "logs", home, scope="pictures"
    )
    os.environ["REPARTEE_HOME"] = str(home)
    from desktop_app.paths import folders

    backend = Backend(where._replace(**_scope(folders())), {})
    await backend.database.open()
    try:
        yield backend
    finally:
        await backend.aclose()


def _scope(found: Folders) -> dict[str, Any]:
    return {"scope": found.scope, "runtime": found.runtime}


async def _fill(backend: Backend, base_url: str) -> None:
    """Store conversations, a text, a provider with a key, and this month's spending."""
    await backend.settings.save_profile(
        replace(COMETAPI, base_url=base_url, monthly_cap=Decimal(20))
    )
    await backend.vault.set(COMETAPI.id, key_for(base_url, "not-a-real-key"))
    choice = ModelChoice(COMETAPI.id, "", Variant.THINKING, Effort.HIGH)
    await backend.settings.set("default.provider", COMETAPI.id)
    await backend.settings.set("default.effort", "high")
    await backend.settings.set("look.theme", "light")
    moment = now()
    notice = Conversation(
        new_id(), "Notice to the landlord", moment, moment - timedelta(days=20), choice, pinned=True
    )
    await backend.conversations.create(notice)
    for days, titles in TITLES.items():
        for minutes, title in enumerate(titles):
            at = moment - timedelta(days=days, minutes=minutes + 1)
            await backend.conversations.create(Conversation(new_id(), title, at, at, choice))
    await TextStore(backend.temporary).put(_with_changes(notice.id))
    await backend.ledger.add(
        Call(
            provider_id=COMETAPI.id,
            model="gpt-5.2",
            usage=Usage(1_000_000, 0, 170_000),
            cost=Decimal("4.12"),
            purpose="answer",
            at=moment,
        )
    )


def _with_changes(conversation_id: str) -> WrittenText:
    """Return the notice; in it, [-…-] is what a change takes out, and [+…+] what it puts in."""
    body, marks, change = "", [], 0
    for piece in re.split(r"(\[[-+].*?[-+]\])", NOTICE):
        is_mark, is_insertion = piece.startswith(("[-", "[+")), piece.startswith("[+")
        words = piece[2:-2] if is_mark else piece
        if is_mark:
            change += not (is_insertion and marks and marks[-1].end == len(body))
            marks.append(Mark(len(body), len(body) + len(words), change, is_insertion))
        body += words
    return WrittenText(new_id(), conversation_id, "Notice", body, tuple(marks))


GRAB: Final = """
import sys
from PySide6.QtGui import QGuiApplication
application = QGuiApplication(sys.argv[:1])
window, left, top, width, height = map(int, sys.argv[2:7])
picture = application.primaryScreen().grabWindow(window, left, top, width, height)
picture.save(sys.argv[1])
"""


def _grab(target: Path, window: int) -> None:
    """Save the picture of a window; of the editor with what is over it if it is 0."""
    subprocess.run(["sleep", "0.6"], check=True)  # hover effects and the caret come to rest
    place = (0, 0, WIDTH, HEIGHT) if window else (60, 40, 1101, 665)
    command = [sys.executable, "-c", GRAB, str(target), *map(str, (window, *place))]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as fonts:
        os.environ["FONTCONFIG_FILE"] = f"{fonts}/fonts.conf"
        (Path(fonts) / "fonts.conf").write_text(FONTS, "utf-8")
        asyncio.run(main(target))
