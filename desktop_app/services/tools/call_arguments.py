"""Reads and validates the arguments of a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from desktop_app.domain.tools.tool import ToolDefinition, ToolError
from desktop_app.services.structured.schema_check import UnusableSchemaError, schema_problems
from desktop_app.services.structured.stepped_json import decode

MAX_ARGUMENTS_CHARS: Final = 1 << 20
_SCHEMAS_BY_NAME: Final = ("properties", "$defs", "definitions", "dependentSchemas")
_VALUE_KEYWORDS: Final = ("const", "enum", "default", "examples")


def parse_arguments(tool: ToolDefinition, text: str) -> Any:
    """Return the arguments of a call: an object; for a custom tool, its free text.

    Takes a while for long arguments: call it in a thread.

    Raises:
        ToolError: the tool does not take these arguments, or its schema cannot be used. The text
            of the error is for the model.
    """
    if len(text) > MAX_ARGUMENTS_CHARS:
        raise ToolError(f"The arguments are longer than {MAX_ARGUMENTS_CHARS} characters.")
    if tool.is_custom:
        return text
    try:
        arguments = decode(text or "{}")
    except (ValueError, RecursionError) as exc:
        raise ToolError(f"The arguments are not valid JSON: {exc}") from exc
    if not isinstance(arguments, dict):
        raise ToolError("The arguments are not a JSON object.")
    problems = _schema_mismatches(tool.parameters, arguments, is_foreign=bool(tool.source))
    if problems:
        raise ToolError("The arguments do not match the schema:\n" + "\n".join(problems))
    return arguments


def _schema_mismatches(schema: Mapping[str, Any], value: Any, *, is_foreign: bool) -> list[str]:
    try:
        # Each match of a server's pattern could take a second.
        checked_schema = without_patterns(schema) if is_foreign else dict(schema)
        problems = schema_problems(checked_schema, value)
    except UnusableSchemaError as exc:
        raise ToolError(f"The tool’s schema cannot be used: {exc}") from exc
    except RecursionError as exc:
        raise ToolError("The tool’s schema cannot be used: it is nested too deeply") from exc
    return [f"{problem.path}: {problem.reason}" for problem in problems]


def without_patterns(schema: Any) -> Any:
    """Return a server's schema for our own checks: without what has no limit of time."""
    if isinstance(schema, list):
        return [without_patterns(element) for element in schema]
    if not isinstance(schema, Mapping):
        return schema
    # To find what is unevaluated, the library follows references outside the checks, and so without
    # their time limit.
    removed_keywords = {"pattern", "unevaluatedItems", "unevaluatedProperties"}
    # Without its patterns, a schema cannot tell which other properties there may be.
    if "patternProperties" in schema:
        removed_keywords |= {"patternProperties", "additionalProperties"}
    return {
        key: _values_without_patterns(key, value)
        for key, value in schema.items()
        if key not in removed_keywords
    }


def _values_without_patterns(key: str, value: Any) -> Any:
    if key in _VALUE_KEYWORDS:
        return value
    if key in _SCHEMAS_BY_NAME and isinstance(value, Mapping):
        return {name: without_patterns(subschema) for name, subschema in value.items()}
    return without_patterns(value)
