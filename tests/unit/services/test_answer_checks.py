"""Checks of answers against a JSON schema."""

from __future__ import annotations

import pytest

from desktop_app.domain.evaluation.evaluation_case import check_from_json
from desktop_app.services.evaluation.answer_checks import failure_of

SCHEMA = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ('{"a": 1}', ""),
        ('```json\n{"a": 1}\n```', ""),
        ('{"a": "1"}', "is not of type"),
        ("{}", "required property"),
        ("Here it is: {}", "not JSON"),
    ],
)
def test_an_answer_has_to_match_its_schema(answer: str, words: str) -> None:
    found = failure_of(check_from_json({"schema": SCHEMA}), answer)
    assert words in found if words else not found


@pytest.mark.parametrize(
    "schema", [{"type": "nothing"}, {"$ref": "http://127.0.0.1:9/schema"}, {"$ref": "#/none"}]
)
def test_an_unusable_schema_is_said_and_nothing_is_fetched(schema: dict[str, str]) -> None:
    assert "unusable schema" in failure_of(check_from_json({"schema": schema}), "{}")
