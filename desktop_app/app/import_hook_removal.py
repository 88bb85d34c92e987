"""Imports Qt without two parts of PySide that this program never uses; imported first.

PySide compiles its generator of stub files at each start, which takes 15 ms or more: it is emptied.
It also replaces `__import__` to look for `__feature__` switches; this hook reads the source of each
imported module, and adds three calls to every import statement: 50 ms or more of each start, and
11 MB for cached sources. PySide keeps the replaced function in `builtins`. If a version of PySide
does not keep it, its hook stays.
"""

import builtins
from typing import Any

_GENERATOR = "shibokensupport/signature/lib/pyi_generator.py"
_compile = builtins.compile


def _compile_needed(source: Any, filename: Any, *arguments: Any, **options: Any) -> Any:
    return _compile("" if filename == _GENERATOR else source, filename, *arguments, **options)


builtins.compile = _compile_needed

import PySide6.QtCore  # noqa: E402, F401 — adds the hook

builtins.compile = _compile
if hasattr(builtins, "__orig_import__"):
    builtins.__import__ = builtins.__orig_import__
