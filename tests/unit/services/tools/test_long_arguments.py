"""Long arguments of a call: other threads run while they are decoded and checked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desktop_app.domain.tools.tool import ToolDefinition, ToolError
from desktop_app.services.structured.stepped_json import LONG_TEXT_CHARS, decode
from desktop_app.services.tools.call_arguments import parse_arguments

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
