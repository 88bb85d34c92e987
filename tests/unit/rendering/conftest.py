"""Smaller limits of the block stream."""

from __future__ import annotations

import pytest

from desktop_app.rendering.incremental import block_stream, long_paragraphs


@pytest.fixture
def quarter_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide the limits of the open tail by four, so that short texts exceed them."""
    names = ("MAX_REPARSED_LENGTH", "MIN_FORCED_LENGTH")
    own = ("_MAX_OPEN_CHARS", "_MIN_SPLIT_CHARS", "_MAX_TOKENS", "_STEP_CHARS")
    for module, name in (
        *((block_stream, name) for name in (*own, *names)),
        *((long_paragraphs, name) for name in names),
    ):
        monkeypatch.setattr(module, name, getattr(module, name) // 4)
