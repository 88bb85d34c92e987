"""`repartee tools`, and the tools that `repartee ask` may use."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from desktop_app.backend.backend import build_backend
from desktop_app.cli.console import say, write_json, write_line
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from desktop_app.backend.backend import Backend
    from desktop_app.domain.conversations.message_parts import ToolCallPart
    from desktop_app.domain.tools.tool import ListedTool

EXIT_FAILED, EXIT_INTERRUPTED = 1, 130


def run_tools(options: argparse.Namespace) -> int:
    """List all tools; return the exit code."""
    try:
        return asyncio.run(_list(as_json=options.json))
    except UserFacingError as error:
        say(error.sentences)
        return EXIT_FAILED
    except asyncio.CancelledError:
        return EXIT_INTERRUPTED


async def _list(*, as_json: bool) -> int:
    backend = build_backend()
    try:
        await backend.open()
        found = await backend.tools.listed()
    finally:
        await backend.aclose()
    if as_json:
        write_json([_tool_json(tool) for tool in found])
        return 0
    width = max((len(tool.definition.full_name) for tool in found), default=0)
    for tool in found:
        about = tool.definition.description.partition(". ")[0].rstrip(".")
        if not tool.is_available:
            about = tr("Unavailable: {reason}", reason=tr(tool.reason))
        write_line(f"{tool.definition.full_name:<{width}}  {about}")
    return 0


def _tool_json(tool: ListedTool) -> dict[str, Any]:
    return {
        "name": tool.definition.full_name,
        "description": tool.definition.description,
        "kind": tool.definition.kind.value,
        "available": tool.is_available,
        "reason": tool.reason,
    }


async def require_tools(backend: Backend, names: Sequence[str]) -> None:
    """Raise unless all tools with these full names can be used. Raises IllegalChoiceError."""
    listed = {tool.definition.full_name: tool for tool in await backend.tools.listed()}
    for name in names:
        if name not in listed:
            known = ", ".join(sorted(listed))
            raise IllegalChoiceError(Reason.NO_SUCH_TOOL, tool=name, known=known)
        if not listed[name].is_available:
            reason = tr(listed[name].reason)
            raise IllegalChoiceError(Reason.TOOL_UNAVAILABLE, tool=name, reason=reason)


def calls_json(calls: Sequence[ToolCallPart]) -> list[dict[str, Any]]:
    """Return the tool calls of an answer, for JSON; arguments as they ran, if they are JSON."""
    return [
        {
            "name": call.shown_name,
            "arguments": _value(call.run_arguments),
            "result": call.result,
            "status": call.state.value,
            "duration_s": None if call.seconds is None else round(call.seconds, 3),
        }
        for call in calls
    ]


def _value(text: str) -> Any:
    import json

    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
