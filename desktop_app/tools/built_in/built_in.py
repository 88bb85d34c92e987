"""The source of the built-in tools, with the calculator and the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.tools.tool import ListedTool, ToolContext, ToolDefinition, ToolError
from desktop_app.i18n.translation import N_
from desktop_app.tools.built_in.calculator import calculate


def arguments_schema(**properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with these properties, all of them required."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def text_schema(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def optional_number_schema(description: str) -> dict[str, Any]:
    """Return the schema of a whole number or null."""
    return {"type": ["integer", "null"], "description": description}


CALCULATOR: Final = ToolDefinition(
    "calculator",
    "Calculates exactly with decimal numbers, written with a point and without separators of "
    "thousands. Operators: + - * / // % (remainder) ^ and parentheses. Functions: abs, ceil, exp, "
    "floor, ln, log, max, min, round(value, decimals), sqrt, sum. Constants: pi, e. Use it for any "
    "arithmetic.",
    arguments_schema(expression=text_schema("For example: (1.05^10 - 1) * 2000")),
    touches=N_("Calculates with exact decimal numbers."),
    needs_consent=False,
)
DATE_TIME: Final = ToolDefinition(
    "date_time",
    "Returns the current date, time, weekday and calendar week.",
    arguments_schema(
        zone={
            "type": ["string", "null"],
            "description": "An IANA time zone such as Europe/Berlin; null for the user’s.",
        }
    ),
    touches=N_("Tells the date, the time, and the week."),
    needs_consent=False,
)

Run = Callable[[Mapping[str, Any], ToolContext], Awaitable[str]]


@dataclass(frozen=True)
class BuiltInTool:
    """A built-in tool: its definition and its code.

    Attributes:
        refusal: returns why the tool cannot be used on this computer; None if it can.
    """

    definition: ToolDefinition
    run: Run
    refusal: Callable[[], ErrorNote | None] = lambda: None


class BuiltInTools:
    """The source of the built-in tools.

    Args:
        other_tools: the tools that need stores or processes, which calculator and clock do not.
    """

    name = ""

    def __init__(self, other_tools: Sequence[BuiltInTool] = ()) -> None:
        basic = (BuiltInTool(CALCULATOR, _calculate), BuiltInTool(DATE_TIME, _current_time))
        self._tools = {tool.definition.name: tool for tool in (*basic, *other_tools)}

    async def prepare(self) -> None:
        """Do nothing: built-in tools are always ready."""

    async def tools(self) -> Sequence[ListedTool]:
        return [ListedTool(tool.definition, tool.refusal()) for tool in self._tools.values()]

    async def call(self, tool: ToolDefinition, arguments: Any, context: ToolContext) -> str:
        """Run a call. Raises ToolError."""
        built_in_tool = self._tools.get(tool.name)
        if built_in_tool is None:
            raise ToolError("There is no such tool.")
        return await built_in_tool.run(arguments, context)


async def _calculate(arguments: Mapping[str, Any], _context: ToolContext) -> str:
    return await asyncio.to_thread(calculate, arguments["expression"])


async def _current_time(arguments: Mapping[str, Any], _context: ToolContext) -> str:
    return describe_time(arguments["zone"])


def describe_time(zone: str | None, now: datetime | None = None) -> str:
    """Return date, time, weekday and calendar week in a time zone, by default this computer's.

    Args:
        now: the time to describe; None for the current time, which tests replace.

    Raises:
        ToolError: there is no such zone.
    """
    now = now or datetime.now(UTC)
    try:
        local_time = now.astimezone(ZoneInfo(zone)) if zone else now.astimezone()
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ToolError("There is no such time zone. Use a name such as Europe/Berlin.") from exc
    year, week, _ = local_time.isocalendar()
    name = zone or local_time.tzname() or "local time"
    seconds = local_time.isoformat(timespec="seconds")
    return f"{seconds} ({name})\n{local_time:%A}, week {week} of {year}"
