"""A stub of /responses/compact: the reply that OpenAI's published document describes.

No server for tests that others wrote has this endpoint. What is checked of it is its shape, against
the official SDK's types where it has them; what the provider puts into it nobody can know.
"""

from __future__ import annotations

import json
from typing import Any


def compacted(kept: str, *, written: int = 12_000) -> dict[str, Any]:
    """The reply to a conversation whose question was `kept`."""
    return {
        "id": "resp_001",
        "object": "response.compaction",
        "created_at": 1_731_459_200,
        "output": [
            {
                "id": "msg_1",
                "type": "message",
                "role": "user",
                "status": "completed",
                "content": [{"type": "input_text", "text": kept}],
            },
            {
                "type": "compaction",
                "id": "cmp_001",
                "encrypted_content": "gAAAAABpä\u2028=",
                "newer_field": [1, 2.5, None],
            },
        ],
        "usage": {
            "input_tokens": 42_897,
            "input_tokens_details": {"cached_tokens": 40_000, "cache_write_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 42_897 + written,
        },
    }


def items(reply: dict[str, Any]) -> str:
    """The state that such a reply holds, as JSON."""
    return json.dumps(reply["output"])
