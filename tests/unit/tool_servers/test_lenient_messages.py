"""Messages with surrogates or deep nesting are read; what is no message is refused."""

from __future__ import annotations

import json

import httpx2
import pytest
from mcp import types
from pydantic import ValidationError

from desktop_app.tool_servers.host.lenient_messages import LenientMessageAdapter
from desktop_app.tool_servers.host.value_count import MAX_VALUES

HEAD = '{"jsonrpc": "2.0", "id": 1, '


@pytest.mark.parametrize(
    "result", [r'"\ud800"', "[" * 300 + "]" * 300, '"a"'], ids=["surrogate", "nested", "plain"]
)
def test_a_result_is_read(result: str) -> None:
    text = f'{HEAD}"result": {{"a": {result}}}}}'
    for data in (text, text.encode()):
        assert LenientMessageAdapter().validate_json(data, by_name=False) == types.JSONRPCResponse(
            jsonrpc="2.0", id=1, result={"a": json.loads(result)}
        )


def test_an_error_is_read() -> None:
    text = f'{HEAD}"error": {{"code": 1, "message": "\\ud800"}}}}'
    found = LenientMessageAdapter().validate_json(text)
    assert isinstance(found, types.JSONRPCError)
    assert found.error.message == "\ud800"


@pytest.mark.parametrize("text", ["Hello", "[" * 100_000, f'{HEAD}"result": "\\ud800"}}', "{}"])
def test_what_is_no_message_is_refused_as_by_the_sdk(text: str) -> None:
    with pytest.raises(ValidationError) as found:
        LenientMessageAdapter().validate_json(text)
    with pytest.raises(ValidationError) as expected:
        types.jsonrpc_message_adapter.validate_json(text)
    assert str(found.value) == str(expected.value)


def test_a_message_with_too_many_values_is_refused() -> None:
    text = f'{HEAD}"result": {{"a": [{"[]," * MAX_VALUES}[]]}}}}'
    for data in (text, text.encode()):
        with pytest.raises(httpx2.StreamError, match="1,000,000 values"):
            LenientMessageAdapter().validate_json(data, by_name=False)
