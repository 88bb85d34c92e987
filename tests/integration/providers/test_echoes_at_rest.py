"""A key echoed by a server reaches neither the store nor the log."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

import pytest

from desktop_app.backend.log_file import LOG_NAME, start_log
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.providers.http.redaction import REMOVED
from tests.helpers.spellings import SPELLINGS
from tests.integration.providers.asking import asker_of
from tests.unit.providers.loopback import LoopbackServer, Received, Script, replies, streams
from tests.unit.providers.samples import sse

KEY = "sk-proj-Zx81-ab_cd3fG7hJ2kL9mN4pQ6rS8tV0wX5yZ1"

pytestmark = pytest.mark.attack("secrets")


def answers(spelled: str) -> Script:
    """Send the key within a text, as the id and as the name of the model."""
    delta = {"type": "response.output_text.delta", "delta": f"It is {spelled}."}
    started = {"type": "response.created", "response": {"id": spelled, "model": spelled}}
    done = {"id": spelled, "status": "completed", "model": spelled}
    return streams(sse(started, delta, {"type": "response.completed", "response": done}))


def refuses(spelled: str) -> Script:
    error = {"message": f"Wrong: {spelled}", "code": spelled, "type": spelled, "param": spelled}
    return replies(400, {"error": error}, x_request_id=json.dumps(spelled)[1:-1])


@pytest.mark.parametrize("name", SPELLINGS)
async def test_neither_answer_nor_error_leaves_the_key_on_the_disk(
    name: str, tmp_path: Path
) -> None:
    spelled = SPELLINGS[name](KEY)
    start_log(tmp_path / "logs")
    handler = logging.getLogger().handlers[-1]
    scripts = [answers(spelled), refuses(spelled)]

    async def both(request: Received, writer: asyncio.StreamWriter) -> None:
        await (scripts.pop(0) if len(scripts) > 1 else scripts[0])(request, writer)

    try:
        async with (
            LoopbackServer(both) as server,
            asker_of(tmp_path, server.base_url, key=KEY) as asker,
        ):
            path = await asker.ask(Draft("What is my key?"), [])
            path = await asker.ask(Draft("Again?"), path)
            for message in path:
                logging.getLogger("desktop_app.test").warning("%s", message)
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()
    assert REMOVED in str(path)
    forms = {KEY, spelled, json.dumps(spelled)[1:-1], repr(spelled)[1:-1]}
    log = (tmp_path / "logs" / LOG_NAME).read_text("utf-8")
    assert "answer of gpt-5.2 from 127.0.0.1: done after" in log
    assert "answer of gpt-5.2 from 127.0.0.1: RequestRefusedError after" in log
    for file in (file for file in tmp_path.rglob("*") if file.is_file()):
        content = file.read_bytes()
        for form in forms:
            assert form.encode() not in content, file.name
