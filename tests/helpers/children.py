"""Child processes that tests use instead of the program's own."""

from __future__ import annotations

import os
import sys

from desktop_app.child_processes import ChildCommand


def python_child(script: str) -> ChildCommand:
    """Return the command for a child process that runs this Python code."""
    return ChildCommand((sys.executable, "-c", script), dict(os.environ))


FRAMES = """
import struct, sys
def read():
    head = sys.stdin.buffer.read(4)
    return sys.stdin.buffer.read(*struct.unpack(">I", head)) if head else sys.exit()
def write(data):
    sys.stdout.buffer.write(struct.pack(">I", len(data)) + data)
    sys.stdout.buffer.flush()
"""


def frame_child(script: str) -> ChildCommand:
    """Return the command for one that can `read` a message as bytes, and `write` one."""
    return python_child(FRAMES + script)


MISSING_CHILD = ChildCommand(("/nonexistent/program",), {})
