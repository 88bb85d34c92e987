"""A configured server as a source of tools and prompts.

A tool that cannot be used is listed with the reason. Only the server can fill in its prompts, so
each is requested once, with a variable as the value of each argument. If the text lacks one of the
variables, it depends on the values, and the prompt is not offered.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from desktop_app.documents.embedded_data import data_note
from desktop_app.domain.error_note import ErrorNote, note_from_error
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.prompt import CLIPBOARD, SELECTION, Variable, parse, variables
from desktop_app.domain.tools.tool import (
    MAX_RESULT_CHARS,
    USUAL_TIMEOUT_S,
    ListedTool,
    ToolContext,
    ToolDefinition,
    ToolError,
    UserReply,
)
from desktop_app.i18n.translation import N_, tr
from desktop_app.tools.schema_check import UnusablePatternError, UnusableSchemaError, require_schema
from desktop_app.tools.servers.remote_tool import (
    remote_tools,
    unavailable_entry,
    unusable_arguments,
)
from desktop_app.tools.servers.server_run import ServerRun, ServerState
from desktop_app.tools.servers.server_store import ServerStore
from desktop_app.tools.servers.tool_server import ServerFailure, ServerFault, ToolServer

if TYPE_CHECKING:
    from desktop_app.tools.built_in.web_tools import ReadText

TOOL_CHANGED: Final = (
    "The tool has changed since the user was asked, so it was not called. "
    "Its new description is used from the next question on."
)


ONLY_FOR_USER: Final = "The user gets the result; it is not meant for you."
_NOT_ANSWERED: Final = "The server asked the user “{question}” and got no answer."


class ServerSource:
    """The tools of one server.

    Args:
        read_text: returns the text of a document in a result; runs in a confined process.
    """

    def __init__(self, run: ServerRun, storage: ServerStore, read_text: ReadText) -> None:
        self._run = run
        self._storage = storage
        self._read_text = read_text

    @property
    def name(self) -> str:
        """Return the server's name."""
        return self._run.server.name

    async def prepare(self) -> None:
        """Start the server and store its tools; if none were stored, also its prompts.

        Raises:
            UserFacingError: the server did not start, refused the request, or did not answer.
        """
        if await self._storage.listed_tools(self.name):
            await self._storage.save_listed_tools(self.name, await self._run.fetch_list("tools"))
        else:
            await store_lists(self._run, self._storage)

    async def tools(self) -> Sequence[ListedTool]:
        """Return the stored tools of the server, without starting it.

        If the server failed, none of them can be used, and the failure is the reason. If no tools
        are stored, a single unavailable entry has the reason; a running server may have none.
        """
        rows = await self._storage.listed_tools(self.name)
        tools = await tools_of(self._run.server, rows)
        if self._run.failure is not None:
            refusal = note_from_error(self._run.failure)
            return [ListedTool(tool.definition, refusal) for tool in tools] or [
                unavailable_entry(self.name, refusal)
            ]
        if not tools and self._run.state is not ServerState.RUNNING:
            return [
                unavailable_entry(
                    self.name, ErrorNote(N_("Its tools are listed once it has been started."))
                )
            ]
        return tools

    async def call(self, tool: ToolDefinition, arguments: Any, context: ToolContext) -> str:
        """Run a call. Raises ToolError."""
        unanswered: list[str] = []
        try:
            answer = await self._request_call(tool, arguments, context, unanswered)
        except UserFacingError as error:
            raise ToolError(str(error)) from error
        except ServerFailure as failure:
            if failure.has_ended or failure.has_closed:
                raise ToolError(f"{_end_of(failure)}. The call may have taken effect.") from failure
            raise ToolError(str(failure)) from failure
        for image in answer["images"]:
            context.show_image(image["media_type"], b64decode(image["data"]))
        if for_user := self._run.redact(answer["for_user"]):
            context.show_user(for_user)
        text = self._run.redact(await self._text_of(answer["parts"]))
        if not text and for_user:
            text = ONLY_FOR_USER
        text = "\n\n".join(filter(None, [text, *unanswered]))
        if answer["length"] > MAX_RESULT_CHARS:
            note = f"\n[Cut here: the result has {answer['length']} characters.]"
            text = text[: MAX_RESULT_CHARS - len(note)] + note
        if answer["failed"]:
            raise ToolError(text or "The tool failed.")
        return text

    async def _text_of(self, parts: Sequence[str | Mapping[str, str]]) -> str:
        texts = [
            part if isinstance(part, str) else await self._text_of_document(part) for part in parts
        ]
        return "\n\n".join(filter(None, texts))

    async def _text_of_document(self, document: Mapping[str, str]) -> str:
        name, data = document["name"], b64decode(document["data"])
        try:
            return f"[{name}]\n{await self._read_text(name, data)}"
        except UserFacingError as error:
            return f"{data_note(document['media_type'], len(data), name)} {error}"

    async def _request_call(
        self, tool: ToolDefinition, arguments: Any, context: ToolContext, unanswered: list[str]
    ) -> Any:
        async def ask_user(question: str, schema: Mapping[str, Any]) -> UserReply:
            question = self._run.redact(question)
            reply = await context.ask_user(question, schema)
            if reply.action == "cancel":
                unanswered.append(_NOT_ANSWERED.format(question=question))
                context.show_user(
                    tr(
                        "{server} wanted to ask you: {question}",
                        server=self.name,
                        question=question,
                    )
                )
            return reply

        await self._require_unchanged(tool)
        fields = {"name": tool.name, "arguments": arguments}
        try:
            return await self._run.request("call", context.report, ask_user, **fields)
        except ServerFailure as failure:
            if not failure.may_repeat:
                raise
        await self._require_unchanged(tool)
        return await self._run.request("call", context.report, ask_user, **fields)

    async def _require_unchanged(self, tool: ToolDefinition) -> None:
        listed_tools = await tools_of(self._run.server, await self._run.fetch_list("tools"))
        if tool not in [
            listed_tool.definition for listed_tool in listed_tools if listed_tool.is_available
        ]:
            raise ToolError(TOOL_CHANGED)


def _end_of(failure: ServerFailure) -> str:
    """Return in English how a connection ended during a call."""
    if failure.reason == ServerFault.ENDED:
        return "The server crashed"
    if failure.reason == ServerFault.CONNECTION_LOST or not failure.has_ended:
        return "The connection to the server was lost"
    return f"The connection to the server ended: {failure}".rstrip(".")


MAX_PROMPTS: Final = 50
"""Prompts of a server that are read; each takes a request."""
MAX_TEXT_CHARS: Final = 50_000
PROMPTS_TIMEOUT_S: Final = 20.0
"""Seconds for all of these requests; the prompts that came until then are offered."""


async def store_lists(run: ServerRun, storage: ServerStore) -> list[dict[str, Any]]:
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


async def tools_of(server: ToolServer, rows: Sequence[Mapping[str, Any]]) -> list[ListedTool]:
    """Return the tools that a server has listed, available or not."""
    timeout_s = server.timeout_s or USUAL_TIMEOUT_S
    tools = remote_tools(server.name, rows, has_address=bool(server.url), timeout_s=timeout_s)

    def check_schema(tool: ListedTool) -> ListedTool:
        fault = _fault_in(json.dumps(tool.definition.parameters)) if tool.is_available else None
        return tool._replace(refusal=unusable_arguments(fault)) if fault else tool

    return await asyncio.to_thread(lambda: list(map(check_schema, tools)))


@lru_cache(maxsize=1024)
def _fault_in(schema: str) -> str | None:
    """Return why a schema is unusable: a fault or an English text; None if it is usable.

    APIs refuse a whole request if one of its schemas is unusable.
    """
    try:
        require_schema(json.loads(schema))
    except RecursionError:
        return ServerFault.TOO_DEEP
    except UnusablePatternError:
        return None  # the server checks its arguments itself
    except UnusableSchemaError as error:
        return str(error)
    return None
