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
    "Estimate.answers": 1,
    "Estimate.inputs": 1,
    "GenerationParameters.candidates": 1,
    "GenerationParameters.stream": True,
    "HtmlList.number": 1,
    "Limits.file_bytes": 200 << 20,
    "Limits.memory_bytes": 2 << 30,
    "Limits.pages": 5_000,
    "Limits.pixels": 120_000_000,
    "Limits.seconds": 120,
    "Limits.unpacked_bytes": 400 << 20,
    "MarkdownBlock.indent": 3,
    "Node.is_complete": True,
    "PatchTokens.is_exact": True,
    "PatchTokens.patches": 1536,
    "ProviderProfile.needs_key": True,
    "Request.is_text": True,
    "Request.max_answer_bytes": 64 << 20,
    "SqlitePages.page_size": 4096,
    "TileTokens.is_exact": True,
    "ToolDefinition.needs_consent": True,
    "ToolLimits.rounds": 10,
    "ToolLimits.seconds": 600,
    "UploadLimits.requests": 50_000,
    "UploadLimits.size": 200_000_000,
    "_Check.mask": 0xFFFFFFFF,
    "_AnswerState.is_at_line_start": True,
    "_State.stand_ins": 1,
}
SLOW_TO_IMPORT = ("__main__", "app", "main", "tool_servers", "ui")


def defaults() -> Iterator[tuple[str, object]]:
    """Yield the numbers and flags that fields of dataclasses and named tuples have by default."""
    for part in pkgutil.iter_modules(desktop_app.__path__):
        if part.name in SLOW_TO_IMPORT or not part.ispkg:
            continue
        package = importlib.import_module(f"desktop_app.{part.name}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for found in vars(importlib.import_module(module.name)).values():
                if isinstance(found, type) and found.__module__ == module.name:
                    for name, value in _defaults_of(found):
                        if type(value) in (bool, int):
                            yield f"{found.__name__}.{name}", value


def _defaults_of(found: type) -> list[tuple[str, Any]]:
    """Return the defaults of a dataclass or a named tuple."""
    if dataclasses.is_dataclass(found):
        return [(field.name, field.default) for field in dataclasses.fields(found)]
    return list(getattr(found, "_field_defaults", {}).items())


def test_a_field_is_off_or_zero_unless_it_is_named_here() -> None:
    found = dict(defaults())
    assert len(found) > 100
    assert {name: value for name, value in found.items() if value} == NOT_EMPTY
