"""Child processes that tests use instead of the program's own."""

from __future__ import annotations

import os
import sys

from desktop_app.child_processes import ChildCommand


def python_child(script: str) -> ChildCommand:
    """Return the command for a child process that runs this Python code."""
    return ChildCommand((sys.executable, "-c", script), dict(os.environ))


MISSING_CHILD = ChildCommand(("/nonexistent/program",), {})
