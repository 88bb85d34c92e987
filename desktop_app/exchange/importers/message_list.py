"""Reads lists of messages, which most programs export, whatever they call their fields.

A message has a role, and a content: a text or a list of parts with a `type`. A list may be a tree,
of which each message names its parent, and may mix the messages of several threads, which each
message names, too. Calls may have their results in parts or in messages of their own. A list whose
messages point to each other in a way that is not known is not read: its order would be a guess.

The names are those of OpenAI's Chat Completions and Responses, Anthropic's Messages, Gemini's API,
the AI SDK, ShareGPT, and of the programs in `import_reader`, November 2026. Programs that describe
no form of their own (Msty) are read if they export such messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

from desktop_app.domain.code_fence import fenced
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import (
    AttachmentFile,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    text_of,
)
from desktop_app.exchange.importers.imported_conversation import (
    LOST_IMAGE,
    FindFile,
    ImportedConversation,
    add_data_url,
    add_document,
    attached_note,
    ended_call,
    json_text,
    list_at,
    mapping_at,
    objects_at,
    parse_json,
    seconds_at,
    stable_id,
    text_at,
    unknown_content,
    value_at,
)
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation

ROLES: Final = {
    **dict.fromkeys(("user", "human"), Role.USER),
    **dict.fromkeys(("assistant", "ai", "model", "gpt", "bot", "chatgpt"), Role.ASSISTANT),
    **dict.fromkeys(("thought", "thinking", "reasoning"), Role.ASSISTANT),
}
"""The roles of messages by their names, in lower case."""
_SYSTEM_ROLES: Final = ("system", "developer")
_TOOL_ROLES: Final = ("tool", "function", "toolresult", "observation")
_ALL_ROLES: Final = (*ROLES, *_SYSTEM_ROLES, *_TOOL_ROLES)
_ROLE_NAMES: Final = ("role", "from", "sender", "author")
_ID_NAMES: Final = ("id", "uuid", "messageId", "message_id", "_id")
_MAX_DEPTH: Final = 4  # of the objects and lists around conversations: {"data": {"chats": [{…}]}}
_TIME_NAMES: Final = (
    *("createdAt", "created_at", "timestamp", "create_time", "createTime", "updatedAt"),
)
_THOUGHT_NAMES: Final = (
    *("reasoning_content", "reasoningContent", "reasoning", "reasoning_text", "reasoningText"),
    *("thinking", "thinkingContent", "thoughts"),
)
_CONTENT_NAMES: Final = (
    *("contentParts", "parts", "segments", "content", "text", "value", "output", "message"),
)
_FILE_LIST_NAMES: Final = ("files", "attachments", "extra")
_CALL_LIST_NAMES: Final = ("tool_calls", "toolCalls", "tool_uses", "function_call")
_CALL_ID_NAMES: Final = ("tool_call_id", "toolCallId", "tool_use_id", "call_id", "callId")
_ARGUMENT_NAMES: Final = ("args", "arguments", "input", "action", "code")
_KIND_NAMES: Final = ("type", "kind", "messageType", "message_type")
_THOUGHT_KINDS: Final = ("reasoning", "thinking", "think", "thought")
_RESULT_ENDS: Final = ("output", "result")
_IMAGE_KINDS: Final = ("image", "image_url", "input_image")
_FILE_KINDS: Final = ("file", "input_file", "document")
_TEXT_KINDS: Final = ("", "text", "input_text", "output_text", "info", "refusal", "step-start")
_THOUGHT_OPENING: Final = "<think>"
_THOUGHT_CLOSING: Final = "</think>"
_LEAF_NAMES: Final = ("currNode", "currentId", "current_node", "currentNode", "leafId")
# Names of fields without case and underscores.
_PARENT_NAME: Final = re.compile(r"parent(message|node|item)?(uu)?(id)?|prev(ious)?(message)?id")
_THREAD_NAME: Final = re.compile(
    r"(thread|conv|conversation|chat|session|topic|dialog|dialogue|discussion|room)(uu)?id"
)
_THOUGHT_FLAG: Final = re.compile(r"(isa?)?(thought|thinking|reasoning)")
_VERSIONS_NAME: Final = re.compile(
    r"(version|alternative|variant|swipe|sibling|candidate|revision|generation)s?"
    r"(content|list|text|message)?s?"
)


def is_conversation(value: Any) -> bool:
    """Return True for an object with messages of one conversation, in an order that is known."""
    return _has_messages(value) and _threads_of(value) == [value]


def conversations_in(value: Any, depth: int = _MAX_DEPTH) -> list[Any]:
    """Return the conversations somewhere in a value, which may be their messages alone."""
    if not isinstance(value, list | Mapping) or not depth:
        return []
    if isinstance(value, Mapping) and _has_messages(value):
        return _threads_of(value)
    inner = value if isinstance(value, list) else [*value.values()]
    if _are_messages(inner):
        return _threads_of({"messages": inner})
    if lines := _lines_of(inner):
        return _threads_of(lines)
    lists = [[*each.values()] if isinstance(each, dict) else each for each in inner]
    lists = [each for each in lists if _are_messages(each)]
    if isinstance(value, Mapping) and len(lists) == 1:
        return _threads_of({**value, "messages": lists[0]})
    return [found for each in inner for found in conversations_in(each, depth - 1)]


def _has_messages(value: Any) -> bool:
    return any(_role_name(each) in _ALL_ROLES for each in objects_at(value, "messages"))


def _are_messages(value: Any) -> bool:
    is_list = isinstance(value, list) and bool(value)
    return is_list and all(_role_name(each) in _ALL_ROLES for each in value)


def _lines_of(values: list[Any]) -> dict[str, Any]:
    """Return the messages in the lines of a session, each in a `message`, and its facts.

    Hugging Face's STS format, which llama.cpp exports, Pi's and Claude Code's sessions are such.
    """
    messages = [
        {**mapping_at(line, "message"), **line, "message": None}
        | {"id": message_id(line) or message_id(line["message"])}
        for line in values
        if _role_name(value_at(line, "message")) in _ALL_ROLES
    ]
    sessions = [each for each in values if text_at(each, "type") == "session"]
    facts: Mapping[str, Any] = sessions[0] if sessions else {}
    return {**facts, "messages": messages} if messages else {}


def _threads_of(value: Mapping[str, Any]) -> list[Any]:
    """Return the conversations whose messages a value mixes, each with what is said of it."""
    messages = list_at(value, "messages")
    if not _is_known_order([each for each in messages if isinstance(each, dict)]):
        return []
    facts = _facts_by_id(value)
    key = _thread_key(messages, facts)
    threads: dict[str, list[Any]] = {}
    for message in messages:
        threads.setdefault(_id_of(value_at(message, key)) if key else "", []).append(message)
    if len(threads) == 1:
        id_ = next(iter(threads))
        return [{"id": id_, **value, **facts.get(id_, {}), "messages": messages} if id_ else value]
    return [
        {**facts.get(id_, {}), "id": id_, "messages": thread} for id_, thread in threads.items()
    ]


def _facts_by_id(value: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the objects beside the messages by their ids."""
    items = [
        item
        for name, each in value.items()
        if name != "messages"
        for item in (each if isinstance(each, list) else [each])
        if isinstance(item, dict)
    ]
    names = (*_ID_NAMES, "threadId", "thread_id")
    return {id_: item for item in items for name in names if (id_ := _id_of(item.get(name)))}


def _thread_key(messages: list[Any], facts: Mapping[str, Any]) -> str:
    """Return the name of the field that names the thread of a message; "" if there is none."""
    for key in _keys_of(messages):
        ids = {_id_of(value_at(each, key)) for each in messages} - {""}
        is_fact = bool(facts) and ids <= facts.keys()
        if ids and key != "id" and (is_fact or _THREAD_NAME.fullmatch(_plain(key))):
            return key
    return ""


def _keys_of(messages: Iterable[Any]) -> dict[str, None]:
    return dict.fromkeys(key for each in messages if isinstance(each, dict) for key in each)


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _id_of(value: Any) -> str:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value if isinstance(value, str) else ""


def message_id(message: Any) -> str:
    return next(filter(None, (_id_of(value_at(message, name)) for name in _ID_NAMES)), "")


def _role_name(message: Any) -> str:
    """Return the name of the role of a message, in lower case; "" if it has none."""
    roles = (text_at(message, name) or text_at(message, name, "role") for name in _ROLE_NAMES)
    return next(filter(None, roles), "").lower()


def with_role(node: Node, name: str) -> Node:
    """Return the node of a message whose role has a name; words of an unknown one are no answer."""
    role = ROLES.get(name.lower())
    if role is None and name.lower() not in _ALL_ROLES:
        return replace(node, role=Role.ASSISTANT, parts=(), pending=())
    return replace(node, role=role)


def _is_known_order(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Return False if messages point to others, or have other versions, in an unknown way."""
    keys = _keys_of(messages)
    versions = [key for key in keys if _VERSIONS_NAME.fullmatch(_plain(key))]
    if any(len(list_at(message, key)) > 1 for message in messages for key in versions):
        return False
    if "ancestors" in keys or any(_PARENT_NAME.fullmatch(_plain(key)) for key in keys):
        return True
    ids = {message_id(each) for each in messages} - {""}
    return not any(
        id_ in ids and id_ != message_id(message)
        for message in messages
        for value in message.values()
        for id_ in map(_id_of, value if isinstance(value, list) else [value])
    )


def read_as(program: str) -> Callable[[Mapping[str, Any], FindFile], ImportedConversation]:
    """Return the reader of conversations of messages; `program` becomes part of their ids."""

    def read(value: Mapping[str, Any], _find_file: FindFile) -> ImportedConversation:
        def text(*names: str) -> str:
            return next(filter(None, (_id_of(value.get(name)) for name in names)), "")

        source = SourceConversation(
            program,
            text("id", "conversation_id") or stable_id(value["messages"]),
            title=text("title", "name"),
            created=seconds_at(value, "created_at", "createdAt", "created", "timestamp"),
            updated=seconds_at(value, "updated_at", "updatedAt", "updated", "lastModified"),
            leaf=text(*_LEAF_NAMES),
            model=text("model", "modelId"),
            pinned=value.get("pinned") is True,
            archived=value.get("archived") is True,
            instructions=text(
                "instructions", "system_prompt", "systemPrompt", "system", "preprompt"
            ),
        )
        return from_messages(source, list_at(value, "messages"))

    return read


def from_messages(source: SourceConversation, messages: Iterable[Any]) -> ImportedConversation:
    """Return a conversation of messages, which name their parents or follow each other."""
    files: dict[str, AttachmentFile] = {}
    messages = _flat([each if isinstance(each, dict) else {} for each in messages])
    times = [seconds_at(each, *_TIME_NAMES) or 0.0 for each in messages]
    if all(times) and all(later > sooner for later, sooner in pairwise(times)):
        messages = messages[:: 1 if parents_of(messages) else -1]  # the newest first
    nodes = chain_of(messages, files)
    if not source.leaf and not any(node.seconds for node in nodes):
        source = replace(source, leaf=nodes[-1].id if nodes else None)
    instructions = source.instructions or instructions_of(messages)
    return build_conversation(replace(source, instructions=instructions), nodes, files.values())


def _flat(messages: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return messages and those that are nested in them, which then name their parent."""
    flat: list[Mapping[str, Any]] = []
    stack = messages[::-1]
    while stack:
        message = stack.pop()
        names = message.keys() - {*_CONTENT_NAMES}
        keys = [key for key in message if key in names and _are_messages(message[key])]
        if nested := [each for key in keys for each in message[key]]:
            own_id = message_id(message) or f"~{len(flat)}"
            message = {**message, **dict.fromkeys(keys), "id": own_id}
            stack += [{**each, "parentId": own_id} for each in nested[::-1]]
        flat.append(message)
    return flat


def instructions_of(messages: Iterable[Mapping[str, Any]]) -> str:
    """Return the system prompt in a list of messages."""
    texts = (
        part.text
        for message in messages
        if _role_name(message) in _SYSTEM_ROLES
        for part in parts_of(message, {})
        if isinstance(part, TextPart) and part.text.strip()
    )
    return "\n\n".join(dict.fromkeys(texts))


def chain_of(
    messages: Iterable[Mapping[str, Any]],
    files: dict[str, AttachmentFile],
    parent: str | None = None,
    prefix: str = "",
) -> list[Node]:
    """Return a node for each message, the child of the one that it names, or of the one before.

    Args:
        parent: the node above the first message.
        prefix: precedes the numbers that messages without ids get.
    """
    messages = list(messages)
    parents = parents_of(messages)
    results = dict(found for each in messages for found in _results_in(each))
    nodes: dict[str, Node] = {}
    above = parent
    for number, message in enumerate(messages):
        node_id = text_at(message, "id") or text_at(message, "uuid")
        node_id = message_id(message) if parents else node_id
        if not node_id or node_id in nodes:
            node_id = f"{prefix}#{number}"
        node = _node_of(node_id, message, results, files)
        nodes[node_id] = replace(node, parent=parents[number] if parents else above)
        above = node_id
    return [*nodes.values()]


def parents_of(messages: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """Return the parent of each message; an empty list if none names one that is there."""
    ids = {message_id(each) for each in messages} - {""}
    parents: list[str | None] = []
    for message in messages:
        values = [message[key] for key in message if _PARENT_NAME.fullmatch(_plain(key))]
        named = map(_id_of, (*values, *list_at(message, "ancestors")[-1:]))
        parents.append(next((each for each in named if each in ids), None))
    return parents if any(parents) else []


def _node_of(
    node_id: str,
    message: Mapping[str, Any],
    results: dict[str, str],
    files: dict[str, AttachmentFile],
) -> Node:
    """Return the node of a message; a system prompt and the result of a tool have no role."""
    name = _role_name(message)
    node = Node(
        node_id,
        None,
        seconds=seconds_at(message, *_TIME_NAMES),
        model=text_at(message, "model") or text_at(message, "modelId"),
        is_complete=message.get("generating") is not True,
    )
    if name in _SYSTEM_ROLES:
        return node
    if name in _TOOL_ROLES:
        return replace(node, pending=tuple(_rest_of_result(message, results)))
    had_results = any(_results_in(message))
    parts = tuple(parts_of(message, files, results))
    pending = tuple(part for part in parts if isinstance(part, ReasoningPart | ToolCallPart))
    if len(pending) == len(parts) and (parts or had_results):
        return replace(node, pending=pending)  # results alone are no message of the user
    return with_role(replace(node, parts=parts), name)


def _call_id(value: Any) -> str:
    return next(filter(None, (text_at(value, name) for name in _CALL_ID_NAMES)), "")


def _is_result(item: Any) -> bool:
    kind = text_at(item, "type").lower()
    return kind.endswith(_RESULT_ENDS) and not kind.startswith(_RESULT_ENDS)


def _results_in(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the results in a message by the ids of their calls."""
    items = (item for name in _CONTENT_NAMES for item in objects_at(message, name))
    rows = [*filter(_is_result, items), *objects_at(message, "tool_results")]
    if _role_name(message) in _TOOL_ROLES:
        rows.append(message)
    for row in rows:
        if call_id := _call_id(row):
            yield call_id, _result_text(row)


def _rest_of_result(value: Mapping[str, Any], results: dict[str, str]) -> Iterator[ToolCallPart]:
    """Yield the result in a message or a part, unless its call took it when it was read."""
    call_id = _call_id(value)
    if not call_id or call_id in results:
        text = results.pop(call_id, "") or _result_text(value)
        yield ended_call("", text_at(value, "name") or text_at(value, "toolName"), None, text)


def _result_text(value: Mapping[str, Any]) -> str:
    """Return the result in a message or a part: the texts of its parts, or its value."""
    names = ("output", "result", *_CONTENT_NAMES)
    content = next((value[name] for name in names if value.get(name)), "")
    return text_of(content_parts(content, {})) or json_text(content)


def parts_of(
    message: Mapping[str, Any],
    files: dict[str, AttachmentFile],
    results: dict[str, str] | None = None,
) -> Iterator[Part]:
    """Yield the parts of a message: its attachments, thoughts, texts, images and calls.

    Args:
        results: of calls by their ids; those of calls that are found are taken out.
    """
    results = {} if results is None else results
    for name in _FILE_LIST_NAMES:
        for item in objects_at(message, name):
            yield from _attached(item, files)
    parts: list[Part] = []
    for name in _CONTENT_NAMES:
        parts = parts or list(content_parts(message.get(name), files, results))
    if (_is_thought(message) or _role_name(message) in _THOUGHT_KINDS) and text_of(parts):
        parts = [ReasoningPart(text_of(parts))]
    names = (text_at(message, name).strip() for name in _THOUGHT_NAMES)
    thought = next(filter(None, names), "")
    if thought and not any(isinstance(part, ReasoningPart) for part in parts):
        yield ReasoningPart(thought)
    yield from parts
    for name in _CALL_LIST_NAMES:
        listed = message.get(name)
        for call in listed if isinstance(listed, list) else [listed]:
            if isinstance(call, Mapping):
                yield _parse_call(call, results)
    if error := text_at(message, "error") or text_at(message, "error", "message"):
        yield TextPart(f"[Error: {error}]")


def _attached(item: Mapping[str, Any], files: dict[str, AttachmentFile]) -> Iterator[Part]:
    """Yield the part of an attached file: its picture or its text, else a note with its name."""
    name = text_at(item, "name") or text_at(item, "filename")
    urls = (text_at(item, key) for key in ("base64Url", "url", "dataUrl", "data"))
    pictures = [part for url in urls if (part := add_data_url(url, name, files))]
    if pictures:
        yield pictures[0]
    elif (text := text_at(item, "content")) and name:
        yield add_document(name, text, files)
    elif name:
        yield attached_note(name)


def _is_thought(value: Mapping[str, Any]) -> bool:
    flags = (key for key in value if value[key] is True)
    return any(_THOUGHT_FLAG.fullmatch(_plain(flag)) for flag in flags) or any(
        text_at(value, name).lower() in _THOUGHT_KINDS for name in _KIND_NAMES
    )


def content_parts(
    content: Any, files: dict[str, AttachmentFile], results: dict[str, str] | None = None
) -> Iterator[Part]:
    """Yield the parts of a content, which is a text or a list of texts and typed parts."""
    items = content if isinstance(content, list) else [content]
    own_results = dict(_results_in({"content": content})) if results is None else results
    for item in items:
        if isinstance(item, str):
            yield from text_parts(item)
        elif isinstance(item, Mapping):
            yield from _typed_part(item, files, own_results)


def text_parts(text: str) -> Iterator[Part]:
    """Yield a text, its thought as a part of its own."""
    opening = text.lstrip()
    if opening.startswith(_THOUGHT_OPENING) and _THOUGHT_CLOSING in opening:
        thought, _, text = opening.removeprefix(_THOUGHT_OPENING).partition(_THOUGHT_CLOSING)
        if thought.strip():
            yield ReasoningPart(thought.strip())
        text = text.lstrip()
    if text.strip():
        yield TextPart(text)


def _typed_part(
    item: Mapping[str, Any], files: dict[str, AttachmentFile], results: dict[str, str]
) -> Iterator[Part]:
    kind = text_at(item, "type")
    text = text_at(item, "text") or text_at(item, "text", "value") or text_at(item, kind)
    name = text_at(item, "name") or text_at(item, "filename") or text_at(item, "file", "filename")
    inline = mapping_at(item, "inlineData") or mapping_at(item, "inlineFile")
    inline = inline or mapping_at(item, "inlineImage")
    if _is_thought(item):
        rows = (*objects_at(item, "content"), *objects_at(item, "summary"))
        text = text or "\n\n".join(filter(None, (text_at(row, "text") for row in rows)))
        if text.strip():
            yield ReasoningPart(text.strip())
    elif kind == "message":
        yield from content_parts(item.get("content"), files, results)
    elif _is_result(item):
        yield from _rest_of_result(item, results)
    elif call := _call_in(item):
        yield _parse_call(call, results)
    elif response := mapping_at(item, "functionResponse"):
        result = json_text(response.get("response"))
        yield ended_call("", text_at(response, "name"), None, result)
    elif code := mapping_at(item, "executableCode"):
        yield TextPart(fenced(text_at(code, "code"), text_at(code, "language").lower()))
    elif output := mapping_at(item, "codeExecutionResult"):
        yield TextPart(fenced(text_at(output, "output"), ""))
    elif kind in _IMAGE_KINDS or inline:
        url = (
            text_at(item, "image_url", "url") or text_at(item, "image_url") or text_at(item, "url")
        )
        url = url or text_at(item, "image")
        if inline:
            url = f"data:{text_at(inline, 'mimeType')};base64,{text_at(inline, 'data')}"
        yield add_data_url(url, name, files) or TextPart(LOST_IMAGE)
    elif kind in _FILE_KINDS:
        yield attached_note(name or kind)
    elif text:
        yield from text_parts(text)
    elif kind not in _TEXT_KINDS:
        yield TextPart(unknown_content(kind))


def _call_in(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the call that a part is; an empty object if it is none."""
    kind = text_at(item, "type").lower()
    inner = mapping_at(item, "toolInvocation") or mapping_at(item, "functionCall")
    is_call = kind.startswith(("tool", "dynamic-tool")) or kind.endswith("call")
    is_call = is_call or (bool(kind) and ("arguments" in item or "code" in item))
    return inner or (item if is_call else {})


def _parse_call(call: Mapping[str, Any], results: dict[str, str]) -> ToolCallPart:
    call_id = _call_id(call) or text_at(call, "id")
    function = mapping_at(call, "function") or call
    kind = text_at(call, "type")
    names = (text_at(function, name) for name in ("name", "toolName", "tool_name"))
    tool = next(filter(None, names), "") or kind.removeprefix("tool-")
    given = {name: function[name] for name in _ARGUMENT_NAMES if function.get(name)}
    name, arguments = next(iter(given.items()), ("", None))
    if isinstance(arguments, str) and not isinstance(parse_json(arguments), Mapping):
        arguments = {name: arguments}  # it has to be an object
    result = json_text(call.get("result", call.get("output"))) or results.pop(call_id, "")
    is_failed = text_at(call, "state") == "error" or call.get("is_error") is True
    return ended_call(call_id, tool, arguments, result, is_failed=is_failed)
