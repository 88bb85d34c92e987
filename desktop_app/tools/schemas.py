"""Builds the schemas of the built-in tools. Providers accept them as strict schemas."""

from __future__ import annotations

from typing import Any


def arguments(**properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with these properties, all of them required."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def text(description: str) -> dict[str, Any]:
    """Return the schema of a text."""
    return {"type": "string", "description": description}


def optional_text(description: str) -> dict[str, Any]:
    """Return the schema of a text or null."""
    return {"type": ["string", "null"], "description": description}


def optional_number(description: str) -> dict[str, Any]:
    """Return the schema of a whole number or null."""
    return {"type": ["integer", "null"], "description": description}
