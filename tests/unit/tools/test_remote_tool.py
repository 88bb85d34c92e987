"""Tools that a server lists are not trusted in what they say of themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.tools.tool import (
    ListedTool,
    ToolCallState,
    ToolDefinition,
    ToolKind,
    runs_without_asking,
)
from desktop_app.tools.servers.remote_tool import (
    ADDRESS_TOUCHES,
    COMMAND_TOUCHES,
    remote_tools,
    unavailable_entry,
    unusable_arguments,
    visible_text,
)

EMPTY = {"properties": {}, "type": "object"}


def listed(name: str = "find", **facts: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {"description": "Finds.", "parameters": {}, "fault": ""}
    return {"name": name, "reads_only": None, "reaches_out": None} | usual | facts


def definition(name: str = "find", **facts: Any) -> ToolDefinition:
    usual: dict[str, Any] = {"kind": ToolKind.LEAVES, "parameters": EMPTY}
    return ToolDefinition(
        name, "Finds.", source="files", **usual | {"touches": COMMAND_TOUCHES} | facts
    )


def only_tool(row: dict[str, Any], *, has_address: bool = False) -> ListedTool:
    (tool,) = remote_tools("files", [row], has_address=has_address)
    return tool


@pytest.mark.parametrize(
    ("reads_only", "reaches_out", "kind"),
    [
        (None, None, ToolKind.LEAVES),
        (True, None, ToolKind.LEAVES),
        (True, True, ToolKind.LEAVES),
        (None, False, ToolKind.WRITES),
        (True, False, ToolKind.READS),
        (1, 0, ToolKind.LEAVES),
    ],
)
def test_a_tool_without_clear_annotations_counts_as_the_most_powerful(
    reads_only: object, reaches_out: object, kind: ToolKind
) -> None:
    row = listed(reads_only=reads_only, reaches_out=reaches_out)
    assert only_tool(row) == ListedTool(definition(kind=kind))


def test_a_tool_of_another_computer_touches_the_arguments_only() -> None:
    assert only_tool(listed(), has_address=True) == ListedTool(definition(touches=ADDRESS_TOUCHES))


@pytest.mark.parametrize(
    ("parameters", "expected", "why"),
    [
        ({"required": ["a"]}, EMPTY | {"required": ["a"]}, ""),
        ({"type": "object", "properties": {"a": {}}}, EMPTY | {"properties": {"a": {}}}, ""),
        ({"type": "array"}, EMPTY, "type: it is not an object"),
    ],
)
def test_arguments_are_an_object(
    parameters: dict[str, Any], expected: dict[str, Any], why: str
) -> None:
    refusal = unusable_arguments(why) if why else None
    tool = ListedTool(definition(parameters=expected), refusal)
    assert only_tool(listed(parameters=parameters)) == tool


@pytest.mark.attack("tools")
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a" * 129, "a" * 128),
        ("fi\u200bnd", "find"),
        ("", "?"),
        ("  ", "  "),
        ("read”? It only reads. Say yes to “x", "read”? It only reads. Say yes to “x"),
    ],
)
def test_a_bad_name_makes_a_tool_unusable(name: str, shown: str) -> None:
    expected = ListedTool(definition(shown), ErrorNote("The tool’s name isn’t valid."))
    assert only_tool(listed(name)) == expected
    assert only_tool(listed(name, fault="broken")) == expected


@pytest.mark.parametrize(
    ("source", "name", "sent"),
    [
        ("", "look", "look"),
        ("files", "read", "files__read"),
        ("a" * 30, "b" * 32, "a" * 30 + "__" + "b" * 32),
        ("", "a b", "a_b_c8687a08"),
        ("a" * 30, "b" * 33, "a" * 30 + "__" + "b" * 23 + "_771d153d"),
    ],
)
def test_a_tool_is_sent_by_a_name_of_64_letters(source: str, name: str, sent: str) -> None:
    tool = ToolDefinition(name, "Looks.", source=source)
    assert tool.wire_name == sent
    assert tool.full_name == (f"{source}/{name}" if source else name)
    assert tool.sent_text.startswith(f"{sent}\nLooks.\n")
    assert replace(tool, hosted={}).sent_text == ""


def test_a_tool_is_described_by_what_it_touches() -> None:
    tool = ToolDefinition("a", "Looks.", touches="Reads a page")
    assert tool.display_description == "Reads a page"
    assert replace(tool, source="files").display_description == "Looks."
    assert replace(tool, touches="").display_description == "Looks."
    assert unavailable_entry("files", ErrorNote("Off.")).definition.full_name == "files/*"
    assert [state.value for state in ToolCallState if not state.has_ended] == [
        *("requested", "allowed", "running")
    ]
    names = ("web_search", "/*", "clock", "files/*")
    assert [name for name in names if not runs_without_asking(name)] == ["clock", "files/*"]


def test_the_first_of_two_tools_with_the_same_name_is_used() -> None:
    rows = [listed(), listed(reaches_out=False), listed("other")]
    assert remote_tools("files", rows, has_address=False) == [
        ListedTool(definition()),
        ListedTool(definition("other")),
    ]


def test_hidden_characters_are_removed_but_not_line_ends() -> None:
    assert visible_text("a\r\nb\tc\n\rd\x00e\ufeff\U000e0141\u3164f") == "a\nb\tc\ndef"


@pytest.mark.attack("tools")
@pytest.mark.parametrize(
    ("name", "is_usable"),
    [("read_file", True), ("re\u0430d_file", False), ("get_погода", True), ("Größe", True)],
)
def test_a_name_of_mixed_scripts_is_refused(name: str, is_usable: bool) -> None:
    row = {
        "name": name,
        "description": "",
        "parameters": {},
        "fault": "",
        "reads_only": True,
        "reaches_out": False,
    }
    [tool] = remote_tools("demo", [row], has_address=False)
    assert tool.is_available is is_usable
