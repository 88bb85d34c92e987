"""A session that records the calls of pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

from desktop_app.settings.ui.settings_panel import SettingsPanel


def record_session(panel: SettingsPanel) -> Any:
    """Give a panel a session that records all calls, and return it."""
    session: Any = MagicMock()
    session.window.settings = panel
    panel.set_session(session)
    return session


@contextmanager
def called(method: Any) -> Iterator[Any]:
    """Check that a recorded method is called; `args` has its last arguments at the end."""
    method.reset_mock()
    seen = SimpleNamespace(args=None)
    yield seen
    method.assert_called()
    seen.args = list(method.call_args.args)


@contextmanager
def not_called(method: Any) -> Iterator[None]:
    """Check that a recorded method is not called."""
    method.reset_mock()
    yield
    method.assert_not_called()
