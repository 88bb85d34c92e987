"""OpenAI's published OpenAPI description: validators and generated values.

The document's alternatives overlap, so `oneOf` is read as `anyOf`.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

_FILE = Path(__file__).parents[2] / "data/openapi/openai.json.gz"
_MAX_DEPTH = 12


def _with_any_of(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_any_of(each) for each in value]
    if not isinstance(value, dict):
        return value
    read = {name: _with_any_of(each) for name, each in value.items() if name != "oneOf"}
    if isinstance(value.get("oneOf"), list):
        read["anyOf"] = _with_any_of(value["oneOf"])
    return read


@cache
def schemas() -> dict[str, Any]:
    """Return the schemas by name."""
    read: dict[str, Any] = _with_any_of(json.loads(gzip.decompress(_FILE.read_bytes())))
    return read


@cache
def validator(name: str) -> jsonschema_rs.Validator:
    """Return the validator of a schema."""
    root = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas()}}
    return jsonschema_rs.Draft202012Validator(root)


@cache
def property_names(name: str) -> frozenset[str]:
    """Return the names of all properties of a schema, with those of its parts."""

    def names(schema: dict[str, Any]) -> frozenset[str]:
        if "$ref" in schema:
            return property_names(schema["$ref"].rpartition("/")[2])
        parts = [*schema.get("allOf", ()), *schema.get("anyOf", ())]
        return frozenset(schema.get("properties", ())).union(*map(names, parts))

    return names(schemas()[name])


def alternatives(name: str) -> list[dict[str, Any]]:
    """Return the alternatives of a union, such as the kinds of events."""
    found: list[dict[str, Any]] = schemas()[name]["anyOf"]
    return found


def value_of(schema: dict[str, Any], *, full: bool, at: int = 0, depth: int = 0) -> Any:
    """Return a value that fits a schema.

    Args:
        full: with every property and one item in each list, instead of only what is required.
        at: the index of the alternative to take, from the end if negative.
        depth: of the schema within the whole one.
    """

    def inner(of: dict[str, Any]) -> Any:
        return value_of(of, full=full and depth < _MAX_DEPTH, at=at, depth=depth + 1)

    if "$ref" in schema:
        return inner(schemas()[schema["$ref"].rpartition("/")[2]])
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if "allOf" in schema:
        merged: dict[str, Any] = {}
        for each in schema["allOf"]:
            value = inner(each)
            merged |= value if isinstance(value, dict) else {}
        return merged
    if choices := [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]:
        return inner(choices[at if depth < _MAX_DEPTH else 0])
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    match kind:
        case "object":
            properties = schema.get("properties", {})
            needed = schema.get("required", ())
            return {
                name: inner(each) for name, each in properties.items() if full or name in needed
            }
        case "array":
            return [inner(schema["items"])] if full and "items" in schema else []
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
        case "null":
            return None
    return "x" * max(1, schema.get("minLength", 1))
