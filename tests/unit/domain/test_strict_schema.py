"""Schemas as providers take them."""

from __future__ import annotations

from typing import Any

import pytest

from desktop_app.domain.tools.strict_schema import is_strict, sendable_arguments


def test_alternatives_at_the_top_become_optional_properties() -> None:
    text, number = {"type": "string"}, {"type": "integer"}
    schema = {
        "type": "object",
        "properties": {"a": text},
        "required": ["a"],
        "oneOf": [{"properties": {"b": number}, "required": ["b"]}, {"properties": {"a": number}}],
        "allOf": [True, {"properties": {"c": text}}],
        "not": {"required": ["c"]},
    }
    assert sendable_arguments(schema) == {
        "type": "object",
        "properties": {"a": text, "b": number, "c": text},
        "required": ["a"],
    }


def test_other_schemas_are_sent_as_they_are() -> None:
    schema = {"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}]}}}
    assert sendable_arguments(schema) == schema


@pytest.mark.parametrize(
    ("part", "strict"),
    [
        ({"type": "string"}, True),
        ({"$ref": "#"}, True),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, True),
        ({"enum": [1]}, True),
        ({}, False),
        (True, False),
        ({"description": "Anything."}, False),
        ({"type": "array", "items": {}}, False),
        ({"type": "array", "items": True}, False),
    ],
)
def test_each_part_of_a_strict_schema_has_a_type(part: Any, strict: bool) -> None:
    closed = {"required": ["a"], "additionalProperties": False}
    assert is_strict({"type": "object", "properties": {"a": part}, **closed}) is strict
