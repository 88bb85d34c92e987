"""Imports Qt without two parts of PySide that this program never uses; imported first.

PySide compiles its generator of stub files at each start, which takes 25 ms. It also replaces
`__import__` to look for `__feature__` switches; this hook reads the source of each imported module,
and adds three calls to every import statement: 50 ms or more of each start, and 11 MB for cached
sources. PySide keeps the replaced function in `builtins`. If a version of PySide does not keep it,
its hook stays.
"""

import builtins
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

_GENERATOR = "shibokensupport.signature.lib.pyi_generator"
sys.modules[_GENERATOR] = ModuleType(_GENERATOR)
sys.modules[_GENERATOR].__spec__ = ModuleSpec(_GENERATOR, None)

import PySide6.QtCore  # noqa: E402, F401 — adds the hook

if hasattr(builtins, "__orig_import__"):
    builtins.__import__ = builtins.__orig_import__
