"""A configured server as a source of tools."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from typing import Any, Final

from desktop_app.domain.error_note import ErrorNote, note_from_error
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.tools.remote_tool import unavailable_entry
from desktop_app.domain.tools.server_fault import ServerFault
from desktop_app.domain.tools.tool import MAX_RESULT_CHARS, ListedTool, ToolDefinition, ToolError
from desktop_app.domain.tools.tool_context import ToolContext
from desktop_app.domain.tools.tool_server import ServerFailure
from desktop_app.i18n.translation import N_
from desktop_app.services.tools.served_prompts import store_lists
from desktop_app.services.tools.server_registry import ServerStorage
from desktop_app.services.tools.server_run import ServerRun, ServerState
from desktop_app.services.tools.server_tools import tools_of

TOOL_CHANGED: Final = (
    "The tool has changed since the user was asked, so it was not called. "
    "Its new description is used from the next question on."
)


class ServerSource:
    """The tools of one server."""

    def __init__(self, run: ServerRun, storage: ServerStorage) -> None:
        self._run = run
        self._storage = storage

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
        try:
            answer = await self._request_call(tool, arguments, context)
        except UserFacingError as error:
            raise ToolError(str(error)) from error
        except ServerFailure as failure:
            if failure.has_ended:
                if failure.reason != ServerFault.ENDED:
                    ended = f"The connection to the server ended: {failure}".rstrip(".")
                else:
                    ended = "The server crashed"
                raise ToolError(f"{ended}. The call may have taken effect.") from failure
            raise ToolError(str(failure)) from failure
        for image in answer["images"]:
            context.show_image(image["media_type"], b64decode(image["data"]))
        text = self._run.redact(answer["text"])
        if answer["length"] > MAX_RESULT_CHARS:
            note = f"\n[Cut here: the result has {answer['length']} characters.]"
            text = text[: MAX_RESULT_CHARS - len(note)] + note
        if answer["failed"]:
            raise ToolError(text or "The tool failed.")
        return text

    async def _request_call(
        self, tool: ToolDefinition, arguments: Any, context: ToolContext
    ) -> Any:
        await self._require_unchanged(tool)
        fields = {"name": tool.name, "arguments": arguments}
        try:
            return await self._run.request("call", context.report, **fields)
        except ServerFailure as failure:
            if not failure.may_repeat:
                raise
        await self._require_unchanged(tool)
        return await self._run.request("call", context.report, **fields)

    async def _require_unchanged(self, tool: ToolDefinition) -> None:
        listed_tools = await tools_of(self._run.server, await self._run.fetch_list("tools"))
        if tool not in [
            listed_tool.definition for listed_tool in listed_tools if listed_tool.is_available
        ]:
            raise ToolError(TOOL_CHANGED)
