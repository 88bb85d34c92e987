"""Takes screenshots of the real program.

    python -m tests.end2end.screenshots FOLDER

Run it in the session of packaging/desktop-session.sh --screen. The store is filled through the
program's storage. Answers come over HTTP from a prepared local server, because the small on-device
model's answers would distract from the window.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from PIL import Image

from desktop_app.backend.backend import Backend, build_backend
from desktop_app.backend.environment_profiles import COMETAPI
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Folder,
    ModelChoice,
    new_id,
    now,
)
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.prompts.preset import Preset
from desktop_app.domain.prompts.prompts import Prompt
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import Call
from desktop_app.paths import Folders
from tests.data.long_pdf import long_pdf
from tests.end2end.batch_states import fill_batches
from tests.end2end.prepared_server import Prepared, PreparedServer
from tests.end2end.program import AssistiveClient, Program, wait_for
from tests.helpers.secrets import key_for

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "tests" / "data" / "report.pdf"
# The design uses these fonts; otherwise the screenshots would have the system's fonts.
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <alias binding="strong"><family>sans-serif</family><prefer><family>Inter</family></prefer></alias>
  <alias binding="strong"><family>monospace</family>
    <prefer><family>JetBrains Mono</family></prefer></alias>
</fontconfig>
"""
DOCUMENTS = ("report.pdf", "report.docx", "slides.pptx", "figures.xlsx", "notes.md", "damaged.pdf")
SIZES = {"": (1280, 800), "small-": (640, 480)}

QUESTION = "When should an upload be retried, and for how long? Show me the code."
ANSWER = """Retry only what can succeed **without** being repeated twice: connection errors, `429` \
and `5xx` before the first byte. Everything else is an answer, not a fault.

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
SUMMARY = """### Summary

1. Revenue rose 12 % to NOK 418 million; subscriptions carried two thirds of the growth.
2. Gross margin fell 1.8 points because cloud costs grew faster than usage.
3. Churn in the small-business tier doubled after the April price change.
4. The Gdańsk office opened on time and under budget.
5. Two large renewals, 9 % of revenue, are due before year end.
6. Cash covers eleven months at the present rate.

### Action items

| Task | Owner | Deadline |
|:-----|:------|---------:|
| Reprice the small-business tier | M. Nowak | 15 Oct |
| Renegotiate the cloud contract | S. Berg | 1 Nov |
| Secure both renewals | A. Dubois | 30 Nov |
"""
FORMULAS = r"""Completing the square in \(ax^2 + bx + c = 0\) gives

$$x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}$$

1. Where $\Delta = b^2 - 4ac > 0$ there are two roots; it costs $5 or $10 to ask.
2. \[ \sum_{n=1}^{\infty} \frac{1}{n^2} = \frac{\pi^2}{6} \]
   > Basel, 1734
   > - Euler

| Curve | $f(x)$ |
|:------|-------:|
| Bell | $e^{-x^2}$ |
"""
POSTCODE = """Four digits, nothing else; the register runs from 0001 to 9991:

```regex
^(?!0000)\\d{4}$
```

It accepts `0150` and refuses `150` or `N-0150`.
"""
CITED = """The compressor of cold room 3 failed on 19 August and stood still for 41 hours [1]. The \
cause was a bearing whose replacement had been put off twice [1, 2]; the insurer has accepted the \
claim of €96,000 less an excess of €10,000 [2].

| What it cost | Source |
|:-------------|-------:|
| 212 pallets of yoghurt | [1] |
| Orders that came late | [3][4] |

The documents do not say who supplied the bearing.
"""
REASONING = "**Which failures are safe to repeat**\n\nOnly those before the first byte."
TITLES = {
    0: ("Q3 report, board summary", "Translate the lease"),
    1: ("Budget 2027 what-if", "Regular expression for IBAN", "Norwegian for the trip"),
    4: ("Interview questions", "Contract: Oslo office", "CSV to Parquet", "Birthday speech"),
}
ANSWERS = {
    "these two": Prepared(
        "The first is a photo in **soft colors**; the second a chart of four bars, "
        "of which the last quarter's is the highest.",
        input_tokens=3_400,
        output_tokens=40,
    ),
    "summarize": Prepared(SUMMARY, input_tokens=34_000),
    "Summarize": Prepared(SUMMARY, input_tokens=34_000),
    "slowly": Prepared(ANSWER, REASONING, pause_s=0.03, stops_after=560),
    "cut": Prepared(ANSWER, REASONING, cut_after=190),
    "postcode": Prepared(POSTCODE, input_tokens=20, output_tokens=60),
    "compressor": Prepared(CITED, input_tokens=1_900),
    "A long question": Prepared(ANSWER, input_tokens=219_000),
    "formulas": Prepared(FORMULAS),
    "upload": Prepared(ANSWER, REASONING),
}


async def main(folder: Path) -> None:
    """Take every picture into `folder`."""
    client = AssistiveClient()
    async with PreparedServer(ANSWERS) as server:
        for theme in ("light", "dark"):
            for prefix, size in SIZES.items():
                pictures = Pictures(folder, server, client, theme, prefix, size)
                await pictures.take_all()
    client.close()


class Pictures:
    """The screenshots of a theme at a size."""

    def __init__(
        self,
        folder: Path,
        server: PreparedServer,
        client: AssistiveClient,
        theme: str,
        prefix: str,
        size: tuple[int, int],
    ) -> None:
        self._folder, self._server, self._client = folder, server, client
        self._theme, self._prefix, self._size = theme, prefix, size

    async def take_all(self) -> None:
        """Take screenshots of every state of the window."""
        await self._picture("empty-state", _do_nothing, filled=False)
        await self._picture("main", _ask(QUESTION))
        await self._picture("streaming", _ask(f"{QUESTION} slowly", "Total"))
        self._server.release.set()
        await asyncio.sleep(0.2)
        self._server.release.clear()
        await self._picture("error", _ask(f"{QUESTION} cut", "Retry"))
        await self._picture("compaction", _wait_for_compaction_offer)
        await self._picture("find", _find)
        await self._picture("formulas", _formulas)
        await self._picture("document", _summarize, str(REPORT))
        await self._attachments()
        with tempfile.TemporaryDirectory() as pictures:
            files = _make_pictures(Path(pictures))
            await self._picture("pictures-attached", _attach_pictures, *files)
            await self._picture("pictures", _ask_about_pictures, *files)
        await self._picture("settings", _open_settings)
        await self._picture("settings-network", _open_network_settings)
        await self._picture("settings-answer", _open_answer_settings("defaults"))
        await self._picture("settings-own", _open_answer_settings("conversation"))
        await self._picture("spending", _show_spending)
        await self._prompts()
        await self._collections()
        await self._library()
        await self._batches()
        if not self._prefix:
            await self._picture("quick-prompt", _quick, "quick")

    async def _attachments(self) -> None:
        """Show the chosen pages of a document, its preview and its password."""
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "Annual report 2026.pdf"
            report.write_bytes(long_pdf(52))
            await self._picture("chosen-pages", _choose_pages("3-10, 15"), str(report))
            await self._picture("preview", _preview, str(REPORT))
            await self._picture("preview-wrong", _choose_invalid_pages, str(REPORT))
            scan = ROOT / "tests" / "data" / "corpus" / "partly-scanned.pdf"
            await self._picture("preview-image", _preview_image, str(scan))
            protected = ROOT / "tests" / "data" / "encrypted.pdf"
            await self._picture("password", _ask_password, str(protected))

    async def _library(self) -> None:
        """Show the list, and stored, found, deleted and repaired conversations."""
        await self._picture("folders", _mark_some, library=True)
        await self._picture("folder", _open_folder, library=True)
        await self._picture("archive", _show_place("archive"), library=True)
        await self._picture("trash", _show_place("trash"), library=True)
        await self._picture("list-menu", _menu_of_list, library=True)
        await self._picture("search", _search, library=True)
        await self._picture("temporary", _command("New temporary conversation", "temporary"))
        await self._picture("settings-library", _show_library_settings)
        await self._picture("settings-delete", _show_deleting)
        await self._picture("damaged", _wait_for_damage_dialog, damaged=True)

    async def _batches(self) -> None:
        """Show batch jobs: a new job, the list, a job to confirm and a job that has ended."""
        await self._picture("batch-new", _new_batch, batches=True)
        await self._picture("batch-jobs", _command("Show batch jobs", "batch-list"), batches=True)
        await self._picture("batch-ready", _open_batch(0), batches=True)
        await self._picture("batch-ended", _open_batch(1), batches=True)

    async def _collections(self) -> None:
        """Show collections, a question to a collection, and the source of a citation."""
        await self._picture("collections-first", _command("Collections", "find-collections"))
        asking = _command("Ask a collection", "collection-picker")
        await self._picture("collections", _show_collection, documents=DOCUMENTS)
        await self._picture("ask-collection", asking, documents=DOCUMENTS)
        await self._picture("cited", _cite, documents=DOCUMENTS)
        await self._picture("viewer", _open_citation, documents=("report.pdf",))
        await self._picture("viewer-text", _open_citation, documents=("report.docx",))
        await self._picture("viewer-find", _find_in_document, documents=("report.pdf",))

    async def _prompts(self) -> None:
        """Show prompts and presets."""
        await self._picture("prompt-menu", _typing("/"))
        await self._picture("prompt-menu-first", _typing("/co"), filled=False)
        await self._picture("prompt-fields", _typing("/grammar", "Return"))
        await self._picture("prompts", _command("Edit prompts", "find-prompts"))
        await self._picture("presets", _command("Edit presets", "find-presets"))
        await self._picture("preset-menu", _command("Apply preset", "preset"))
        if not self._prefix:
            await self._picture("quick-prompt-menu", _quick_typing("/"), "quick")
            await self._picture("quick-prompt-fields", _quick_typing("/trans", "Return"), "quick")

    async def _picture(
        self,
        name: str,
        act: Callable[[Program], Awaitable[None]],
        *arguments: str,
        filled: bool = True,
        library: bool = False,
        documents: Sequence[str] = (),
        damaged: bool = False,
        batches: bool = False,
    ) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            home = Path(scratch) / "home"
            async with _backend(home) as backend:
                await backend.settings.set("look.theme", self._theme)
                if filled:
                    await _fill(backend, self._server.base_url)
                if library:
                    await _fill_library(backend)
                if batches:
                    await fill_batches(backend)
                if documents:
                    await _fill_collection(backend, documents)
            if damaged:
                await asyncio.to_thread(_damage, home / "data" / "repartee.sqlite3")
            with Program(home, self._client, *arguments, COMETAPI_KEY="") as program:
                first = "store-dialog" if damaged else "prompt"
                await asyncio.to_thread(program.do, "states", first)
                if arguments != ("quick",) and not damaged:
                    await asyncio.to_thread(_resize, program, self._size)
                await act(program)
                await asyncio.sleep(0.8)  # hover effects and the caret come to rest
                target = self._folder / f"{self._prefix}{name}-{self._theme}.png"
                await asyncio.to_thread(_grab, target, self._size)
        sys.stdout.write(f"{target.name}\n")


async def _do_nothing(_program: Program) -> None:
    """Take the window as it starts."""


def _ask(question: str, until: str = "cancel it") -> Callable[[Program], Awaitable[None]]:
    async def act(program: Program) -> None:
        await asyncio.to_thread(program.ask, question)
        await asyncio.to_thread(program.wait_for_text, "transcript", lambda text: until in text)

    return act


async def _summarize(program: Program) -> None:
    await asyncio.to_thread(program.do, "press", "suggest-executive-summary")
    await asyncio.to_thread(program.wait_for_text, "transcript", lambda text: "Dubois" in text)


async def _open_preview(program: Program) -> None:
    name = "preview-attachment"
    await asyncio.to_thread(wait_for, lambda: program.has(name, "showing"), "the chip")
    await asyncio.to_thread(program.do, "press", name)
    await asyncio.to_thread(program.wait_for_text, "preview-text", lambda text: len(text) > 9)


async def _preview(program: Program) -> None:
    await _open_preview(program)
    await asyncio.to_thread(subprocess.run, ["xdotool", "key", "ctrl+f"], check=True)
    await asyncio.to_thread(wait_for, lambda: program.has("find", "showing"), "the bar")
    await asyncio.to_thread(program.do, "set_text", "find", text="report")


def _choose_pages(pages: str) -> Callable[[Program], Awaitable[None]]:
    async def act(program: Program) -> None:
        await _open_preview(program)
        await asyncio.to_thread(program.do, "set_text", "pages-to-send", text=pages)
        await asyncio.to_thread(program.do, "press", "apply-pages")
        await asyncio.to_thread(
            program.wait_for_text, "preview-text", lambda text: "[page 1]" not in text
        )
        await asyncio.sleep(0.5)
        await asyncio.to_thread(program.do, "press", "close-preview")

    return act


async def _choose_invalid_pages(program: Program) -> None:
    await _open_preview(program)
    await asyncio.to_thread(program.do, "set_text", "pages-to-send", text="2-60")
    await asyncio.to_thread(program.do, "press", "apply-pages")
    await asyncio.to_thread(wait_for, lambda: program.has("pages-error", "showing"), "the error")


async def _preview_image(program: Program) -> None:
    await _open_preview(program)
    await asyncio.to_thread(program.do, "press", "images")
    await asyncio.sleep(1.5)


async def _ask_password(program: Program) -> None:
    name = "document-password"
    await asyncio.to_thread(wait_for, lambda: program.has(name, "showing"), "the dialog")
    await asyncio.to_thread(program.do, "set_text", name, text="not this")
    await asyncio.to_thread(program.do, "press", "open-document")
    await asyncio.sleep(1)


def _make_pictures(folder: Path) -> list[str]:
    """Make a photo and a chart as files."""
    photo, chart = folder / "harbour at dusk.jpg", folder / "Q3 revenue.png"
    across = Image.linear_gradient("L").rotate(90).resize((1600, 1200))
    down = Image.linear_gradient("L").resize((1600, 1200))
    Image.merge("RGB", (down, across, across.point(lambda v: 255 - v))).save(photo, quality=90)
    bars = Image.new("RGB", (900, 900), "white")
    for number, height in enumerate((300, 420, 380, 640)):
        bars.paste((60, 90, 160), (100 + 190 * number, 800 - height, 230 + 190 * number, 800))
    bars.save(chart)
    return [str(photo), str(chart)]


async def _attach_pictures(program: Program) -> None:
    await asyncio.to_thread(wait_for, lambda: program.has("attachments", "showing"), "the chips")
    await asyncio.sleep(1.5)  # until the chips show thumbnails


async def _ask_about_pictures(program: Program) -> None:
    await _attach_pictures(program)
    await _ask("What do these two show?", "quarter")(program)
    await asyncio.sleep(1)


async def _wait_for_compaction_offer(program: Program) -> None:
    await _ask("A long question")(program)
    await asyncio.to_thread(wait_for, lambda: program.has("compaction", "showing"), "the offer")


async def _open_settings(program: Program) -> None:
    await _ask(f"{QUESTION} cut", "Retry")(program)
    await asyncio.to_thread(program.do, "press", "open-settings")
    await asyncio.to_thread(wait_for, lambda: program.has("settings", "showing"), "the panel")


async def _open_network_settings(program: Program) -> None:
    await _open_settings(program)
    await asyncio.to_thread(program.do, "press", "network")
    await asyncio.to_thread(wait_for, lambda: program.has("proxy", "showing"), "the fold")


def _open_answer_settings(scope: str) -> Callable[[Program], Awaitable[None]]:
    async def act(program: Program) -> None:
        await _open_settings(program)
        for name in ("answer", scope):
            await asyncio.to_thread(wait_for, lambda name=name: program.has(name, "showing"), name)
            await asyncio.to_thread(program.do, "press", name)

    return act


async def _show_spending(program: Program) -> None:
    await asyncio.to_thread(program.do, "press", "open-settings")
    await asyncio.to_thread(wait_for, lambda: program.has("settings", "showing"), "the panel")
    await asyncio.to_thread(program.do, "press", "show-spending")
    table = "spending-table"
    await asyncio.to_thread(wait_for, lambda: program.has(table, "showing"), "the tables")


async def _show_list(program: Program) -> None:
    """Show the list, which is a drawer in a narrow window."""
    if not await asyncio.to_thread(program.has, "conversations", "showing"):
        await asyncio.to_thread(program.do, "press", "toggle-list")
        await asyncio.to_thread(wait_for, lambda: program.has("conversations", "showing"), "a list")


def _show_place(name: str) -> Callable[[Program], Awaitable[None]]:
    async def act(program: Program) -> None:
        await _show_list(program)
        await asyncio.to_thread(program.do, "press", f"show-{name}")

    return act


async def _click(at: tuple[int, int], *keys: str) -> None:
    """Click with these modifier keys held down."""
    for key in keys:
        await asyncio.to_thread(subprocess.run, ["xdotool", "keydown", key], check=True)
    moved = ["xdotool", "mousemove", *map(str, at), "click", "1"]
    await asyncio.to_thread(subprocess.run, moved, check=True)
    for key in keys:
        await asyncio.to_thread(subprocess.run, ["xdotool", "keyup", key], check=True)
    await asyncio.sleep(0.3)


async def _mark_some(program: Program) -> None:
    await _show_list(program)
    for row in (7, 8, 10):
        await _click((100, 107 + 34 * row), "ctrl")


async def _open_folder(program: Program) -> None:
    await _show_list(program)
    await _click((100, 107 + 34 * 4))
    await asyncio.to_thread(program.do, "press", "new-conversation")
    await asyncio.sleep(0.5)
    if await asyncio.to_thread(program.has, "toggle-list", "showing"):
        await _show_list(program)


async def _menu_of_list(program: Program) -> None:
    await _show_list(program)
    moved = ["xdotool", "mousemove", "100", str(107 + 34 * 8), "click", "3"]
    await asyncio.to_thread(subprocess.run, moved, check=True)
    await asyncio.sleep(0.5)
    await asyncio.to_thread(_press, "", *["Up"] * 3, "Right")


async def _search(program: Program) -> None:
    await _show_list(program)
    await asyncio.to_thread(program.do, "set_text", "search", text="re")
    await asyncio.sleep(1)


async def _show_library_settings(program: Program) -> None:
    await _command("Backups, import, and export", "backup-folder")(program)


async def _show_deleting(program: Program) -> None:
    await _show_library_settings(program)
    await asyncio.to_thread(program.do, "press", "delete-everything")
    await asyncio.to_thread(
        wait_for, lambda: program.has("delete-word", "showing"), "the word to type"
    )


async def _wait_for_damage_dialog(program: Program) -> None:
    await asyncio.to_thread(wait_for, lambda: program.has("store-dialog", "showing"), "the dialog")


def _damage(store: Path) -> None:
    """Damage the store like a failing disk."""
    with store.open("r+b") as file:
        file.write(b"\0" * 4096)


async def _show_collection(program: Program) -> None:
    await _command("Collections", "find-collections")(program)
    await asyncio.to_thread(
        wait_for, lambda: program.has("ask-collection", "showing"), "the button"
    )


async def _cite(program: Program) -> None:
    await _show_collection(program)
    await asyncio.to_thread(program.do, "press", "ask-collection")
    await _ask("What happened to the compressor?", "supplied the bearing")(program)


async def _open_citation(program: Program) -> None:
    await _cite(program)
    await asyncio.to_thread(program.do, "press", "citation")
    await asyncio.to_thread(wait_for, lambda: program.has("viewer-name", "showing"), "the document")
    await asyncio.sleep(1.5)


async def _find_in_document(program: Program) -> None:
    await _open_citation(program)
    await asyncio.to_thread(program.do, "press", "viewer-find")
    await asyncio.to_thread(wait_for, lambda: program.has("find-bar", "showing"), "the bar")
    await asyncio.to_thread(subprocess.run, ["xdotool", "type", "the"], check=True)
    await asyncio.sleep(1.5)


async def _find(program: Program) -> None:
    await _ask(QUESTION)(program)
    await asyncio.to_thread(subprocess.run, ["xdotool", "key", "ctrl+f"], check=True)
    await asyncio.to_thread(wait_for, lambda: program.has("find", "showing"), "the bar")
    await asyncio.to_thread(program.do, "set_text", "find", text="retry")


async def _formulas(program: Program) -> None:
    await _ask("The formulas, please", "Bell")(program)
    await asyncio.sleep(2)  # until they are typeset


async def _quick(program: Program) -> None:
    await asyncio.to_thread(program.do, "set_text", "prompt", text="regex for a Norwegian postcode")
    await asyncio.to_thread(subprocess.run, ["xdotool", "key", "Return"], check=True)
    await asyncio.sleep(2)


def _typing(words: str, *keys: str) -> Callable[[Program], Awaitable[None]]:
    async def act(program: Program) -> None:
        if await asyncio.to_thread(program.has, "conversations", "showing"):
            await _ask(QUESTION)(program)
        await asyncio.to_thread(_press, words, *keys)

    return act


def _quick_typing(words: str, *keys: str) -> Callable[[Program], Awaitable[None]]:
    async def act(_program: Program) -> None:
        await asyncio.to_thread(_press, words, *keys)

    return act


def _press(words: str, *keys: str) -> None:
    subprocess.run(["xdotool", "type", "--delay", "60", words], check=True)
    time.sleep(0.3)
    for key in keys:
        subprocess.run(["xdotool", "key", key], check=True)
        time.sleep(0.5)


def _command(title: str, until: str) -> Callable[[Program], Awaitable[None]]:
    async def act(program: Program) -> None:
        await asyncio.to_thread(subprocess.run, ["xdotool", "key", "ctrl+k"], check=True)
        await asyncio.to_thread(
            wait_for, lambda: program.has("command-palette", "showing"), "the palette"
        )
        await asyncio.to_thread(_press, title, "Return")
        await asyncio.to_thread(wait_for, lambda: program.has(until, "showing"), until)

    return act


async def _new_batch(program: Program) -> None:
    await _command("New batch job", "batch-read")(program)
    await asyncio.sleep(0.5)


def _open_batch(row: int) -> Callable[[Program], Awaitable[None]]:
    async def act(program: Program) -> None:
        await _command("Show batch jobs", "batch-list")(program)
        await asyncio.sleep(0.8)
        keys = ["Down"] * row + ["Return", "Down", "Down"]
        await asyncio.to_thread(_press, "", *keys)
        await asyncio.sleep(0.8)

    return act


@asynccontextmanager
async def _backend(home: Path) -> AsyncIterator[Backend]:
    where = Folders(
        home / "data", home / "config", home / "cache", home / "logs", home, scope="pictures"
    )
    os.environ["REPARTEE_HOME"] = str(home)
    from desktop_app.paths import folders

    backend = build_backend(where._replace(**_scope(folders())), {})
    await backend.database.open()
    try:
        yield backend
    finally:
        await backend.aclose()


def _scope(found: Folders) -> dict[str, Any]:
    return {"scope": found.scope, "runtime": found.runtime}


async def _fill_collection(backend: Backend, names: Sequence[str]) -> None:
    made = await backend.collections.create("Cold storage")
    await backend.collections.add(made.id, [REPORT.parent / name for name in names])


async def _fill(backend: Backend, base_url: str) -> None:
    """Store recent conversations, a provider with a key, and this month's spending."""
    await backend.settings.save_profile(
        replace(COMETAPI, base_url=base_url, monthly_cap=Decimal(20))
    )
    await backend.vault.set(COMETAPI.id, key_for(base_url, "not-a-real-key"))
    choice = ModelChoice(COMETAPI.id, "", Variant.THINKING, Effort.HIGH)
    await backend.settings.set("default.provider", COMETAPI.id)
    await backend.settings.set("default.effort", "high")
    await backend.prompts.save(
        [Prompt("reply", "Reply to a letter", "Reply to {{name}}:\n\n{{selection}}", "Mail")],
        [
            Preset(
                "reviewer",
                "Code reviewer",
                variant=Variant.PRO,
                effort=Effort.HIGH,
                overrides=Overrides("You review code. Name what breaks, and when."),
            ),
            Preset(
                "poet", "Poet", overrides=Overrides().with_parameter("temperature", 1.0), position=1
            ),
        ],
    )
    await backend.settings.set("default.preset", "reviewer")
    moment = now()
    pinned = Conversation(
        new_id(), "Thesis outline", moment, moment - timedelta(days=20), choice, pinned=True
    )
    await backend.conversations.create(pinned)
    for days, titles in TITLES.items():
        for minutes, title in enumerate(titles):
            at = moment - timedelta(days=days, minutes=minutes + 1)
            await backend.conversations.create(Conversation(new_id(), title, at, at, choice))
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


async def _fill_library(backend: Backend) -> None:
    """Store folders, and conversations in the archive and the trash."""
    moment = now()
    folders = [Folder(new_id(), name, moment) for name in ("Garden", "Oslo office", "Thesis")]
    for folder in folders:
        await backend.conversation_folders.save(folder)
    choice = ModelChoice(COMETAPI.id, "", Variant.THINKING, Effort.HIGH)
    for number, title in enumerate(("Lease, clause by clause", "Moving checklist", "Desks")):
        at = moment - timedelta(days=number)
        filed = Conversation(new_id(), title, at, at, choice, folder_id=folders[1].id)
        await backend.conversations.create(filed)
        old = Conversation(new_id(), f"{title}, 2024", at, at, choice)
        archived, trashed = replace(old, archived=True), replace(old, id=new_id(), trashed_at=at)
        await backend.conversations.create(archived)
        await backend.conversations.create(trashed)


def _resize(program: Program, size: tuple[int, int]) -> None:
    found = ["xdotool", "search", "--sync", "--onlyvisible", "--pid", str(program.process.pid)]
    window = subprocess.run(found, capture_output=True, text=True, check=True).stdout.split()[-1]
    for command in (
        ["windowmove", window, "0", "0"],
        ["windowsize", "--sync", window, *map(str, size)],
    ):
        subprocess.run(["xdotool", *command], check=True)


GRAB = """
import sys
from PySide6.QtGui import QGuiApplication
application = QGuiApplication(sys.argv[:1])
screen = application.primaryScreen()
left, top, width, height = map(int, sys.argv[2:6])
screen.grabWindow(0, left, top, width, height).save(sys.argv[1])
"""


def _grab(target: Path, size: tuple[int, int]) -> None:
    place = ["0", "0", *map(str, size)]
    if target.name.startswith("quick"):
        place = ["420", "200", "760", "420"]
    subprocess.run([sys.executable, "-c", GRAB, str(target), *place], check=True)


if __name__ == "__main__":
    if shutil.which("xdotool") is None:
        sys.exit("xdotool is needed: packaging/test.sh installs it")
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as fonts:
        os.environ["FONTCONFIG_FILE"] = f"{fonts}/fonts.conf"
        (Path(fonts) / "fonts.conf").write_text(FONTS, "utf-8")
        asyncio.run(main(target))
