"""Histories of programs that each have one form of their own: read, recognized, never a crash."""

from __future__ import annotations

import base64
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop_app.domain.conversations.conversation import MessageStatus, Role
from desktop_app.domain.conversations.message_parts import ImagePart, ReasoningPart, ToolCallPart
from desktop_app.domain.errors import ImportRefusedError
from desktop_app.exchange.importers.import_reader import ParsedExport, read_export
from desktop_app.exchange.importers.imported_conversation import ImportedConversation
from tests.unit.exchange.test_importers import check_tree, damaged

PIXEL = b"\x89PNG\r\n\x1a\n" + b"\0" * 24
PICTURE = "data:image/png;base64," + base64.b64encode(PIXEL).decode()


def fragments(*pairs: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {"fragments": [{"type": kind, "content": text} for kind, text in pairs], **more}


def tree(*rows: tuple[str, str | None, Any]) -> dict[str, Any]:
    return {id_: {"id": id_, "parent": parent, "message": said} for id_, parent, said in rows}


DEEPSEEK = {
    "id": "d",
    "title": "Tea",
    "inserted_at": "2026-03-01T10:00:00.000000+08:00",
    "mapping": tree(
        ("root", None, None),
        ("1", "root", fragments(("REQUEST", "How long?"), files=[{"file_name": "tea.pdf"}])),
        ("2", "1", fragments(("THINK", "green"), ("RESPONSE", "Three."), model="deepseek-chat")),
        ("3", "1", fragments(("RESPONSE", "Four."), model="deepseek-reasoner")),
    ),
}
OLD_DEEPSEEK = {
    "id": "d",
    "title": "Tea",
    "inserted_at": "2025-03-01T10:00:00.000000+08:00",
    "mapping": tree(
        ("root", None, None),
        ("1", "root", {"content": "How long?", "model": "deepseek-chat"}),
        ("2", "1", {"content": "Three.", "reasoning_content": "green", "model": "deepseek-chat"}),
    ),
}


def step(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "contentBlock", "content": [{"type": "text", "text": text}], **more}


def answer_of_lm_studio(*steps: dict[str, Any]) -> dict[str, Any]:
    sender = {"senderName": "qwen3"}
    return {"type": "multiStep", "role": "assistant", "senderInfo": sender, "steps": list(steps)}


LM_STUDIO = {
    "name": "Tea",
    "pinned": True,
    "createdAt": 1772359200000,
    "systemPrompt": "Be brief.",
    "messages": [
        {
            "versions": [
                {
                    "type": "singleStep",
                    "role": "user",
                    "content": [{"type": "text", "text": "How?"}],
                }
            ],
            "currentlySelected": 0,
        },
        {
            "versions": [
                answer_of_lm_studio(step("Four.")),
                answer_of_lm_studio(step("green", style={"type": "thinking"}), step("Three.")),
            ],
            "currentlySelected": 1,
        },
        {
            "versions": [{"type": "singleStep", "role": "user", "content": "Thanks"}],
            "currentlySelected": 0,
        },
    ],
}
CHATBOX = {
    "chat-sessions-list": [{"id": "s", "name": "Tea", "starred": True}],
    "session:s": {
        "id": "s",
        "name": "Tea",
        "messages": [
            {"id": "0", "role": "system", "contentParts": [{"type": "text", "text": "Be brief."}]},
            {
                "id": "1",
                "role": "user",
                "contentParts": [{"type": "text", "text": "How long?"}],
                "files": [{"id": "f", "name": "tea.pdf"}],
                "timestamp": 1772359200000,
            },
            {
                "id": "2",
                "role": "assistant",
                "model": "GPT-5.2",
                "contentParts": [
                    {"type": "reasoning", "text": "green"},
                    {"type": "tool-call", "toolName": "find", "args": {"a": 1}, "result": "b"},
                    {"type": "text", "text": "Three."},
                ],
            },
        ],
        "messageForksHash": {
            "1": {
                "position": 1,
                "lists": [
                    {
                        "id": "x",
                        "messages": [{"id": "2b", "role": "assistant", "content": "Four."}],
                    },
                    {"id": "y", "messages": []},
                ],
            }
        },
        "threads": [
            {"id": "t", "name": "Before", "messages": [{"role": "user", "content": "Hello"}]}
        ],
    },
}
CHERRY_STUDIO = {
    "time": 1772359200000,
    "version": 5,
    "localStorage": {
        "persist:cherry-studio": json.dumps(
            {
                "assistants": json.dumps(
                    {
                        "assistants": [
                            {"prompt": "Be brief.", "topics": [{"id": "t", "name": "Tea"}]}
                        ]
                    }
                )
            }
        )
    },
    "indexedDB": {
        "topics": [
            {
                "id": "t",
                "messages": [
                    {"id": "1", "role": "user", "blocks": ["b1", "b0"]},
                    {"id": "2", "role": "assistant", "askId": "1", "blocks": ["b2", "b3"]},
                    {
                        "id": "3",
                        "role": "assistant",
                        "askId": "1",
                        "foldSelected": True,
                        "model": {"id": "qwen3", "name": "Qwen"},
                        "blocks": ["b4"],
                    },
                    {"id": "4", "role": "user", "blocks": ["b5"]},
                ],
            }
        ],
        "message_blocks": [
            {
                "id": "b0",
                "messageId": "1",
                "type": "file",
                "file": {"id": "f", "origin_name": "tea.pdf", "type": "document"},
            },
            {"id": "b1", "messageId": "1", "type": "main_text", "content": "How long?"},
            {"id": "b3", "messageId": "2", "type": "main_text", "content": "Four."},
            {"id": "b2", "messageId": "2", "type": "thinking", "content": "black"},
            {"id": "b4", "messageId": "3", "type": "main_text", "content": "Three."},
            {"id": "b5", "messageId": "4", "type": "main_text", "content": "Thanks"},
        ],
    },
}
TYPING_MIND = {
    "data": {
        "chats": [
            {
                "chatID": "c",
                "chatTitle": "Tea",
                "model": "gpt-5.2",
                "createdAt": "2026-03-01T10:00:00.000Z",
                "chatParams": {"systemMessage": "Be brief."},
                "messages": [
                    {
                        "uuid": "1",
                        "role": "user",
                        "content": [
                            {"type": "text", "text": "How long?"},
                            {"type": "image_url", "image_url": {"url": PICTURE}},
                        ],
                    },
                    {"uuid": "2", "role": "assistant", "content": "Three.", "model": "gpt-5.2"},
                ],
            }
        ],
        "folders": [],
    }
}
THREAD_OF_JAN = {
    "id": "j",
    "object": "thread",
    "title": "Tea",
    "assistants": [{"model": {"id": "qwen3"}, "instructions": "Be brief."}],
}
MESSAGES_OF_JAN = [
    {
        "id": f"m{number}",
        "thread_id": "j",
        "role": role,
        "content": [{"type": "text", "text": {"value": text, "annotations": []}}],
        "created_at": 1772359200000 + number,
    }
    for number, (role, text) in enumerate(
        [("user", "How long?"), ("assistant", "<think>\ngreen\n</think>\n\nThree.")]
    )
]
GEMINI = [
    {
        "header": "Gemini Apps",
        "title": "Prompted And black?",
        "time": "2026-03-01T10:05:00.000Z",
        "safeHtmlItem": [{"html": "<p>Four.</p>"}],
    },
    {"header": "Gemini Apps", "title": "Used Gemini", "time": "2026-03-01T10:04:00.000Z"},
    {"header": "Search", "title": "Asked tea", "time": "2026-03-01T10:03:00.000Z"},
    {
        "header": "App Gemini",
        "title": "Prompt : How long?",
        "time": "2026-03-01T10:00:00.000Z",
        "products": ["App Gemini"],
        "imageFile": "leaf-1.png",
        "safeHtmlItem": [{"html": "<p>Three <b>minutes</b>.</p><ul><li>a</li></ul>"}],
    },
    {"header": "Gemini Apps", "title": "Prompted Before", "time": "2026-03-01T08:00:00.000Z"},
]
GROK = {
    "conversations": [
        {
            "conversation": {
                "id": "g",
                "title": "Tea",
                "create_time": "2026-03-01T10:00:00.000000Z",
            },
            "responses": [
                {
                    "response": {
                        "_id": "1",
                        "sender": "human",
                        "message": "How long?",
                        "create_time": {"$date": {"$numberLong": "1772359200000"}},
                    }
                },
                {
                    "response": {
                        "_id": "2",
                        "sender": "ASSISTANT",
                        "message": "Three.",
                        "model": "grok-4",
                        "parent_response_id": "1",
                    }
                },
                {
                    "response": {
                        "_id": "3",
                        "sender": "assistant",
                        "message": "Four.",
                        "parent_response_id": "1",
                    }
                },
            ],
        }
    ]
}
LE_CHAT = [
    {
        "id": "2",
        "chatId": "l",
        "role": "assistant",
        "content": "Three.",
        "contentChunks": [
            {"type": "tool_call", "name": "web_search", "publicArguments": '{"q":1}'},
            {"type": "text", "text": "Three"},
            {"type": "reference", "referenceIds": [1]},
            {"type": "text", "text": "."},
        ],
        "createdAt": "2026-03-01T10:00:01.000Z",
    },
    {
        "id": "1",
        "chatId": "l",
        "role": "user",
        "content": "How long?",
        "contentChunks": None,
        "files": [{"type": "document", "name": "tea.pdf"}],
        "createdAt": "2026-03-01T10:00:00.000Z",
    },
]
OPENROUTER = {
    "version": "orpg.3.0",
    "title": "Tea",
    "characters": {"c": {"model": "openai/gpt-5.2", "description": "Be brief."}},
    "messages": {
        "m2": {
            "id": "m2",
            "type": "assistant",
            "characterId": "c",
            "parentMessageId": "m1",
            "items": [{"id": "i2"}, {"id": "i3"}],
            "createdAt": "2026-03-01T10:00:01.000Z",
        },
        "m1": {
            "id": "m1",
            "type": "user",
            "characterId": "USER",
            "items": [{"id": "i1"}],
            "createdAt": "2026-03-01T10:00:00.000Z",
        },
    },
    "items": {
        "i1": {"data": {"type": "message", "content": [{"type": "input_text", "text": "How?"}]}},
        "i2": {"data": {"type": "reasoning", "content": [{"text": "green"}]}},
        "i3": {"data": {"type": "message", "content": [{"type": "output_text", "text": "Three."}]}},
    },
}
OLD_OPENROUTER = {
    "version": "orpg.1.0",
    "characters": {"c": {"model": "openai/gpt-5.2", "description": "Be brief."}},
    "messages": {
        "m2": {"characterId": "c", "content": "Three.", "updatedAt": "2026-03-01T10:00:01.000Z"},
        "m1": {"characterId": "USER", "content": "How?", "updatedAt": "2026-03-01T10:00:00.000Z"},
    },
}
MESSAGES = [{"role": "user", "content": "How long?"}, {"role": "assistant", "text": "Three."}]
FINE_TUNING = {
    "model": "gpt-5.2",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How long?"},
        {
            "role": "assistant",
            "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "find", "arguments": "{}"}}
            ],
        },
        {"role": "tool", "tool_call_id": "c", "content": "green"},
        {"role": "assistant", "content": "Three."},
    ],
}

# Of each form: its program, and the first conversation, a line for each message.
ROWS = [
    (
        [DEEPSEEK],
        "DeepSeek: Tea",
        [
            "user [Attached: tea.pdf] How long?",
            "deepseek-chat on 0 (green) Three.",
            "deepseek-reasoner on 0 Four.",
        ],
    ),
    ([OLD_DEEPSEEK], "DeepSeek: Tea", ["user How long?", "deepseek-chat on 0 (green) Three."]),
    (
        LM_STUDIO,
        "LM Studio: Tea | Be brief.",
        ["user How?", "qwen3 on 0 Four.", "qwen3 on 0 (green) Three.", "user on 2 Thanks"],
    ),
    (
        CHATBOX,
        "Chatbox: Tea | Be brief.",
        [
            "user [Attached: tea.pdf] How long?",
            "GPT-5.2 on 0 (green) find={'a': 1}>b Three.",
            "? on 0 Four.",
        ],
    ),
    (
        CHATBOX["session:s"],
        "Chatbox: Tea | Be brief.",
        [
            "user [Attached: tea.pdf] How long?",
            "GPT-5.2 on 0 (green) find={'a': 1}>b Three.",
            "? on 0 Four.",
        ],
    ),
    (
        CHERRY_STUDIO,
        "Cherry Studio: Tea | Be brief.",
        [
            "user How long? [Attached: tea.pdf]",
            "? on 0 (black) Four.",
            "qwen3 on 0 Three.",
            "user on 2 Thanks",
        ],
    ),
    (
        TYPING_MIND,
        "TypingMind: Tea | Be brief.",
        ["user How long? <picture>", "gpt-5.2 on 0 Three."],
    ),
    (
        [THREAD_OF_JAN, *MESSAGES_OF_JAN],
        "Jan: Tea | Be brief.",
        ["user How long?", "qwen3 on 0 (green) Three."],
    ),
    (GEMINI, "Gemini (Google Takeout): Before", ["user Before"]),
    (
        GEMINI[:-1],
        "Gemini (Google Takeout): How long?",
        [
            "user [Attached: leaf-1.png] How long?",
            "? on 0 Three **minutes**.\n\n- a",
            "user on 1 And black?",
            "? on 2 Four.",
        ],
    ),
    (GROK, "Grok: Tea", ["user How long?", "grok-4 on 0 Three.", "? on 0 Four."]),
    (
        LE_CHAT,
        "Le Chat: How long?",
        ["user [Attached: tea.pdf] How long?", "? on 0 web_search={'q': 1}> Three."],
    ),
    (
        OPENROUTER,
        "OpenRouter: Tea | Be brief.",
        ["user How?", "openai/gpt-5.2 on 0 (green) Three."],
    ),
    (OLD_OPENROUTER, "OpenRouter: How? | Be brief.", ["user How?", "openai/gpt-5.2 on 0 Three."]),
    (
        FINE_TUNING,
        "OpenAI messages: How long? | Be brief.",
        ["user How long?", "gpt-5.2 on 0 find={}>green Three."],
    ),
    *(
        (value, "OpenAI messages: How long?", ["user How long?", "? on 0 Three."])
        for value in (MESSAGES, [MESSAGES], {"chats": [{"messages": MESSAGES}]}, {"a": MESSAGES})
    ),
]


def shown(found: ImportedConversation) -> list[str]:
    """Return each message as its author, the number of its parent, and its parts."""
    places = {message.id: place for place, message in enumerate(found.messages)}
    lines = []
    for message in found.messages:
        author = "user"
        if message.role is Role.ASSISTANT:
            author = message.choice.model if message.choice and message.choice.model else "?"
        on = "" if message.parent_id is None else f" on {places[message.parent_id]}"
        words = []
        for part in message.parts:
            if isinstance(part, ReasoningPart):
                words.append(f"({part.text})")
            elif isinstance(part, ToolCallPart):
                words.append(f"{part.name}={json.loads(part.arguments)}>{part.result}")
            elif isinstance(part, ImagePart):
                words.append("<picture>")
            else:
                words.append(getattr(part, "text", "?"))
        lines.append(f"{author}{on} {' '.join(words)}")
    return lines


def write(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value), "utf-8")
    return path


def first_of(export: ParsedExport) -> tuple[str, list[str]]:
    found = next(export.conversations)
    assert isinstance(found, ImportedConversation)
    prompt = found.conversation.overrides.instructions
    head = f"{export.kind}: {found.conversation.title}" + (f" | {prompt}" if prompt else "")
    return head, shown(found)


@pytest.mark.parametrize(("value", "head", "messages"), ROWS)
def test_a_history_is_read_with_its_branches_thoughts_and_models(
    value: Any, head: str, messages: list[str], tmp_path: Path
) -> None:
    export = read_export(write(tmp_path / "x.json", value))
    assert first_of(export) == (head, messages)
    others = list(export.conversations)
    assert export.total == len(others) + 1
    assert all(isinstance(each, ImportedConversation) for each in others)


def test_the_shown_branch_stays_the_shown_one(tmp_path: Path) -> None:
    for value, text in ((LM_STUDIO, "Thanks"), (CHATBOX, "Three."), (CHERRY_STUDIO, "Thanks")):
        found = next(read_export(write(tmp_path / "x.json", value)).conversations)
        assert isinstance(found, ImportedConversation)
        leaf = next(m for m in found.messages if m.id == found.conversation.leaf_id)
        assert leaf.text == text
        assert leaf.status is MessageStatus.COMPLETE


def test_a_line_of_jsonl_is_a_conversation(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    other = {"messages": [{"role": "user", "content": "Hello"}]}
    file.write_text(f"{json.dumps(FINE_TUNING)}\n\n{json.dumps(other)}\n")
    export = read_export(file)
    assert (export.kind, export.total) == ("OpenAI messages", 2)
    titles = [each.conversation.title for each in export.conversations if hasattr(each, "messages")]
    assert titles == ["How long?", "Hello"]


def test_threads_of_jan_are_read_from_an_archive_of_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "jan.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("threads/j/thread.json", json.dumps(THREAD_OF_JAN, indent=2))
        lines = "\n".join(map(json.dumps, MESSAGES_OF_JAN))
        archive.writestr("threads/j/messages.jsonl", lines)
        archive.writestr("settings.json", "{}")
    export = read_export(file)
    assert export.total == 1
    assert first_of(export)[0] == "Jan: Tea | Be brief."


def test_pictures_are_read_from_a_takeout(tmp_path: Path) -> None:
    file = tmp_path / "takeout.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("Takeout/My Activity/Gemini Apps/MyActivity.json", json.dumps(GEMINI[:-1]))
        archive.writestr("Takeout/My Activity/Gemini Apps/leaf-1.png", PIXEL)
        archive.writestr("Takeout/My Activity/Search/MyActivity.json", json.dumps([GEMINI[2]]))
    assert first_of(read_export(file))[1][0] == "user <picture> How long?"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_damaged_history_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    value = damaged(data, data.draw(st.sampled_from([row[0] for row in ROWS])))
    try:
        conversations = list(read_export(write(tmp_path / "x.json", value)).conversations)
    except ImportRefusedError:
        return
    for found in conversations:
        if not isinstance(found, ImportRefusedError):
            check_tree(found)
