"""The keyring entry of a secret."""

from __future__ import annotations

import json

import pytest

from desktop_app.domain.network.origin import Secret
from desktop_app.providers.keys.vault import keyring_entry, secret_in_entry

WHOLE = {"origin": "https://host", "key": "not-a-key", "scheme": "Bearer"}


@pytest.mark.parametrize(
    "secret", [Secret("not-a-key", "https://host"), Secret("mé:password", "https://host", "Basic")]
)
def test_an_entry_has_the_secret_and_its_origin(secret: Secret) -> None:
    assert secret_in_entry(keyring_entry(secret)) == secret


@pytest.mark.parametrize(
    "text",
    [
        "not-a-key",  # as an older version stored it
        *("", "[" * 100_000, "7", '["origin", "key", "scheme"]'),
        *(json.dumps({k: v for k, v in WHOLE.items() if k != name}) for name in WHOLE),
        *(json.dumps(WHOLE | {name: 1}) for name in WHOLE),
        json.dumps(WHOLE | {"more": "x"}),
    ],
)
def test_a_malformed_entry_has_no_secret(text: str) -> None:
    assert secret_in_entry(text) is None
