"""The token counters of servers: their requests and replies."""

from __future__ import annotations

from typing import Any

import pytest

from desktop_app.providers.models.server_counters import counter_of
from desktop_app.providers.models.server_kinds import CREATED_BY_LITELLM, kind_of

LITELLM = {"id": "m", "created": CREATED_BY_LITELLM, "owned_by": "openai"}


@pytest.mark.parametrize(
    ("row", "path", "field", "reply"),
    [
        ({"owned_by": "llamacpp"}, "/tokenize", "content", {"tokens": [1, 2, 3]}),
        ({"owned_by": "me"}, "/extras/tokenize/count", "input", {"count": 3}),
        ({"owned_by": "vllm"}, "/tokenize", "prompt", {"count": 3, "max_model_len": 9}),
        ({"owned_by": "sglang"}, "/tokenize", "prompt", {"count": 3}),
        (LITELLM, "/utils/token_counter", "prompt", {"total_tokens": 3, "tokenizer_type": "hf"}),
    ],
)
def test_each_server_has_its_own_counter(
    row: dict[str, Any], path: str, field: str, reply: dict[str, Any]
) -> None:
    counter = counter_of(kind_of([row]))
    assert counter is not None
    assert counter.path == path
    assert counter.body("m", "text")[field] == "text"
    assert counter.read(reply) == 3
    assert counter.read({}) is None


@pytest.mark.parametrize("rows", [[], [{"owned_by": "openai"}], [{}]])
def test_other_servers_have_no_counter(rows: list[dict[str, Any]]) -> None:
    assert counter_of(kind_of(rows)) is None
