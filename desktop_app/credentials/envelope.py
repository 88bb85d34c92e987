"""The keyring entry of a secret: the secret and the origin it belongs to.

Older versions stored the bare key.
"""

from __future__ import annotations

import json
from typing import Final

from desktop_app.domain.network.secret import Scheme, Secret

_FIELDS: Final = {"origin", "key", "scheme"}


def to_keyring(secret: Secret) -> str:
    """Return the text to store."""
    fields = {"origin": secret.origin, "key": secret.value, "scheme": secret.scheme}
    return json.dumps(fields, ensure_ascii=False)


def from_keyring(text: str) -> Secret | None:
    """Return the secret in a stored text, or None if an older version stored the bare key."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or fields.keys() != _FIELDS:
        return None
    if not all(isinstance(value, str) for value in fields.values()):
        return None
    scheme: Scheme = "Basic" if fields["scheme"] == "Basic" else "Bearer"
    return Secret(fields["key"], fields["origin"], scheme)
