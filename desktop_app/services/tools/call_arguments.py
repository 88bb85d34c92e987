"""Reads and validates the arguments of a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from desktop_app.domain.tools.tool import ToolDefinition, ToolError
from desktop_app.services.structured.schema_check import (
    UnusablePatternError,
    UnusableSchemaError,
    decode,
    schema_problems,
)

MAX_ARGUMENTS_CHARS: Final = 1 << 20


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
        problems = schema_problems(schema, value)
    except UnusablePatternError as exc:
        if is_foreign:
            return []  # the server checks its arguments itself
        raise ToolError(f"The tool’s schema cannot be used: {exc}") from exc
    except UnusableSchemaError as exc:
        raise ToolError(f"The tool’s schema cannot be used: {exc}") from exc
    return [f"{problem.path}: {problem.reason}" for problem in problems]
