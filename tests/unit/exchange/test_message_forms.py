"""Exports that are lists of messages: what was there arrives, or is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import TextPart, ToolCallPart
from desktop_app.domain.errors import ImportRefusedError
from desktop_app.exchange.importers import import_reader
from desktop_app.exchange.importers.import_reader import UnknownExportError, read_export
from desktop_app.exchange.importers.imported_conversation import ImportedConversation
from tests.unit.exchange.test_histories import PICTURE, first_of, shown, write


def user(text: str, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": text, **more}


def answer(text: str, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **more}


def open_webui(*items: Any, content: str = "") -> list[Any]:
    said = {"id": "b", "parentId": "a", "role": "assistant", "content": content, "model": "m"}
    messages = {"a": {"id": "a", "role": "user", "content": "How?"}, "b": {**said, "output": items}}
    return [{"id": "o", "title": "Tea", "chat": {"history": {"messages": messages}}}]


def item(kind: str, text: str, part: str = "output_text") -> dict[str, Any]:
    return {"type": kind, "content": [{"type": part, "text": text}]}


CALLED = [
    {"type": "function_call", "call_id": "c", "name": "find", "arguments": '{"a": 1}'},
    {"type": "function_call_output", "call_id": "c", "output": [{"type": "text", "text": "b"}]},
]
ANTHROPIC = [
    user("How?"),
    answer(
        [
            {"type": "thinking", "thinking": "green"},
            {"type": "tool_use", "id": "c", "name": "find", "input": {"a": 1}},
        ]
    ),
    user([{"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": "b"}]}]),
    answer([{"type": "text", "text": "Three."}]),
]
SDK = [
    {"id": "1", "role": "user", "parts": [{"type": "text", "text": "How?"}]},
    {
        "id": "2",
        "role": "assistant",
        "content": "Three.",
        "parts": [
            {"type": "reasoning", "text": "green"},
            {"type": "tool-find", "toolCallId": "c", "input": {"a": 1}, "output": "b"},
            {"type": "text", "text": "Three."},
        ],
    },
]
GEMINI_API = {
    "contents": [
        {"role": "user", "parts": [{"text": "How?"}]},
        {"role": "model", "parts": [{"text": "green", "thought": True}, {"text": "Three."}]},
    ]
}


def lines(*values: Any) -> str:
    return "\n".join(map(json.dumps, values))


def said(text: str, role: str, **more: Any) -> dict[str, Any]:
    return {"type": "message", **more, "message": {"role": role, "content": text}}


def codex(kind: str, **payload: Any) -> dict[str, Any]:
    return {"timestamp": "2026-03-01T10:00:00Z", "type": kind, "payload": payload}


def codex_item(role: str, text: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    return codex("response_item", type="message", role=role, content=content)


THOUGHT = {"text": "green", "role": "model", "isThought": True}
ROWS: list[tuple[Any, str, list[str]]] = [
    (
        open_webui(item("reasoning", "green"), item("message", "Three.")),
        "Open WebUI: Tea",
        ["user How?", "m on 0 (green) Three."],
    ),
    (
        open_webui(*CALLED, item("message", "Three.")),
        "Open WebUI: Tea",
        ["user How?", "m on 0 find={'a': 1}>b Three."],
    ),
    (
        open_webui(item("reasoning", "green"), item("message", "Old."), content="Three."),
        "Open WebUI: Tea",
        ["user How?", "m on 0 (green) Three."],
    ),
    (
        {
            "runSettings": {"model": "models/g"},
            "systemInstruction": {"parts": [{"text": "Brief."}]},
            "chunkedPrompt": {
                "chunks": [
                    {"text": "How?", "role": "user"},
                    {"role": "user", "driveImage": {"id": "x"}},
                    THOUGHT,
                    {
                        "text": "Three.",
                        "role": "model",
                        "parts": [{"text": "Th"}, {"text": "ree."}],
                    },
                    {"role": "model", "executableCode": {"language": "PYTHON", "code": "1"}},
                ],
                "pendingInputs": [{"text": "", "role": "user"}],
            },
        },
        "AI Studio: How? | Brief.",
        [
            "user How?",
            "user on 0 [Attached: Image]",
            "g on 1 (green) Three.",
            "g on 2 ```python\n1\n```",
        ],
    ),
    (
        {
            "conv": {"id": "c", "name": "Tea", "currNode": "4"},
            "messages": [
                {"id": "0", "convId": "c", "role": "system", "parent": None, "content": ""},
                user(
                    "How?",
                    id="1",
                    parent="0",
                    convId="c",
                    extra=[{"type": "imageFile", "name": "a.png", "base64Url": PICTURE}],
                ),
                answer(
                    "Three.", id="2", parent="1", convId="c", reasoningContent="green", model="q"
                ),
                answer("Four.", id="3", parent="1", convId="c"),
                user("Why?", id="4", parent="2", convId="c"),
            ],
        },
        "llama.cpp: Tea",
        ["user <picture> How?", "q on 0 (green) Three.", "? on 0 Four.", "user on 1 Why?"],
    ),
    (
        {
            "threads": [{"id": "t", "title": "Tea"}, {"id": "u", "title": "Boat"}],
            "messages": [
                user("How?", id="1", threadId="t"),
                user("Who?", id="2", threadId="u"),
                answer("Three.", id="3", threadId="t", model="m"),
            ],
        },
        "T3 Chat: Tea",
        ["user How?", "m on 0 Three."],
    ),
    (
        {
            "chats": [{"id": 7, "name": "Tea"}, {"id": 8, "name": "Boat"}],
            "messages": [user("Who?", chat=8), user("How?", chat=7), answer("Three.", chat=7)],
        },
        "OpenAI messages: Boat",
        ["user Who?"],
    ),
    (
        [
            {
                "id": "h",
                "title": "Tea",
                "model": "m",
                "preprompt": "Brief.",
                "messages": [
                    {
                        "id": "0",
                        "from": "system",
                        "content": "",
                        "ancestors": [],
                        "children": ["1"],
                    },
                    {
                        "id": "1",
                        "from": "user",
                        "content": "How?",
                        "ancestors": ["0"],
                        "children": ["2", "3"],
                    },
                    {
                        "id": "2",
                        "from": "assistant",
                        "content": "Three.",
                        "reasoning": "green",
                        "ancestors": ["0", "1"],
                    },
                    {"id": "3", "from": "assistant", "content": "Four.", "ancestors": ["0", "1"]},
                ],
            }
        ],
        "HuggingChat: Tea | Brief.",
        ["user How?", "m on 0 (green) Three.", "m on 0 Four."],
    ),
    (
        [
            {
                "id": "s",
                "conversations": [
                    {"from": "system", "value": "Brief."},
                    {"from": "human", "value": "How?"},
                    {"from": "gpt", "value": "Three."},
                ],
            }
        ],
        "ShareGPT: How? | Brief.",
        ["user How?", "? on 0 Three."],
    ),
    (
        {
            "title": "Tea",
            "model": {"provider": "p", "model": "m"},
            "messages": [
                {"User": {"id": "1", "content": [{"Text": "How?"}]}},
                {
                    "Agent": {
                        "content": [
                            {"Thinking": {"text": "green"}},
                            {"ToolUse": {"id": "c", "name": "find", "input": {"a": 1}}},
                            {"Text": "Three."},
                        ],
                        "tool_results": {"c": {"tool_name": "find", "content": {"Text": "b"}}},
                    }
                },
            ],
        },
        "Zed: Tea",
        ["user How?", "m on 0 (green) find={'a': 1}>b Three."],
    ),
    (
        {
            "zed": "context",
            "version": "0.4.0",
            "summary": "Tea",
            "text": "Höw?\nThree.\nAnd?",
            "messages": [
                {"id": {}, "start": 0, "metadata": {"role": "user"}},
                {"id": {}, "start": 6, "metadata": {"role": "assistant"}},
                {"id": {}, "start": 13, "metadata": {"role": "user"}},
            ],
        },
        "Zed: Tea",
        ["user Höw?", "? on 0 Three.", "user on 1 And?"],
    ),
    (
        {
            "version": "0.2.0",
            "summary": "Tea",
            "messages": [
                {"id": 0, "role": "user", "segments": [{"type": "text", "text": "How?"}]},
                {
                    "id": 1,
                    "role": "assistant",
                    "segments": [
                        {"type": "thinking", "text": "green"},
                        {"type": "text", "text": "Three."},
                    ],
                    "tool_uses": [{"id": "c", "name": "find", "input": {"a": 1}}],
                    "tool_results": [],
                },
                {
                    "id": 2,
                    "role": "user",
                    "segments": [],
                    "tool_results": [{"tool_use_id": "c", "content": "b"}],
                },
            ],
        },
        "Zed: Tea",
        ["user How?", "? on 0 (green) Three. find={'a': 1}>b"],
    ),
    (
        [
            {
                "id": 1,
                "workspace": "Tea",
                "prompt": "How?",
                "response": "Three.",
                "sent_at": "2026-03-01",
            },
            {"id": 2, "workspace": "Boat", "prompt": "Who?", "response": "I."},
            {"id": 3, "workspace": "Tea", "prompt": "And?", "response": None},
        ],
        "AnythingLLM: Tea",
        ["user How?", "? on 0 Three.", "user on 1 And?"],
    ),
    (
        {
            "items": [
                {"input": "How?", "output": "Three.", "mode": "chat", "model": "m"},
                {"input": "And?", "output": ""},
            ]
        },
        "PyGPT: How?",
        ["user How?", "m on 0 Three.", "user on 1 And?"],
    ),
    (
        lines(
            codex("session_meta", id="x", instructions=None),
            codex_item("user", "<environment_context>y</environment_context>"),
            codex("turn_context", model="m"),
            codex_item("user", "How?"),
            codex("event_msg", type="user_message", message="How?"),
            codex(
                "response_item",
                type="reasoning",
                summary=[{"type": "summary_text", "text": "green"}],
            ),
            codex("response_item", type="reasoning", summary=[], encrypted_content="z"),
            *(codex("response_item", **each) for each in CALLED),
            codex_item("assistant", "Three."),
        ),
        "Codex: How? | <environment_context>y</environment_context>",
        ["user How?", "m on 0 (green) find={'a': 1}>b Three."],
    ),
    (
        lines(
            {"type": "session", "harness": "llama.app", "id": "c", "name": "Tea"},
            said("How?", "user"),
            said("Three.", "assistant"),
        ),
        "llama.cpp: Tea",
        ["user How?", "? on 0 Three."],
    ),
    (
        lines(
            {"type": "session", "id": "p"},
            said("How?", "user", id="1", parentId=None),
            said("Three.", "assistant", id="2", parentId="1"),
            said("Four.", "assistant", id="3", parentId="1"),
        ),
        "OpenAI messages: How?",
        ["user How?", "? on 0 Three.", "? on 0 Four."],
    ),
    (
        [{"id": "o", "title": "Tea", "messages": [user("How?"), answer("Three.")]}],
        "OpenAI messages: Tea",
        ["user How?", "? on 0 Three."],
    ),
    (
        {"title": "Tea", "messages": {"a": user("How?", id="a"), "b": answer("Three.", id="b")}},
        "OpenAI messages: Tea",
        ["user How?", "? on 0 Three."],
    ),
    (
        {"title": "Tea", "messages": [{**user("How?"), "replies": [answer("3."), answer("4.")]}]},
        "OpenAI messages: Tea",
        ["user How?", "? on 0 3.", "? on 0 4."],
    ),
    (
        [answer("Three.", timestamp=1_700_000_009), user("How?", timestamp=1_700_000_001)],
        "OpenAI messages: How?",
        ["user How?", "? on 0 Three."],
    ),
    (
        {"conversationId": "c", "messages": [user("How?"), answer("Three.")]},
        "OpenAI messages: How?",
        ["user How?", "? on 0 Three."],
    ),
    (
        {
            "uuid": "c",
            "messages": [
                user("How?", id="1"),
                answer("3.", id="2", parentId="1"),
                answer("4.", id="3", parentId="1"),
            ],
        },
        "OpenAI messages: How?",
        ["user How?", "? on 0 3.", "? on 0 4."],
    ),
    (
        [
            user("How?"),
            answer("green", isReasoning=True),
            answer([{"type": "code_interpreter", "code": "1", "output": "b"}, "Three."]),
        ],
        "OpenAI messages: How?",
        ["user How?", "? on 0 (green) code_interpreter={'code': '1'}>b Three."],
    ),
    (ANTHROPIC, "OpenAI messages: How?", ["user How?", "? on 0 (green) find={'a': 1}>b Three."]),
    (SDK, "OpenAI messages: How?", ["user How?", "? on 0 (green) find={'a': 1}>b Three."]),
    (GEMINI_API, "OpenAI messages: How?", ["user How?", "? on 0 (green) Three."]),
]


@pytest.mark.parametrize(("value", "head", "messages"), ROWS)
def test_a_list_of_messages_is_read_by_its_structure(
    value: Any, head: str, messages: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "x.json"
    file.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
    assert first_of(read_export(file)) == (head, messages)


PAIR = [user("How?", id="1"), answer("Three.", id="2")]


@pytest.mark.parametrize(
    "value",
    [
        {"messages": [PAIR[0], {**PAIR[1], "regenerationOf": "1"}]},
        {"messages": [{**PAIR[0], "replies": ["2"]}, PAIR[1]]},
        {"messages": [PAIR[0], {**PAIR[1], "swipes": ["Three.", "Four."]}]},
        {"messages": [PAIR[0], {**PAIR[1], "variants": [{"content": "a"}, {"content": "b"}]}]},
        {"speeches": [{"who": "me", "say": "words"}]},
        [{"role": "admin", "name": "Ann"}, {"role": "user", "name": "Bob"}],
    ],
)
def test_messages_of_an_unknown_order_are_refused(value: Any, tmp_path: Path) -> None:
    with pytest.raises(UnknownExportError):
        list(read_export(write(tmp_path / "x.json", value)).conversations)


@pytest.mark.parametrize(
    "odd",
    [
        5,
        None,
        {},
        {"role": "user"},
        {"role": "narrator", "content": "words"},
        answer({"say": "words"}),
    ],
)
def test_a_message_in_which_nothing_is_found_keeps_its_place(odd: Any, tmp_path: Path) -> None:
    messages = [*PAIR, odd, user("And?")]
    (found,) = read_export(write(tmp_path / "x.json", {"messages": messages})).conversations
    assert isinstance(found, ImportedConversation)
    assert [message.text for message in found.messages][::3] == ["How?", "And?"]
    assert (found.unread, len(found.messages)) == (1, 4)


TREES = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(Role), st.booleans()), min_size=1, max_size=8
)


def as_messages(tree: list[tuple[int, Role, bool]]) -> list[dict[str, Any]]:
    """Return messages, of which each but the first has an earlier one as its parent."""
    return [
        {
            "id": f"m{number}",
            "parent": f"m{above % number}" if number else None,
            "role": role.value,
            "text": f"Words {number}",
            "thought": f"Thought {number}" if role is Role.ASSISTANT and has_thought else "",
        }
        for number, (above, role, has_thought) in enumerate(tree)
    ]


def renamed(messages: list[dict[str, Any]], **names: str) -> list[dict[str, Any]]:
    return [{names.get(key, key): value for key, value in each.items()} for each in messages]


def in_open_webui(messages: list[dict[str, Any]]) -> Any:
    nodes = {
        each["id"]: {
            "parentId": each["parent"],
            "role": each["role"],
            **(
                {"content": each["text"]}
                if each["role"] == "user"
                else {"output": [item("reasoning", each["thought"]), item("message", each["text"])]}
            ),
        }
        for each in messages
    }
    return [{"id": "o", "chat": {"history": {"messages": nodes}}}]


def in_librechat(messages: list[dict[str, Any]]) -> Any:
    rows = [
        {
            "messageId": each["id"],
            "parentMessageId": each["parent"],
            "isCreatedByUser": each["role"] == "user",
            "content": [{"think": each["thought"]}, {"text": each["text"]}],
        }
        for each in messages
    ]
    return {"conversationId": "l", "messages": rows}


def in_chatgpt(messages: list[dict[str, Any]]) -> Any:
    mapping: dict[str, Any] = {}
    for each in messages:
        above = each["parent"]
        if each["thought"]:
            content: Any = {"content_type": "thoughts", "thoughts": [{"content": each["thought"]}]}
            message = {"author": {"role": "assistant"}, "content": content}
            mapping["t" + each["id"]] = {"parent": above, "message": message}
            above = "t" + each["id"]
        content = {"content_type": "text", "parts": [each["text"]]}
        message = {"author": {"role": each["role"]}, "content": content}
        mapping[each["id"]] = {"parent": above, "message": message}
    return [{"id": "g", "mapping": mapping}]


def in_claude(messages: list[dict[str, Any]]) -> Any:
    rows = [
        {
            "uuid": each["id"],
            "parent_message_uuid": each["parent"],
            "sender": "human" if each["role"] == "user" else "assistant",
            "content": [
                {"type": "thinking", "thinking": each["thought"]},
                {"type": "text", "text": each["text"]},
            ],
        }
        for each in messages
    ]
    return [{"uuid": "c", "name": "", "chat_messages": rows}]


FORMS: list[Callable[[list[dict[str, Any]]], Any]] = [
    in_open_webui,
    in_librechat,
    in_chatgpt,
    in_claude,
    lambda m: {
        "conv": {"id": "c"},
        "messages": renamed(m, text="content", thought="reasoningContent"),
    },
    lambda m: {"id": "x", "messages": renamed(m, parent="parentMessageId", thought="reasoning")},
    lambda m: renamed(m, parent="parent_id", text="content", thought="thinking"),
    lambda m: [
        {
            "title": "",
            "messages": renamed(
                m, role="from", text="content", parent="parentId", thought="reasoning"
            ),
        }
    ],
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(TREES, st.sampled_from(FORMS))
def test_messages_roles_order_and_versions_are_those_of_the_source(
    tmp_path: Path, tree: list[tuple[int, Role, bool]], form: Callable[..., Any]
) -> None:
    messages = as_messages(tree)
    (found,) = read_export(write(tmp_path / "x.json", form(messages))).conversations
    assert isinstance(found, ImportedConversation)
    places = {each["id"]: number for number, each in enumerate(messages)}
    expected = []
    for each in messages:
        words = f"({each['thought']}) {each['text']}" if each["thought"] else each["text"]
        on = f" on {places[each['parent']]}" if each["parent"] else ""
        expected.append(f"{'user' if each['role'] == 'user' else '?'}{on} {words}")
    assert shown(found) == expected


def test_a_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    chats = [{"id": str(n), "messages": [user(f"Ask {n}")]} for n in range(3)]
    good = [*map(json.dumps, chats)]
    file.write_text(
        "\n".join([good[0], '{"id": "cut", "mess', good[1], good[2].replace("Ask", "A\tB")])
    )
    found = [*read_export(file).conversations]
    errors = [each for each in found if isinstance(each, ImportRefusedError)]
    assert (len(found), len(errors)) == (4, 1)


def test_a_huge_list_of_messages_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_reader, "MAX_VALUE_CHARS", 1000)
    file = write(tmp_path / "x.json", [user("words " * 300), answer("words")])
    with pytest.raises(ImportRefusedError):
        read_export(file)


def test_a_call_in_share_gpt_is_a_call_and_an_unknown_role_is_named(tmp_path: Path) -> None:
    rows = [
        {"from": "human", "value": "Ask"},
        {"from": "function_call", "value": '{"name": "look", "arguments": {"q": 1}}'},
        {"from": "gpt", "value": "Said"},
        {"from": "wizard", "value": "Odd"},
    ]
    export = read_export(write(tmp_path / "x.json", [{"id": "s", "conversations": rows}]))
    (found,) = export.conversations
    assert isinstance(found, ImportedConversation)
    (call, text), (note,) = (message.parts for message in found.messages[1:])
    assert isinstance(call, ToolCallPart)
    assert call.name == "look"
    assert text == TextPart("Said")
    assert isinstance(note, TextPart)
    assert note.text != "Odd"
    assert (len(found.messages), found.unread) == (3, 1)
