"""The token usage of replies, under the names of either API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from desktop_app.domain.cost import CallUsage, Usage
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
        # Gateways for Gemini have thoughts in the total only.
        ({"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623}, Usage(20, 0, 603)),
        ({"total_tokens": 7}, Usage(0, 0, 7)),
        ({"input_tokens": 5, "output_tokens": 6, "total_tokens": 3}, Usage(5, 0, 6)),
        ({"input_tokens": 5, "output_tokens": float("inf"), "total_tokens": None}, Usage(5)),
        (
            {
                "input_tokens": 300,
                "input_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 200},
                "output_tokens": 1,
            },
            CallUsage(300, 100, 1, cache_write_tokens=200),
        ),
        # A part is not larger than what the other parts leave.
        (
            {
                "input_tokens": 5,
                "input_tokens_details": {
                    "cached_tokens": 3,
                    "cache_write_tokens": 9,
                    "audio_tokens": 9,
                },
                "output_tokens": 4,
                "output_tokens_details": {"audio_tokens": 9},
            },
            CallUsage(5, 3, 4, cache_write_tokens=2, audio_output_tokens=4),
        ),
        (
            {"prompt_tokens": 5, "prompt_tokens_details": {"audio_tokens": 2}},
            CallUsage(5, audio_input_tokens=2),
        ),
        ({"prompt_tokens": 5, "cost": 1.25}, CallUsage(5, stated_cost=Decimal("1.25"))),
        (
            {"prompt_tokens": 5, "cost_in_usd_ticks": 37_756_000},
            CallUsage(5, stated_cost=Decimal("0.0037756")),
        ),
        (
            {"prompt_tokens": 5, "cost": {"total_cost": 0.006}},
            CallUsage(5, stated_cost=Decimal("0.006")),
        ),
        # With the user's own key at the upstream provider, OpenRouter charges only its fee.
        (
            {
                "prompt_tokens": 5,
                "cost": 0.05,
                "is_byok": True,
                "cost_details": {"upstream_inference_cost": 1},
            },
            CallUsage(5, stated_cost=Decimal("1.05")),
        ),
        (
            {"prompt_tokens": 5, "cost": 0.5, "cost_details": {"upstream_inference_cost": 1}},
            CallUsage(5, stated_cost=Decimal("0.5")),
        ),
        *(
            ({"prompt_tokens": 5, "cost": cost}, Usage(5))
            for cost in (0, -1, True, "nan", "free", None, [], {}, 10**9, 10**5000, float("inf"))
        ),
    ],
)
def test_reported_usage_is_bounded(reported: dict[str, Any], usage: Usage | None) -> None:
    assert usage_of(reported) == usage
