"""The internal markup of ChatGPT's texts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desktop_app.exchange.importers.chatgpt import _canvas_changes, _canvas_document, _without_marks

CITED = "\ue200cite\ue202turn0search1\ue201"
ENTITY = "\ue200entity\ue202%s\ue201"


def references(alt: str) -> dict[str, Any]:
    return {"content_references": [{"matched_text": CITED, "alt": alt}]}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("No marks.", "No marks."),
        (f"Said {CITED}.", "Said [1]."),
        (ENTITY % '["city", "Basel"]', "Basel"),
        (ENTITY % '["city", 7, "more"]', "7"),
        (ENTITY % '["city"]', ""),
        (ENTITY % "[broken", ""),
        ("\ue200 open", "\ue200 open"),
    ],
)
def test_marks_become_their_texts(text: str, read: str) -> None:
    assert _without_marks(text, references("[1]")) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ({"name": "Plan", "type": "document", "content": "# One"}, "**Plan**\n\n# One"),
        ({"type": "document", "content": "# One"}, "# One"),
        ({"type": "code/python", "content": "a = 1"}, "```python\na = 1\n```"),
        ({"updates": [{"pattern": ".*", "replacement": "Whole"}]}, "Whole"),
        ({"updates": [{"pattern": "Wor", "replacement": "Part"}]}, ""),
        ({"name": "Plan"}, ""),
    ],
)
@pytest.mark.parametrize("field", ["text", "parts"])
def test_a_message_to_the_canvas_is_its_document(value: Any, read: str, field: str) -> None:
    words = json.dumps(value)
    content = {"text": words} if field == "text" else {"parts": [7, words, "more"]}
    message = {"recipient": "canmore.create", "content": content}
    assert _canvas_document(_canvas_changes(message)) == read
    assert not _canvas_changes({**message, "recipient": "all"})
