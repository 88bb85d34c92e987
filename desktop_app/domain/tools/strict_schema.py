"""Decides if providers accept a JSON Schema as strict, and adapts refused schemas.

Source: OpenAI's guide to structured outputs. With a strict schema, the provider enforces it; other
schemas are sent as a hint. The program validates the answers in both cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

MAX_LEVELS: Final = 10

_REFUSED_KEYWORDS: Final = frozenset(
    {
        *("allOf", "not", "dependentRequired", "dependentSchemas", "if", "then", "else"),
        *("oneOf", "patternProperties", "unevaluatedProperties", "propertyNames"),
    }
)
_TYPE_KEYWORDS: Final = frozenset({"type", "$ref", "anyOf", "enum", "const"})
"""Each part of a strict schema has at least one of these keywords."""
_REFUSED_ROOT_KEYWORDS: Final = ("oneOf", "anyOf", "allOf", "enum", "not")
_SCHEMA_MAPS: Final = ("properties", "$defs", "definitions")
"""The keywords whose value maps names to schemas."""


def is_strict(schema: Mapping[str, Any]) -> bool:
    """Return True if providers accept `schema` as strict."""
    if schema.get("type") != "object" or "anyOf" in schema:
        return False
    return all(
        level <= MAX_LEVELS
        and not _REFUSED_KEYWORDS & part.keys()
        and bool(_TYPE_KEYWORDS & part.keys())
        and _is_closed(part)
        and _has_no_boolean_schemas(part)
        for level, part in _walk_schema(schema, 1)
    )


def sendable_arguments(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a tool's arguments in a form that providers accept.

    Providers refuse alternatives at the top level, so the properties in the alternatives are sent
    as optional properties. At the call, the arguments are checked against the whole schema.
    """
    if not any(key in schema for key in _REFUSED_ROOT_KEYWORDS):
        return dict(schema)
    sendable = {key: value for key, value in schema.items() if key not in _REFUSED_ROOT_KEYWORDS}
    properties = dict(sendable.get("properties", {}))
    for key in ("allOf", "anyOf", "oneOf"):
        branches = schema.get(key)
        for branch in branches if isinstance(branches, list) else ():
            branch_properties = branch.get("properties") if isinstance(branch, Mapping) else None
            if isinstance(branch_properties, Mapping):
                for name, each in branch_properties.items():
                    properties.setdefault(name, each)
    return {**sendable, "properties": properties}


def _is_closed(part: Mapping[str, Any]) -> bool:
    """Return True unless an object permits optional or additional properties.

    A part that lists properties must state that it is an object.
    """
    kinds = part.get("type")
    if kinds != "object" and not (isinstance(kinds, list) and "object" in kinds):
        return "properties" not in part
    names = part.get("properties", {})
    required = part.get("required", [])
    forbids_additional = part.get("additionalProperties") is False
    return forbids_additional and isinstance(names, Mapping) and set(required) == set(names)


def _has_no_boolean_schemas(part: Mapping[str, Any]) -> bool:
    """Return True unless the schema of a property or of the items is `true` or `false`.

    JSON Schema permits both, strict schemas do not.
    """
    subschemas = [*part.get("properties", {}).values(), part.get("items", {})]
    return all(isinstance(each, Mapping) for each in subschemas)


def _walk_schema(schema: object, level: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield every schema within `schema` with its level, down to one level below the limit."""
    if not isinstance(schema, Mapping):
        return
    yield level, schema
    if level > MAX_LEVELS:
        return
    for name in _SCHEMA_MAPS:
        subschemas = schema.get(name)
        if isinstance(subschemas, Mapping):
            for each in subschemas.values():
                # Only the values of `properties` and `items` are nested more deeply.
                yield from _walk_schema(each, level + (name == "properties"))
    yield from _walk_schema(schema.get("items"), level + 1)
    alternatives = schema.get("anyOf")
    for each in alternatives if isinstance(alternatives, list) else ():
        yield from _walk_schema(each, level)
