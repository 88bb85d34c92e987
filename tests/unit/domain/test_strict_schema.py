"""Schemas as providers take them."""

from __future__ import annotations

from desktop_app.domain.tools.strict_schema import sendable_arguments


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
