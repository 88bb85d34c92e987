"""The fields of values that nothing was said about."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import desktop_app

# What is on, or counts more than nothing, unless something else is said.
NOT_EMPTY = {
    "AnswerSchema.may_be_strict": True,
    "DocumentPart.tokens_exact": True,
    "GenerationParameters.candidates": 1,
    "GenerationParameters.stream": True,
    "Node.is_complete": True,
    "ProviderProfile.needs_key": True,
    "SqlitePages.size": 4096,
    "ToolDefinition.needs_consent": True,
    "UploadLimits.requests": 50_000,
    "UploadLimits.size": 200_000_000,
    "_Column.at_line_start": True,
    "_List.number": 1,
    "_Paragraph.style": -1,
}
SLOW_TO_IMPORT = ("__main__", "app", "main", "tool_servers", "ui")


def defaults() -> Iterator[tuple[str, object]]:
    """Yield the numbers and flags that fields of dataclasses have by default."""
    for room in pkgutil.iter_modules(desktop_app.__path__):
        if room.name in SLOW_TO_IMPORT or not room.ispkg:
            continue
        package = importlib.import_module(f"desktop_app.{room.name}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for found in vars(importlib.import_module(module.name)).values():
                if isinstance(found, type) and found.__module__ == module.name:
                    for field in _fields(found):
                        if type(field.default) in (bool, int):
                            yield f"{found.__name__}.{field.name}", field.default


def _fields(found: type) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(found) if dataclasses.is_dataclass(found) else ()


def test_a_field_is_off_or_zero_unless_it_is_named_here() -> None:
    found = dict(defaults())
    assert len(found) > 100
    assert {name: value for name, value in found.items() if value} == NOT_EMPTY
