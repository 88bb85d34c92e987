"""A reply of /responses/compact as OpenAI's documentation describes it.

No published test server has this endpoint. Tests check the reply's shape against the official SDK's
types, if the SDK has them. The provider's real content is unknown.
"""

from __future__ import annotations

import json
from typing import Any


def compacted(question: str, *, output_tokens: int = 12_000) -> dict[str, Any]:
    """Return the reply for a conversation of which the provider kept the question."""
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
                "content": [{"type": "input_text", "text": question}],
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
            "output_tokens": output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 42_897 + output_tokens,
        },
    }


def items(reply: dict[str, Any]) -> str:
    """Return the compacted state in a reply, as JSON."""
    return json.dumps(reply["output"])
