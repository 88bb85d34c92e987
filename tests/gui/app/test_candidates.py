"""Several answers to one question in the window, streamed at once as versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.settings.ui.settings_controller import SettingsController
from tests.gui.app.app_harness import AppHarness, until

if TYPE_CHECKING:
    from tests.gui.app.scripted_providers import Turn

COMET = {"COMETAPI_KEY": "sk-comet"}


async def ask_for(app: AppHarness, count: int, question: str = "Why?") -> list[Turn]:
    """Ask for several answers, each of which is a request."""
    app.state.of(SettingsController).override(app.open_id, "answer.candidates", count)
    before = len(app.providers.turns)
    await app.ask(question)
    await until(lambda: len(app.providers.turns) == before + count)
    return app.providers.turns[before:]


async def test_versions_are_listed_while_they_arrive_and_stopped_together() -> None:
    async with AppHarness(environment=COMET) as app:
        # Versions are listed while they arrive.
        first, second, third = await ask_for(app, 3)
        await until(lambda: app.version == "1/3")
        first.say("The first.")
        second.say("The second")
        await until(lambda: "The first." in app.transcript)
        assert "The second" not in app.transcript
        app.act("newer-version")
        await until(lambda: app.version == "2/3")
        assert "The second" in app.transcript  # its text so far
        second.say(" goes on.")
        await until(lambda: "The second goes on." in app.transcript)
        assert app.is_shown("stop")
        third.end("The third.")
        second.end()
        await until(lambda: "Response complete." in app.window.notifications.status.text())
        assert app.is_shown("stop")  # the first is still on its way
        assert app.is_marked_as_streaming(app.open_id)
        first.end()
        await app.settled()
        assert not app.is_shown("stop")
        assert not app.is_marked_as_streaming(app.open_id)
        texts = [text for role, _, text in app.messages() if role == "assistant"]
        assert texts == ["The first.", "The second goes on.", "The third."]

        # Stop stops all and keeps all.
        await app.start_over()
        turns = await ask_for(app, 3)
        for number, turn in enumerate(turns):
            turn.say(f"Half {number}")
        await until(lambda: "Half 0" in app.transcript)
        app.window.prompt.stop_requested.emit()
        await app.settled()
        assert all(turn.closed for turn in turns)
        assert app.messages()[1:] == [
            ("assistant", "cancelled", f"Half {number}") for number in range(3)
        ]
