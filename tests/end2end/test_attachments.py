"""Choosing and previewing pages through AT-SPI, checked against the server's request body."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.data.long_pdf import long_pdf
from tests.end2end.prepared_server import Prepared, PreparedServer
from tests.end2end.program import LONGEST_S, AssistiveClient, Program, wait_for
from tests.helpers.family import FAMILY_ENVIRONMENT

ANSWERS = {"What": Prepared("It says so.")}


@contextmanager
def serving() -> Iterator[PreparedServer]:
    """Yield a server on a loop in its own thread."""
    loop, server = asyncio.new_event_loop(), PreparedServer(ANSWERS)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(LONGEST_S)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result(LONGEST_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_the_text_in_the_preview_is_the_text_that_is_sent(
    client: AssistiveClient, repartee_home: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.pdf"
    report.write_bytes(long_pdf(20))
    with serving() as server:
        environment = {
            "OPENAI_BASE_URL": server.base_url,
            "OPENAI_API_KEY": "not-a-key",
            **FAMILY_ENVIRONMENT,
        }
        with Program(repartee_home, client, str(report), **environment) as program:
            wait_for(lambda: program.has("preview-attachment", "showing"), "the chip")
            program.do("press", "preview-attachment")
            program.wait_for_text("preview-text", lambda text: "</document-" in text)
            program.do("set_text", "pages-to-send", text="3-5, 99")
            program.do("press", "apply-pages")
            wait_for(
                lambda: "“99” isn’t in this file" in program.do("name", "pages-error"), "why not"
            )
            program.do("set_text", "pages-to-send", text="3-5, 9")
            program.do("press", "apply-pages")
            shown = program.wait_for_text(
                "preview-text", lambda text: "3-5, 9 of 20" in text and "</document-" in text
            )
            assert "[page 4]" in shown
            assert "[page 1]" not in shown
            program.do("press", "close-preview")
            name = wait_for(
                lambda: next(n for i, n, _ in program.names() if i.endswith("preview-attachment")),
                "the chip",
            )
            assert name.startswith("Preview report.pdf, pages 3–5, 9 of 20 · ")
            program.ask("What does it say?")
            wait_for(lambda: server.bodies, "the question")
            whole = server.bodies[0]["input"][-1]["content"]
            assert whole == f"{shown}\n\nWhat does it say?"
            assert program.quit() == 0
