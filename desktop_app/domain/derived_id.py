"""Ids of imported items that have none of this program's, so that importing again finds them."""

from __future__ import annotations

import hashlib


def derived_id(*content: str) -> str:
    """Return an id for an item, derived from its content or from its foreign ids."""
    return hashlib.sha256("\0".join(content).encode("utf-8", "replace")).hexdigest()[:32]
