"""Converts answers with a form to Markdown: JSON to a table or a tree, other texts to code.

A form is a JSON schema or a grammar that the answer has to follow. Once they are Markdown, such
answers can be searched, copied and printed like all others.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, Final

from desktop_app.domain.answering.shown_length import ShownMessage
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.conversations.message_parts import (
    RefusalPart,
    TextPart,
    ToolCallPart,
    last_text,
)
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode
from desktop_app.domain.json_table import JsonTable, cell_of, table_of_list
from desktop_app.domain.lazy_pattern import lazy_pattern

_MAX_TREE_LENGTH: Final = 200_000
"""Characters. Longer JSON is shown as code, not as a table or a tree. An arbitrary number."""
_FENCE: Final = "~~~~~~~~~~~~"
"""So long that hardly any answer contains a line that closes it."""
_MAX_DEPTH: Final = 12
"""List levels; deeper values are shown as text."""
_MARKUP: Final = lazy_pattern(r"[!-/:-@\[-`{-~]")
_LANGUAGE: Final = lazy_pattern(r"[\w+#.-]{1,40}")


def form_fence(message: Message) -> str:
    """Return the opening fence for an answer that is shown as code; "" if it has no form."""
    for notice in message.notices:
        if isinstance(notice, AnswerNotice):
            if notice.code is NoticeCode.SCHEMA_USED:
                return f"{_FENCE}json\n"
            if notice.code is NoticeCode.GRAMMAR_USED:
                language = str(dict(notice.params).get("language", ""))
                fence_language = language if _LANGUAGE.fullmatch(language) else ""
                return f"{_FENCE}{fence_language}\n"
    return ""


def has_json_value(message: Message) -> bool:
    """Return True if an answer has a value that matches its schema."""
    codes = {notice.code for notice in message.notices if isinstance(notice, AnswerNotice)}
    is_valid = NoticeCode.SCHEMA_USED in codes and NoticeCode.SCHEMA_PROBLEM not in codes
    return is_valid and message.status is MessageStatus.COMPLETE


def json_value(message: Message) -> Any:
    """Return the JSON value of an answer.

    Raises:
        ValueError: the answer is not JSON, or too deeply nested.
    """
    try:
        return json.loads(last_text(message.parts))
    except RecursionError as error:
        raise ValueError("too deep") from error


def with_rendered_form(message: Message, *, as_text: bool) -> Message:
    """Return an answer with a form as Markdown, and other messages and refusals unchanged.

    Args:
        as_text: show JSON as code.
    """
    fence = form_fence(message)
    if not fence or any(isinstance(part, RefusalPart) for part in message.parts):
        return message
    if message.status is MessageStatus.STREAMING:
        # All text so far, because the last text is not known yet. The fence stays open.
        markdown = f"{fence}{message.text}" if message.text else ""
        return _with_text(message, markdown, all_text=True)
    text = last_text(message.parts)
    if not as_text and has_json_value(message):
        markdown = _markdown_of(text)
        if markdown:
            return _with_text(message, markdown, is_tree=True)
    if not text.strip():
        return _with_text(message, text)
    return _with_text(message, f"{fence}{text}\n{_FENCE}")


def _with_text(
    message: Message, text: str, *, all_text: bool = False, is_tree: bool = False
) -> Message:
    """Return the message with `text` in place of its last text.

    Args:
        all_text: replace all of its text, also before tool calls.
        is_tree: `text` is a table or a tree.
    """
    field_values = {field.name: getattr(message, field.name) for field in fields(Message)}
    parts = message.parts
    kept_count = 0  # up to the last tool call, or none
    if not all_text:
        calls = [index for index, part in enumerate(parts) if isinstance(part, ToolCallPart)]
        kept_count = calls[-1] + 1 if calls else 0
    later_parts = (part for part in parts[kept_count:] if not isinstance(part, TextPart))
    other_parts = (*parts[:kept_count], *later_parts)
    field_values["parts"] = (*other_parts, TextPart(text)) if text else other_parts
    stored_message = message.stored if isinstance(message, ShownMessage) else None
    return ShownMessage(**field_values, stored=stored_message or message, is_tree=is_tree)


def _markdown_of(text: str) -> str:
    """Return the Markdown of a JSON text; "" if the text has to be shown as code."""
    if len(text) > _MAX_TREE_LENGTH:
        return ""
    try:
        value = json.loads(text)
        if not value or not isinstance(value, dict | list):
            return ""
        return "\n".join(_value_lines(value, level=0))
    except (ValueError, RecursionError):  # a value that can just be read is too deep to be written
        return ""


def _value_lines(value: dict[str, Any] | list[Any], level: int) -> list[str]:
    """Return the lines of an object or a list at a list level.

    Lists of objects are tables only at level 0.
    """
    table = table_of_list(value) if level == 0 else None
    if table is not None:
        return _table_lines(table)
    lines: list[str] = []
    named_values = value.items() if isinstance(value, dict) else (("", each) for each in value)
    for name, entry in named_values:
        table = table_of_list(entry) if level == 0 and isinstance(value, dict) else None
        if table is not None:
            lines += ["", _bold_name(name), "", *_table_lines(table), ""]
        else:
            lines += _entry_lines(name, entry, level)
    return lines


def _entry_lines(name: str, value: Any, level: int) -> list[str]:
    """Return the lines of a list item: a value, and the values inside it nested below.

    Args:
        name: the name of the value in its object; "" in a list.
    """
    bullet = f"{'  ' * level}- "
    label = _bold_name(name)
    if isinstance(value, dict | list) and value and level < _MAX_DEPTH:
        head = label or "•"
        return [f"{bullet}{head}", *_value_lines(value, level + 1)]
    markdown = _escape_markup(cell_of(value)) or "–"
    if label:
        markdown = f"{label}: {markdown}"
    return [f"{bullet}{markdown}"]


def _table_lines(table: JsonTable) -> list[str]:
    rows = [" | ".join(map(_escape_markup, row)) for row in table.rows]
    head = " | ".join(_escape_markup(name) or " " for name in table.columns)
    return [f"| {head} |", "|" + " --- |" * len(table.columns), *(f"| {row} |" for row in rows)]


def _bold_name(name: str) -> str:
    """Return a name in bold; "" if it is blank, because four stars alone make a rule."""
    words = _escape_markup(name)
    return f"**{words}**" if words else ""


def _escape_markup(text: str) -> str:
    """Return a text as Markdown that shows its characters, on one line with single spaces."""
    words = " ".join(text.split())
    # With a backslash, a bracket would begin a formula.
    return _MARKUP.sub(lambda m: f"&#{ord(m[0])};" if m[0] in "()[]" else f"\\{m[0]}", words)
