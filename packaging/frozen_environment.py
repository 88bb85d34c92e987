"""Runtime hook of the frozen program that restores LD_LIBRARY_PATH for child processes.

PyInstaller's loader points LD_LIBRARY_PATH at the frozen folder and saves the previous value in
LD_LIBRARY_PATH_ORIG. The running process does not read the variable again, but a browser or file
manager that it opens would load our libraries instead of the system's.
"""

import os

before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
if before is None:
    os.environ.pop("LD_LIBRARY_PATH", None)
else:
    os.environ["LD_LIBRARY_PATH"] = before
