"""Memory that PySide costs by the way, given back.

It looks for its own name in the source of every module that is imported after it, and the standard
library keeps what it read for that: 7 MB by the time the window is ready. Given back in between, the
next modules' code takes its place.
"""

from __future__ import annotations

import linecache


def forget_sources() -> None:
    """Drop the source text of the modules imported so far; tracebacks read it again."""
    linecache.clearcache()
