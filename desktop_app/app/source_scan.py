"""What PySide does to every import, left out; this is done by importing this module, next after Qt.

For the sake of its `__feature__` switches, which nobody here uses, PySide reads the source of every
module that is imported after it and looks for its own name there: 40 ms of each start, and 7 MB of
sources that the standard library then keeps. Where there is no source, as in a frozen program, it takes
a module for one that does not use it, and nothing else changes; here it is told so at once. A PySide
that does this some other way goes on as it does.
"""

import sys
from typing import Any

_feature: Any = sys.modules.get("shibokensupport.feature")
if hasattr(_feature, "_mod_uses_pyside"):
    _feature._mod_uses_pyside = lambda _module: False
