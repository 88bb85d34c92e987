"""A server’s content, converted to bounded plain values."""

from __future__ import annotations

import json

import httpx2
import pytest
from mcp import types
from mcp.client.auth.exceptions import OAuthTokenError
from mcp.client.auth.utils import handle_token_response_scopes
from mcp.shared.exceptions import MCPError

from desktop_app.domain.tools.server_fault import ServerFault
from desktop_app.domain.tools.tool import MAX_RESULT_CHARS
from desktop_app.tool_servers.host import content
from desktop_app.tool_servers.host.checked_tools import FAULT
from desktop_app.tool_servers.host.failure_text import (
    HostError,
    has_closed,
    invalid_place,
    reason_of,
)
from desktop_app.tool_servers.host.sign_in import SignInError

LONG = "x" * (content.MAX_DESCRIPTION_CHARS + 1)
NAME = LONG[: content.MAX_NAME_CHARS]
DESCRIPTION = LONG[: content.MAX_DESCRIPTION_CHARS]


def tool(name: str = "t", **more: object) -> types.Tool:
    return types.Tool.model_validate({"name": name, "inputSchema": {"type": "object"}} | more)


def test_a_tool_has_its_schema_and_hints() -> None:
    hints = {"readOnlyHint": True, "openWorldHint": False}
    found = content.tools_to_json(
        [[tool(title="Title", annotations=hints)], [tool("u", description="D")]]
    )
    assert found == [
        {
            "name": "t",
            "description": "Title",
            "parameters": {"type": "object"},
            "fault": "",
            "reads_only": True,
            "reaches_out": False,
        },
        {
            "name": "u",
            "description": "D",
            "parameters": {"type": "object"},
            "fault": "",
            "reads_only": None,
            "reaches_out": None,
        },
    ]


def test_long_values_are_cut_or_named() -> None:
    empty = len(json.dumps({"a": ""}))
    fits = {"a": "x" * (content.MAX_SCHEMA_CHARS - empty)}
    whole, cut, long, wrong = content.tools_to_json(
        [
            [
                tool(inputSchema=fits),
                tool(inputSchema={"a": fits["a"] + "x"}),
                tool(LONG, description=LONG),
                tool(_meta={FAULT: "broken"}),
            ]
        ]
    )
    assert (whole["parameters"], whole["fault"]) == (fits, "")
    assert (cut["parameters"], cut["fault"]) == ({}, ServerFault.TOO_LONG)
    assert (long["name"], long["description"]) == (NAME, DESCRIPTION)
    assert (wrong["parameters"], wrong["fault"]) == ({}, "broken")


def test_resources_and_prompts_become_short_rows() -> None:
    resource = {"uri": "a:b", "name": "n", "title": "T", "description": "d", "mimeType": "text/x"}
    long = {"uri": "a:" + LONG, "name": LONG}
    pages = [[types.Resource.model_validate(row) for row in (resource, long)]]
    assert content.resources_to_json(pages) == [
        {"uri": "a:b", "name": "T", "description": "d", "media_type": "text/x"},
        {"uri": f"a:{LONG}"[: len(DESCRIPTION)], "name": NAME, "description": "", "media_type": ""},
    ]
    prompt = {
        "name": "p",
        "description": "d",
        "arguments": [{"name": "a", "required": True}, {"name": "b", "description": "e"}],
    }
    found = content.prompts_to_json(
        [[types.Prompt.model_validate(row) for row in (prompt, {"name": "q"})]]
    )
    assert found == [
        {
            "name": "p",
            "title": "p",
            "description": "d",
            "arguments": [
                {"name": "a", "description": "", "required": True},
                {"name": "b", "description": "e", "required": False},
            ],
        },
        {"name": "q", "title": "q", "description": "", "arguments": []},
    ]


def convert_resource(**part: str) -> dict[str, object]:
    parts = [{"uri": "a:b", **part}] if part else []
    return content.resource_to_json(types.ReadResourceResult.model_validate({"contents": parts}))


def test_a_resource_is_text_or_base64() -> None:
    assert convert_resource(text="t", mimeType="m") == {
        "kind": "text",
        "data": "t",
        "media_type": "m",
    }
    assert convert_resource(blob="QQ==") == {"kind": "base64", "data": "QQ==", "media_type": ""}
    with pytest.raises(HostError, match=ServerFault.EMPTY):
        convert_resource()
    with pytest.raises(HostError, match=ServerFault.TOO_LONG):
        convert_resource(text="x" * (content.MAX_RESOURCE_CHARS + 1))


def convert_result(*blocks: dict[str, object], **more: object) -> dict[str, object]:
    return content.call_result_to_json(
        types.CallToolResult.model_validate({"content": list(blocks), **more})
    )


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ({"type": "text", "text": "a"}, "a"),
        ({"type": "resource", "resource": {"uri": "a:b", "text": "t"}}, "t"),
        ({"type": "resource", "resource": {"uri": "a:b", "blob": "QQ=="}}, "[data: a:b]"),
        ({"type": "resource", "resource": {"uri": "a:b", "blob": "", "mimeType": "m"}}, "[m: a:b]"),
        ({"type": "resource_link", "uri": "a:b", "name": "n"}, "[n: a:b]"),
        ({"type": "resource_link", "uri": "a:b", "name": "n", "title": "T"}, "[T: a:b]"),
        (
            {"type": "image", "data": "QQ==", "mimeType": "image/png"},
            "[image/png, 4 characters of base64, not shown]",
        ),
    ],
)
def test_each_block_of_a_result_is_text(block: dict[str, object], text: str) -> None:
    result = convert_result({"type": "text", "text": ""}, {"type": "text", "text": "b"}, block)
    assert result == {"text": f"b\n\n{text}", "length": len(text) + 3, "failed": False}


def test_a_result_without_text_is_its_structure() -> None:
    result = convert_result(structuredContent={"ä": 1}, isError=True)
    assert result == {"text": '{"ä": 1}', "length": 8, "failed": True}
    assert convert_result() == {"text": "", "length": 0, "failed": False}
    long = convert_result({"type": "text", "text": "x" * (MAX_RESULT_CHARS + 7)})
    assert (len(str(long["text"])), long["length"]) == (MAX_RESULT_CHARS, MAX_RESULT_CHARS + 7)


def test_a_prompt_is_its_messages() -> None:
    messages = [
        {"role": "user", "content": {"type": "text", "text": text}} for text in ("a", "", "b")
    ]
    got = types.GetPromptResult.model_validate({"messages": messages})
    assert content.prompt_to_json(got) == {"text": "a\n\nb"}


TOKEN = "gho_7d1f"
INVALID = "2 validation errors for Tool\nname.0\n  Field required [type=missing, input]\nx\n  y"
UNPARSED = (
    "Not parsed: 1 validation error for union[Request,Response]\n"
    "  Invalid JSON: expected value at line 1 [type=json_invalid, input_value=b'x']\n    For more"
)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MCPError(-1, "no"), "no"),
        (MCPError(-1, ""), "error"),
        (MCPError(-1, UNPARSED), "Not parsed: Invalid JSON: expected value at line 1"),
        (MemoryError("Unable to allocate output buffer."), "its reply takes too much memory"),
        (FileNotFoundError(2, "No such file", "prog"), "No such file: prog"),
        (ConnectionRefusedError(111, "Refused"), "Refused"),
        (SignInError("not safe"), "not safe"),
        (ValueError(INVALID), "its reply is not valid: name.0: Field required"),
        (ValueError("a"), "ValueError: a"),
        (HostError("a"), "a"),
        (ValueError(), "ValueError"),
        (ExceptionGroup("g", [ExceptionGroup("h", [ValueError("a"), OSError()])]), "ValueError: a"),
    ],
)
def test_a_failure_is_in_the_words_of_the_server(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason
    assert invalid_place(error) == ("name.0: Field required" if INVALID in str(error) else "")


@pytest.mark.attack("secrets")
@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (f"access_token={TOKEN}&scope=repo", "Invalid JSON: expected value at line 1 column 1"),
        (f'{{"refresh_token": "{TOKEN}"}}', "access_token: Field required"),
        (f'["{TOKEN}"]', "Input should be an object"),
    ],
)
async def test_a_reply_of_a_sign_in_is_not_quoted(reply: str, reason: str) -> None:
    with pytest.raises(OAuthTokenError, match=TOKEN) as caught:
        await handle_token_response_scopes(httpx2.Response(200, content=reply))
    assert reason_of(caught.value) == f"its reply is not valid: {reason}"


def test_a_server_that_hangs_up_has_closed_the_connection() -> None:
    assert has_closed(ExceptionGroup("g", [MCPError(types.CONNECTION_CLOSED, "closed")]))
    assert not has_closed(MCPError(-1, "closed"))
    assert not has_closed(ValueError())
