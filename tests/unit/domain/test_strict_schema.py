"""Schemas as providers take them."""

from __future__ import annotations

from typing import Any

import pytest

from desktop_app.domain.tools.strict_schema import MAX_LEVELS, is_strict, sendable_arguments


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
    assert is_strict(_closed(a=part)) is strict


def _closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


_TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (_closed(a=_TEXT), True),
        (_closed(a=_closed(b=_TEXT)), True),
        (_closed(a={"type": ["object", "null"], "additionalProperties": False}), True),
        (_closed(a={"type": ["object", "null"]}), False),
        ({"type": "array", "items": _TEXT}, False),
        ({**_closed(a=_TEXT), "anyOf": [_TEXT]}, False),
        ({**_closed(a=_TEXT), "required": []}, False),
        ({**_closed(a=_TEXT), "additionalProperties": True}, False),
        ({**_closed(a=_TEXT), "$defs": {"b": {"type": "object"}}}, False),
        (_closed(a={**_TEXT, "properties": {}}), False),
        (_closed(a={**_TEXT, "not": {}}), False),
    ],
)
def test_a_strict_schema_is_recognized(schema: dict[str, Any], strict: bool) -> None:
    assert is_strict(schema) is strict


@pytest.mark.parametrize(("depth", "strict"), [(MAX_LEVELS - 2, True), (MAX_LEVELS - 1, False)])
def test_a_strict_schema_is_not_too_deep(depth: int, strict: bool) -> None:
    lists: dict[str, Any] = _TEXT
    objects: dict[str, Any] = _TEXT
    for _ in range(depth):
        lists, objects = {"type": "array", "items": lists}, _closed(a=objects)
    assert is_strict(_closed(a=lists)) is strict
    assert is_strict(_closed(a=objects)) is strict
