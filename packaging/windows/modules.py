#!/usr/bin/env python3
"""Imports every module of the program on Windows and opens its window: modules.py [PICTURE.png].

The modules without a window come first, and must not import Qt. The window is drawn on Qt's
"offscreen" platform, also by a second start, which calls the first.
Exits with 1 if anything fails.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import tempfile
import threading
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
ROOT = Path(__file__).parents[2]
ONLY_ON_LINUX = ("desktop_app.sandbox.", "desktop_app.desktop_session.hotkey.x11_")
OF_WINDOW = re.compile(r"desktop_app(\.(app|composer|transcript|widgets)\b|.*\.ui\b)")


def main() -> int:
    """Import the modules, then open the window."""
    sys.path.insert(0, str(ROOT))
    paths = (ROOT / "desktop_app").rglob("*.py")
    names = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in paths
    }
    left_out = {name for name in names if name.startswith(ONLY_ON_LINUX) or "__main__" in name}
    of_window = set(filter(OF_WINDOW.match, names - left_out))
    failed = _import_all(names - left_out - of_window, "without a window")
    if "PySide6" in sys.modules:
        failed += 1
        print("FAILED: one of them has imported Qt")
    failed += _import_all(of_window, "of the window")
    print("left out:", *sorted(left_out), flush=True)
    # This process still has a log in it open.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ["REPARTEE_HOME"] = home
        has_replied = _open_window()
    print("passed" if has_replied else "FAILED", "the window, and a call of a second start")
    return int(bool(failed) or not has_replied)


def _import_all(names: set[str], kind: str) -> int:
    failed = 0
    for name in sorted(names):
        try:
            importlib.import_module(name)
        except (ImportError, AttributeError, OSError) as error:
            failed += 1
            print("FAILED", name, error)
    print(f"{len(names)} modules {kind}, {failed} cannot be imported", flush=True)
    return failed


def _open_window() -> bool:
    from PySide6.QtCore import QTimer

    from desktop_app.app.application import Application
    from desktop_app.app.window_request import OpenRequest, encode
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
