"""Skips PySide's inspection of every later import; imported right after Qt.

PySide reads the source of each imported module to look for `__feature__` switches, which this
program does not use: that takes 40 ms of each start, and 7 MB for cached sources. A frozen program
has no sources, and PySide then assumes that no module uses a switch. This patch makes it always
assume so. A PySide that works differently is not affected.
"""

import sys
from typing import Any

_feature: Any = sys.modules.get("shibokensupport.feature")
if hasattr(_feature, "_mod_uses_pyside"):
    _feature._mod_uses_pyside = lambda _module: False
