"""Fixtures of the transcript tests: a view and a lexer process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_app.child_processes import child_command
from desktop_app.transcript import message_stream
from desktop_app.transcript.media.json_process import JsonProcess
from tests.helpers.segment_views import SegmentView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from desktop_app.widgets.look.theme import Theme


@pytest.fixture
def long_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write in longer slices, because everything is laid out and painted after each slice."""
    monkeypatch.setattr(message_stream, "_SLICE_S", 0.1)


@pytest.fixture
def view(qtbot: QtBot, light_theme: Theme) -> SegmentView:
    """Return an empty transcript in its own window."""
    made = SegmentView(light_theme)
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def lexer() -> Iterator[JsonProcess]:
    """Yield the process that highlights code. It starts with the first request."""
    made = JsonProcess(child_command("lexing"))
    yield made
    made.close()
