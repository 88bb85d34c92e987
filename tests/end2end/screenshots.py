"""Takes screenshots of the real program.

    python -m tests.end2end.screenshots FOLDER

Run it in the session of packaging/desktop-session.sh --screen. The store is filled through the
program's storage. Answers come over HTTP from a prepared local server, because the small on-device
model's answers would distract from the window.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from desktop_app.backend.backend import Backend
from desktop_app.domain.conversations.conversation import Conversation, ModelChoice, new_id, now
from desktop_app.domain.cost import Usage
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.spending_report import Call
from desktop_app.paths import Folders
from desktop_app.providers.gateway.environment_profiles import COMETAPI
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
POSTCODE = """Four digits, nothing else; the register runs from 0001 to 9991:

```regex
^(?!0000)\\d{4}$
```

It accepts `0150` and refuses `150` or `N-0150`.
"""
REASONING = "**Which failures are safe to repeat**\n\nOnly those before the first byte."
TITLES = {
    0: ("Q3 report, board summary", "Translate the lease"),
    1: ("Budget 2027 what-if", "Regular expression for IBAN", "Norwegian for the trip"),
    4: ("Interview questions", "Contract: Oslo office", "CSV to Parquet", "Birthday speech"),
}
ANSWERS = {
    "summarize": Prepared(SUMMARY, input_tokens=34_000),
    "Summarize": Prepared(SUMMARY, input_tokens=34_000),
    "postcode": Prepared(POSTCODE, input_tokens=20, output_tokens=60),
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
        """Take screenshots of the window in use."""
        await self._picture("empty-state", _do_nothing, filled=False)
        await self._picture("main", _ask(QUESTION))
        await self._picture("document", _summarize, str(REPORT))
        await self._picture("settings", _open_settings)
        if not self._prefix:
            await self._picture("quick-prompt", _quick, "quick")

    async def _picture(
        self,
        name: str,
        act: Callable[[Program], Awaitable[None]],
        *arguments: str,
        filled: bool = True,
    ) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            home = Path(scratch) / "home"
            async with _backend(home) as backend:
                await backend.settings.set("look.theme", self._theme)
                if filled:
                    await _fill(backend, self._server.base_url)
            with Program(home, self._client, *arguments, COMETAPI_KEY="") as program:
                await asyncio.to_thread(program.do, "states", "prompt")
                if arguments != ("quick",):
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


async def _open_settings(program: Program) -> None:
    await asyncio.to_thread(program.do, "press", "open-settings")
    await asyncio.to_thread(wait_for, lambda: program.has("settings", "showing"), "the panel")


async def _quick(program: Program) -> None:
    await asyncio.to_thread(program.do, "set_text", "prompt", text="regex for a Norwegian postcode")
    await asyncio.to_thread(subprocess.run, ["xdotool", "key", "Return"], check=True)
    await asyncio.sleep(2)


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
    """Store recent conversations, a provider with a key, and this month's spending."""
    await backend.settings.save_profile(
        replace(COMETAPI, base_url=base_url, monthly_cap=Decimal(20))
    )
    await backend.vault.set(COMETAPI.id, key_for(base_url, "not-a-real-key"))
    choice = ModelChoice(COMETAPI.id, "", Variant.THINKING, Effort.HIGH)
    await backend.settings.set("default.provider", COMETAPI.id)
    await backend.settings.set("default.effort", "high")
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
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as fonts:
        os.environ["FONTCONFIG_FILE"] = f"{fonts}/fonts.conf"
        (Path(fonts) / "fonts.conf").write_text(FONTS, "utf-8")
        asyncio.run(main(target))
