"""A second start shows every page, dialog, menu, card and tab, each time as the first time."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest

from desktop_app.app.window_request import OpenRequest, QuickRequest, WindowRequest
from desktop_app.chat.ui.temporary_controller import TemporaryController
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.paths import folders
from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController
from desktop_app.tables.ui.question_sheet import QuestionSheet
from desktop_app.tables.ui.tables_page import TablesPage
from desktop_app.texts.ui.texts_controller import TextsController
from tests.gui.app.app_harness import DATA, KEYED, AppHarness, dialog_of, until
from tests.helpers.full_store import fill

SIZES: Final = ((1280, 800), (640, 480), (1000, 700))
LONGEST_S: Final = 300

Leave = Callable[[AppHarness], Awaitable[object]]


async def _conversation(app: AppHarness) -> None:
    await app.ask_and_answer("Why?", "**So** it is.")


async def _page(app: AppHarness) -> None:
    await _conversation(app)
    app.session.run("tables.show")
    await until(app.session.of(TablesPage).isVisible)


async def _text(app: AppHarness) -> None:
    await _conversation(app)
    await app.session.of(TextsController).open_text("Tides", "The sea rises twice a day.")
    await app.written()


async def _table(app: AppHarness) -> None:
    await _conversation(app)
    page = app.session.of(TablesPage)
    page.begin_with([DATA / "notes.md"])
    dialog = await dialog_of(QuestionSheet)
    dialog.prompt.setPlainText("Who pays?")
    dialog.save_button.click()
    await until(lambda: page.view.run_bar.try_button.isEnabled())
    await app.written()


async def _table_that_runs(app: AppHarness) -> None:
    await _table(app)
    app.session.of(TablesPage).view.run_bar.run_button.click()
    await until(lambda: app.providers.turns)


async def _temporary(app: AppHarness) -> None:
    app.session.of(TemporaryController).open()
    await app.ask_and_answer("A secret?", "Yes.")


async def _answer(app: AppHarness) -> None:
    turn = await app.ask("Why?")
    turn.say("Because")
    await until(lambda: "Because" in app.transcript)


async def _quick(app: AppHarness) -> None:
    await until(app.session.of(QuickPromptController).window.isVisible)


LEFT: Final[dict[str, Leave]] = {
    "conversation": _conversation,
    "page": _page,
    "text": _text,
    "table": _table,
    "temporary": _temporary,
    "answer": _answer,
    "running-table": _table_that_runs,
    "quick": _quick,
}


async def _leave_behind(name: str) -> None:
    request: WindowRequest = QuickRequest() if name == "quick" else OpenRequest()
    if name != "quick":
        async with AppHarness() as app:
            await fill(app.backend.database, folders().attachments)
    async with AppHarness(environment=KEYED, request=request) as app:
        if name != "quick":
            app.new_conversation()
            await app.written()
            app.session.setup.choose(ModelChoice("env-openai", "gpt-5.2"))
        await LEFT[name](app)


def _walk(tmp_path: Path, **options: object) -> list[str]:
    """Walk the program in a process of its own; return what it found."""
    home = tmp_path / "home"
    own = {"HOME": str(home), "HTTPS_PROXY": "http://127.0.0.1:9", "PYTHONFAULTHANDLER": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.gui.app.second_start", json.dumps(options)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **own},
        timeout=LONGEST_S,
    )
    if os.environ.get("REPARTEE_WALK_LOG"):
        Path(os.environ["REPARTEE_WALK_LOG"]).write_text(done.stderr, "utf-8")
    lines = done.stdout.splitlines()
    assert lines, done.stderr
    faults = json.loads(lines[-1])["faults"]
    return [*faults, *([f"{done.returncode}: {done.stderr[-2000:]}"] if done.returncode else [])]


async def test_a_second_start_shows_every_surface_as_the_first_time(tmp_path: Path) -> None:
    await _leave_behind("conversation")
    faults = _walk(tmp_path, sizes=SIZES[:1], everything=False)
    assert not faults, "\n".join(faults)


@pytest.mark.slow
@pytest.mark.parametrize("left", LEFT)
async def test_a_second_start_shows_every_surface_whatever_was_left(
    left: str, tmp_path: Path
) -> None:
    await _leave_behind(left)
    faults = _walk(tmp_path, sizes=SIZES, everything=True)
    assert not faults, "\n".join(faults)


@pytest.mark.slow
async def test_whatever_one_does_nothing_typed_is_lost_and_nothing_goes_wrong(
    tmp_path: Path,
) -> None:
    seed = int(os.environ.get("REPARTEE_SEED", "0")) or secrets.randbelow(10**6)
    sys.stdout.write(f"REPARTEE_SEED={seed}\n")
    await _leave_behind("conversation")
    faults = _walk(tmp_path, seed=seed, seconds=int(os.environ.get("REPARTEE_SECONDS", "120")))
    assert not faults, f"seed {seed}\n" + "\n".join(faults)
