"""Parses the answers of the processes of json_server.py, which cannot be trusted."""

from __future__ import annotations

import json
from typing import Any, Final

MAX_ANSWER_BYTES: Final = 1 << 20
"""Bytes. The largest drawing of a formula takes half of it."""


def parse_answer(line: bytes, number: int) -> dict[str, Any] | None:
    """Return the answer to request `number`, without the number; None for any other line."""
    try:
        answer = json.loads(line) if len(line) <= MAX_ANSWER_BYTES else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or answer.pop("id", None) != number:
        return None
    return answer
