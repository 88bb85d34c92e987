"""The tokens of a reply, as the two APIs name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desktop_app.domain.cost import Usage
from desktop_app.providers import json_fields


def usage_of(usage: Mapping[str, Any]) -> Usage:
    """Tokens as either API names them. A part is never more than its whole, whatever a server says:
    else a cost could fall below nothing."""
    inputs = json_fields.mapping(usage, "input_tokens_details") or json_fields.mapping(
        usage, "prompt_tokens_details"
    )
    outputs = json_fields.mapping(usage, "output_tokens_details") or json_fields.mapping(
        usage, "completion_tokens_details"
    )
    sent, came = (
        json_fields.count(usage, f"{one}_tokens") or json_fields.count(usage, f"{other}_tokens")
        for one, other in (("input", "prompt"), ("output", "completion"))
    )
    return Usage(
        input_tokens=sent,
        cached_tokens=min(sent, json_fields.count(inputs, "cached_tokens")),
        output_tokens=came,
        reasoning_tokens=min(came, json_fields.count(outputs, "reasoning_tokens")),
    )
