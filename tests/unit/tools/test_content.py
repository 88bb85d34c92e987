"""A server’s content, converted to bounded plain values."""

from __future__ import annotations

import functools

import httpx2
import pytest
from mcp import types
from mcp.client.auth.exceptions import OAuthTokenError
from mcp.client.auth.utils import handle_token_response_scopes
from mcp.shared.exceptions import MCPError

from desktop_app.domain.tools.tool import MAX_RESULT_CHARS
from desktop_app.tools.host import content
from desktop_app.tools.host.failure_text import HostError, has_closed, invalid_place, reason_of
from desktop_app.tools.host.sign_in import SignInError
from desktop_app.tools.servers.tool_server import ServerFault

LONG = "x" * (content.MAX_DESCRIPTION_CHARS + 1)
NAME = LONG[: content.MAX_NAME_CHARS]
DESCRIPTION = LONG[: content.MAX_DESCRIPTION_CHARS]


SCHEMA = {"type": "object"}
ROW = {
    "name": "t",
    "description": "",
    "parameters": SCHEMA,
    "fault": "",
    "reads_only": None,
    "reaches_out": None,
}
DEEP: dict[str, object] = functools.reduce(lambda inner, _: {"a": inner}, range(100_000), {})


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        (
            {"title": "T", "annotations": {"readOnlyHint": True}},
            {"description": "T", "reads_only": True},
        ),
        ({"description": "D", "annotations": 7, "icons": 7}, {"description": "D"}),
        ({"inputSchema": {}}, {"parameters": {}}),
        ({"inputSchema": 5}, {"parameters": {}, "fault": "inputSchema: it is not an object"}),
        ({"inputSchema": {"a": "x" * 100_000}}, {"parameters": {}, "fault": ServerFault.TOO_LONG}),
        ({"inputSchema": DEEP}, {"parameters": {}, "fault": ServerFault.TOO_DEEP}),
        ({"name": LONG, "description": LONG}, {"name": NAME, "description": DESCRIPTION}),
        ({"name": 7}, {"name": ""}),
    ],
    ids=range(8),
)
def test_a_tool_is_read_also_off_the_specification(
    tool: dict[str, object], expected: dict[str, object]
) -> None:
    found = content.tools_to_json([{"name": "t", "inputSchema": SCHEMA, **tool}])
    assert found == [{**ROW, **expected}]


def test_a_tool_that_runs_as_a_task_only_is_left_out() -> None:
    task = {"name": "t", "inputSchema": SCHEMA, "execution": {"taskSupport": "required"}}
    assert content.tools_to_json([task]) == []


def test_resources_and_prompts_become_short_rows() -> None:
    resource = {"uri": "a:b", "name": "n", "title": "T", "description": "d", "mimeType": "text/x"}
    assert content.resources_to_json([resource, {"uri": "a:" + LONG, "name": LONG}]) == [
        {"uri": "a:b", "name": "T", "description": "d", "media_type": "text/x"},
        {"uri": f"a:{LONG}"[: len(DESCRIPTION)], "name": NAME, "description": "", "media_type": ""},
    ]
    arguments = [{"name": "a", "required": True}, {"name": "b", "description": "e"}]
    assert content.prompts_to_json([{"name": "p", "description": "d", "arguments": arguments}]) == [
        {
            "name": "p",
            "title": "p",
            "description": "d",
            "arguments": [
                {"name": "a", "description": "", "required": True},
                {"name": "b", "description": "e", "required": False},
            ],
        }
    ]
    messages = [{"content": {"type": "text", "text": text}} for text in ("a", "", "b")]
    assert content.prompt_to_json({"messages": messages}) == {"text": "a\n\nb"}


def convert_resource(**part: str) -> dict[str, object]:
    return content.resource_to_json({"contents": [{"uri": "a:b", **part}] if part else []})


def test_a_resource_is_text_or_base64() -> None:
    text = {"kind": "text", "data": "t", "media_type": "m"}
    assert convert_resource(text="t", mimeType="m") == text
    assert convert_resource(blob="QQ==") == {"kind": "base64", "data": "QQ==", "media_type": ""}
    for part, words in (
        ({}, ServerFault.EMPTY),
        ({"blob": "Q"}, "not valid"),
        ({"text": "x" * (content.MAX_RESOURCE_CHARS + 1)}, ServerFault.TOO_LONG),
    ):
        with pytest.raises(HostError, match=words):
            convert_resource(**part)


IMAGE = {"type": "image", "data": "QQ==", "mimeType": "image/png"}
SHOWN = {"media_type": "image/png", "data": "QQ=="}
BLOB = {"uri": "file:///Store.cs", "blob": "QQ=="}
CODE = {"name": "Store.cs", "media_type": "text/plain", "data": "QQ=="}
EMPTY = {"parts": [], "length": 0, "images": [], "for_user": "", "failed": False}


@pytest.mark.parametrize(
    ("block", "parts", "images"),
    [
        ({"type": "resource", "resource": {"uri": "a:b", "text": "t"}}, ["t"], []),
        ({"type": "resource", "resource": BLOB}, ["[data, 1 byte: file:///Store.cs]"], []),
        ({"type": "resource", "resource": {**BLOB, "mimeType": "text/plain"}}, [CODE], []),
        (
            {
                "type": "resource",
                "resource": {"uri": "a:b/c?d", "blob": "QQ==", "mimeType": "application/pdf"},
            },
            [{"name": "c.pdf", "media_type": "application/pdf", "data": "QQ=="}],
            [],
        ),
        (
            {"type": "resource", "resource": {**BLOB, "mimeType": "text/plain", "blob": "Q"}},
            ["[text/plain, 0 bytes: file:///Store.cs]"],
            [],
        ),
        (
            {"type": "resource", "resource": {**BLOB, "mimeType": "application/x-tar"}},
            ["[application/x-tar, 1 byte: file:///Store.cs]"],
            [],
        ),
        (
            {"type": "resource", "resource": {"uri": "a", "blob": "QQ==", "mimeType": "image/png"}},
            ["[image/png, 1 byte: a]"],
            [SHOWN],
        ),
        ({"type": "resource_link", "uri": "a:b", "name": "n", "title": "T"}, ["[T: a:b]"], []),
        ({"type": "resource_link", "uri": "c:d", "name": "n"}, ["[n: c:d]", "linked", CODE], []),
        (IMAGE, ["[image/png, 1 byte]"], [SHOWN]),
        ({**IMAGE, "data": "Q"}, ["[image/png, 0 bytes]"], []),
        ({**IMAGE, "mimeType": "image/svg+xml"}, ["[image/svg+xml, 1 byte]"], []),
        ({"type": "audio", "mimeType": "audio/wav", "data": "A" * 4096}, ["[audio/wav, 3 KB]"], []),
        ({"type": "new", "text": "t"}, ["[Content of an unknown type: new]\nt"], []),
        ({"data": 7}, ["[Content of an unknown type: none]"], []),
        (
            {"type": "text", "text": f"a data:image/png;base64,{'A' * 65536}= b"},
            ["a [image/png, 48 KB] b"],
            [],
        ),
    ],
)
def test_each_block_of_a_result_is_a_text_an_image_or_a_document(
    block: dict[str, object], parts: list[object], images: list[dict[str, str]]
) -> None:
    linked = {"c:d": [{"uri": "c:d", "text": "linked"}, {**BLOB, "mimeType": "text/plain"}]}
    result = {"content": [{"type": "text", "text": "b"}, 7, block]}
    found = content.call_result_to_json(result, linked)
    length = sum(len(part) for part in ["b", *parts] if isinstance(part, str))
    assert found == {**EMPTY, "parts": ["b", *parts], "length": length, "images": images}


@pytest.mark.parametrize(
    ("audience", "is_for_user"),
    [
        (["user"], True),
        (["user", "assistant"], False),
        (["assistant"], False),
        ("user", False),
        (7, False),
    ],
)
@pytest.mark.parametrize("kind", ["text", "image", "resource_link"])
def test_what_is_for_the_user_alone_is_not_sent_to_the_model(
    kind: str, audience: object, is_for_user: bool
) -> None:
    block = {**IMAGE, "type": kind, "text": "PIN 7", "uri": "a:b", "name": "PIN 7"}
    annotated = {**block, "annotations": {"audience": audience}}
    result = {"content": [annotated], "structuredContent": {"pin": 7}}
    found = content.call_result_to_json(result, {"a:b": [{"text": "PIN 7"}]})
    assert bool(found["for_user"]) is is_for_user
    assert bool(found["parts"] or found["images"]) is not is_for_user
    assert content.linked_uris(result) == (["a:b"] if kind[-1] == "k" and not is_for_user else [])


def test_a_result_without_text_is_its_structure() -> None:
    found = content.call_result_to_json({"structuredContent": {"ä": 1}, "isError": True})
    assert (found["parts"], found["failed"]) == (['{"ä": 1}'], True)


@pytest.mark.parametrize(
    ("texts", "structure", "parts"),
    [
        (["2 rows"], {"rows": [17, 23]}, ["2 rows", '{"rows": [17, 23]}']),
        (['{"a":  1, "b": [2]}'], {"b": [2], "a": 1}, ['{"a":  1, "b": [2]}']),
        (["2 rows", '{"a": 1}'], {"a": 1}, ["2 rows", '{"a": 1}']),
        (["Sunny"], {"result": "Sunny"}, ["Sunny"]),
        (["5"], {"value": 5}, ["5"]),
        (["a", '{"b": 1}'], {"result": ["a", {"b": 1}]}, ["a", '{"b": 1}']),
        (["a"], {"result": ["a", "b"]}, ["a", '{"result": ["a", "b"]}']),
        (["[" * 100_000], {}, ["[" * 100_000, "{}"]),
        ("just a text", None, ["just a text"]),
        ({"type": "text", "text": "one block"}, None, ["one block"]),
    ],
)
def test_texts_and_structure_both_reach_the_model_once(
    texts: object, structure: object, parts: list[str]
) -> None:
    blocks = [{"type": "text", "text": each} for each in texts] if type(texts) is list else texts
    found = content.call_result_to_json({"content": blocks, "structuredContent": structure})
    assert found["parts"] == [part[:MAX_RESULT_CHARS] for part in parts]


def test_a_structure_is_left_out_and_named_beside_what_is_for_the_user_alone() -> None:
    secret = {"type": "text", "text": "PIN 7", "annotations": {"audience": ["user"]}}
    blocks = [{"type": "text", "text": "Done."}, secret]
    found = content.call_result_to_json({"content": blocks, "structuredContent": {"pin": 7}})
    assert found["parts"][0] == "Done."
    assert len(found["parts"]) == 2
    assert "7" not in found["parts"][1]


def test_a_result_is_of_bounded_size() -> None:
    long = {"type": "text", "text": "x" * (MAX_RESULT_CHARS - 7)}
    found = content.call_result_to_json({"content": [long, long]})
    assert sum(map(len, found["parts"])) == MAX_RESULT_CHARS
    assert found["length"] == 2 * (MAX_RESULT_CHARS - 7)
    many = content.call_result_to_json({"content": [IMAGE] * 20})
    assert len(many["images"]) == content.MAX_IMAGES
    document = {"type": "resource", "resource": {**BLOB, "mimeType": "text/plain"}}
    many = content.call_result_to_json({"content": [document] * 20})
    assert sum(isinstance(part, dict) for part in many["parts"]) == content.MAX_DOCUMENTS


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
        (httpx2.ConnectError("All connection attempts failed"), ServerFault.UNREACHABLE),
        (httpx2.ConnectError("certificate verify failed"), "certificate verify failed"),
        (httpx2.ConnectTimeout(""), ServerFault.UNREACHABLE),
        (httpx2.ReadTimeout(""), ServerFault.NO_ANSWER_IN_TIME),
        (httpx2.ReadError(""), ServerFault.CONNECTION_LOST),
        (httpx2.RemoteProtocolError("incomplete"), ServerFault.CONNECTION_LOST),
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
    assert has_closed(ExceptionGroup("g", [MCPError(types.CONNECTION_CLOSED, "Connection closed")]))
    assert not has_closed(MCPError(types.CONNECTION_CLOSED, "The quota is used up"))
    assert not has_closed(MCPError(-1, "closed"))
    assert not has_closed(ValueError())
