"""Exports of other programs as conversations of ours."""

from __future__ import annotations

import base64
import copy
import html
import json
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.domain.conversations.message_parts import (
    AttachmentFile,
    DocumentPart,
    ImagePart,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.errors import ImportRefusedError
from desktop_app.domain.remembered_note import MAX_NOTE_CHARS
from desktop_app.domain.tools.tool import ToolCallState
from desktop_app.exchange.importers import chatgpt, claude, librechat, open_webui, written_documents
from desktop_app.exchange.importers.import_reader import ParsedExport, read_export
from desktop_app.exchange.importers.imported_conversation import (
    ImportedConversation,
    add_image,
    ended_call,
    seconds_of,
    time_from_seconds,
)
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation

PIXEL = b"\x89PNG\r\n\x1a\n" + b"\0" * 24


def no_file(_file_id: str) -> None:
    """Find no image."""


def node(id_: str, parent: str | None, message: Any = None) -> dict[str, Any]:
    return {"id": id_, "message": message, "parent": parent, "children": []}


def chatgpt_message(role: str, content: Any, **more: Any) -> dict[str, Any]:
    if isinstance(content, str):
        content = {"content_type": "text", "parts": [content]}
    status = "finished_successfully"
    base = {"author": {"role": role}, "content": content, "status": status, "metadata": {}}
    return {**base, **more}


DATA = Path(__file__).parents[2] / "data" / "imports"
CHATGPT, CLAUDE, LIBRECHAT, OPEN_WEBUI = (
    json.loads((DATA / f"{name}.json").read_text("utf-8"))
    for name in ("chatgpt", "claude", "librechat", "open-webui")
)
"""One export of each program."""


def read_file(tmp_path: Path, value: Any) -> list[Any]:
    file = tmp_path / "export.json"
    file.write_text(json.dumps(value))
    return list(read_export(file).conversations)


def read_single(tmp_path: Path, value: Any) -> ImportedConversation:
    (found,) = read_file(tmp_path, value)
    assert isinstance(found, ImportedConversation)
    return found


def texts_and_parents(found: ImportedConversation) -> list[tuple[str, int | None]]:
    """Return each message's words and the index of its parent."""
    places = {message.id: place for place, message in enumerate(found.messages)}
    return [(m.text, None if m.parent_id is None else places[m.parent_id]) for m in found.messages]


def leaf(found: ImportedConversation) -> Message:
    return next(m for m in found.messages if m.id == found.conversation.leaf_id)


def test_chatgpts_tree_is_kept_without_empty_nodes(tmp_path: Path) -> None:
    found = read_single(tmp_path, CHATGPT)
    lost = "[A picture that is not in the export]"
    assert texts_and_parents(found) == [
        ("Plan it", None),
        ("Day 1", 0),
        ("````python\n``` x\n````", 0),
        (f"{lost}\n\n{lost}\n\nAnd this?", 1),
        ("Half", 3),
    ]
    assert leaf(found).text == "Day 1"
    answer = leaf(found)
    assert answer.parts == (ReasoningPart("Plan\n\ntemples"), TextPart("Day 1"))
    assert answer.choice is not None
    assert answer.choice.model == "gpt-5-2-thinking"
    assert found.messages[-1].status is MessageStatus.INCOMPLETE
    conversation = found.conversation
    assert (conversation.title, conversation.archived) == ("Kyoto trip", True)
    assert conversation.overrides.instructions == "Answer in haiku."
    assert conversation.created_at.timestamp() == 1_700_000_000.5


def test_images_are_read_from_chatgpts_archive(tmp_path: Path) -> None:
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("user.json", "{}")
        archive.writestr("conversations.json", json.dumps(CHATGPT))
        archive.writestr("file-abc-photo.png", PIXEL)
    (found,) = read_export(file).conversations
    assert isinstance(found, ImportedConversation)
    (kept,) = found.files
    assert (kept.name, kept.media_type, kept.data) == ("file-abc-photo.png", "image/png", PIXEL)
    part = found.messages[3].parts[0]
    assert isinstance(part, ImagePart)
    assert part.sha256 == kept.sha256


def read_members(tmp_path: Path, **members: str) -> list[Any]:
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(f"folder/{name}.json", text)
    export = read_export(file)
    found = list(export.conversations)
    assert export.total == len(found)
    return found


def titles_of(found: list[Any]) -> list[str]:
    return [each.conversation.title for each in found if isinstance(each, ImportedConversation)]


def test_every_conversation_in_an_archive_of_many_files_is_read(tmp_path: Path) -> None:
    found = read_members(
        tmp_path,
        **{".hidden": "no JSON", "about": '{"version": 1}', "list": "[]"},
        bread=json.dumps(CHATGPT[0] | {"title": "Bread"}),
        ships=json.dumps(LIBRECHAT),
    )
    assert titles_of(found) == ["Bread", "Ships"]
    assert len(found) == 2


def test_a_damaged_file_in_an_archive_does_not_stop_the_others(tmp_path: Path) -> None:
    one, two = (json.dumps([{**CHATGPT[0], "title": title}]) for title in ("One", "Two"))
    found = read_members(
        tmp_path,
        **{"user": "no JSON", "conversations-0": one, "conversations-1": one[:-9]},
        **{"conversations-2": two, "conversations-3": "[5]"},
    )
    assert titles_of(found) == ["One", "Two"]
    first, second = (str(error) for error in found if isinstance(error, ImportRefusedError))
    assert "folder/conversations-1.json is damaged (" in first
    assert "isn’t recognized" in second


def test_open_webuis_tree_is_kept_and_reasoning_is_separated(tmp_path: Path) -> None:
    found = read_single(tmp_path, OPEN_WEBUI)
    assert texts_and_parents(found) == [("Why?", None), ("Yeast.", 0), ("Carbon dioxide.", 0)]
    assert leaf(found).parts == (ReasoningPart("gas\nrises"), TextPart("Carbon dioxide."))
    assert [m.choice.model for m in found.messages[1:] if m.choice] == ["llama3", "qwen3"]
    assert found.conversation.pinned
    assert found.conversation.overrides.instructions == "Be brief."


def test_claudes_tree_is_kept_with_artifacts_and_texts_of_files(tmp_path: Path) -> None:
    found = read_single(tmp_path, CLAUDE)
    question, first, second = found.messages
    assert [m.parent_id for m in found.messages] == [None, question.id, question.id]
    pasted, *others = question.parts
    assert isinstance(pasted, DocumentPart)
    assert pasted.name == "pasted.txt"
    (file,) = found.files
    assert (file.sha256, file.text, file.data) == (pasted.sha256, "Flour, water", b"Flour, water")
    assert others == [
        TextPart("[Attached: scan.pdf]"),
        TextPart("[Attached: loaf.png]"),
        TextPart("Why does it rise?"),
    ]
    assert first.parts == (TextPart("Yeast."),)
    assert second.parts == (
        ReasoningPart("A recipe helps."),
        TextPart("**Loaf**\n\n```python\nbake()\n```"),
        ended_call("", "web_search", {"content": "bread"}, ""),
        TextPart("# Bread"),
        TextPart("Here."),
    )
    assert leaf(found) == second
    assert found.conversation.title == "Bread"
    assert found.conversation.created_at.isoformat() == "2026-03-29T07:06:34.084721+00:00"


def written(tool: str, call_id: str = "", **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": tool, "input": arguments}


def failed(call_id: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": "No", "is_error": True}


OUTPUT = "/mnt/user-data/outputs/report.md"


@pytest.mark.parametrize(
    ("blocks", "texts"),
    [
        (
            (
                written("create_file", path=OUTPUT, file_text="# R\n\nTotal 42\n"),
                written("str_replace", path=OUTPUT, old_str="42", new_str="43"),
                written("artifacts", id="p", title="Prog", content="x = 1\n", language="python"),
                written("artifacts", id="p", command="update", old_str="x = 1", new_str="x = 2"),
            ),
            [("report.md", "# R\n\nTotal 43\n"), ("Prog", "x = 2\n")],
        ),
        (
            (
                written("artifacts", id="p", title="A", type="text/markdown", content="one"),
                written("artifacts", id="q", title="B", content="two"),
                written("artifacts", id="p", command="rewrite", content="three"),
            ),
            [("B", "two"), ("A", "three")],
        ),
        (  # what Claude's tools refused changes nothing
            (
                written("create_file", path="a.txt", file_text="one"),
                written("str_replace", "t1", path="a.txt", old_str="one", new_str="1"),
                failed("t1"),
                written("str_replace", path="a.txt", old_str="two", new_str="2"),
                written("str_replace", path="b.txt", old_str="one", new_str="1"),
                written("str_replace", path="a.txt", old_str="", new_str="1"),
            ),
            [("a.txt", "one")],
        ),
        (
            (
                written("str_replace_editor", command="create", path="a.py", file_text="a\nc\n"),
                written("str_replace_editor", path="a.py", insert_line=1, new_str="b"),
                written("str_replace_editor", path="a.py", insert_line=9, new_str="z"),
                written("str_replace_editor", command="view", path="a.py"),
            ),
            [("a.py", "a\nb\nc\n")],
        ),
        ((written("artifacts", content="x"), written("view", path=OUTPUT)), [("", "x")]),
    ],
)
def test_claudes_documents_arrive_as_they_stood_at_the_end(
    blocks: tuple[Any, ...], texts: list[tuple[str, str]]
) -> None:
    message = {"sender": "assistant", "content": [*blocks, {"type": "text", "text": "Done."}]}
    found = claude.read_conversation({"uuid": "c", "chat_messages": [message]}, no_file)
    assert [(text.title, text.body) for text in found.texts] == texts
    assert all(text.body.strip() in found.messages[0].text for text in found.texts)


PROJECT = {
    "uuid": "p1",
    "name": "Thesis",
    "description": "On walruses.",
    "prompt_template": "Answer in English.",
    "docs": [{"filename": "a.md", "content": "Whiskers"}, {"filename": "b.md", "content": " "}],
}
MEMORIES = {
    "conversations_memory": "**Work**\n\nAda writes.\n\n**Home**\n\nIn **Oslo**. " + "So. " * 400,
    "project_memories": {"p1": "Due in May."},
}


def exported(tmp_path: Path, **members: object) -> ParsedExport:
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name, value in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), json.dumps(value))
    return read_export(file)


@pytest.mark.parametrize(
    "members",
    [
        {"projects_json": [PROJECT], "memories_json": [MEMORIES], "conversations_json": CLAUDE},
        {"projects__p1_json": PROJECT, "memories__u_json": MEMORIES},
        {"projects_json": [PROJECT, MEMORIES]},
    ],
)
def test_claudes_projects_are_folders_and_memories_are_notes_that_are_off(
    tmp_path: Path, members: dict[str, object]
) -> None:
    export = exported(tmp_path, **members)
    assert (export.kind, len(list(export.conversations))) == ("Claude", export.total)
    ((folder, documents, _),) = export.folders
    assert (folder.name, folder.overrides.instructions) == ("Thesis", "Answer in English.")
    assert documents == (("a.md", "Whiskers"),)
    assert all(note.is_off and len(note.text) <= MAX_NOTE_CHARS for note in export.notes)
    by_place = {note.text[:12]: note.folder_id for note in export.notes}
    assert by_place["On walruses."] == by_place["Due in May."] == folder.id
    assert by_place["Work: Ada wr"] is by_place["Home: In Osl"] is None
    assert sum(note.text.count("So.") for note in export.notes) == 400
    assert export.left_out() == ([], 0)


def test_what_is_not_read_of_an_archive_is_named_and_counted(tmp_path: Path) -> None:
    sounds = {f"{n}_wav": n for n in range(4)}
    export = exported(tmp_path, conversations_json=CHATGPT, user_json={}, chat_html="", **sounds)
    assert list(export.conversations)
    assert export.left_out() == (["user.json", "4 × .wav"], 5)


def canvas(name: str, value: Any, parent: str) -> dict[str, Any]:
    content = {"content_type": "code", "text": json.dumps(value)}
    return node(name, parent, chatgpt_message("assistant", content, recipient="canmore.x_textdoc"))


@pytest.mark.parametrize(
    ("pattern", "replacement", "is_multiple", "body"),
    [
        ("First", "Second", False, "Second para. First."),
        ("First", "Second", True, "Second para. Second."),
        (r"(\w+) para\.", r"\1 part.", False, "First part. First."),
        (".*", "Whole", False, "Whole"),
        ("(a", "b", False, None),
        ("nowhere", "b", False, None),
        (r"First.$", "Last.", False, "First para. Last."),
    ],
)
def test_the_canvas_arrives_as_it_stood_at_the_end(
    pattern: str, replacement: str, is_multiple: bool, body: str | None
) -> None:
    made = {"name": "Memo", "type": "document", "content": "First para. First."}
    update = {"pattern": pattern, "replacement": replacement, "multiple": is_multiple}
    nodes = [
        node("q", None, chatgpt_message("user", "Write")),
        canvas("made", made, "q"),
        canvas("changed", {"updates": [update]}, "made"),
        canvas("elsewhere", {"updates": [{**update, "replacement": "Branch"}]}, "made"),
    ]
    value = {"mapping": {each["id"]: each for each in nodes}, "current_node": "changed"}
    found = chatgpt.read_conversation(value, no_file)
    (text,) = found.texts
    assert (text.title, text.body) == ("Memo", body or "First para. First.")
    assert text.body in (leaf(found) if body else found.messages[1]).text


def test_a_crafted_pattern_ends_in_time_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written_documents, "_PATTERN_TIMEOUT_S", 0.05)
    monkeypatch.setattr(written_documents, "_MAX_CHANGES_S", 0.5)
    slow = {"pattern": "(a|aa)+$b", "replacement": "", "multiple": True}
    grown = [{"pattern": "a", "replacement": "a" * 100, "multiple": True}] * 8
    made = {"name": "M", "type": "document", "content": "a" * 40}
    nodes = [
        canvas("made", made, ""),
        canvas("grown", {"updates": grown}, "made"),
        canvas("slow", {"updates": [slow] * 10_000}, "grown"),
    ]
    found = chatgpt.read_conversation({"mapping": {n["id"]: n for n in nodes}}, no_file)
    assert len(found.texts[0].body) < 6_000_000  # and the test ends


def claude_answer(*content: Any, **more: Any) -> tuple[Any, ...]:
    message = {"sender": "assistant", "content": list(content), **more}
    return (
        claude.read_conversation({"uuid": "c", "chat_messages": [message]}, no_file)
        .messages[0]
        .parts
    )


def test_claudes_calls_of_tools_are_kept_with_their_results() -> None:
    search = {"type": "tool_use", "id": "t1", "name": "web_search", "input": {"query": "bread"}}
    made = {"type": "tool_use", "id": "t2", "name": "artifacts", "input": {"content": "x"}}
    change = {"command": "update", "old_str": "x", "new_str": "y"}
    changed = {"type": "tool_use", "id": "t3", "name": "artifacts", "input": change}

    def result(call_id: str, content: Any, **more: Any) -> dict[str, Any]:
        return {"type": "tool_result", "tool_use_id": call_id, "content": content, **more}

    page = {"type": "knowledge", "title": "Loaves", "url": "https://a.example", "text": "Rise."}
    parts = claude_answer(
        *(search, made, changed),
        *(result("t2", [{"type": "text", "text": "OK"}]), result("t1", [page, {"type": "image"}])),
        result("t3", "Not found", is_error=True),
        result("lost", [{"text": "alone"}], name="view"),
        {"type": "token_budget"},
        {"type": "voice_note"},
    )
    found = "Loaves\nRise.\nhttps://a.example"
    assert parts == (
        ended_call("t1", "web_search", {"query": "bread"}, found),
        TextPart("```\nx\n```"),
        ended_call("t3", "artifacts", change, "Not found", is_failed=True),
        ended_call("lost", "view", None, "alone"),
        TextPart("[Content that can’t be imported: voice_note]"),
    )
    assert isinstance(parts[2], ToolCallPart)
    assert parts[2].state is ToolCallState.FAILED


def test_claudes_design_chats_are_imported_with_what_was_said_during_an_answer() -> None:
    attachments = [{"name": "notes.md", "content": "Round"}, {"name": "sketch.png"}]
    call = {"id": "t1", "name": "write", "input": {"path": "a"}, "output": {"size": "é"}}
    blocks = [
        {"type": "thinking", "text": "Shapes."},
        {"type": "tool_call", "toolCall": call},
        {"type": "user_interjection", "message": {"role": "user", "content": "In blue"}},
        {"type": "error", "message": "Overloaded"},
        {"type": "text", "text": "Done."},
    ]
    question = {"content": "A logo", "attachments": attachments}
    chat = {
        "uuid": "d1",
        "title": "Chat",
        "project": {"name": "Shop"},
        "created_at": "2026-08-01T10:00:00Z",
        "messages": [
            {"uuid": "m1", "role": "user", "content": question},
            {"role": "assistant", "content": {"content": "Done.", "contentBlocks": blocks}},
            {"uuid": "m3", "role": "user", "content": "Thanks"},
        ],
    }
    assert claude.is_conversation(chat)
    found = claude.read_conversation(chat, no_file)
    assert found.conversation.title == "Shop: Chat"
    first, *others = found.messages
    document, *rest = first.parts
    assert isinstance(document, DocumentPart)
    assert document.name == "notes.md"
    assert rest == [TextPart("[Attached: sketch.png]"), TextPart("A logo")]
    assert [(m.role, m.parts) for m in others] == [
        (
            Role.ASSISTANT,
            (ReasoningPart("Shapes."), ended_call("t1", "write", {"path": "a"}, '{"size": "é"}')),
        ),
        (Role.USER, (TextPart("In blue"),)),
        (Role.ASSISTANT, (TextPart("[Error: Overloaded]"), TextPart("Done."))),
        (Role.USER, (TextPart("Thanks"),)),
    ]
    assert [m.parent_id for m in others] == [m.id for m in found.messages[:-1]]


def test_librechats_calls_of_tools_are_kept(tmp_path: Path) -> None:
    content = [
        {"type": "text", "text": "Let me see."},
        {"tool_call": {"id": "t", "name": "sum", "args": '{"a":1}', "output": "2"}},
        {"type": "tool_call", "tool_call": {"name": "draw", "args": {"b": 2}}},
        {"type": "image_file", "image_file": {"filename": "cat.png"}},
        {"type": "error", "error": "Too long"},
    ]
    said = {"messageId": "a", "isCreatedByUser": False, "content": content}
    found = read_single(tmp_path, {"conversationId": "c", "messages": [said]})
    assert leaf(found).parts == (
        TextPart("Let me see."),
        ended_call("t", "sum", '{"a":1}', "2"),
        ended_call("", "draw", {"b": 2}, ""),
        TextPart("[Attached: cat.png]"),
        TextPart("Too long"),
    )


def test_open_webuis_calls_of_tools_are_kept_in_their_place(tmp_path: Path) -> None:
    arguments = html.escape(json.dumps(json.dumps({"q": "a > b"})))
    result = html.escape(json.dumps("c < d"))
    text = (
        f'Let me see.\n<details type="tool_calls" done="true" id="t" name="find" '
        f'arguments="{arguments}" result="{result}" files="">\n<summary>Tool</summary></details>\n'
        '<details type="tool_calls" name="" arguments="no JSON" result="{}"></details>\nSo.'
    )
    messages = [{"id": "a", "role": "assistant", "content": text}]
    found = read_single(tmp_path, [{"id": "w", "title": "t", "chat": {"messages": messages}}])
    assert leaf(found).parts == (
        TextPart("Let me see."),
        ended_call("t", "find", '{"q": "a > b"}', "c < d"),
        ended_call("", "tool", "no JSON", "{}"),
        TextPart("So."),
    )


def test_librechats_trees_and_lists_are_the_same_conversation(tmp_path: Path) -> None:
    tree = read_single(tmp_path, LIBRECHAT)
    flat = copy.deepcopy(LIBRECHAT)
    first: Any = flat["messages"][0]  # type: ignore[index]
    flat["messages"] = [first, *first.pop("children")]
    assert read_single(tmp_path, flat) == tree
    assert texts_and_parents(tree) == [("Ahoy", None), ("Ahoy, sailor", 0)]
    assert leaf(tree).parts == (ReasoningPart("salute"), TextPart("Ahoy, sailor"))
    assert leaf(tree).role is Role.ASSISTANT
    assert tree.conversation.overrides.instructions == "You are a captain."


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(content)
    with pytest.raises(ImportRefusedError) as caught:
        read_export(file)
    assert caught.value.what_to_do == "Export it again from the original app."


@pytest.mark.parametrize("content", ["{}", "[]", '{"a": 1}', "[1]", '{"a": 1}\n{"a": 2}', "5"])
def test_a_file_of_another_kind_is_not_recognized(tmp_path: Path, content: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(content)
    with pytest.raises(ImportRefusedError, match="isn’t recognized") as caught:
        read_export(file)
    assert "Cherry Studio" in caught.value.what_to_do


def test_one_damaged_conversation_does_not_stop_the_others(tmp_path: Path) -> None:
    first, second, third = read_file(tmp_path, [*CHATGPT, {"mapping": 5}, *CHATGPT])
    assert isinstance(second, ImportRefusedError)
    assert first == third


TITLES = ('A ]}[{ \\" ,', "é\\")


def write_list(tmp_path: Path, text: str) -> Path:
    """Write a file; A and B in the text become conversations with the titles of TITLES."""
    for name, title in zip("AB", TITLES, strict=True):
        value = {**CHATGPT[0], "title": title}
        text = text.replace(name, json.dumps(value, ensure_ascii=name == "B").replace("A ", "\0 "))
    file = tmp_path / "export.json"
    file.write_text(text.replace("\0", "A"), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("[A,B]", 2),
        ("[A,null,5,B]", 4),
        (r'[A,{"b":"\ud800"},B]', 3),
        (f'[A, {{"b": {"9" * 5000}}}, B, {{}}]', 4),
    ],
)
def test_all_conversations_of_a_list_are_read(tmp_path: Path, text: str, count: int) -> None:
    export = read_export(write_list(tmp_path, text))
    found = list(export.conversations)
    assert (export.total, len(found)) == (count, count)
    assert titles_of(found) == list(TITLES)


@pytest.mark.parametrize(
    "text", [*('[A, {"title": "x"', "[A,,B]", "[A]]", "[,A]"), *("x[A]", "[A, {}", "[A, {x}]")]
)
def test_a_list_that_is_not_json_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ImportRefusedError, match="isn’t JSON"):
        read_export(write_list(tmp_path, text))


# -------------------------------------------------------------- any tree, any damage

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            found += places(inner, (*path, key))
    return found


def damaged(data: st.DataObject, sample: object) -> Any:
    """Return a copy in which one to three values are others."""
    value = copy.deepcopy(sample)
    for _ in range(data.draw(st.integers(1, 3))):
        *above, last = data.draw(st.sampled_from(places(value)))
        at: Any = value
        for key in above:
            at = at[key]
        at[last] = data.draw(json_values)
    return value


def check_tree(found: ImportedConversation) -> None:
    known: set[str | None] = {None}
    for message in found.messages:
        assert message.parent_id in known
        known.add(message.id)
    assert found.conversation.leaf_id in known


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBP", "image/webp"),
        (b"RIFF\0\0\0\0WAVE", ""),
        (b"OggS\0\0\0\0WEBP", ""),
    ],
)
def test_the_type_of_an_image_is_detected_from_its_bytes(data: bytes, media_type: str) -> None:
    files: dict[str, AttachmentFile] = {}
    part = add_image("a", data, files)
    assert getattr(part, "media_type", "") == media_type
    assert isinstance(part, ImagePart if media_type else TextPart)
    assert [file.data for file in files.values()] == ([data] if media_type else [])


@pytest.mark.parametrize("is_set", [True, False])
def test_starred_and_archived_conversations_stay_so(is_set: bool) -> None:
    marks = {"is_starred": is_set, "is_archived": not is_set, "pinned": is_set}
    marks["archived"] = not is_set
    for sample, read in (
        (CHATGPT[0], chatgpt.read_conversation),
        (OPEN_WEBUI[0], open_webui.read_conversation),
        (CLAUDE[0], claude.read_conversation),
    ):
        found = read({**sample, **marks}, no_file).conversation
        is_archived = not is_set and read is not claude.read_conversation
        assert (found.pinned, found.archived) == (is_set, is_archived)
        unmarked = {name: value for name, value in sample.items() if name not in marks}
        found = read(unmarked, no_file).conversation
        assert not found.pinned
        assert not found.archived


def test_a_backup_is_no_export(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text(json.dumps({"format": "repartee-backup"}))
    with pytest.raises(ImportRefusedError, match="is a backup"):
        read_export(file)


@pytest.mark.parametrize(
    ("said", "title"),
    [
        (("human", "Why does\nbread rise?"), "Why does"),
        (("assistant", "Hello"), "Imported conversation"),
        (("human", " "), "[Attached: a.png]"),
    ],
)
def test_a_conversation_without_a_title_is_named_after_its_question(
    said: tuple[str, str], title: str
) -> None:
    sender, text = said
    message = {"sender": sender, "text": text, "files": [{"file_name": "a.png"}]}
    value = {"uuid": "c", "chat_messages": [message]}
    for name, expected in ((" ", title), ("Bread", "Bread")):
        found = claude.read_conversation({**value, "name": name}, no_file).conversation
        assert (found.title, found.title_is_automatic) == (expected, name == " ")


def test_a_chatgpt_conversation_is_identified_by_its_id() -> None:
    def id_of(**changes: Any) -> str:
        value = {name: field for name, field in CHATGPT[0].items() if name != "conversation_id"}
        return chatgpt.read_conversation(value | changes, no_file).conversation.id

    known = id_of(conversation_id="c-1")
    assert known == id_of(id="c-1") == id_of(conversation_id="c-1", id="c-2", title="Other")
    assert known != id_of(id="c-2")
    without = id_of()
    assert without == id_of() == id_of(conversation_id="", id="")
    assert len({known, without, id_of(title="Other"), id_of(create_time=1)}) == 4


@pytest.mark.parametrize(
    ("marks", "status"),
    [
        ({}, MessageStatus.COMPLETE),
        ({"unfinished": True}, MessageStatus.INCOMPLETE),
        ({"error": True}, MessageStatus.INCOMPLETE),
    ],
)
def test_an_unfinished_librechat_answer_is_incomplete(
    marks: dict[str, bool], status: MessageStatus
) -> None:
    asked = {"messageId": "q", "isCreatedByUser": True, "text": "Hi"}
    said = {"messageId": "a", "parentMessageId": "q", "text": "Yes", "createdAt": 1, **marks}
    value = {"conversationId": "c", "options": {}, "messages": [asked, said]}
    _, answer = librechat.read_conversation(value, no_file).messages
    assert answer.status is status


@given(st.data())
def test_any_value_of_a_field_raises_only_documented_errors(data: st.DataObject) -> None:
    sample, read_one = data.draw(
        st.sampled_from(
            [
                (CHATGPT[0], chatgpt.read_conversation),
                (CLAUDE[0], claude.read_conversation),
                (OPEN_WEBUI[0], open_webui.read_conversation),
                (LIBRECHAT, librechat.read_conversation),
            ]
        )
    )
    value = damaged(data, sample)
    try:
        found = read_one(value, no_file)
    except ImportRefusedError:
        return
    check_tree(found)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 9), st.integers(0, 9) | st.none(), st.none() | st.sampled_from(Role)
        ),
        max_size=10,
        unique_by=lambda n: n[0],
    )
)
def test_no_message_is_lost_and_parents_come_first(
    raw: list[tuple[int, int | None, Role | None]],
) -> None:
    nodes = [
        Node(str(i), None if p is None else str(p), role, (TextPart(str(i)),), seconds=i)
        for i, p, role in raw
    ]
    source = SourceConversation("test", "x", title="t", created=None, updated=None, leaf=None)
    found = build_conversation(source, nodes)
    assert sorted(m.text for m in found.messages) == sorted(str(i) for i, _, role in raw if role)
    known: dict[str | None, Message | None] = {None: None}
    for message in found.messages:
        parent = known[message.parent_id]
        assert parent is None or parent.created_at < message.created_at
        known[message.id] = message
    assert found.conversation.leaf_id in known


@pytest.mark.parametrize("factor", [1, 10**3, 10**6, 10**9])
def test_times_are_read_in_any_unit(tmp_path: Path, factor: int) -> None:
    messages = [{"role": "user", "content": "a", "timestamp": 1_700_000_000 * factor}]
    found = read_single(tmp_path, [{"id": "w", "title": "t", "chat": {"messages": messages}}])
    assert found.messages[0].created_at.timestamp() == 1_700_000_000


NOON = 1_700_000_000


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        *((NOON, NOON), (NOON + 0.5, NOON + 0.5), (0, 0), ("2023-11-14", 1_699_920_000)),
        *(("2023-11-14T22:13:20Z", NOON), ("2023-11-14T23:13:20+01:00", NOON)),
        *(("2023-11-14T22:13:20", NOON), ("noon", None), (None, None), ([NOON], None)),
        *((True, None), (float("nan"), None), (float("inf"), None)),
    ],
)
def test_a_time_is_a_number_or_a_text(value: Any, seconds: float | None) -> None:
    assert seconds_of(value) == seconds


@pytest.mark.parametrize(
    ("seconds", "year"), [(NOON, 2023), (1e11, None), (1.1e12, 2004), (-3e9, None), (None, None)]
)
def test_a_time_out_of_range_is_left_out(seconds: float | None, year: int | None) -> None:
    assert getattr(time_from_seconds(seconds), "year", None) == year


def test_a_conversation_without_times_is_as_old_as_its_file(tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    file.write_text(json.dumps([{"id": "w", "title": "t", "chat": {"messages": messages}}]))
    os.utime(file, (NOON, NOON))
    (found,) = read_export(file).conversations
    assert isinstance(found, ImportedConversation)
    assert found.conversation.created_at == datetime.fromtimestamp(NOON, UTC)
    assert all(0 <= message.created_at.timestamp() - NOON < 1 for message in found.messages)


@pytest.mark.parametrize(
    ("kind", "media_type", "is_noted"),
    [
        ("text", "image/png", True),
        ("multimodal_text", "image/png", False),
        ("multimodal_text", "application/pdf", True),
        ("multimodal_text", "", True),
    ],
)
@pytest.mark.parametrize("field", ["mime_type", "mimeType"])
def test_an_attached_file_of_chatgpt_is_noted_unless_it_is_shown(
    kind: str, media_type: str, is_noted: bool, field: str
) -> None:
    content = {"content_type": kind, "parts": ["Look"]}
    attached = [{"name": "a", field: media_type}, {"id": "no name"}]
    message = chatgpt_message("user", content, metadata={"attachments": attached})
    value = {"id": "c", "mapping": {"m": node("m", None, message)}}
    (read,) = chatgpt.read_conversation(value, no_file).messages
    notes = (TextPart("[Attached: a]"),) if is_noted else ()
    assert read.parts == (*notes, TextPart("Look"))


@pytest.mark.parametrize(
    ("message", "parts", "status"),
    [
        ({"content": "a"}, ("a",), MessageStatus.COMPLETE),
        ({"content": "a", "done": True}, ("a",), MessageStatus.COMPLETE),
        ({"content": "a", "done": False}, ("a",), MessageStatus.INCOMPLETE),
        ({"content": "a", "error": {"content": "b"}}, ("a", "[Error: b]"), MessageStatus.COMPLETE),
        (
            {"content": 'a <details type="reasoning">b'},
            ('a <details type="reasoning">b',),
            MessageStatus.COMPLETE,
        ),
        ({"content": "a <details b"}, ("a <details b",), MessageStatus.COMPLETE),
    ],
)
def test_an_answer_of_open_webui_may_be_incomplete(
    message: dict[str, Any], parts: tuple[str, ...], status: MessageStatus
) -> None:
    messages = [{"role": "assistant", **message}]
    value = {"title": "", "chat": {"id": "w", "title": "Chat", "messages": messages}}
    found = open_webui.read_conversation(value, no_file)
    assert found.conversation.title == "Chat"
    (read,) = found.messages
    assert (read.parts, read.status) == (tuple(map(TextPart, parts)), status)


@pytest.mark.parametrize(
    ("files", "parts"),
    [
        ([{"file_name": "a"}], ["[Attached: a]"]),
        ([{"file_name": "a"}, {"file_name": "a"}], ["[Attached: a]"]),
        ([{"file_name": ""}], []),
        ([{"file_name": "a", "extracted_content": " "}], ["[Attached: a]"]),
        ([{"file_name": "a", "extracted_content": "b"}, {"file_name": "a"}], []),
    ],
)
def test_a_file_of_claude_is_noted_once(files: list[dict[str, str]], parts: list[str]) -> None:
    message = {"sender": "human", "text": "So", "attachments": files}
    (read,) = claude.read_conversation({"uuid": "c", "chat_messages": [message]}, no_file).messages
    texts = [part.text for part in read.parts if isinstance(part, TextPart)]
    assert texts == [*parts, "So"]


def chatgpt_path(tmp_path: Path, *messages: Any) -> ImportedConversation:
    nodes = {str(n): node(str(n), str(n - 1), message) for n, message in enumerate(messages)}
    last = str(len(messages) - 1)
    return read_single(tmp_path, [{"conversation_id": "c", "current_node": last, "mapping": nodes}])


def chatgpt_call(recipient: str, content: Any) -> dict[str, Any]:
    return chatgpt_message("assistant", content, recipient=recipient)


def chatgpt_result(name: str, content: Any, **metadata: Any) -> dict[str, Any]:
    author = {"role": "tool", "name": name}
    return chatgpt_message("tool", content, author=author, metadata=metadata)


def calls_of(message: Message) -> list[tuple[str, str, str]]:
    calls = [part for part in message.parts if isinstance(part, ToolCallPart)]
    assert all(call.is_hosted and call.state.has_ended for call in calls)
    return [(call.name, call.arguments, call.result) for call in calls]


def test_chatgpts_calls_of_tools_are_folded_into_the_answer(tmp_path: Path) -> None:
    found = chatgpt_path(
        tmp_path,
        chatgpt_message("user", "Add and search"),
        chatgpt_call("python", {"content_type": "code", "language": "unknown", "text": "1 + 2"}),
        chatgpt_call("web.run", {"content_type": "code", "text": '{"search_query": ["sums"]}'}),
        chatgpt_result("web.run", {"content_type": "tether_browsing_display", "result": "pages"}),
        chatgpt_result("python", {"content_type": "execution_output", "text": "3"}),
        chatgpt_result("bio", "Model set context updated."),
        chatgpt_message("assistant", "Three."),
    )
    question, answer = found.messages
    assert (question.text, answer.text) == ("Add and search", "Three.")
    assert calls_of(answer) == [
        ("python", '{"code": "1 + 2"}', "3"),
        ("web.run", '{"search_query": ["sums"]}', "pages"),
        ("bio", "", "Model set context updated."),
    ]


def test_calls_and_thoughts_without_an_answer_are_not_lost(tmp_path: Path) -> None:
    thoughts = {"content_type": "thoughts", "thoughts": [{"summary": "Stop", "content": ""}]}
    found = chatgpt_path(
        tmp_path,
        chatgpt_message("user", "First"),
        chatgpt_call("python", "x"),
        chatgpt_message("user", "Second"),
        chatgpt_message("assistant", thoughts, status="in_progress"),
    )
    first, stopped, second, last = found.messages
    assert [message.role for message in found.messages] == [Role.USER, Role.ASSISTANT] * 2
    assert calls_of(stopped) == [("python", '{"input": "x"}', "")]
    assert (second.text, second.parent_id) == ("Second", stopped.id)
    assert (stopped.parent_id, last.parent_id) == (first.id, second.id)
    assert last.parts == (ReasoningPart("Stop"),)
    assert (leaf(found), last.status) == (last, MessageStatus.INCOMPLETE)


def test_a_deep_research_becomes_its_report(tmp_path: Path) -> None:
    report = chatgpt_message("assistant", "# Bread", status="finished_successfully")
    state = json.dumps({"report_message": report})
    started = chatgpt_result("api_tool", "Started", chatgpt_sdk={"widget_state": state})
    found = chatgpt_path(tmp_path, chatgpt_message("user", "Research"), started)
    assert texts_and_parents(found) == [("Research", None), ("# Bread", 0)]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            {"content_type": "multimodal_text", "parts": [{"content_type": "audio_asset_pointer"}]},
            "[A recording without a transcript]",
        ),
        ({"content_type": "app_form", "fields": [1]}, "[Content that can’t be imported: app_form]"),
        (
            {"content_type": "multimodal_text", "parts": ["a", {"content_type": "map"}]},
            "a\n\n[Content that can’t be imported: map]",
        ),
    ],
)
def test_content_that_cannot_be_imported_is_noted(tmp_path: Path, content: Any, text: str) -> None:
    assert leaf(chatgpt_path(tmp_path, chatgpt_message("user", content))).text == text


def cited(text: str, role: str = "assistant", **metadata: Any) -> str:
    message = chatgpt_message(role, text, metadata=metadata)
    value = {"id": "c", "mapping": {"m": node("m", None, message)}}
    return chatgpt.read_conversation(value, no_file).messages[0].text


def test_marks_without_a_text_become_links(tmp_path: Path) -> None:
    mark = "\ue200cite\ue202turn0search1\ue202turn0search2\ue201"
    items = [
        {"title": "A [b]", "url": "https://a.example/1"},
        {"title": "B", "attribution": "Site", "url": "https://b.example"},
        {"title": "B", "attribution": "Site", "url": "https://b.example"},
        {"title": "bad", "url": "javascript:x"},
    ]
    reference = {"matched_text": mark, "type": "grouped_webpages", "alt": None, "items": items}
    links = "([A \\[b\\]](https://a.example/1), [Site](https://b.example))"
    assert cited(f"So {mark}.", content_references=[reference]) == f"So {links}."
    file = {"matched_text": mark, "type": "file", "name": "notes.pdf"}
    assert cited(f"So ({mark}).", content_references=[file]) == "So (notes.pdf)."


def test_old_marks_become_their_sources() -> None:
    page = {"title": "Bread", "url": "https://a.example/x", "extra": {"cited_message_idx": 11}}
    file = {"type": "file", "title": "notes.pdf", "extra": {"cited_message_idx": 4}}
    citations = [{"metadata": page}, {"metadata": file}, {"metadata": None}, {}]
    text = "It rises【11†source】, see【4:0†notes】 and 【7†lost】."
    assert cited(text, citations=citations) == (
        "It rises([Bread](https://a.example/x)), see(notes.pdf) and 【7†lost】."
    )
    reference = {"matched_text": "【7†lost】", "alt": "(found)"}
    assert cited("【7†lost】", content_references=[reference]) == "(found)"


def test_open_webuis_files_are_imported(tmp_path: Path) -> None:
    address = "data:image/png;base64," + base64.b64encode(PIXEL).decode()
    files = [
        {"type": "file", "name": "a.pdf", "file": {"data": {"content": "zebras"}}},
        {"type": "image", "url": address},
        {"type": "image", "url": "/api/v1/files/x"},
        {"type": "image", "url": "data:image/png;base64,ü"},
        {"type": "image", "url": "data:image/png;base64,A"},
        {"type": "image", "url": address.replace("iVBO", "iV!BO")},
        {"type": "file", "name": "b.pdf"},
    ]
    messages = [{"role": "user", "content": "Look", "files": files}]
    found = read_single(tmp_path, [{"id": "w", "title": "t", "chat": {"messages": messages}}])
    document, image = found.messages[0].attachments
    assert (document.name, image.media_type) == ("a.pdf", "image/png")
    assert {file.sha256: (file.text, file.data) for file in found.files} == {
        document.sha256: ("zebras", b"zebras"),
        image.sha256: ("", PIXEL),
    }
    lost = "[A picture that is not in the export]"
    assert (
        found.messages[0].text
        == f"{lost}\n\n{lost}\n\n{lost}\n\n{lost}\n\n[Attached: b.pdf]\n\nLook"
    )
