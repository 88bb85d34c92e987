"""Definitions of the tools that a server lists.

If a server does not state what a tool does, the tool counts as able to change and send data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain.tools.tool import ListedTool, ToolDefinition, ToolKind
from desktop_app.i18n.translation import N_

if TYPE_CHECKING:
    from desktop_app.domain.errors import UserFacingError

ALL_TOOLS: Final = "*"
"""Instead of a tool's name: all tools of a source."""
MAX_TOOL_NAME_CHARS: Final = 128

COMMAND_TOUCHES: Final = N_(
    "It runs in a program on this computer, with the same access to your files as you have."
)
ADDRESS_TOUCHES: Final = N_("It runs on another computer, which receives the arguments.")
NAME_UNUSABLE: Final = N_("The tool’s name isn’t valid.")
SCHEMA_UNUSABLE: Final = N_("The description of its arguments isn’t valid: {why}.")
NOT_LISTED: Final = N_("Its tools are listed once it has been started.")

# Control characters, also those that reverse or hide text, and line separators.
_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b"
    "\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def remote_tools(
    source: str, listed: Sequence[Mapping[str, Any]], *, is_remote: bool
) -> list[ListedTool]:
    """Return the tools of a server; of tools with the same name, the first."""
    found: dict[str, ListedTool] = {}
    for row in listed:
        tool = _listed_tool(source, row, is_remote=is_remote)
        found.setdefault(tool.definition.name, tool)
    return list(found.values())


def unavailable_entry(
    source: str, reason: str = "", failure: UserFacingError | None = None
) -> ListedTool:
    """Return the entry for a server whose tools are unknown or cannot be used."""
    return ListedTool(ToolDefinition(ALL_TOOLS, "", source=source), reason, failure)


def _listed_tool(source: str, row: Mapping[str, Any], *, is_remote: bool) -> ListedTool:
    name, parameters = str(row["name"]), row["parameters"]
    shown = visible_text(name)[:MAX_TOOL_NAME_CHARS]
    fault = str(row["fault"])
    if not fault and parameters.get("type", "object") != "object":
        fault = "type: it is not an object"
    reason = why = ""
    if shown != name or not name.strip() or name == ALL_TOOLS:
        reason = NAME_UNUSABLE
    elif fault:
        reason, why = SCHEMA_UNUSABLE, visible_text(fault)
    definition = ToolDefinition(
        shown or "?",
        visible_text(str(row["description"])),
        {"properties": {}, **parameters, "type": "object"},
        kind=_kind(row),
        source=source,
        touches=ADDRESS_TOUCHES if is_remote else COMMAND_TOUCHES,
    )
    return ListedTool(definition, reason, why=why)


def _kind(row: Mapping[str, Any]) -> ToolKind:
    if row["reaches_out"] is not False:
        return ToolKind.LEAVES
    return ToolKind.READS if row["reads_only"] is True else ToolKind.WRITES


def visible_text(text: str) -> str:
    """Return a server's text without characters that hide or reverse it."""
    return _HIDDEN.sub("", text.replace("\r\n", "\n"))
