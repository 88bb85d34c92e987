"""The internal markup of ChatGPT's texts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desktop_app.exchange.importers.chatgpt_text import canvas_document, without_marks

CITED = "\ue200cite\ue202turn0search1\ue201"
ENTITY = "\ue200entity\ue202%s\ue201"


def references(alt: str) -> dict[str, Any]:
    return {"content_references": [{"matched_text": CITED, "alt": alt}]}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("No marks.", "No marks."),
        (f"Said {CITED}.", "Said [1]."),
        ("\ue200cite\ue202turn9\ue201.", "."),
        (ENTITY % '["city", "Basel"]', "Basel"),
        (ENTITY % '["city", 7, "more"]', "7"),
        (ENTITY % '["city"]', ""),
        (ENTITY % '{"city": "Basel"}', ""),
        (ENTITY % "[broken", ""),
        (ENTITY % ("[" * 100_000), ""),
        ("\ue200other\ue202" + '["city", "Basel"]\ue201', ""),
        ("\ue200 open", "\ue200 open"),
    ],
)
def test_marks_become_their_texts(text: str, read: str) -> None:
    assert without_marks(text, references("[1]")) == read


def test_marks_add_a_million_characters_at_most() -> None:
    half = 1 << 19
    assert without_marks(CITED * 3, references("x" * half)) == "x" * half
    assert without_marks(CITED * 2, references("x" * (half - 1))) == "x" * (2 * half - 2)
    assert without_marks(CITED, references("x" * (2 * half - 1))) == "x" * (2 * half - 1)
    assert without_marks(CITED, references("x" * 2 * half)) == ""


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ({"name": "Plan", "type": "document", "content": "# One"}, "**Plan**\n\n# One"),
        ({"type": "document", "content": "# One"}, "# One"),
        ({"type": "code/python", "content": "a = 1"}, "```python\na = 1\n```"),
        ({"type": "code", "content": "a = 1"}, "```\na = 1\n```"),
        ({"updates": [{"pattern": ".*", "replacement": "Whole"}]}, "Whole"),
        ({"content": "One", "updates": [{"pattern": ".*", "replacement": "Two"}]}, "One"),
        ({"updates": [{"pattern": "Wor", "replacement": "Part"}]}, ""),
        ({"updates": [{"pattern": ".*", "replacement": "a"}] * 2}, ""),
        ({"updates": []}, ""),
        ({"name": "Plan"}, ""),
        (["# One"], ""),
    ],
)
@pytest.mark.parametrize("field", ["text", "parts"])
def test_a_message_to_the_canvas_is_its_document(value: Any, read: str, field: str) -> None:
    words = json.dumps(value)
    content = {"text": words} if field == "text" else {"parts": [7, words, "more"]}
    assert canvas_document({"recipient": "canmore.create", "content": content}) == read
    assert canvas_document({"recipient": "all", "content": content}) == ""


@pytest.mark.parametrize("parts", [None, [], "text", [7], ["{broken"]])
def test_a_message_to_the_canvas_may_have_no_document(parts: Any) -> None:
    assert canvas_document({"recipient": "canmore.create", "content": {"parts": parts}}) == ""
