"""The arguments of calls, checked against schemas of servers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desktop_app.domain.tools.tool import ToolDefinition, ToolError
from desktop_app.tools.calls.call_run import parse_arguments

NODE = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "next": {"$ref": "#/$defs/node"}},
}


def parsed(schema: dict[str, Any], arguments: Any, source: str = "demo") -> Any:
    tool = ToolDefinition("t", "", {"type": "object", **schema}, source=source)
    return parse_arguments(tool, json.dumps(arguments))


@pytest.mark.parametrize(
    ("schema", "arguments"),
    [
        ({"patternProperties": {"^x-": {}}, "additionalProperties": False}, {"x-a": 1}),
        ({"properties": {"a": {"pattern": "(?<name"}}}, {"a": "the server checks it"}),
        (
            {"properties": {"n": {"$ref": "#/$defs/node"}}, "$defs": {"node": NODE}},
            {"n": {"n": 1, "next": {"n": 2}}},
        ),
    ],
)
def test_arguments_that_match_are_returned(
    schema: dict[str, Any], arguments: dict[str, Any]
) -> None:
    assert parsed(schema, arguments) == arguments


@pytest.mark.parametrize(
    ("schema", "arguments", "words"),
    [
        ({"additionalProperties": False}, {"a": 1}, "not allow"),
        ({"properties": {"a": {"pattern": "^b"}}}, {"a": "c"}, "does not match"),
        (
            {"properties": {"n": {"$ref": "#/$defs/node"}}, "$defs": {"node": NODE}},
            {"n": {"next": {"n": "x"}}},
            r'\$\.n\.next\.n: "x" is not of type "integer"',
        ),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, {"a": 1}, "outside the schema"),
    ],
)
def test_arguments_that_do_not_match_are_refused(
    schema: dict[str, Any], arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(ToolError, match=words):
        parsed(schema, arguments)


@pytest.mark.parametrize("text", ['{"n": 1e999}', '{"n": NaN}', "[1]", "null", '{"n": 1'])
def test_values_that_are_no_json_are_refused(text: str) -> None:
    with pytest.raises(ToolError):
        parse_arguments(ToolDefinition("t", "", {"type": "object"}), text)
