"""The token usage of replies, under the names of either API."""

from __future__ import annotations

from typing import Any

import pytest

from desktop_app.domain.cost import Usage
from desktop_app.providers.apis.event_reader import MAX_TOKENS, usage_of


@pytest.mark.parametrize(
    ("reported", "usage"),
    [
        ({}, None),
        ({"input_tokens": 0, "output_tokens": 0}, None),
        ({"input_tokens": 5}, Usage(5)),
        ({"output_tokens": 5}, Usage(0, 0, 5)),
        ({"prompt_tokens": 5, "completion_tokens": 6}, Usage(5, 0, 6)),
        ({"input_tokens": 0, "prompt_tokens": 5}, Usage(5)),
        ({"input_tokens": 4, "prompt_tokens": 5}, Usage(4)),
        ({"input_tokens": "5", "output_tokens": "x"}, Usage(5)),
        ({"input_tokens": MAX_TOKENS}, Usage(MAX_TOKENS)),
        ({"input_tokens": MAX_TOKENS + 1}, None),
        ({"input_tokens": str(MAX_TOKENS + 1), "output_tokens": 1}, Usage(0, 0, 1)),
        (
            {
                "input_tokens": 5,
                "output_tokens": 6,
                "input_tokens_details": {"cached_tokens": 3},
                "output_tokens_details": {"reasoning_tokens": 4},
            },
            Usage(5, 3, 6, 4),
        ),
        # A part is at most the whole.
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 6,
                "prompt_tokens_details": {"cached_tokens": 9},
                "completion_tokens_details": {"reasoning_tokens": 9},
            },
            Usage(5, 5, 6, 6),
        ),
        ({"prompt_tokens": 5, "completion_tokens": 6, "cached_tokens": 3}, Usage(5, 3, 6)),
        (
            {"prompt_tokens": 5, "completion_tokens": 6, "prompt_cache_hit_tokens": 3},
            Usage(5, 3, 6),
        ),
        # xAI counts reasoning apart from the output, as the total shows.
        (
            {
                "prompt_tokens": 32,
                "completion_tokens": 9,
                "total_tokens": 135,
                "completion_tokens_details": {"reasoning_tokens": 94},
            },
            Usage(32, 0, 103, 94),
        ),
        (
            {
                "prompt_tokens": 32,
                "completion_tokens": 103,
                "total_tokens": 135,
                "completion_tokens_details": {"reasoning_tokens": 94},
            },
            Usage(32, 0, 103, 94),
        ),
    ],
)
def test_reported_usage_is_bounded(reported: dict[str, Any], usage: Usage | None) -> None:
    assert usage_of(reported) == usage
