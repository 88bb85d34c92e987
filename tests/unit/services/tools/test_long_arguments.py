"""Long arguments of a call: other threads run while they are decoded and checked."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app.domain.tools.tool import ToolDefinition, ToolError
from desktop_app.services.structured.stepped_json import LONG_TEXT_CHARS, decode
from desktop_app.services.tools.call_arguments import parse_arguments

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

ROWS = [{"n": number, "t": ["é\n", None, True, 1.5, -2e3]} for number in range(2_000)]
LONG = json.dumps({"rows": ROWS})


def tool(schema: dict[str, Any]) -> ToolDefinition:
    return ToolDefinition("t", "", schema)


def functions_called_by(work: Callable[[], object]) -> set[str]:
    """Return the names of the Python functions that `work` calls."""
    called: set[str] = set()

    def record(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            called.add(frame.f_code.co_name)

    sys.setprofile(record)
    try:
        work()
    finally:
        sys.setprofile(None)
    return called


def test_other_threads_run_while_long_arguments_are_decoded() -> None:
    text = '{"a": [' + ",".join("[]" for _ in range(300_000)) + "]}"
    called = functions_called_by(lambda: parse_arguments(tool({"type": "object"}), text))
    assert "JSONArray" in called  # other threads wait while C code decodes


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


def test_deeply_nested_long_arguments_are_refused() -> None:
    with pytest.raises(ToolError, match="not valid JSON"):
        parse_arguments(tool({}), '{"a": ' + "[" * LONG_TEXT_CHARS + "]" * LONG_TEXT_CHARS + "}")


def test_the_reason_names_a_long_value_by_its_length() -> None:
    with pytest.raises(ToolError, match=r"\$.rows: \[2000 items\] is not of type 'integer'"):
        parse_arguments(tool({"properties": {"rows": {"type": "integer"}}}), LONG)
    wide = json.dumps({"rows": {str(number): "x" * 9 for number in range(5_000)}})
    with pytest.raises(ToolError, match=r"\$.rows: \{5000 members\} is not of type 'integer'"):
        parse_arguments(tool({"properties": {"rows": {"type": "integer"}}}), wide)
