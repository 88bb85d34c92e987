"""Forms of programs whose exports are lists of messages, or are easily made such.

Each function returns the conversations in a file's value as `message_list` reads them: objects with
an `id`, a `title` and `messages`; an empty list if the value is of another form. Sources, all of
November 2026:

- TypingMind: enricoros/big-AGI (typingmind.schema.ts) and the schema in ponti/hominem.
- Jan: `thread.json` beside `messages.jsonl`; janhq/jan (core/src/types/message and thread).
- Grok: codeface-io/mac-stack and hugoamorales/grok_export_toolkit; times are as in MongoDB.
- llama.cpp: `{conv, messages}`, or lines in the format of Hugging Face's session traces.
- AI Studio: readers of the files that it keeps in Google Drive.
- T3 Chat: JSON schemas of its export. HuggingChat: huggingface/chat-ui. ShareGPT: data sets.
- Codex: `rollout-….jsonl`, as tools that read sessions describe it.
- Zed: crates/agent/src/db.rs and assistant_text_thread, and its older threads.
- AnythingLLM: server/utils/helpers/chat/convertTo.js.
- PyGPT: its contexts of 2023, `context/ID.json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from desktop_app.exchange.importers.imported_conversation import (
    list_at,
    mapping_at,
    objects_at,
    parse_json,
    seconds_of,
    stable_id,
    text_at,
    value_at,
)
from desktop_app.exchange.importers.message_list import conversations_in, is_conversation

JAN_THREAD: Final = "thread.json"
JAN_MESSAGES: Final = "messages.jsonl"
"""The names of the files of a thread of Jan's."""
_CODEX_CONTEXT: Final = ("<environment_context>", "<user_instructions>", "<permissions")
"""What Codex writes before the first question, as if the user had said it."""
_HUGGING_CHAT_ROLES: Final = ("user", "assistant", "system")
_LLAMA_HARNESS: Final = "llama.app"


def _items(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list, or an object as the only one."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def typing_mind(value: Any) -> list[Any]:
    chats = objects_at(value, "data", "chats") or objects_at(value, "chats")
    chats = chats or [each for each in _items(value) if text_at(each, "chatID")]
    return [
        {**chat, "id": text_at(chat, "chatID"), "title": text_at(chat, "chatTitle")}
        | {"model": text_at(chat, "model") or text_at(chat, "modelInfo", "id")}
        | {"instructions": text_at(chat, "chatParams", "systemMessage")}
        for chat in chats
        if text_at(chat, "chatID") and objects_at(chat, "messages")
    ]


def jan(value: Any) -> list[Any]:
    """Return the threads of a list of messages; a thread itself may be one of the items."""
    threads: dict[str, dict[str, Any]] = {}
    facts: dict[str, Mapping[str, Any]] = {}
    items = _items(value)
    if not any(text_at(item, "object").startswith("thread") for item in items):
        return []
    for item in items:
        if thread_id := text_at(item, "thread_id"):
            thread = threads.setdefault(thread_id, {"id": thread_id, "messages": []})
            model = text_at(value_at(item, "metadata"), "modelId")
            thread["messages"].append({"model": model, **item})
        else:
            assistant = next(iter(objects_at(item, "assistants")), {})
            model = text_at(assistant, "model", "id") or text_at(item, "model", "id")
            instructions = text_at(assistant, "instructions")
            facts[text_at(item, "id")] = {**item, "model": model, "instructions": instructions}
    return [{**facts.get(thread_id, {}), **thread} for thread_id, thread in threads.items()]


def grok(value: Any) -> list[Any]:
    return [
        _grok_conversation(each)
        for each in objects_at(value, "conversations") or _items(value)
        if any(mapping_at(row, "response") for row in objects_at(each, "responses"))
    ]


def _grok_conversation(value: Mapping[str, Any]) -> dict[str, Any]:
    facts = mapping_at(value, "conversation")
    responses = [mapping_at(row, "response") for row in objects_at(value, "responses")]
    messages = [
        {
            "id": text_at(said, "_id"),
            "role": text_at(said, "sender"),
            "content": said.get("message"),
            "parentId": said.get("parent_response_id"),
            "files": [
                {"name": each} if isinstance(each, str) else each
                for each in list_at(said, "file_attachments")
            ],
            "createdAt": _seconds_of_mongo(said.get("create_time")),
            "model": text_at(said, "model"),
            "generating": said.get("partial"),
        }
        for said in responses
    ]
    title = text_at(facts, "title")
    return {
        "id": text_at(facts, "id") or f"{facts.get('create_time')} {title}",
        "title": title,
        "createdAt": _seconds_of_mongo(facts.get("create_time")),
        "updatedAt": _seconds_of_mongo(facts.get("modify_time")),
        "leafId": messages[-1]["id"],
        "pinned": facts.get("starred"),
        "messages": messages,
    }


def _seconds_of_mongo(value: Any) -> float | None:
    """Return a time in seconds; MongoDB writes `{"$date": {"$numberLong": "1700000000000"}}`."""
    date = value_at(value, "$date")
    number = value_at(date, "$numberLong")
    if isinstance(number, str) and number.lstrip("-").isdecimal() and len(number) < 20:
        return int(number) / 1000
    return seconds_of(value if date is None else date)


def llama_cpp(value: Any) -> list[Any]:
    is_llama = any(
        mapping_at(each, "conv") or text_at(each, "harness") == _LLAMA_HARNESS
        for each in _items(value)
    )
    return conversations_in(value) if is_llama else []


def t3_chat(value: Any) -> list[Any]:
    return conversations_in(value) if objects_at(value, "threads") else []


def is_hugging_chat(value: Any) -> bool:
    roles = (text_at(each, "from") for each in objects_at(value, "messages"))
    return is_conversation(value) and all(role in _HUGGING_CHAT_ROLES for role in roles)


def share_gpt(value: Any) -> list[Any]:
    return [
        {**each, "messages": [*map(_message_of_share_gpt, rows)]}
        for each in _items(value)
        if (rows := objects_at(each, "conversations")) and all("from" in row for row in rows)
    ]


def _message_of_share_gpt(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a message; the JSON of a call becomes the call."""
    calls = parse_json(text_at(row, "value")) if text_at(row, "from") == "function_call" else None
    return {"from": "gpt", "tool_calls": calls} if calls else row


def ai_studio(value: Any) -> list[Any]:
    """Return prompts; a file has one, and its name is the title."""
    return [
        {
            "id": stable_id([text_at(chunk, "text") for chunk in chunks[:2]]),
            "model": text_at(each, "runSettings", "model").removeprefix("models/"),
            "instructions": text_at(each, "systemInstruction", "text")
            or "\n\n".join(
                text_at(part, "text") for part in objects_at(each, "systemInstruction", "parts")
            ),
            "messages": [
                {"id": "", **chunk, "parts": None, "content": [*_content_of_chunk(chunk)]}
                for chunk in chunks
            ],
        }
        for each in _items(value)
        if (chunks := objects_at(each, "chunkedPrompt", "chunks"))
    ]


def _content_of_chunk(chunk: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the files of a chunk, which Drive has, and the chunk itself, which is like a part."""
    for name in chunk:
        if name.startswith(("drive", "youtube")):
            yield {"type": "file", "name": name.removeprefix("drive")}
    parts = objects_at(chunk, "parts")
    yield {**chunk, "type": ""} if len(chunk.keys() & {"text"}) or not parts else parts
    if error := text_at(chunk, "errorMessage"):
        yield f"[Error: {error}]"


def codex(value: Any) -> list[Any]:
    lines = _items(value)
    items: list[Mapping[str, Any]]
    metas = [
        mapping_at(line, "payload") for line in lines if text_at(line, "type") == "session_meta"
    ]
    items = [
        {**mapping_at(line, "payload"), "timestamp": line.get("timestamp")}
        for line in lines
        if text_at(line, "type") == "response_item"
    ]
    if not items and lines and "instructions" in lines[0]:  # sessions before September 2025
        metas, items = lines[:1], [line for line in lines if text_at(line, "type")]
    messages = [message for item in items if (message := _message_of_codex(item))]
    if not messages:
        return []
    meta = metas[0] if metas else {}
    contexts = [line for line in lines if text_at(line, "type") == "turn_context"]
    models = (text_at(line, "payload", "model") for line in contexts)
    return [
        {
            "id": text_at(meta, "id") or stable_id(messages[0]),
            "created": seconds_of(meta.get("timestamp")),
            "model": next(filter(None, models), ""),
            "instructions": text_at(meta, "instructions")
            or text_at(meta, "base_instructions", "text"),
            "messages": messages,
        }
    ]


def _message_of_codex(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item of the Responses API as a message; an empty one if nothing is in it."""
    kind, time = text_at(item, "type"), item.get("timestamp")
    if kind == "message":
        words = next((text_at(part, "text") for part in objects_at(item, "content")), "")
        role = "developer" if words.startswith(_CODEX_CONTEXT) else text_at(item, "role")
        return {"role": role, "content": item.get("content"), "timestamp": time}
    if kind == "reasoning" and not (objects_at(item, "summary") or objects_at(item, "content")):
        return {}  # it is encrypted
    return {"role": "assistant", "content": [item], "timestamp": time}


def zed(value: Any) -> list[Any]:
    return [thread for each in _items(value) if (thread := _zed_thread(each))]


def _zed_thread(value: Mapping[str, Any]) -> dict[str, Any]:
    messages = objects_at(value, "messages")
    if text_at(value, "zed") == "context":
        found = [*_zed_pieces(text_at(value, "text"), messages)]
    elif any("User" in each or "Agent" in each for each in messages):
        found = [*map(_zed_message, messages)]
    elif any("segments" in each for each in messages):
        found = [
            {**each, "id": "", "segments": [*list_at(each, "segments"), *_calls_of(each)]}
            | {"tool_uses": None}
            for each in messages
        ]
    else:
        return {}
    return {
        "id": text_at(value, "id") or stable_id(found[:1]),
        "title": text_at(value, "title") or text_at(value, "summary"),
        "updated_at": value.get("updated_at"),
        "model": text_at(value, "model", "model"),
        "messages": found,
    }


def _calls_of(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for call in objects_at(message, "tool_uses"):
        yield {**call, "type": "tool_use"}


def _zed_pieces(text: str, messages: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the messages of a text thread, which begin at bytes of one text."""
    data = text.encode("utf-8", "surrogatepass")
    starts = [start if isinstance(start := each.get("start"), int) else 0 for each in messages]
    for message, start, end in zip(messages, starts, [*starts[1:], len(data)], strict=True):
        piece = data[start:end].decode("utf-8", "replace")
        yield {"role": text_at(message, "metadata", "role"), "content": piece.removesuffix("\n")}


def _zed_message(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message of Zed's agent, whose parts name their kind by their only key."""
    said = mapping_at(value, "User") or mapping_at(value, "Agent")
    results = [
        {"type": "tool_result", "tool_use_id": call_id, "content": text_at(result, "output")}
        | {"content": _zed_text(value_at(result, "content")) or value_at(result, "output")}
        for call_id, result in mapping_at(said, "tool_results").items()
    ]
    content = [part for each in list_at(said, "content") for part in _zed_part(each)]
    role = "user" if "User" in value else "assistant" if "Agent" in value else "system"
    return {"id": text_at(said, "id"), "role": role, "content": [*content, *results]}


def _zed_text(value: Any) -> str:
    parts = value if isinstance(value, list) else [value]
    return "\n".join(
        filter(None, (text_at(part, "Text") or text_at(part, "text") for part in parts))
    )


def _zed_part(part: Any) -> Iterator[Mapping[str, Any]]:
    for kind, inner in part.items() if isinstance(part, dict) else ():
        if kind == "Text":
            yield {"type": "text", "text": inner}
        elif kind == "Thinking":
            yield {"type": "thinking", "text": text_at(inner, "text")}
        elif kind == "ToolUse":
            yield {**mapping_at(part, kind), "type": "tool_use"}
        elif kind == "Mention":
            yield {"type": "text", "text": text_at(inner, "content") or str(value_at(inner, "uri"))}
        elif kind == "Image":
            yield {"type": "image"}
        elif kind != "RedactedThinking":
            yield {"type": kind}


def anything_llm(value: Any) -> list[Any]:
    """Return the questions and answers of each workspace, or of each session of a page."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in _items(value):
        if "prompt" in row and "response" in row and ("workspace" in row or "embed" in row):
            names = (row.get(name) for name in ("workspace", "embed", "thread", "session_id"))
            groups.setdefault(" ".join(str(name) for name in names if name), []).append(row)
    return [
        {"id": name, "title": name, "messages": [*_turns(rows, "prompt", "response", "sent_at")]}
        for name, rows in groups.items()
    ]


def pygpt(value: Any) -> list[Any]:
    rows = objects_at(value, "items")
    if not rows or not all("input" in row and "output" in row for row in rows):
        return []
    messages = [*_turns(rows, "input", "output", "input_timestamp")]
    return [{"id": stable_id(messages[:1]), "title": text_at(value, "name"), "messages": messages}]


def _turns(
    rows: Iterable[Mapping[str, Any]], question: str, answer: str, time: str
) -> Iterator[dict[str, Any]]:
    """Yield a question and an answer for each row; one that is missing or null was never given."""
    for row in rows:
        for role, name in (("user", question), ("assistant", answer)):
            if row.get(name) not in (None, ""):
                model = text_at(row, "model")
                yield {"role": role, "content": row[name], "timestamp": row.get(time)} | (
                    {"model": model} if role == "assistant" else {}
                )
