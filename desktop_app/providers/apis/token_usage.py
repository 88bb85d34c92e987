"""The token usage of a reply, under the names of either API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from desktop_app.domain.spending.cost import Usage
from desktop_app.providers.http import json_fields

_NUMBER: Final = re.compile("[0-9]{1,10}")
MOST_TOKENS: Final = 1_000_000_000
"""The most tokens of one call. The largest windows hold some ten million."""


def usage_of(usage: Mapping[str, Any]) -> Usage | None:
    """Return the token usage under the names of either API; None if nothing is counted.

    Servers that do not count leave it out or say 0, which would make the answer free. A part is
    limited to its total, whatever a server says: else a cost could be negative.
    """
    inputs = json_fields.mapping(usage, "input_tokens_details") or json_fields.mapping(
        usage, "prompt_tokens_details"
    )
    outputs = json_fields.mapping(usage, "output_tokens_details") or json_fields.mapping(
        usage, "completion_tokens_details"
    )
    sent, came = (
        tokens(usage, f"{one}_tokens") or tokens(usage, f"{other}_tokens")
        for one, other in (("input", "prompt"), ("output", "completion"))
    )
    if not sent and not came:
        return None
    return Usage(
        input_tokens=sent,
        cached_tokens=min(sent, tokens(inputs, "cached_tokens")),
        output_tokens=came,
        reasoning_tokens=min(came, tokens(outputs, "reasoning_tokens")),
    )


def tokens(usage: Mapping[str, Any], name: str) -> int:
    """Return the number of tokens under `name`, or 0 if it is missing or implausible.

    An implausible number would exceed every monthly spending limit for good.
    """
    found = usage.get(name)
    if isinstance(found, str) and _NUMBER.fullmatch(found):  # some gateways send text
        number = int(found)
    else:
        number = json_fields.count(usage, name)
    return number if number <= MOST_TOKENS else 0
