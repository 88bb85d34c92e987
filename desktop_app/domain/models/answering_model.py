"""Compares the model that a reply names with the one that was requested.

Providers may name a dated snapshot of the requested model, and gateways put the provider's name
before it. Local servers answer with the model that is loaded, whichever was requested.
"""

from __future__ import annotations

from typing import Final

from desktop_app.domain.lazy_pattern import lazy_pattern

_SNAPSHOT: Final = lazy_pattern(r"[-@](\d{4}-?\d{2}-?\d{2}|\d{4}|latest)$")


def is_same_model(requested: str, named: str) -> bool:
    """Return True if a reply names the requested model, or none ("").

    >>> is_same_model("gpt-5.2", "openai/gpt-5.2-2025-12-11")
    True
    >>> is_same_model("gpt-5.2", "smollm2") or is_same_model("gpt-5.2", "gpt-5.2-pro")
    False
    """
    return not named or _bare_name(requested) == _bare_name(named)


def _bare_name(model: str) -> str:
    name = model.casefold().replace("\\", "/").rstrip("/").rpartition("/")[2]
    return _SNAPSHOT.sub("", name.removesuffix(":latest").removesuffix(".gguf"))
