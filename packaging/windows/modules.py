#!/usr/bin/env python3
"""Imports every module of the program on Windows and opens its window: modules.py [PICTURE.png].

The window is drawn on Qt's "offscreen" platform, also by a second start, which calls the first.
Exits with 1 if anything fails.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import threading
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
ROOT = Path(__file__).parents[2]
ONLY_ON_LINUX = ("desktop_app.sandbox.", "desktop_app.quick.hotkey.x11_")


def main() -> int:
    """Import the modules, then open the window."""
    sys.path.insert(0, str(ROOT))
    failed = 0
    paths = sorted((ROOT / "desktop_app").rglob("*.py"))
    for path in paths:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if name.endswith("__main__") or name.startswith(ONLY_ON_LINUX):
            continue
        try:
            importlib.import_module(name)
        except (ImportError, AttributeError, OSError) as error:
            failed += 1
            print("FAILED", name, error)
    print(f"{len(paths)} modules, {failed} cannot be imported", flush=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["REPARTEE_HOME"] = home
        has_replied = _open_window()
    print("passed" if has_replied else "FAILED", "the window, and a call of a second start")
    return int(bool(failed) or not has_replied)


def _open_window() -> bool:
    from PySide6.QtCore import QTimer

    from desktop_app.app.application import Application
    from desktop_app.desktop.window_request import OpenRequest, encode
    from desktop_app.paths import folders
    from desktop_app.quick_call import call

    replies = []

    class Program(Application):
        def on_ready(self) -> None:
            def call_it() -> None:
                replies.append(call(folders().socket, encode(OpenRequest())))

            threading.Thread(target=call_it).start()
            QTimer.singleShot(3000, self.end)

        def end(self) -> None:
            if len(sys.argv) > 1:
                self.window.grab().save(sys.argv[1])
            assert self.session is not None
            self.session.shutdown.begin()

    program = Program(OpenRequest())
    program.show()
    return program.run() == 0 and replies == [b"ok"]


if __name__ == "__main__":
    sys.exit(main())
