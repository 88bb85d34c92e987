"""Reduce OpenAI's OpenAPI document to the schemas that the tests need.

    .venv/bin/python -m tests.data.openapi.reduce openapi.json

Descriptions and examples are left out, as are all schemas that nothing in ROOTS refers to.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any, Final

ROOTS: Final = (
    *("CreateResponse", "CreateChatCompletionRequest", "CreateEmbeddingRequest"),
    *("CompactResponseMethodPublicBody", "ResponseStreamEvent", "OutputItem"),
    *("ResponseErrorCode", "CreateChatCompletionStreamResponse"),
)
FILE: Final = Path(__file__).parent / "openai.json.gz"
_LEFT_OUT: Final = ("description", "example", "examples", "x-oaiMeta", "title")


def without_prose(value: Any, *, are_names: bool = False) -> Any:
    """Return a schema without its prose. `are_names`: the keys are names of properties."""
    if isinstance(value, list):
        return [without_prose(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: without_prose(each, are_names=name == "properties" and not are_names)
        for name, each in value.items()
        if are_names or name not in _LEFT_OUT
    }


def reduced(document: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas of ROOTS and all that they refer to."""
    schemas = document["components"]["schemas"]
    found: dict[str, Any] = {}
    waiting: list[Any] = [{"$ref": name} for name in ROOTS]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
            name = str(value.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found[name] = without_prose(schemas[name])
                waiting.append(found[name])
    return dict(sorted(found.items()))


if __name__ == "__main__":
    text = json.dumps(reduced(json.loads(Path(sys.argv[1]).read_text())), separators=(",", ":"))
    FILE.write_bytes(gzip.compress(text.encode(), mtime=0))
