"""The end of the process without Qt's destructors.

Qt's Wayland client can wait forever while it is destroyed: its event thread waits in
`wl_display_read_events` for another reader that has ended, and the destructor waits for the thread.
"""

from __future__ import annotations

import atexit
import logging
import os

from desktop_app.cli.streams.console import flush_output


def skip_qt_destructors(exit_code: int) -> None:
    """End this process with `exit_code` when Python has joined its threads.

    Call it last: Python calls exit functions in reverse order, so functions that were registered
    earlier never run. One of them is PySide's, which destroys the application.
    """
    atexit.register(_exit_now, exit_code)


def _exit_now(exit_code: int) -> None:
    logging.shutdown()
    flush_output()
    os._exit(exit_code)
