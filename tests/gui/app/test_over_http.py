"""A question through everything: window, use case, client and a server on a socket."""

from __future__ import annotations

from tests.end2end.prepared_server import Prepared, PreparedServer
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.family import FAMILY_ENVIRONMENT

ANSWERS = {
    "story": Prepared("Once upon a time there was a lighthouse. " * 20, stops_after=60),
    "cut": Prepared("This far and no further, they said.", cut_after=24),
    "blue": Prepared("Because of **Rayleigh** scattering.", reasoning="**Weighing colors**"),
}


async def test_answers_over_http() -> None:
    async with (
        PreparedServer(ANSWERS) as server,
        AppHarness(
            has_real_providers=True,
            environment={
                "OPENAI_BASE_URL": server.base_url,
                "OPENAI_API_KEY": "not-a-key",
                **FAMILY_ENVIRONMENT,
            },
        ) as app,
    ):
        app.type("Why is the sky blue?")
        await until(lambda: "tokens" in app.estimate)
        app.enter()
        await until(lambda: "Rayleigh" in app.transcript)
        await app.settled()
        assert "Weighing colors" in app.transcript
        assert app.messages()[1][1:] == ("complete", "Because of **Rayleigh** scattering.")
        assert server.bodies[0]["model"] == "gpt-5.2"
        assert server.bodies[0]["reasoning"]["effort"] == "medium"
        await until(lambda: app.window.header.context.text() == "12k of 272k")
        app.window.conversations.new_requested.emit()
        app.type("cut it short")
        app.enter()
        await until(lambda: "Retry" in app.transcript)
        await app.settled()
        assert app.messages()[3][1:] == ("failed", "This far and no further,")
        assert "This far and no further," in app.transcript
        app.window.conversations.new_requested.emit()
        app.type("Tell me a story")
        app.enter()
        await until(lambda: "lighthouse" in app.transcript)
        app.click("stop")
        await app.settled()
        assert app.messages()[5][1] == "cancelled"
        assert app.messages()[5][2].startswith("Once upon a time")
