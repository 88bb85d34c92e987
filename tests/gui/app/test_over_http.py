"""A question through everything: window, use case, client and a server on a socket."""

from __future__ import annotations

from tests.end2end.prepared_server import Prepared, PreparedServer
from tests.gui.app.conftest import Run
from tests.gui.app.desk import Desk, until

ANSWERS = {
    "story": Prepared("Once upon a time there was a lighthouse. " * 20, stops_after=60),
    "cut": Prepared("This far and no further, they said.", cut_after=24),
    "blue": Prepared("Because of **Rayleigh** scattering.", reasoning="**Weighing colours**"),
}


def test_answers_over_http(run: Run) -> None:
    async def main() -> None:
        async with (
            PreparedServer(ANSWERS) as server,
            Desk(
                real=True,
                environment={"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "not-a-key"},
            ) as desk,
        ):
            desk.type("Why is the sky blue?")
            await until(lambda: "tokens" in desk.estimate)
            desk.enter()
            await until(lambda: "Rayleigh" in desk.transcript)
            await desk.settled()
            assert "weighing colours" in desk.transcript
            assert desk.messages()[1][1:] == ("complete", "Because of **Rayleigh** scattering.")
            assert server.bodies[0]["model"] == "gpt-5.2"
            assert server.bodies[0]["reasoning"]["effort"] == "medium"
            await until(lambda: desk.window.header.context.text() == "12k of 272k")
            desk.window.conversations.new_requested.emit()
            desk.type("cut it short")
            desk.enter()
            await until(lambda: "Retry" in desk.transcript)
            await desk.settled()
            assert desk.messages()[3][1:] == ("failed", "This far and no further,")
            assert "This far and no further," in desk.transcript
            desk.window.conversations.new_requested.emit()
            desk.type("Tell me a story")
            desk.enter()
            await until(lambda: "lighthouse" in desk.transcript)
            desk.click("stop")
            await desk.settled()
            assert desk.messages()[5][1] == "cancelled"
            assert desk.messages()[5][2].startswith("Once upon a time")

    run(main())
