"""The process ends even if Qt's destructors would wait forever."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# The thread goes on until the main thread has ended: only then Python joins its threads.
ENDS = """
import atexit, os, sys, threading
atexit.register(lambda: os._exit(9))  # as PySide's function, which destroys the application
from desktop_app.app.startup.this_process import skip_qt_destructors
def work():
    threading.main_thread().join()
    sys.stdout.write("and the threads.")
threading.Thread(target=work).start()
sys.stdout.write("What was written, ")
skip_qt_destructors(3)
"""


def test_a_process_ends_with_its_code_after_its_threads_and_its_output() -> None:
    command = [sys.executable, "-E", "-c", ENDS]  # with buffered output, as users have it
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout == "What was written, and the threads."
