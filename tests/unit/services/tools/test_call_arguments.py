"""The arguments of calls, checked against schemas of servers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desktop_app.domain.tools.tool import ToolDefinition, ToolError
from desktop_app.services.structured.stepped_json import LONG_TEXT_CHARS, decode
from desktop_app.services.tools.call_arguments import parse_arguments

CATASTROPHE = "^(a+)+$"
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
        ({"unevaluatedProperties": False, "unevaluatedItems": False}, {"a": [1]}),
        ({"properties": {"pattern": {"pattern": CATASTROPHE}}}, {"pattern": "a" * 40 + "b"}),
        ({"properties": {"n": {"$ref": "#/$defs/node"}}, "$defs": {"node": NODE}}, {
            "n": {"n": 1, "next": {"n": 2}}
        }),
    ],
)  # fmt: skip
def test_patterns_of_a_server_are_not_matched(
    schema: dict[str, Any], arguments: dict[str, Any]
) -> None:
    assert parsed(schema, arguments) == arguments


@pytest.mark.parametrize(
    ("schema", "arguments", "words"),
    [
        ({"additionalProperties": False}, {"a": 1}, "not allowed"),
        ({"properties": {"n": {"$ref": "#/$defs/node"}}, "$defs": {"node": NODE}}, {
            "n": {"next": {"n": "x"}}
        }, r"\$\.n\.next\.n: 'x' is not of type 'integer'"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, {"a": 1}, "leads nowhere"),
        ],
)  # fmt: skip
def test_a_servers_schema_is_checked_without_its_patterns(
    schema: dict[str, Any], arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(ToolError, match=words):
        parsed(schema, arguments)


def test_patterns_of_built_in_tools_are_matched() -> None:
    with pytest.raises(ToolError, match="does not match"):
        parsed({"properties": {"a": {"pattern": "^b"}}}, {"a": "c"}, source="")


@pytest.mark.parametrize("text", ['{"n": 1e999}', '{"n": NaN}', "[1]", "null", '{"n": 1'])
def test_values_that_are_no_json_are_refused(text: str) -> None:
    with pytest.raises(ToolError):
        parse_arguments(ToolDefinition("t", "", {"type": "object"}), text)


# ---------------------------------------------------------------- long arguments

ROWS = [{"n": number, "t": ["é\n", None, True, 1.5, -2e3]} for number in range(2_000)]
LONG = json.dumps({"rows": ROWS})


def tool(schema: dict[str, Any]) -> ToolDefinition:
    return ToolDefinition("t", "", schema)


def test_long_arguments_are_the_same_as_short_ones() -> None:
    assert len(LONG) > LONG_TEXT_CHARS
    arguments = parse_arguments(tool({"type": "object"}), LONG)
    assert arguments == {"rows": ROWS}
    assert json.loads(json.dumps(arguments)) == arguments
    assert decode(" " * LONG_TEXT_CHARS + "[[], {}, 3]\n") == [[], {}, 3]


@pytest.mark.parametrize("end", ['{"n": 1e999}', '{"n": NaN}', '{"n": 1', "[1,]", '{"n": 01}', "x"])
def test_long_values_that_are_no_json_are_refused(end: str) -> None:
    with pytest.raises(ToolError, match="not valid JSON"):
        parse_arguments(tool({"type": "object"}), f'{{"a": "{"x" * LONG_TEXT_CHARS}", "b": {end}}}')


def test_the_reason_names_a_long_value_by_its_length() -> None:
    with pytest.raises(ToolError, match=r"\$.rows: \[2000 items\] is not of type 'integer'"):
        parse_arguments(tool({"properties": {"rows": {"type": "integer"}}}), LONG)
    wide = json.dumps({"rows": {str(number): "x" * 9 for number in range(5_000)}})
    with pytest.raises(ToolError, match=r"\$.rows: \{5000 members\} is not of type 'integer'"):
        parse_arguments(tool({"properties": {"rows": {"type": "integer"}}}), wide)
