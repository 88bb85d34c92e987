"""Smaller limits of the block stream."""

from __future__ import annotations

import pytest

from desktop_app.markdown.incremental import block_stream


@pytest.fixture
def quarter_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide the limits of the open tail by four, so that short texts exceed them."""
    for name in ("_MAX_OPEN_CHARS", "_MAX_TOKENS", "_STEP_CHARS"):
        monkeypatch.setattr(block_stream, name, getattr(block_stream, name) // 4)
