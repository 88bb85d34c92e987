"""Turns the prompts of a server into prompts of the library: texts with variables.

Only the server can fill in its prompts, so each is requested once, with a variable as the value of
each argument. If the text lacks one of the variables, it depends on the values, and the prompt is
not offered.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.prompts.prompts import CLIPBOARD, SELECTION, Variable, parse, variables
from desktop_app.domain.tools.tool_server import ServerFailure
from desktop_app.services.tools.server_registry import ServerStorage
from desktop_app.services.tools.server_run import ServerRun

MAX_PROMPTS: Final = 50
"""Prompts of a server that are read; each takes a request."""
MAX_TEXT_CHARS: Final = 50_000
PROMPTS_TIMEOUT_S: Final = 20.0
"""Seconds for all of these requests; the prompts that came until then are offered."""


async def store_lists(run: ServerRun, storage: ServerStorage) -> list[dict[str, Any]]:
    """Store the tools and prompts of a server, and return its tools. Raises UserFacingError."""
    listed = await run.fetch_list("tools")
    await storage.save_listed_tools(run.server.name, listed)
    await storage.save_prompts(run.server.name, await _served_prompts(run))
    return listed


async def _served_prompts(run: ServerRun) -> list[dict[str, str]]:
    """Return `name` and `text` of the prompts that can be offered.

    Raises:
        UserFacingError: the server has ended.
    """
    prompts: list[dict[str, str]] = []
    try:
        rows = await run.fetch_list("prompts")
    except UserFacingError as error:
        if run.failure is not None:
            raise
        run.on_log("warning", error.sentences)
        return prompts
    with suppress(TimeoutError):
        async with asyncio.timeout(PROMPTS_TIMEOUT_S):
            for row in rows[:MAX_PROMPTS]:
                if text := await _prompt_text(run, row):
                    prompt = {"name": run.redact(row["title"]), "text": text}
                    prompts.append(prompt)
    return prompts


async def _prompt_text(run: ServerRun, row: dict[str, Any]) -> str:
    """Return a prompt's text with variables; "" if it cannot be offered.

    That is so if the text lacks the variable of an argument, is too long or was refused. It is also
    so if the text has the variable of the clipboard or the selection: a server must not decide that
    their content is sent.
    """
    names = [argument["name"] for argument in row["arguments"]]
    placeholders = {name: "{{" + name + "}}" for name in names}
    try:
        answer = await run.request("prompt", name=row["name"], arguments=placeholders)
    except ServerFailure:
        return ""
    text = run.redact(answer["text"])
    if any(isinstance(p, Variable) and p.name in (CLIPBOARD, SELECTION) for p in parse(text)):
        return ""
    used_names = {variable.name for variable in variables(text)}
    return text if len(text) <= MAX_TEXT_CHARS and set(names) <= used_names else ""
