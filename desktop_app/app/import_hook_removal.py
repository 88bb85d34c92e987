"""Imports Qt and removes PySide's hook from every later import; imported first.

PySide replaces `__import__` to look for `__feature__` switches, which this program does not use.
The hook reads the source of each imported module, and adds three calls to every import statement.
It would take 50 ms or more of each start, and 11 MB for cached sources. PySide keeps the replaced
function in `builtins`. If a version of PySide does not keep it, its hook stays.
"""

import builtins

import PySide6.QtCore  # noqa: F401 — adds the hook

if hasattr(builtins, "__orig_import__"):
    builtins.__import__ = builtins.__orig_import__
