"""Definitions of the tools that a server lists.

If a server does not state what a tool does, the tool counts as able to change and send data.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.tools.tool import USUAL_TIMEOUT_S, ListedTool, ToolDefinition, ToolKind
from desktop_app.i18n.translation import N_

ALL_TOOLS: Final = "*"
"""Instead of a tool's name: all tools of a source."""
MAX_TOOL_NAME_CHARS: Final = 128

COMMAND_TOUCHES: Final = N_(
    "Runs in a program on this computer, with the same access to your files as you have."
)
ADDRESS_TOUCHES: Final = N_("Runs on another computer, which receives the arguments.")

# The specification allows fewer characters. A quotation mark could end the quotation of the name in
# the question for consent, and words after it would seem to be the program's.
_NAME: Final = lazy_pattern(r"[\w./:@+-]+(?: [\w./:@+-]+)*")
# Control characters, also those that reverse or hide text, and line separators.
_HIDDEN: Final = lazy_pattern(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b"
    "\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def remote_tools(
    source: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    has_address: bool,
    timeout_s: float = USUAL_TIMEOUT_S,
) -> list[ListedTool]:
    """Return the tools of a server; of tools with the same name, the first."""
    tools_by_name: dict[str, ListedTool] = {}
    for row in rows:
        tool = _listed_tool(source, row, has_address=has_address, timeout_s=timeout_s)
        tools_by_name.setdefault(tool.definition.name, tool)
    return list(tools_by_name.values())


def unavailable_entry(source: str, refusal: ErrorNote) -> ListedTool:
    """Return the entry for a server whose tools are unknown or cannot be used."""
    return ListedTool(ToolDefinition(ALL_TOOLS, "", source=source), refusal)


def unusable_arguments(fault: str) -> ErrorNote:
    """Return the refusal of a tool because of the schema of its arguments.

    Args:
        fault: a `ServerFault`, or words of the server or a library.
    """
    return ErrorNote(
        N_("The description of its arguments isn’t valid: {why}."),
        params={"why": visible_text(fault)},
    )


def _listed_tool(
    source: str, row: Mapping[str, Any], *, has_address: bool, timeout_s: float
) -> ListedTool:
    name = str(row["name"])
    parameters = row["parameters"]
    visible_name = visible_text(name)[:MAX_TOOL_NAME_CHARS]
    fault = str(row["fault"])
    if not fault and parameters.get("type", "object") != "object":
        fault = "type: it is not an object"
    refusal = unusable_arguments(fault) if fault else None
    if visible_name != name or not _NAME.fullmatch(name) or _mixes_scripts(name):
        refusal = ErrorNote(N_("The tool’s name isn’t valid."))
    kind = ToolKind.READS if row["reads_only"] is True else ToolKind.WRITES
    if row["reaches_out"] is not False:
        kind = ToolKind.LEAVES
    definition = ToolDefinition(
        visible_name or "?",
        visible_text(str(row["description"])),
        {"properties": {}, **parameters, "type": "object"},
        kind=kind,
        source=source,
        touches=ADDRESS_TOUCHES if has_address else COMMAND_TOUCHES,
        timeout_s=timeout_s,
    )
    return ListedTool(definition, refusal)


def _mixes_scripts(name: str) -> bool:
    """Return True if a word has letters of Latin and of a script that looks like it."""
    for word in re.split(r"[\W\d_]+", name):
        scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in word}
        if "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK", "CHEROKEE", "ARMENIAN"}:
            return True
    return False


def visible_text(text: str) -> str:
    """Return a server's text without characters that hide or reverse it."""
    return _HIDDEN.sub("", text.replace("\r\n", "\n"))
