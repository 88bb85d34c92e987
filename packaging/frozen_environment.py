"""Runs first in the frozen program: gives programs that it starts their own libraries back.

PyInstaller's loader points LD_LIBRARY_PATH at the frozen folder and keeps what was there before in
LD_LIBRARY_PATH_ORIG. The running process does not read it again, but a browser or a file manager
that it opens would load our libraries in place of the system's.
"""

import os

before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
if before is None:
    os.environ.pop("LD_LIBRARY_PATH", None)
else:
    os.environ["LD_LIBRARY_PATH"] = before
