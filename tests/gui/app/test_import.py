"""Import and export of conversations from the window."""

from __future__ import annotations

import json
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from desktop_app.app.navigator import Navigator
from desktop_app.exchange.ui.transfer_controller import TransferController
from desktop_app.widgets.status_line import ProgressCard
from tests.gui.app.app_harness import AppHarness, until

WORD = "zanzibarquix"


def chatgpt(count: int = 3) -> str:
    """Return a ChatGPT export."""

    def turn(n: int) -> dict[str, Any]:
        message = {
            "author": {"role": "user"},
            "content": {"content_type": "text", "parts": [f"Question {n} of {WORD}"]},
        }
        return {
            "title": f"Imported {n}",
            "create_time": 1.7e9 + n,
            "conversation_id": f"c-{n}",
            "current_node": "u",
            "mapping": {"u": {"id": "u", "parent": None, "message": message}},
        }

    return json.dumps([turn(n) for n in range(count)])


async def test_an_imported_conversation_is_answered_like_a_new_one(tmp_path: Path) -> None:
    """The import's process does not have the key of the environment."""
    export = tmp_path / "conversations.json"
    export.write_text(chatgpt(1))
    async with AppHarness(environment={"OPENAI_API_KEY": "sk-a"}) as app:
        app.controllers.of(TransferController).import_files([export])
        await until(lambda: app.said == "1 conversation imported.")
        ((imported,),) = app.stored("SELECT id FROM conversations")
        await app.open_conversation(imported)
        assert app.state.setup.profile.id == "env-openai"
        assert app.state.setup.resolved.model.id == "gpt-5.2"
        turn = await app.ask("And then?")
        assert (turn.profile.id, turn.request.model) == ("env-openai", "gpt-5.2")
        turn.end("Then this.")
        await app.settled()
    async with AppHarness() as app:
        await app.open_conversation(imported)
        assert not app.state.providers.has_provider(app.state.current.conversation)


@pytest.mark.slow
@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN])
async def test_an_import_can_be_stopped(
    handler: signal.Handlers, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    # A program that a script starts with "&" ignores interrupts, and so do its children.
    request.addfinalizer(partial(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT)))
    signal.signal(signal.SIGINT, handler)
    export = tmp_path / "conversations.json"
    export.write_text(chatgpt(4000))

    async with AppHarness() as app:
        app.controllers.of(TransferController).import_files([export])
        await until(lambda: app.window.findChildren(ProgressCard))
        bar = app.window.findChildren(ProgressCard)[0]
        await until(lambda: bar.bar.value() > 3)
        bar.cancel_button.click()
        await until(lambda: "stopped" in app.said)
        count = app.stored("SELECT count(*) FROM conversations")[0][0]
        assert 3 < count < 4000


async def test_conversations_are_exported_and_imported(tmp_path: Path) -> None:
    async with AppHarness() as app:
        # Export of one and of all.
        first = await app.ask_and_answer("First?", "One.")
        app.controllers.of(Navigator).open_new()
        await app.ask_and_answer("Second?", "Two.")
        transfer = app.controllers.of(TransferController)
        transfer.export([first], "markdown", tmp_path / "one.md")
        await until(lambda: app.said == "Exported to one.md.")
        assert (tmp_path / "one.md").read_text().startswith("# First?")
        app.window.notifications.dismiss()
        transfer.export(None, "json", tmp_path / "all.json")
        await until(lambda: "2 conversations exported" in app.said)
        kept = json.loads((tmp_path / "all.json").read_text())
        assert len(kept["conversations"]) == 2
        transfer.export(None, "json", Path("/proc/none.json"))
        await until(lambda: "Couldn’t save" in app.said)

        # Imported conversations are listed and reported.
        await app.start_over()
        export = tmp_path / "conversations.json"
        export.write_text(chatgpt())

        await app.ask_and_answer("Mine?", "Yes.")
        app.controllers.of(TransferController).import_files([export])
        await until(lambda: app.window.findChildren(ProgressCard))
        bar = app.window.findChildren(ProgressCard)
        await until(lambda: "imported" in app.said)
        assert app.said == "3 conversations imported."
        assert bar[0].isHidden()
        assert {"Imported 0", "Imported 1", "Imported 2", "Mine?"} <= set(app.rows)
        assert "Yes." in app.transcript
        app.controllers.of(TransferController).import_files([export])
        await until(lambda: "already in your library" in app.said)
        assert app.said == "0 conversations imported. 3 conversations were already in your library."
        empty = tmp_path / "empty.json"
        empty.write_text('[{"mapping": {}}]')
        app.controllers.of(TransferController).import_files([empty])
        await until(lambda: app.said == "0 conversations imported. 1 empty conversation skipped.")
        bad = tmp_path / "bad.json"
        bad.write_text("no JSON")
        app.controllers.of(TransferController).import_files([bad])
        await until(lambda: "isn’t JSON" in app.said)
        odd = [*json.loads(chatgpt(4)), {"title": "Odd", "mapping": 1}]
        export.write_text(json.dumps(odd))
        app.controllers.of(TransferController).import_files([export])
        await until(lambda: "isn’t from ChatGPT" in app.said)
        assert app.said.startswith("1 conversation imported. 3 conversations were already")
